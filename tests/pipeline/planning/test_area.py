"""What part of a field is counted: its mask, its squares, and the sum of all parts."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.planning.area import CountedArea, area_mm2
from segmentation.film import SQUARE_PX, Area

WIDTH, HEIGHT = 3 * SQUARE_PX + 40, 2 * SQUARE_PX - 16


def area(areas=None, region=(0, 0, WIDTH, HEIGHT)) -> CountedArea:
    if areas is None:
        areas = np.full((2, 4), Area.READABLE, np.uint8)
    return CountedArea(width=WIDTH, height=HEIGHT, areas=np.asarray(areas, np.uint8), region=region)


MIXED = [
    [Area.EMPTY, Area.READABLE, Area.READABLE, Area.THICK],
    [Area.FEATHERED, Area.READABLE, Area.THICK, Area.READABLE],
]


def test_only_readable_squares_within_the_region_are_counted():
    some = area(MIXED, region=(SQUARE_PX + 10, 20, WIDTH, HEIGHT))
    mask = some.mask((0, 0, WIDTH, HEIGHT))
    assert mask.shape == (HEIGHT, WIDTH)
    assert not mask[:, : SQUARE_PX + 10].any() and not mask[:20].any()
    assert mask[20:, SQUARE_PX + 10 : 2 * SQUARE_PX].all()
    assert mask[SQUARE_PX:, 3 * SQUARE_PX :].all()
    assert not mask[:SQUARE_PX, 3 * SQUARE_PX :].any()


def test_the_mask_of_a_box_is_a_part_of_the_mask_of_all():
    some = area(MIXED, region=(30, 40, 700, 450))
    whole = some.mask((0, 0, WIDTH, HEIGHT))
    assert np.array_equal(some.mask((100, 200, 600, 300)), whole[200:300, 100:600])


def test_a_box_is_worked_on_only_where_it_holds_something_to_count():
    some = area(MIXED)
    assert not some.touches((0, 0, SQUARE_PX, HEIGHT))
    assert some.touches((0, 0, SQUARE_PX + 1, 1))
    assert not area(region=(0, 0, 100, 100)).touches((100, 0, 200, 100))


def test_squares_are_those_that_hold_something_to_count():
    assert area(MIXED).squares().tolist() == [[1, 0], [2, 0], [1, 1], [3, 1]]
    assert area(MIXED, region=(0, 0, 2 * SQUARE_PX, SQUARE_PX)).squares().tolist() == [[1, 0]]


BOXES = st.tuples(
    st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), st.integers(1, WIDTH), st.integers(1, HEIGHT)
).map(lambda box: (box[0], box[1], max(box[2], box[0] + 1), max(box[3], box[1] + 1)))


@given(
    st.lists(st.integers(0, 3), min_size=8, max_size=8),
    BOXES,
    BOXES,
    st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_the_parts_of_a_field_sum_to_all_of_it(codes, region, failed, reached):
    some = area(np.reshape(codes, (2, 4)), region)
    parts = some.pixels_by_part([failed], np.reshape(reached, (2, 4)))
    assert sum(parts.values()) == WIDTH * HEIGHT
    assert min(parts.values()) >= 0


def test_the_counted_part_is_what_the_mask_shows():
    some = area(MIXED, region=(30, 40, 700, 450))
    parts = some.pixels_by_part([(300, 100, 400, 200)], None)
    mask = some.mask((0, 0, WIDTH, HEIGHT))
    assert parts["unreadable"] == mask[100:200, 300:400].sum()
    assert parts["counted"] == mask.sum() - parts["unreadable"]
    assert parts["outside_region"] == WIDTH * HEIGHT - (700 - 30) * (450 - 40)


def test_a_part_that_a_field_has_not_is_not_named():
    assert area().pixels_by_part([], None) == {"counted": WIDTH * HEIGHT}


def test_area_is_told_in_square_millimetres():
    assert area_mm2(SQUARE_PX**2) == pytest.approx(0.096**2)


def test_what_hides_the_film_is_taken_off_and_all_parts_still_make_the_field():
    hidden = np.zeros((24, 40), bool)
    hidden[:6] = True
    some = dataclasses.replace(area(), hidden=hidden)
    parts = some.pixels_by_part((), None)
    assert parts["outside_view"] == pytest.approx(WIDTH * HEIGHT / 4, rel=0.01)
    assert sum(parts.values()) == WIDTH * HEIGHT
    broken = dataclasses.replace(some, region=(10, 0, WIDTH, HEIGHT)).pixels_by_part([(0, 0, 300, 200)], None)
    assert sum(broken.values()) == WIDTH * HEIGHT
    assert broken["unreadable"] == 290 * 200

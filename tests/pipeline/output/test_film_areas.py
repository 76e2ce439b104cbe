"""The drawn map: what is counted is left as it is, the rest is tinted, and the legend names it."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.output.film_areas import areas_legend, tint_areas
from pipeline.planning.area import CountedArea
from segmentation.film import SQUARE_PX, Area

AREAS = np.asarray([[2, 2, 3], [0, 1, 3]], np.uint8)
SIDE = 96
WHOLE = CountedArea(
    width=3 * SQUARE_PX, height=2 * SQUARE_PX, areas=AREAS, region=(0, 0, 3 * SQUARE_PX, 2 * SQUARE_PX)
)


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(1).integers(120, 240, (2 * SIDE, 3 * SIDE, 3)).astype(np.uint8)


@pytest.fixture
def tinted(picture: np.ndarray) -> np.ndarray:
    return tint_areas(picture, WHOLE)


def _square(picture: np.ndarray, row: int, column: int) -> np.ndarray:
    """A square without the outline between it and its neighbours."""
    return picture[row * SIDE + 4 : (row + 1) * SIDE - 4, column * SIDE + 4 : (column + 1) * SIDE - 4]


def test_what_is_counted_is_left_as_it_is(picture: np.ndarray, tinted: np.ndarray) -> None:
    for column in (0, 1):
        np.testing.assert_array_equal(_square(tinted, 0, column)[:-4], _square(picture, 0, column)[:-4])


def test_every_px_of_what_is_not_counted_is_tinted_and_each_area_otherwise(
    picture: np.ndarray, tinted: np.ndarray
) -> None:
    means = {}
    for (row, column), area in np.ndenumerate(AREAS):
        if area != Area.READABLE:
            changed = (_square(tinted, row, column) != _square(picture, row, column)).any(axis=2)
            assert changed.mean() > 0.99
            means[Area(int(area))] = _square(tinted, row, column).mean(axis=(0, 1))
    assert means[Area.THICK][0] > means[Area.THICK][2] + 20  # warm
    assert means[Area.FEATHERED][2] > means[Area.FEATHERED][0] + 20  # cold
    assert np.ptp(means[Area.EMPTY]) < 6  # grey


def test_areas_differ_in_their_hatching_where_colours_are_not_seen() -> None:
    grey = np.full((2 * SIDE, 3 * SIDE, 3), 200, np.uint8)
    drawn = tint_areas(grey, WHOLE)
    thick, feathered, empty = (
        _square(drawn, *place)[..., 1].astype(int) for place in ((0, 2), (1, 1), (1, 0))
    )
    assert (thick[1:, :-1] == thick[:-1, 1:]).all()  # rising lines
    assert (feathered[1:, 1:] == feathered[:-1, :-1]).all()  # falling lines
    assert (empty[:, 1:] == empty[:, :-1]).all()  # level lines
    assert np.ptp(thick) > 20
    assert np.ptp(feathered) > 20
    assert np.ptp(empty) > 20


def test_what_lies_outside_the_region_is_tinted_and_the_given_picture_is_left_alone(
    picture: np.ndarray,
) -> None:
    before = picture.copy()
    drawn = tint_areas(picture, replace(WHOLE, region=(SQUARE_PX // 2, 0, 3 * SQUARE_PX, 2 * SQUARE_PX)))
    np.testing.assert_array_equal(picture, before)
    left, right = slice(4, SIDE // 2 - 4), slice(SIDE // 2 + 4, SIDE - 4)
    assert (drawn[4 : SIDE - 8, left] != picture[4 : SIDE - 8, left]).any(axis=2).mean() > 0.99
    np.testing.assert_array_equal(drawn[4 : SIDE - 8, right], picture[4 : SIDE - 8, right])


def test_the_legend_has_an_entry_for_each_part_that_the_slide_has() -> None:
    few = areas_legend(900, {"counted": 3.0, "empty_glass": 1.0})
    many = areas_legend(900, {"counted": 3.0, "empty_glass": 1.0, "thick_end": 2.0, "outside_region": 1.0})
    assert few.shape[1] == many.shape[1] == 900
    assert (few == 255).mean() > 0.5
    assert (many < 60).sum() > 1.5 * (few < 60).sum() > 0

"""Each kind of cell has its own mark, drawn where the cell is, in whatever part of the picture it lies."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.output.marks import (
    LABELLED_MIN_PX,
    MARKS,
    OUTLINED_MIN_PX,
    CellPlace,
    label_infected,
    outline_uninfected,
)

SIDE = 300
PLACE = CellPlace(left=120.0, top=130.0, right=170.0, bottom=180.0, p_infected=0.87)


def _canvas() -> NDArray[np.uint8]:
    return np.full((SIDE, SIDE, 3), 220, np.uint8)


def _drawn(kind: str, box: CellPlace = PLACE, line: int = 1) -> NDArray[np.bool_]:
    canvas = _canvas()
    MARKS[kind](canvas, box, line)
    return np.asarray((canvas != 220).any(axis=2))


def _extent(changed: NDArray[np.bool_]) -> NDArray[np.intp]:
    rows, columns = np.nonzero(changed)
    return np.asarray([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


@pytest.mark.parametrize("kind", MARKS)
@pytest.mark.parametrize("line", [1, 2])
def test_a_mark_surrounds_its_cell_and_stays_near_it(kind: str, line: int) -> None:
    left, top, right, bottom = _extent(_drawn(kind, line=line))
    assert left <= 121 and top <= 131 and right >= 169 and bottom >= 179
    assert min(left, top) >= 120 - 16 * line
    assert max(right, bottom) <= 180 + 16 * line


@pytest.mark.parametrize("kind", MARKS)
def test_a_mark_moves_with_its_cell(kind: str) -> None:
    moved = CellPlace(left=150.0, top=90.0, right=200.0, bottom=140.0, p_infected=0.87)
    np.testing.assert_array_equal(_drawn(kind, moved), np.roll(_drawn(kind), (-40, 30), axis=(0, 1)))


def test_no_two_kinds_have_the_same_mark_even_without_colour() -> None:
    shapes = {kind: _drawn(kind) for kind in MARKS}
    for one in shapes:
        for other in shapes:
            assert one == other or (shapes[one] != shapes[other]).sum() > 30, (one, other)


@pytest.mark.parametrize("kind", ["infected", "stands_out", "uninfected", "white_cell", "platelet"])
def test_the_middle_of_a_cell_stays_to_be_seen(kind: str) -> None:
    assert not _drawn(kind)[145:165, 135:155].any()


@given(
    left=st.floats(-40, SIDE), top=st.floats(-40, SIDE), width=st.floats(0, 90), height=st.floats(0, 90),
    kind=st.sampled_from(sorted(MARKS)), line=st.sampled_from([1, 3]),
)  # fmt: skip
def test_a_mark_beyond_the_border_is_cut_off_and_nothing_fails(
    left: float, top: float, width: float, height: float, kind: str, line: int
) -> None:
    box = CellPlace(left=left, top=top, right=left + width, bottom=top + height, p_infected=0.5)
    assert _drawn(kind, box, line).shape == (SIDE, SIDE)


def test_a_cell_that_the_outline_would_cover_is_left_unmarked_unless_it_is_infected() -> None:
    side = OUTLINED_MIN_PX - 1
    small = replace(PLACE, right=PLACE.left + side, bottom=PLACE.top + side)
    assert not _drawn("uninfected", small).any()
    assert not _drawn("not_counted", small).any()
    assert _drawn("infected", small).any()


def test_many_outlines_at_once_are_those_of_each() -> None:
    sides = np.asarray([[20.0, 30, 60, 75], [100, 100, 148, 152], [5, 5, 9, 9]])
    together, alone = _canvas(), _canvas()
    outline_uninfected(together, sides, 2)
    for left, top, right, bottom in sides.tolist():
        box = CellPlace(left=left, top=top, right=right, bottom=bottom, p_infected=0.1)
        MARKS["uninfected"](alone, box, 2)
    np.testing.assert_array_equal(together, alone)


@given(left=st.floats(0, SIDE - 40), top=st.floats(0, SIDE - 40), side=st.floats(LABELLED_MIN_PX + 1, 60))
def test_the_plate_lies_inside_the_picture_and_beside_its_cell(left: float, top: float, side: float) -> None:
    box = CellPlace(left=left, top=top, right=left + side, bottom=top + side, p_infected=0.5)
    canvas = _canvas()
    label_infected(canvas, [box], [], 1)
    x0, y0, x1, y1 = _extent((canvas != 220).any(axis=2))
    assert 0 <= x0 < x1 <= SIDE and 0 <= y0 < y1 <= SIDE
    assert x1 - x0 < 50 and y1 - y0 < 30


def test_the_plate_goes_where_it_covers_no_other_cell() -> None:
    free, taken = _canvas(), _canvas()
    label_infected(free, [PLACE], [], 1)
    first = (free != 220).any(axis=2)
    x0, y0, x1, y1 = (float(side) for side in _extent(first))
    neighbour = CellPlace(left=x0, top=y0, right=x1, bottom=y1, p_infected=float("nan"))
    label_infected(taken, [PLACE], [neighbour], 1)
    second = (taken != 220).any(axis=2)
    assert second.any()
    assert not (first & second).any()


def test_a_small_cell_or_one_without_a_probability_gets_no_plate() -> None:
    small = replace(PLACE, right=PLACE.left + LABELLED_MIN_PX - 1)
    for box in (small, replace(PLACE, p_infected=float("nan"))):
        canvas = _canvas()
        label_infected(canvas, [box], [], 1)
        assert (canvas == 220).all()

"""The order in which squares are counted when a count stops early."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.planning.sampling import along_curve, even_order

PLACES = st.sets(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=0, max_size=80)


def _grid(columns: int, rows: int) -> NDArray[np.int64]:
    return np.argwhere(np.ones((rows, columns)))[:, ::-1].astype(np.int64)


@given(PLACES)
def test_every_place_comes_once_and_its_turn_depends_on_the_set_alone(
    places: set[tuple[int, int]],
) -> None:
    one = np.asarray(sorted(places), np.int64).reshape(-1, 2)
    other = one[::-1]
    order = even_order(one)
    assert sorted(order.tolist()) == list(range(len(one)))
    np.testing.assert_array_equal(one[order], other[even_order(other)])


@pytest.mark.parametrize("number", [8, 17, 64, 100, 500])
def test_every_beginning_is_spread_over_the_whole(number: int) -> None:
    places = _grid(72, 36)
    first = places[even_order(places)][:number]
    for side, length in ((0, 72), (1, 36)):
        halves = (first[:, side] < length / 2).mean()
        assert halves == pytest.approx(0.5, abs=0.13)
    blocks = np.bincount(first[:, 0] // 12 + 6 * (first[:, 1] // 12), minlength=18)
    assert blocks.max() - blocks.min() <= 2 + number / 36


def test_a_slide_that_differs_from_end_to_end_is_sampled_without_bias() -> None:
    places = _grid(200, 100)
    value = places[:, 0] / 200
    taken = value[even_order(places)][:400]
    assert taken.mean() == pytest.approx(value.mean(), abs=0.01)


def test_neighbours_on_the_curve_are_neighbours_on_the_slide() -> None:
    places = _grid(16, 16)
    steps = np.abs(np.diff(places[along_curve(places)], axis=0)).sum(axis=1)
    assert (steps == 1).all()


def test_places_of_another_form_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        even_order(np.zeros(3, np.int64))
    with pytest.raises(ValueError, match="-1"):
        even_order(np.asarray([[0, -1]]))

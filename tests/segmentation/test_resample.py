"""The working grid is the field's: what is cut from it does not depend on who asks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segmentation.resample import CROP_UM_PER_PX, WorkingGrid, halve, normalise, working_grid

SIZES = st.floats(0.03, 0.4)


def shrunk_field(width: int, height: int, shrink: int, seed: int = 0) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (-(-height // shrink), -(-width // shrink), 3), np.uint8)


def cut(grid: WorkingGrid, field: NDArray[np.uint8], window: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """As the pipeline does: read only the source window, clipped to the field."""
    x, y, width, height = (side // grid.shrink for side in grid.source_window(*window))
    left, top = min(max(x, 0), field.shape[1] - 1), min(max(y, 0), field.shape[0] - 1)
    part = field[top : min(y + height, field.shape[0]), left : min(x + width, field.shape[1])]
    return grid.cut(np.ascontiguousarray(part), (left, top), window)


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(40, 700), st.integers(40, 500), st.data())
def test_a_window_holds_the_same_values_whatever_window_they_are_asked_in(um_per_px, width, height, data):
    grid = working_grid(width, height, um_per_px)
    field = shrunk_field(width, height, grid.shrink)
    whole = cut(grid, field, (0, 0, grid.width, grid.height))
    x = data.draw(st.integers(0, grid.width - 1))
    y = data.draw(st.integers(0, grid.height - 1))
    across = data.draw(st.integers(1, grid.width - x))
    down = data.draw(st.integers(1, grid.height - y))
    np.testing.assert_array_equal(cut(grid, field, (x, y, across, down)), whole[y : y + down, x : x + across])


@given(SIZES, st.integers(1, 5000), st.integers(1, 5000))
def test_the_grid_covers_the_field_and_at_most_one_detector_pixel_more(um_per_px, width, height):
    grid = working_grid(width, height, um_per_px)
    assert grid.step == pytest.approx(CROP_UM_PER_PX / um_per_px)
    for working, level0 in ((grid.width, width), (grid.height, height)):
        assert working % 2 == 0
        assert working * grid.step >= level0 - 1e-6
        assert (working - 2) * grid.step < level0 + 1e-6 or working == 2


@given(SIZES)
def test_the_reader_shrinks_as_far_as_the_grid_allows_and_no_farther(um_per_px):
    grid = working_grid(100, 100, um_per_px)
    assert grid.shrink & (grid.shrink - 1) == 0
    assert grid.shrink == 1 or grid.shrink <= grid.step
    assert 2 * grid.shrink > grid.step


@pytest.mark.parametrize("um_per_px", [0.05, 0.111, 0.1875, 0.3])
def test_a_ramp_stays_where_it_was(um_per_px):
    """The value is the x of level 0, so that a working px tells which place it shows."""
    width = 240
    grid = working_grid(width, 64, um_per_px)
    across = np.floor((np.arange(width // grid.shrink) + 0.5) * grid.shrink)
    row = np.repeat(across[None, :, None], 64 // grid.shrink, axis=0).repeat(3, axis=2)
    window = cut(grid, row.astype(np.uint8), (0, 0, grid.width, 4))[0, :, 0]
    expected = (np.arange(grid.width) + 0.5) * grid.step - (0.5 if grid.shrink == 1 else 0.0)
    inside = (expected > 2 * grid.shrink) & (expected < width - 2 * grid.shrink)
    assert np.abs(window[inside] - expected[inside]).max() < 0.55
    assert abs((window[inside] - expected[inside]).mean()) < 0.05


def test_what_lies_past_the_border_repeats_it():
    grid = working_grid(50, 50, 0.1)
    field = np.full((50, 50, 3), 7, np.uint8)
    field[:, -1] = 90
    window = cut(grid, field, (0, 0, grid.width, grid.height))
    assert set(np.unique(window[:, -1])) == {90}
    assert set(np.unique(window[:, :-2])) == {7}


def test_halving_takes_exact_means_of_two_by_two():
    picture = np.random.default_rng(1).integers(0, 256, (38, 54, 3), np.uint8)
    sums = picture.reshape(19, 2, 27, 2, 3).astype(int).sum(axis=(1, 3))
    assert np.abs(halve(picture) * 4.0 - sums).max() <= 2
    # Which way a half is rounded must not depend on where in the picture it stands.
    np.testing.assert_array_equal(halve(np.ascontiguousarray(picture[:, 4:30])), halve(picture)[:, 2:15])


def test_the_white_point_becomes_neutral_and_black_stays_black():
    picture = np.asarray([[[200, 180, 220], [0, 0, 0], [100, 90, 110]]], np.uint8)
    before = picture.copy()
    levelled = normalise(picture, np.asarray([200, 180, 220], np.float32))
    assert levelled.tolist() == [[[230, 230, 230], [0, 0, 0], [115, 115, 115]]]
    np.testing.assert_array_equal(picture, before)


def test_what_is_brighter_than_white_is_clipped_and_never_wraps():
    levelled = normalise(np.full((1, 1, 3), 255, np.uint8), np.asarray([100, 1, 255], np.float32))
    assert levelled.tolist() == [[[255, 255, 230]]]

"""Pre-cut cells brought to look as the pipeline cuts them."""

import numpy as np
import pytest

from classifier.outline import MARGIN_PX, SOFT_PX
from classifier.precut import USUAL_CELL_PX, as_cut, cell_mask
from tests.segmentation.disc_pictures import disc_share

SIDE = 56


def pre_cut(side: int, colour=(190, 110, 170), ragged: bool = False) -> np.ndarray:
    """A round cell that fills a picture whose corners are black, with a thin rim of background."""
    inner = disc_share(side, side, [(side / 2, side / 2, side * 0.44)])[..., None]
    outer = (disc_share(side, side, [(side / 2, side / 2, side * 0.49)]) > 0.5)[..., None]
    picture = np.where(outer, np.asarray(colour) * inner + np.asarray((210, 205, 208)) * (1 - inner), 0)
    if ragged:
        noise = np.random.default_rng(0).integers(0, 9, picture.shape)
        picture = np.where(outer, picture, noise)
    return np.rint(picture).astype(np.uint8)


@pytest.mark.parametrize("side", [90, 140, 260])
def test_the_black_surround_is_gone_and_the_cell_stands_in_the_middle(side):
    crop = as_cut(pre_cut(side, ragged=True), SIDE)
    assert crop.shape == (SIDE, SIDE, 4)
    assert crop[..., :3].min() > 60
    assert crop[:5, :5, :3].min() > 215
    dark = np.argwhere(crop[..., 1] < 217)
    assert dark.mean(axis=0) == pytest.approx([(SIDE - 1) / 2] * 2, abs=0.5)
    width = np.ptp(dark[:, 1]) + 1
    assert width == pytest.approx(0.88 * USUAL_CELL_PX, rel=0.08)


@pytest.mark.parametrize("side", [90, 140, 260])
def test_the_cell_is_marked_and_the_white_around_it_is_not(side):
    mark = as_cut(pre_cut(side, ragged=True), SIDE)[..., 3]
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    away = np.hypot(x - SIDE / 2, y - SIDE / 2)
    assert (mark[away < 0.44 * USUAL_CELL_PX] == 255).all()
    assert (mark[away > 0.5 * USUAL_CELL_PX + MARGIN_PX + SOFT_PX] == 0).all()
    assert (mark == 0).any()


def test_the_colour_of_the_cell_does_not_depend_on_the_light_it_was_taken_in():
    bright = pre_cut(120)
    dim = np.rint(bright * 0.7).astype(np.uint8)
    difference = as_cut(bright, SIDE)[28, 28].astype(int) - as_cut(dim, SIDE)[28, 28]
    assert np.abs(difference).max() <= 3


def test_an_oblong_picture_keeps_its_shape():
    share = disc_share(160, 100, [(80, 50, 46)])[..., None]
    picture = np.rint(np.asarray((190, 110, 170)) * share + 210 * (1 - share)).astype(np.uint8)
    dark = np.argwhere(as_cut(picture, SIDE)[..., 1] < 200)
    assert np.ptp(dark[:, 0]) == pytest.approx(np.ptp(dark[:, 1]), abs=1.5)


def test_the_mask_is_the_cell_without_its_ragged_rim():
    mask = cell_mask(pre_cut(120))
    cell = disc_share(120, 120, [(60, 60, 120 * 0.49)]) > 0.5
    assert not (mask.astype(bool) & ~cell).any()
    assert mask.sum() == pytest.approx(np.pi * (120 * 0.49 - 2.5) ** 2, rel=0.03)


def test_a_dark_parasite_is_no_hole_in_the_mask():
    picture = pre_cut(120)
    picture[55:62, 50:60] = 3
    assert cell_mask(picture)[50:66, 45:65].all()


def test_a_cell_on_background_that_fills_the_picture_is_all_mask():
    assert cell_mask(np.full((30, 40, 3), 200, np.uint8)).all()


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 70, 3), (60, 60, 3)])
def test_a_black_or_tiny_picture_gives_a_crop_and_no_error(shape):
    assert as_cut(np.zeros(shape, np.uint8), SIDE).shape == (SIDE, SIDE, 4)


def test_the_picture_is_not_changed():
    picture = pre_cut(90)
    before = picture.copy()
    as_cut(picture, SIDE)
    np.testing.assert_array_equal(picture, before)

"""Crops of single cells: the cell in the middle, the rest as the style wants it."""

import numpy as np
import pytest

from segmentation.crops import AT_ONCE, CROP_PX, WHITE, cut_crops, mask_crop
from segmentation.masks import CellMask, cell_masks, stain_depth
from segmentation.resample import halve
from tests.segmentation.disc_pictures import detections, disc_share, draw_discs

RED, BLUE = (200, 120, 180), (60, 60, 200)


def two_cells():
    """A cell and a neighbour with another stain, at crop scale; the first one's mask at detector scale."""
    first, second = (80.0, 80.0, 20.0), (116.0, 80.0, 16.0)
    picture = draw_discs(200, 160, [first], RED)
    share = disc_share(200, 160, [second])[..., None]
    picture = np.rint(picture * (1 - share) + np.asarray(BLUE) * share).astype(np.uint8)
    half = [(x / 2, y / 2, r / 2) for x, y, r in (first, second)]
    masks = cell_masks(stain_depth(halve(picture)), detections(half), np.asarray([True, True]))
    return picture, (40.0, 40.0), masks[0]


def cut_crop(picture, centre, mask, style) -> np.ndarray:
    (crop,) = cut_crops(picture, np.asarray([centre], np.float32), [mask], style)
    return crop


def levelled(window: np.ndarray) -> np.ndarray:
    """The window with the red cell's colour moved to 205 in each channel, nothing above white."""
    gain = 205 / np.asarray(RED, float)
    return np.minimum(np.rint(window * gain), WHITE).astype(np.uint8)


def blue_px(crop: np.ndarray) -> int:
    return int((crop[..., 0] < 100).sum())


def test_the_context_style_shows_what_lies_around_the_cell():
    picture, centre, mask = two_cells()
    crop = cut_crop(picture, centre, mask, "context")
    np.testing.assert_array_equal(crop, levelled(picture[80 - 28 : 80 + 28, 80 - 28 : 80 + 28]))
    assert blue_px(crop) > 100


def test_the_masked_style_hides_the_neighbour_and_keeps_the_cell():
    picture, centre, mask = two_cells()
    crop = cut_crop(picture, centre, mask, "masked")
    inside = disc_share(CROP_PX, CROP_PX, [(28, 28, 18)]) > 0.99
    np.testing.assert_array_equal(crop[inside], levelled(picture[52:108, 52:108])[inside])
    assert blue_px(crop) < 0.45 * blue_px(cut_crop(picture, centre, mask, "context"))
    assert crop[28, -1].tolist() == [WHITE] * 3
    assert crop[0, 0].tolist() == [WHITE] * 3


@pytest.mark.parametrize("style", ["context", "masked"])
def test_what_lies_outside_of_the_picture_is_white(style):
    picture = draw_discs(200, 160, [(6, 8, 20)])
    found = detections([(3, 4, 10)])
    (mask,) = cell_masks(stain_depth(halve(picture)), found, np.asarray([True]))
    assert mask is not None
    crop = cut_crop(picture, (3.0, 4.0), mask, style)
    assert crop.shape == (CROP_PX, CROP_PX, 3)
    assert (crop[: 28 - 8] == WHITE).all()
    assert (crop[:, : 28 - 6] == WHITE).all()
    assert crop[28, 28].tolist() == [205] * 3


def test_a_crop_far_outside_of_the_picture_is_all_white():
    picture, _, mask = two_cells()
    assert (cut_crop(picture, (-500.0, 900.0), mask, "context") == WHITE).all()


def test_the_picture_is_not_changed():
    picture, centre, mask = two_cells()
    before = picture.copy()
    cut_crop(picture, centre, mask, "masked")[:] = 0
    cut_crop(picture, centre, mask, "context")[:] = 0
    np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize("style", ["context", "masked"])
def test_many_crops_cut_at_once_are_those_that_each_is_alone(style):
    """Wherever the cells lie: on odd and even pixels, and over each side of the picture."""
    rng = np.random.default_rng(4)
    discs = [
        (float(x) + rng.uniform(), float(y) + rng.uniform(), float(rng.uniform(1.5, 16)))
        for x in range(2, 150, 12)
        for y in range(2, 100, 12)
    ]
    picture = draw_discs(300, 200, [(2 * x, 2 * y, 2 * r) for x, y, r in discs])
    picture -= rng.integers(0, 40, picture.shape, np.uint8)
    found = detections(discs)
    wanted = np.ones(len(discs), bool)
    masks = [mask for mask in cell_masks(stain_depth(halve(picture)), found, wanted) if mask is not None]
    crops = cut_crops(picture, found.centres, masks, style)
    assert len(crops) == len(discs) > AT_ONCE
    for crop, centre, mask in zip(crops, found.centres, masks, strict=True):
        np.testing.assert_array_equal(crop, cut_crop(picture, centre, mask, style))
    assert len({crop.tobytes() for crop in crops}) > 100


def test_no_cells_give_no_crops():
    picture, _, _ = two_cells()
    assert cut_crops(picture, np.empty((0, 2), np.float32), [], "masked").shape == (0, CROP_PX, CROP_PX, 3)


@pytest.mark.parametrize("centre", [(40.0, 40.0), (40.5, 40.0), (40.25, 41.0), (39.75, 40.5)])
def test_a_mask_lies_on_its_cell_to_the_pixel(centre):
    """Of a mask of one detector px, its four crop px stay, and what the margin and the soft edge add."""
    picture = np.full((160, 200, 3), 50, np.uint8)
    mask = CellMask(np.ones((1, 1), bool), 40, 38, False)
    crop = cut_crop(picture, centre, mask, "masked")
    x, y = (2 * 40 - round(2 * centre[0]) + 28, 2 * 38 - round(2 * centre[1]) + 28)
    rows, columns = np.nonzero(crop[..., 0] < WHITE)
    assert ((rows.min() + rows.max() + 1) / 2, (columns.min() + columns.max() + 1) / 2) == (y + 1, x + 1)


def test_a_mask_is_widened_by_the_margin_so_that_a_parasite_at_the_rim_is_kept():
    crop = np.full((CROP_PX, CROP_PX, 3), 50, np.uint8)
    mask = (disc_share(CROP_PX, CROP_PX, [(28, 28, 12)]) > 0.5).astype(np.uint8)
    row = mask_crop(crop, mask, 5)[28, :, 0]
    shown = np.flatnonzero(row == 50)
    assert shown.min() == pytest.approx(28 - 12 - 5 + 1, abs=1)
    assert shown.max() == pytest.approx(28 + 12 + 5 - 2, abs=1)
    assert set(np.unique(row)) <= set(range(50, WHITE + 1))


def test_a_mask_of_all_or_of_nothing_shows_all_or_nothing():
    crop = np.random.default_rng(0).integers(0, 256, (CROP_PX, CROP_PX, 3), np.uint8)
    np.testing.assert_array_equal(mask_crop(crop, np.ones((CROP_PX, CROP_PX), np.uint8), 5), crop)
    assert (mask_crop(crop, np.zeros((CROP_PX, CROP_PX), np.uint8), 5) == WHITE).all()

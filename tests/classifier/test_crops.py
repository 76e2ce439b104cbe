"""Crops of single cells: the cell in the middle, marked, with what lies around it."""

import numpy as np
import pytest

from classifier.crops import AT_ONCE, CROP_PX, cut_crops
from classifier.outline import MARGIN_PX
from segmentation.masks import CellMask, cell_masks, stain_depth
from segmentation.resample import WHITE_LEVEL, halve
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


def cut_crop(picture, centre, mask) -> np.ndarray:
    (crop,) = cut_crops(picture, np.asarray([centre], np.float32), [mask])
    return crop


def blue_px(crop: np.ndarray) -> int:
    return int((crop[..., 0] < 100).sum())


def test_a_crop_shows_what_lies_around_the_cell():
    picture, centre, mask = two_cells()
    crop = cut_crop(picture, centre, mask)
    np.testing.assert_array_equal(crop[..., :3], picture[80 - 28 : 80 + 28, 80 - 28 : 80 + 28])
    assert blue_px(crop) > 100


def test_the_cell_in_the_middle_is_marked_and_its_neighbour_is_not():
    picture, centre, mask = two_cells()
    crop = cut_crop(picture, centre, mask)
    inside = disc_share(CROP_PX, CROP_PX, [(28, 28, 19)]) > 0.99
    assert (crop[inside, 3] == 255).all()
    neighbour = disc_share(CROP_PX, CROP_PX, [(64, 28, 16 - 2 * MARGIN_PX)]) > 0.01
    assert neighbour.sum() > 20
    assert (crop[neighbour, 3] == 0).all()
    assert crop[[0, 0, -1, -1], [0, -1, 0, -1], 3].tolist() == [0] * 4


def test_what_lies_outside_of_the_picture_is_white():
    picture = draw_discs(200, 160, [(6, 8, 20)], RED)
    found = detections([(3, 4, 10)])
    (mask,) = cell_masks(stain_depth(halve(picture)), found, np.asarray([True]))
    assert mask is not None
    crop = cut_crop(picture, (3.0, 4.0), mask)
    assert crop.shape == (CROP_PX, CROP_PX, 4)
    assert (crop[: 28 - 8, :, :3] == WHITE_LEVEL).all()
    assert (crop[:, : 28 - 6, :3] == WHITE_LEVEL).all()
    assert crop[28, 28].tolist() == [*RED, 255]
    beyond = MARGIN_PX + 1
    assert (crop[: 28 - 8 - beyond, :, 3] == 0).all()
    assert (crop[:, : 28 - 6 - beyond, 3] == 0).all()


def test_a_crop_far_outside_of_the_picture_is_all_white_and_has_no_mark():
    picture, _, mask = two_cells()
    crop = cut_crop(picture, (-500.0, 900.0), mask)
    assert (crop[..., :3] == WHITE_LEVEL).all()
    assert (crop[..., 3] == 0).all()


def test_the_picture_is_not_changed():
    picture, centre, mask = two_cells()
    before = picture.copy()
    cut_crop(picture, centre, mask)[:] = 0
    np.testing.assert_array_equal(picture, before)


def test_many_crops_cut_at_once_are_those_that_each_is_alone():
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
    crops = cut_crops(picture, found.centres, masks)
    assert len(crops) == len(discs) > AT_ONCE
    for crop, centre, mask in zip(crops, found.centres, masks, strict=True):
        np.testing.assert_array_equal(crop, cut_crop(picture, centre, mask))
    assert len({crop[..., :3].tobytes() for crop in crops}) > 100
    assert len({crop[..., 3].tobytes() for crop in crops}) > 100


def test_no_cells_give_no_crops():
    picture, _, _ = two_cells()
    assert cut_crops(picture, np.empty((0, 2), np.float32), []).shape == (0, CROP_PX, CROP_PX, 4)


@pytest.mark.parametrize("centre", [(40.0, 40.0), (40.5, 40.0), (40.25, 41.0), (39.75, 40.5)])
def test_a_mark_lies_on_its_cell_to_the_pixel(centre):
    """Of a mask of one detector px, four crop px are marked, and what margin and soft edge add."""
    picture = np.full((160, 200, 3), 50, np.uint8)
    mask = CellMask(np.ones((1, 1), bool), 40, 38, False)
    mark = cut_crop(picture, centre, mask)[..., 3]
    x, y = (2 * 40 - round(2 * centre[0]) + 28, 2 * 38 - round(2 * centre[1]) + 28)
    rows, columns = np.nonzero(mark)
    assert ((rows.min() + rows.max() + 1) / 2, (columns.min() + columns.max() + 1) / 2) == (y + 1, x + 1)
    assert (mark[y : y + 2, x : x + 2] == 255).all()


def test_the_mark_of_a_cell_at_the_crops_side_is_on_that_crop_alone():
    """A mask that leaves its crop over each side, between two cells without any pixel."""
    picture = np.full((400, 400, 3), 50, np.uint8)
    everywhere = CellMask(np.ones((200, 200), bool), 0, 0, False)
    nothing = CellMask(np.zeros((1, 1), bool), 100, 100, False)
    centres = np.full((3, 2), 100, np.float32)
    crops = cut_crops(picture, centres, [nothing, everywhere, nothing])
    assert (crops[1, ..., 3] == 255).all()
    assert (crops[[0, 2], ..., 3] == 0).all()

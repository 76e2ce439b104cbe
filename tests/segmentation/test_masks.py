"""Masks of drawn discs, whose areas are known."""

import numpy as np
import pytest
from skimage.segmentation import watershed
from skimage.segmentation._watershed_cy import watershed_raveled

from segmentation.masks import cell_masks, stain_depth
from tests.segmentation.disc_pictures import detections, draw_discs


def masks_of(discs, width=160, height=120, picture=None):
    picture = draw_discs(width, height, discs) if picture is None else picture
    return cell_masks(stain_depth(picture), detections(discs), np.ones(len(discs), bool))


def placed(mask, shape) -> np.ndarray:
    whole = np.zeros(shape, bool)
    height, width = mask.pixels.shape
    whole[mask.y : mask.y + height, mask.x : mask.x + width] = mask.pixels
    return whole


@pytest.mark.parametrize("radius", [6.0, 10.0, 13.5, 25.0])
def test_the_mask_of_a_lone_disc_is_the_disc(radius):
    (mask,) = masks_of([(80.3, 60.8, radius)])
    assert mask.pixels.sum() == pytest.approx(np.pi * radius**2, rel=0.04)
    assert not mask.touches


def test_masks_of_overlapping_discs_share_no_pixel_and_have_the_true_areas():
    discs = [(60.0, 60.0, 12.0), (78.0, 60.0, 12.0), (69.0, 76.0, 11.0)]
    masks = [placed(mask, (120, 160)) for mask in masks_of(discs)]
    assert (np.sum(masks, axis=0) <= 1).all()
    y, x = np.mgrid[:120, :160] + 0.5
    distance = np.stack([np.hypot(x - a, y - b) / r for a, b, r in discs])
    for index, mask in enumerate(masks):
        own = (distance[index] < 1) & (distance.argmin(axis=0) == index)
        assert mask.sum() == pytest.approx(own.sum(), rel=0.05)
        assert (mask & own).sum() > 0.95 * own.sum()


@pytest.mark.parametrize("distance", [19.0, 20.0, 20.6])
def test_a_neighbour_that_only_touches_keeps_its_pixels(distance):
    """Its middle lies outside of the window that the mask is worked on in."""
    discs = [(40.0, 60.0, 10.0), (40.0 + distance, 60.0, 10.0)]
    masks = [placed(mask, (120, 160)) for mask in masks_of(discs)]
    assert (masks[0] & masks[1]).sum() == 0
    for mask in masks:
        assert mask.sum() == pytest.approx(np.pi * 100, rel=0.05)


def test_overlapping_cells_are_told_from_cells_that_lie_apart():
    discs = [(40, 60, 10), (59, 60, 10), (120, 60, 10)]
    assert [mask.touches for mask in masks_of(discs)] == [True, True, False]


def test_the_pale_centre_of_a_cell_belongs_to_it():
    picture = draw_discs(160, 120, [(80, 60, 12)])
    pale = draw_discs(160, 120, [(80, 60, 5)], colour=(228, 225, 228))
    y, x = np.mgrid[:120, :160] + 0.5
    picture[np.hypot(x - 80, y - 60) < 5] = pale[np.hypot(x - 80, y - 60) < 5]
    (mask,) = masks_of([(80, 60, 12)], picture=picture)
    assert mask.pixels.sum() == pytest.approx(np.pi * 144, rel=0.04)


def test_a_mask_is_one_piece_and_stays_near_its_box():
    picture = draw_discs(160, 120, [(80, 60, 20), (80, 84.5, 1.5)])
    (mask,) = masks_of([(80, 60, 20)], picture=picture)
    whole = placed(mask, (120, 160))
    assert not whole[82:].any()
    assert whole.sum() == pytest.approx(np.pi * 400, rel=0.03)


def test_a_cell_cut_by_the_border_keeps_the_part_that_is_seen():
    (mask,) = masks_of([(2.0, 60.0, 12.0)])
    y, x = np.mgrid[:120, :160] + 0.5
    assert mask.pixels.sum() == pytest.approx((np.hypot(x - 2, y - 60) < 12).sum(), rel=0.05)


def test_only_the_wanted_get_a_mask_and_the_others_keep_their_pixels():
    discs = [(60, 60, 12), (78, 60, 12)]
    depth = stain_depth(draw_discs(160, 120, discs))
    both = cell_masks(depth, detections(discs), np.asarray([True, True]))
    one = cell_masks(depth, detections(discs), np.asarray([True, False]))
    assert one[1] is None
    assert one[0] is not None
    assert both[0] is not None
    np.testing.assert_array_equal(one[0].pixels, both[0].pixels)


def test_a_mask_is_the_same_in_whatever_part_of_the_picture_it_is_worked_on():
    discs = [(60, 60, 12), (78, 62, 12), (100, 40, 9)]
    picture = draw_discs(160, 120, discs)
    whole = masks_of(discs, picture=picture)
    moved = [(x - 32, y - 16, r) for x, y, r in discs]
    part = masks_of(moved, picture=np.ascontiguousarray(picture[16:, 32:]))
    for first, again in zip(whole, part, strict=True):
        np.testing.assert_array_equal(first.pixels, again.pixels)
        assert (first.x - again.x, first.y - again.y, first.touches) == (32, 16, again.touches)


def test_holes_of_the_stain_are_filled_and_bays_are_not():
    """A ring shut, a ring with a gap, and one that only corners of pixels hold shut."""
    picture = np.full((60, 160, 3), 230, np.uint8)
    y, x = np.mgrid[:60, :160] + 0.5
    for middle in (30, 80, 130):
        distance = np.hypot(x - middle, y - 30)
        picture[(distance < 12) & (distance > 8)] = 120
    picture[26:35, 80:94] = 230
    picture[28:33, 138:144] = 230
    picture[[28, 29, 30, 31, 32], [139, 140, 141, 140, 139]] = 120
    shut, open_, cornered = masks_of([(30, 30, 12), (80, 30, 12), (130, 30, 12)], picture=picture)
    whole = [placed(mask, (60, 160)) for mask in (shut, open_, cornered)]
    assert whole[0][30, 23:38].all()
    assert not whole[1][30, 86:92].any()
    assert whole[2][30, 135:139].all()


def test_a_box_on_empty_background_gives_no_nonsense():
    (mask,) = masks_of([(80, 60, 10)], picture=np.full((120, 160, 3), 230, np.uint8))
    assert mask.pixels.sum() <= np.pi * 13**2 * 1.1
    assert not mask.touches


def test_stain_depth_is_what_the_darkest_channel_lacks_to_white():
    assert stain_depth(np.asarray([[[200, 120, 180], [255, 255, 255]]], np.uint8)).tolist() == [[135, 0]]


CROWD = [
    (60.0, 60.0, 12.0), (78.0, 60.0, 12.0), (69.0, 76.0, 11.0), (100.3, 40.2, 9.0), (112.6, 52.9, 8.5),
    (30.5, 30.5, 10.0), (49.5, 30.5, 10.0), (40.0, 47.0, 10.0), (120.0, 90.0, 22.0), (140.0, 100.0, 10.0),
]  # fmt: skip


def test_a_cells_mask_does_not_depend_on_how_many_are_worked_on_at_once():
    depth = stain_depth(draw_discs(160, 120, CROWD))
    together = cell_masks(depth, detections(CROWD), np.ones(len(CROWD), bool))
    for row, mask in enumerate(together):
        alone = cell_masks(depth, detections(CROWD), np.arange(len(CROWD)) == row)[row]
        assert mask is not None
        assert alone is not None
        np.testing.assert_array_equal(mask.pixels, alone.pixels)
        assert (mask.x, mask.y, mask.touches) == (alone.x, alone.y, alone.touches)


def test_the_flood_is_that_of_scikit_images_public_watershed(monkeypatch):
    floods = []

    def compared(relief, places, around, mask, *others):
        regions, width = others[2], -around[0]
        seeds = np.zeros_like(regions)
        seeds[places] = regions[places]
        watershed_raveled(relief, places, around, mask, *others)
        tall = [flat.reshape(-1, width) for flat in (relief, seeds, mask)]
        public = watershed(tall[0], tall[1], mask=tall[2] > 0).ravel()
        floods.append(int((public > 0).sum()))
        np.testing.assert_array_equal(regions[public > 0], public[public > 0])

    monkeypatch.setattr("segmentation.masks.watershed_raveled", compared)
    masks_of(CROWD)
    assert len(floods) == len(CROWD)  # none of them is alone
    assert sum(count > 100 for count in floods) >= 8

"""Colours of a tile: the same whatever the tiles, and of what they say they are."""

import numpy as np
import pytest

from segmentation.colours import hue_spread, tile_colours
from segmentation.detections import Detections

WHITE = (230, 230, 230)


def found(*boxes) -> Detections:
    return Detections(
        boxes=np.asarray(boxes, np.float32).reshape(-1, 4),
        kinds=np.zeros(len(boxes), np.uint8),
        scores=np.ones(len(boxes), np.float32),
    )


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(4).integers(70, 256, (height, width, 3)).astype(np.uint8)


def test_an_object_has_the_colour_of_its_middle_and_not_of_its_surroundings():
    picture = np.full((60, 60, 3), WHITE, np.uint8)
    picture[20:40, 20:40] = (200, 120, 180)
    colours = tile_colours(picture, (0, 0, 60, 60), found((20, 20, 40, 40), (0, 0, 16, 16))).objects
    assert colours.tolist() == [[200, 120, 180], list(WHITE)]


def test_every_pixel_of_the_core_is_counted_once_at_its_depth():
    picture = np.full((40, 50, 3), WHITE, np.uint8)
    picture[:10] = (200, 105, 180)
    depths = tile_colours(picture, (0, 0, 50, 40), found()).depths
    assert depths[25] == 30 * 50
    assert depths[150] == 10 * 50
    assert depths.sum() == 40 * 50


def test_a_toned_grey_picture_has_one_hue_for_each_brightness():
    picture = noise(60, 80)
    white = np.asarray(WHITE, np.float32)
    grey = picture[..., 1:2] / 255
    toned = np.asarray(255 * grey ** np.asarray((0.8, 1.0, 1.3)), np.uint8)
    assert hue_spread(toned.reshape(1, -1, 3), white) < 1.5
    assert hue_spread(picture.reshape(1, -1, 3), white) > 20


def test_the_black_surround_of_a_round_view_is_left_out():
    picture = np.full((40, 50, 3), WHITE, np.uint8)
    picture[:, :20] = (30, 40, 20)
    assert tile_colours(picture, (0, 0, 50, 40), found()).depths.sum() == 40 * 30


@pytest.mark.parametrize("cut", [1, 17, 40])
def test_two_tiles_together_give_what_one_gives(cut):
    picture = noise(48, 64)
    whole = tile_colours(picture, (0, 0, 64, 48), found()).depths
    left, right = (
        tile_colours(picture, core, found()).depths for core in ((0, 0, cut, 48), (cut, 0, 64, 48))
    )
    assert (left + right).tolist() == whole.tolist()


@pytest.mark.parametrize("shift", [1, 8, 1024])
def test_an_objects_colour_does_not_depend_on_where_its_tile_begins(shift):
    picture = noise(40, 40)
    box = np.asarray((10 + 3 / 64, 9 + 1 / 64, 29 + 62 / 64, 31 + 5 / 64))
    moved = np.zeros((40, 40 + shift, 3), np.uint8)
    moved[:, shift:] = picture
    here = tile_colours(picture, (0, 0, 40, 40), found(box)).objects
    there = tile_colours(moved, (0, 0, 40 + shift, 40), found(box + np.asarray((shift, 0, shift, 0)))).objects
    assert here.tolist() == there.tolist()

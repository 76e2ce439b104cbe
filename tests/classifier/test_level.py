"""Levelling: a cell looks the same in another light or stain, and a parasite stays darker than its cell."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.level import BRIGHT_LEVEL, BRIGHT_PERCENTILE, LEAST_INNER_PX, RIM_PX, level, level_each
from tests.segmentation.disc_pictures import disc_share

SIDE = 56


def cell(
    colour: tuple[float, float, float], background: float
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A disc with a dark dot on an empty background, and its mask."""
    disc = disc_share(SIDE, SIDE, [(28, 28, 18)])
    dot = disc_share(SIDE, SIDE, [(33, 25, 3)])[..., None]
    picture = disc[..., None] * np.asarray(colour) + (1 - disc[..., None]) * background
    picture = picture * (1 - 0.5 * dot)
    return np.rint(picture).astype(np.uint8), (disc > 0.5).astype(np.uint8)


@pytest.mark.parametrize("colour", [(200, 120, 180), (150, 150, 170), (90, 60, 80)])
def test_the_inner_part_of_any_cell_gets_one_neutral_value(colour: tuple[float, float, float]) -> None:
    crop, mask = cell(colour, 230)
    assert level(crop, mask)[28, 20].tolist() == pytest.approx([205] * 3, abs=1)


def test_a_dot_stays_as_much_darker_than_its_cell_as_it_was() -> None:
    crop, mask = cell((200, 120, 180), 230)
    shown = level(crop, mask)
    assert shown[25, 33] / shown[28, 20] == pytest.approx(crop[25, 33] / crop[28, 20], abs=0.02)


def test_the_background_is_never_brighter_than_white() -> None:
    crop, mask = cell((90, 60, 80), 250)
    assert level(crop, mask).max() == 230


def test_dimmer_light_changes_nothing() -> None:
    bright, mask = cell((200, 120, 180), 230)
    dim = np.rint(bright * 0.8).astype(np.uint8)
    assert np.abs(level(bright, mask).astype(int) - level(dim, mask)).max() <= 3


def test_without_a_cell_the_crop_stays_as_it_is() -> None:
    crop, _ = cell((200, 120, 180), 230)
    np.testing.assert_array_equal(level(crop, np.zeros((SIDE, SIDE), np.uint8)), crop)


def one_by_one(crop: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The plain way: the value at the percentile's place in the sorted pixels."""
    padded = np.pad(mask, RIM_PX)
    pixels = crop[
        cv2.erode(padded, np.ones((2 * RIM_PX + 1,) * 2, np.uint8))[RIM_PX:-RIM_PX, RIM_PX:-RIM_PX] > 0
    ]
    pixels = crop[mask > 0] if len(pixels) < LEAST_INNER_PX else pixels
    if not len(pixels):
        return crop
    place = int((len(pixels) - 1) * BRIGHT_PERCENTILE / 100)
    bright = np.maximum(np.sort(pixels, axis=0)[place], 1).astype(float)
    return np.minimum(np.rint(crop * (BRIGHT_LEVEL / bright)), 230).astype(np.uint8)


def test_many_crops_are_levelled_as_each_is_by_the_sorted_pixels_of_its_cell() -> None:
    rng = np.random.default_rng(2)
    crops = rng.integers(0, 256, (60, SIDE, SIDE, 3), np.uint8)
    crops[20:40] //= 8
    masks = np.zeros((60, SIDE, SIDE), np.uint8)
    for mask in masks[1:]:
        x, y, radius = rng.uniform(0, SIDE), rng.uniform(0, SIDE), rng.uniform(1, 40)
        mask[:] = disc_share(SIDE, SIDE, [(x, y, radius)]) > 0.5
    masks[1] = 1
    crops[2], crops[3] = 0, 255
    for shown, crop, mask in zip(level_each(crops, masks), crops, masks, strict=True):
        np.testing.assert_array_equal(shown, one_by_one(crop, mask))

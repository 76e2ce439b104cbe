"""Brings every cell to the same brightness, so that no slide's stain or light decides."""

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["level"]

BRIGHT_PERCENTILE, BRIGHT_LEVEL = 90.0, 205.0
"""This share of a cell's inner pixels, in each channel, lies below this value after levelling."""
WHITE_LEVEL = 230
"""Greatest value after levelling: background around a cell is white, whatever its light."""
RIM_PX = 4
"""Width of the rim, crop px, that is not measured: background shines into it."""
LEAST_INNER_PX = 60
"""Fewest pixels within the rim to measure; of a smaller cell all are."""


def level(crop: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Crop, uint8 (H, W, 3), with the bright part of its cell moved to one neutral value.

    Pre-cut cells come without background to take a white point from; cells of fields are levelled alike,
    so that both look the same to the network.

    Parameters
    ----------
    mask : uint8 (H, W), 1 on the cell.
    """
    inner = cv2.erode(
        mask, np.ones((2 * RIM_PX + 1,) * 2, np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    pixels = crop[inner > 0]
    if len(pixels) < LEAST_INNER_PX:
        pixels = crop[mask > 0]
    if not len(pixels):
        return crop
    place = int((len(pixels) - 1) * BRIGHT_PERCENTILE / 100)
    bright = np.maximum(np.partition(pixels, place, axis=0)[place], 1).astype(np.float64)
    levels = np.arange(256, dtype=np.float64)[:, None] * (BRIGHT_LEVEL / bright)
    table = np.clip(np.rint(levels), 0, WHITE_LEVEL).astype(np.uint8)[None]
    return np.asarray(cv2.LUT(crop, table), np.uint8)

"""Brings every cell to the same brightness, so that no slide's stain or light decides."""

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.resample import WHITE_LEVEL

__all__ = ["level", "level_each"]

BRIGHT_PERCENTILE, BRIGHT_LEVEL = 90.0, 205.0
"""This share of a cell's inner pixels, in each channel, lies below this value after levelling."""
RIM_PX = 4
"""Width of the rim, crop px, that is not measured: background shines into it."""
LEAST_INNER_PX = 60
"""Fewest pixels within the rim to measure; of a smaller cell all are."""
BITS = (128, 64, 32, 16, 8, 4, 2, 1)


def level(crop: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One crop, uint8 (H, W, 3), as `level_each` gives it; mask uint8 (H, W)."""
    return np.asarray(level_each(crop[None], mask[None])[0], np.uint8)


def level_each(crops: NDArray[np.uint8], masks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Crops, uint8 (n, H, W, 3), with the bright part of each one's cell moved to one neutral value.

    Pre-cut cells come without background to take a white point from; cells of fields are levelled alike,
    so that both look the same to the network. A crop without a cell stays as it is.

    Parameters
    ----------
    masks : uint8 (n, H, W), 1 on the cell, 0 elsewhere.
    """
    measured = _measured(masks)
    number = _sums(measured)
    levelled = crops.copy()
    for crop, table, held in zip(levelled, _tables(_bright(crops, measured, number)), number, strict=True):
        if held:
            cv2.LUT(crop, table, dst=crop)
    return levelled


def _measured(masks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The pixels of each cell that are measured, uint8 (n, H, W), 0 or 1."""
    around = np.ones((2 * RIM_PX + 1,) * 2, np.uint8)
    tall = cv2.erode(masks.reshape(-1, masks.shape[2]), around)
    inner = np.zeros_like(masks)
    # Within the rim of a crop, no pixel of the crop above or below has an influence.
    within = (slice(None), slice(RIM_PX, -RIM_PX), slice(RIM_PX, -RIM_PX))
    inner[within] = tall.reshape(masks.shape)[within]
    small = _sums(inner) < LEAST_INNER_PX
    inner[small] = masks[small]
    return inner


def _bright(
    crops: NDArray[np.uint8], measured: NDArray[np.uint8], number: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Bright value of the measured pixels of each crop and channel, uint8 (n, 3); 255 where there are none.

    Found bit by bit, by how many pixels reach a value: many crops are counted at once, which nothing that
    sorts or looks for a percentile does for as few pixels as these.
    """
    values = _planes(crops, measured)
    above = number - ((number - 1) * BRIGHT_PERCENTILE / 100).astype(np.int64)
    bright = np.zeros(values.shape[:2], np.uint8)
    for bit in BITS:
        higher = bright | np.uint8(bit)
        reached = (values >= higher[..., None]).view(np.uint8)
        counts = _sums(reached.reshape(-1, values.shape[2])).reshape(bright.shape)
        bright = np.where(counts >= above, higher, bright)
    return np.ascontiguousarray(bright.T)


def _planes(crops: NDArray[np.uint8], measured: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Channels of the crops, uint8 (3, n, pixels), 0 where not measured; only where any crop is measured."""
    rows, columns = np.flatnonzero(measured.any(axis=(0, 2))), np.flatnonzero(measured.any(axis=(0, 1)))
    if not len(rows):
        return np.zeros((3, len(crops), 1), np.uint8)
    within = (slice(None), slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    shown = -measured[within]  # of bytes: 255 where it was 1
    planes = np.empty((3, *shown.shape), np.uint8)
    for channel, plane in enumerate(cv2.split(crops.reshape(-1, crops.shape[2], 3))):
        np.bitwise_and(
            np.asarray(plane, np.uint8).reshape(measured.shape)[within], shown, out=planes[channel]
        )
    return planes.reshape(3, len(crops), -1)


def _tables(bright: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What each value of each channel becomes, uint8 (n, 1, 256, 3)."""
    found, which = np.unique(bright, return_inverse=True)
    levels = np.arange(256, dtype=np.float64) * (BRIGHT_LEVEL / np.maximum(found, 1).astype(float))[:, None]
    tables = np.clip(np.rint(levels), 0, WHITE_LEVEL).astype(np.uint8)
    return np.ascontiguousarray(tables[which.reshape(-1, 1, 3)].transpose(0, 1, 3, 2))


def _sums(numbers: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Sum of each row's numbers, int64 (n,); rows uint8 (n, ...) of one pixel at least."""
    flat = numbers.reshape(len(numbers), -1)
    return np.asarray(cv2.reduce(flat, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0], np.int64)

"""Cuts the crop of each cell that the classifier is given, at a fixed scale."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from classifier.outline import outlined
from segmentation.detections import Kind
from segmentation.masks import CellMask
from segmentation.resample import WHITE_LEVEL
from segmentation.segment import SegmentedCells

__all__ = ["CROP_PX", "EVENED", "cut_crops", "object_crops", "red_cell_crops"]

CROP_PX = 56
"""Side of a crop in crop px: 10.5 µm, room for a cell 1.4 times the usual diameter."""
EVENED = "evened"
"""What a manifest calls crops that are cut here: the stain is evened (ADR 22) and the cell that is meant is
marked (ADR 13)."""
AT_ONCE = 64
"""Crops worked on in one go: few enough that they stay in the processor's cache."""


def object_crops(
    picture: NDArray[np.uint8], cells: SegmentedCells, which: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Crops of the chosen objects of a tile in their order, as `cut_crops`.

    Parameters
    ----------
    picture : the one that was segmented. which : bool (n,), one an object found.
    """
    masks = [mask for mask, chosen in zip(cells.masks, which.tolist(), strict=True) if chosen]
    return cut_crops(picture, cells.found.centres[which], masks)


def red_cell_crops(picture: NDArray[np.uint8], cells: SegmentedCells) -> NDArray[np.uint8]:
    """Crops of a tile's red cells in their order, as `object_crops`."""
    return object_crops(picture, cells, cells.found.kinds == Kind.RED_CELL)


def cut_crops(
    picture: NDArray[np.uint8], centres: NDArray[np.float32], masks: Sequence[CellMask]
) -> NDArray[np.uint8]:
    """Crops of cells with what lies around them, uint8 (n, CROP_PX, CROP_PX, 4): RGB, and the cell marked
    (see `classifier.outline`).

    Parameters
    ----------
    picture : uint8 (2H, 2W, 3), at crop scale, its stain evened (`classifier.stain`).
    centres : (n, 2), x, y of each cell in detector px of the same picture.
    masks : of each cell, in detector px.
    """
    corners = np.rint(2 * centres).astype(np.int64) - CROP_PX // 2
    crops = np.empty((len(corners), CROP_PX, CROP_PX, 4), np.uint8)
    for start in range(0, len(corners), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        placed = _placed(masks[some], corners[some])
        crops[some] = outlined(_windows(picture, corners[some]), placed)
    return crops


def _windows(picture: NDArray[np.uint8], corners: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The picture from each corner (x, y) on, white outside of it."""
    windows = np.full((len(corners), CROP_PX, CROP_PX, 3), WHITE_LEVEL, np.uint8)
    for window, (x0, y0) in zip(windows, corners.tolist(), strict=True):
        left, top = max(x0, 0), max(y0, 0)
        part = picture[top : max(y0 + CROP_PX, 0), left : max(x0 + CROP_PX, 0)]
        window[top - y0 : top - y0 + part.shape[0], left - x0 : left - x0 + part.shape[1]] = part
    return windows


def _placed(masks: Sequence[CellMask], corners: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Masks in the windows from each corner on, at crop scale, uint8 (n, CROP_PX, CROP_PX), 0 or 1."""
    side = CROP_PX // 2 + 1  # detector px that a window may touch
    small = np.zeros((len(masks), side, side), np.uint8)
    for place, mask, (x0, y0) in zip(small, masks, (corners // 2).tolist(), strict=True):
        left, top = mask.x - x0, mask.y - y0
        part = mask.pixels[max(-top, 0) : max(side - top, 0), max(-left, 0) : max(side - left, 0)]
        top, left = max(top, 0), max(left, 0)
        place[top : top + part.shape[0], left : left + part.shape[1]] = part
    tall = cv2.resize(small.reshape(-1, side), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    large = np.asarray(tall, np.uint8).reshape(len(masks), 2 * side, 2 * side)
    placed = np.empty((len(masks), CROP_PX, CROP_PX), np.uint8)
    odd = corners % 2
    for x, y in ((0, 0), (1, 0), (0, 1), (1, 1)):
        these = (odd == (x, y)).all(axis=1)
        placed[these] = large[these, y : y + CROP_PX, x : x + CROP_PX]
    return placed

"""Pictures of single, pre-cut cells made to look as the pipeline cuts them from fields."""

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["USUAL_CELL_PX", "as_cut", "cell_mask"]

USUAL_CELL_PX = 40.0
"""Side that a red cell's box has at crop scale."""
BLACK_LEVEL = 12
"""Brightest channel up to which a pixel is the black surround of a pre-cut cell."""
RAGGED_PX = 2
"""Width of the rim that compression has mixed with the black surround."""
BRIGHT_PERCENTILE, BRIGHT_LEVEL = 98.0, 215.0
"""The brightest of a pre-cut cell is its thin rim of background; it is moved to just below white."""


def as_cut(picture: NDArray[np.uint8], side_px: int, white: int) -> NDArray[np.uint8]:
    """Crop at crop scale, uint8 (side_px, side_px, 3), the cell in the middle on white.

    Parameters
    ----------
    picture : uint8 (H, W, 3), RGB, one cell that fills it, its surround black or background.
    white : value of what is not the cell.
    """
    mask = cell_mask(picture)
    height, width = picture.shape[:2]
    scale = USUAL_CELL_PX / max((height * width) ** 0.5, 1.0)
    lit = picture[mask.astype(bool)].astype(np.float32)
    bright = np.percentile(lit, BRIGHT_PERCENTILE, axis=0) if len(lit) else np.full(3, 255.0)
    levelled = np.clip(picture * (BRIGHT_LEVEL / np.maximum(bright, 1.0)), 0, 255).astype(np.float32)
    filled = np.where(mask[..., None] > 0, levelled, np.float32(white))
    middle = (side_px - 1) / 2
    matrix = np.asarray(
        [[scale, 0, middle - scale * (width - 1) / 2], [0, scale, middle - scale * (height - 1) / 2]],
        np.float64,
    )
    if scale < 1:
        # Take out what the smaller grid cannot hold, as a mean over the pixels would.
        filled = cv2.GaussianBlur(filled, (0, 0), 0.35 / scale)
    cut = cv2.warpAffine(
        filled, matrix, (side_px, side_px), flags=cv2.INTER_LINEAR, borderValue=(float(white),) * 3
    )
    return np.clip(np.rint(cut), 0, 255).astype(np.uint8)


def cell_mask(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """1 where the picture is cell and not black surround or its ragged rim, uint8 (H, W), holes filled."""
    lit = (picture.max(axis=2) > BLACK_LEVEL).astype(np.uint8)
    contours, _ = cv2.findContours(lit, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return np.ones(lit.shape, np.uint8)
    mask = np.zeros_like(lit)
    cv2.drawContours(mask, [max(contours, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    if mask.all():
        return np.asarray(mask, np.uint8)
    kernel = np.ones((2 * RAGGED_PX + 1,) * 2, np.uint8)
    return np.asarray(cv2.erode(mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0), np.uint8)

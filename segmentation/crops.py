"""Cuts the picture of each cell that the classifier looks at, at a fixed scale."""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from classifier.level import level
from segmentation.masks import CellMask

__all__ = ["CROP_PX", "CropStyle", "cut_crop", "mask_crop"]

CROP_PX = 56
"""Side of a crop in crop px: 10.5 µm, room for a cell 1.4 times the usual diameter."""
WHITE = 230
"""What lies outside the picture and, in the masked style, outside the cell: the normalised white point."""
MASK_MARGIN_PX = 2
"""Widening of the mask, crop px: a parasite at the rim must not be cut off."""

CropStyle = Literal["context", "masked"]


def cut_crop(
    picture: NDArray[np.uint8], centre: tuple[float, float], mask: CellMask, style: CropStyle
) -> NDArray[np.uint8]:
    """Crop of one cell, levelled (see `classifier.level`), uint8 (CROP_PX, CROP_PX, 3).

    Parameters
    ----------
    picture : uint8 (2H, 2W, 3), normalised, at crop scale.
    centre : x, y of the cell in detector px of the same picture.
    mask : of the cell, in detector px.
    style : 'context' shows what lies around the cell, 'masked' shows white there.
    """
    x0 = round(2 * centre[0]) - CROP_PX // 2
    y0 = round(2 * centre[1]) - CROP_PX // 2
    crop = _window(picture, x0, y0, WHITE)
    height, width = mask.pixels.shape
    large = cv2.resize(mask.pixels.astype(np.uint8), (2 * width, 2 * height), interpolation=cv2.INTER_NEAREST)
    placed = _window(np.asarray(large, np.uint8), x0 - 2 * mask.x, y0 - 2 * mask.y, 0)
    levelled = level(crop, placed)
    return levelled if style == "context" else mask_crop(levelled, placed, MASK_MARGIN_PX)


def mask_crop(crop: NDArray[np.uint8], mask: NDArray[np.uint8], margin_px: int) -> NDArray[np.uint8]:
    """Crop with white outside the mask (uint8, 0 or 1) widened by `margin_px`, the edge softened."""
    wide = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin_px + 1,) * 2))
    share = cv2.blur(wide * np.uint8(255), (3, 3)).astype(np.uint16)[..., None]
    return ((crop * share + np.uint16(WHITE) * (255 - share) + 127) // 255).astype(np.uint8)


def _window(picture: NDArray[np.uint8], x0: int, y0: int, outside: int) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    crop = np.full((CROP_PX, CROP_PX, *picture.shape[2:]), outside, np.uint8)
    left, top = max(x0, 0), max(y0, 0)
    right, bottom = min(x0 + CROP_PX, width), min(y0 + CROP_PX, height)
    if right > left and bottom > top:
        crop[top - y0 : bottom - y0, left - x0 : right - x0] = picture[top:bottom, left:right]
    return crop

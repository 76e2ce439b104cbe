"""Pictures of single, pre-cut cells made to look as the pipeline cuts them from fields."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from classifier.outline import outlined
from classifier.stain import even_stain, own_absorbance
from segmentation.resample import WHITE_LEVEL, normalise

__all__ = ["USUAL_CELL_PX", "CellLight", "as_cut", "cell_light", "cell_mask", "without_margin"]

USUAL_CELL_PX = 40.0
"""Side that a red cell's box has at crop scale."""
BLACK_LEVEL = 12
"""Brightest channel up to which a pixel is the black surround of a pre-cut cell."""
MARGIN_SHARE = 0.8
"""Share of a side that a cell on black fills from which on it has no margin."""
BRIGHTEST = 99.0
"""Percentile of a cell's pixels, in each channel, that is the background's colour where that is not seen: of
five patients' cells 0 to 9 of 255 levels darker than the background of their fields."""
RAGGED_PX = 2
"""Width of the rim that compression has mixed with the black surround."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellLight:
    """Light of the film that a cell was cut out of.

    Attributes
    ----------
    white : float32 (3,), colour of the empty background, 1 to 255.
    absorbance : of the usual red cell in red, green and blue, see `classifier.stain`.
    """

    white: NDArray[np.float32]
    absorbance: tuple[float, float, float]


def cell_light(
    picture: NDArray[np.uint8], side_px: int, white: NDArray[np.float32] | None = None
) -> CellLight:
    """Light by the cell alone: its brightest places are nearly as bright as the background, and it is usual.

    Parameters
    ----------
    picture, side_px : as for `as_cut`. white : of the background, where known.
    """
    mask = cell_mask(picture)
    white = _brightest(picture, mask) if white is None else white
    cut, share = _placed(normalise(picture, white), mask, side_px)
    return CellLight(white=white, absorbance=own_absorbance(cut, (share > 0.5).astype(np.uint8)))


def as_cut(picture: NDArray[np.uint8], side_px: int, light: CellLight | None = None) -> NDArray[np.uint8]:
    """Crop at crop scale, uint8 (side_px, side_px, 4), the cell in the middle on white, and marked.

    Parameters
    ----------
    picture : uint8 (H, W, 3), RGB, one cell that fills it, its surround black or background.
    light : of the cell's film; None: by the cell alone, see `cell_light`.
    """
    mask = cell_mask(picture)
    white = _brightest(picture, mask) if light is None else light.white
    cut, share = _placed(normalise(picture, white), mask, side_px)
    on_crop = (share > 0.5).astype(np.uint8)
    crop = even_stain(cut, own_absorbance(cut, on_crop) if light is None else light.absorbance)
    bare = np.asarray(np.rint(crop * share[..., None] + WHITE_LEVEL * (1 - share[..., None])), np.uint8)
    return np.asarray(outlined(bare[None], on_crop[None])[0], np.uint8)


def _brightest(picture: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Colour of the cell's brightest places, float32 (3,), 1 to 255."""
    cell = picture[mask.astype(bool)] if mask.any() else picture.reshape(-1, 3)
    return np.maximum(np.percentile(cell, BRIGHTEST, axis=0), 1.0).astype(np.float32)


def _placed(
    picture: NDArray[np.uint8], mask: NDArray[np.uint8], side_px: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The picture at crop scale in the middle of a square, uint8 (side_px, side_px, 3), and the share of each
    px that is cell, float32 (side_px, side_px).
    """
    height, width = picture.shape[:2]
    scale = USUAL_CELL_PX / max((height * width) ** 0.5, 1.0)
    on_cell = mask.astype(bool)
    # The cell's own mean in place of the surround, so that nothing black is drawn into its rim.
    filled = np.where(on_cell[..., None], picture, picture[on_cell].mean(axis=0) if on_cell.any() else 0)
    filled = filled.astype(np.float32)
    if scale < 1:
        # Take out what the smaller grid cannot hold, as a mean over the pixels would.
        filled = np.asarray(cv2.GaussianBlur(filled, (0, 0), 0.35 / scale), np.float32)
    middle = (side_px - 1) / 2
    matrix = np.asarray(
        [[scale, 0, middle - scale * (width - 1) / 2], [0, scale, middle - scale * (height - 1) / 2]],
        np.float64,
    )
    cut = cv2.warpAffine(filled, matrix, (side_px, side_px), borderMode=cv2.BORDER_REPLICATE)
    share = cv2.warpAffine(mask.astype(np.float32), matrix, (side_px, side_px))
    return np.clip(np.rint(cut), 0, 255).astype(np.uint8), np.asarray(share, np.float32)


def without_margin(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The part of a picture on black, uint8 (H, W, 3), that the cell fills; all of it without a margin."""
    y, x = np.nonzero(cell_mask(picture))
    if not len(y):
        return picture
    low, high = np.asarray((y.min(), x.min())), np.asarray((y.max(), x.max())) + 1
    if ((high - low) >= MARGIN_SHARE * np.asarray(picture.shape[:2])).any():
        return picture
    top, left = np.maximum(low - RAGGED_PX, 0).tolist()
    bottom, right = (high + RAGGED_PX).tolist()
    return picture[top:bottom, left:right]


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

"""How a picture looks that should be of one cell: its px, focus, colours, ground, and where stain is cut."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from classifier.precut import USUAL_CELL_PX, cell_mask
from segmentation.illumination import white_point
from segmentation.masks import stain_depth
from segmentation.resample import WHITE_LEVEL, normalise
from segmentation.sharpness import edge_sums, sharpness

__all__ = ["Appearance", "appearance", "without_surround"]

LEAST_SIDE_PX = 8
"""Crop px that a narrow picture is given at least."""
RIM_PX = 16
"""Repeated around the picture, so that its own edge is none, crop px."""
GROUND_PERCENTILE, CELL_PERCENTILE = 5.0, 60.0
"""Depths of stain of the ground and of the cell, between which stained px are told by the middle."""
BORDER_PX = 2
"""Width of the strip along a side, crop px: a whole cell touches its box with less than half of a side."""
COLOURED_PERCENTILE = 90.0
BRIGHT_PERCENTILE = 97.0
"""Of the cell's own pixels: what a black surround is filled with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """Measures of a picture.

    Attributes
    ----------
    different_px : columns and rows that differ from the one before: of a picture enlarged by repeating its
        px, the px that it had.
    sharpness : 1 and more, as `segmentation.sharpness`; None where it has no edge.
    vivid : largest difference between the channels of a px, levels.
    colour : difference of a channel from the mean of the three, that one stained px in ten passes, levels.
    absorbance : of red, green and blue, natural logarithm, the median of the stained px.
    ground : darkest channel of the background, levels.
    stained : share of the picture that is stained, 0 to 1.
    sides : of the strip along the upper, lower, left and right side the same.
    """

    different_px: tuple[int, int]
    sharpness: float | None
    vivid: float
    colour: float
    absorbance: tuple[float, float, float]
    ground: float
    stained: float
    sides: tuple[float, float, float, float]


def appearance(picture: NDArray[np.uint8], *, black: bool) -> Appearance:
    """Measures of a picture, uint8 (H, W, 3), RGB; `black` says that a black surround lies around it."""
    shown = without_surround(picture) if black else picture
    white = white_point(shown, None)
    small, lit = _at_crop_scale(shown, picture, black=black)
    bright = normalise(small, white)
    depth = np.asarray(stain_depth(bright), np.float32)
    low, high = np.percentile(depth[lit], [GROUND_PERCENTILE, CELL_PERCENTILE])
    stained = (depth > (low + high) / 2) & lit
    some = stained if stained.any() else lit
    colours = small[some].astype(np.float32)
    red, green, blue = np.log(WHITE_LEVEL / np.maximum(np.median(bright[some], axis=0), 1.0)).tolist()
    strips = (stained[:BORDER_PX], stained[-BORDER_PX:], stained[:, :BORDER_PX], stained[:, -BORDER_PX:])
    above, below, left, right = (float(strip.mean()) for strip in strips)
    return Appearance(
        different_px=(_different(picture.transpose(1, 0, 2)), _different(picture)),
        sharpness=_sharpness(bright),
        vivid=float(np.ptp(small.astype(np.float32), axis=2).max()),
        colour=float(
            np.percentile(
                np.abs(colours - colours.mean(axis=1, keepdims=True)).max(axis=1), COLOURED_PERCENTILE
            )
        ),
        absorbance=(red, green, blue),
        ground=float(white.min()),
        stained=float(stained.mean()),
        sides=(above, below, left, right),
    )


def without_surround(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with its black surround as bright as the brightest of the cell."""
    cell = cell_mask(picture).astype(bool)
    if not cell.any():
        return picture
    bright = np.percentile(picture[cell], BRIGHT_PERCENTILE, axis=0)
    return np.asarray(np.where(cell[..., None], picture, np.rint(bright)), np.uint8)


def _at_crop_scale(
    shown: NDArray[np.uint8], picture: NDArray[np.uint8], *, black: bool
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The picture as large as the usual cell, uint8 (h, w, 3), and where it is no surround, bool (h, w)."""
    height, width = picture.shape[:2]
    step = USUAL_CELL_PX / (height * width) ** 0.5
    size = (max(LEAST_SIDE_PX, round(width * step)), max(LEAST_SIDE_PX, round(height * step)))
    small = cv2.resize(shown, size, interpolation=cv2.INTER_AREA if step < 1 else cv2.INTER_LINEAR)
    lit = np.ones(size[::-1], bool)
    if black:
        mask = cv2.resize(cell_mask(picture), size, interpolation=cv2.INTER_NEAREST).astype(bool)
        lit = mask if mask.any() else lit
    return np.asarray(small, np.uint8), lit


def _different(picture: NDArray[np.uint8]) -> int:
    """Rows that differ from the one before, and the first."""
    return 1 + int((picture[1:] != picture[:-1]).any(axis=(1, 2)).sum())


def _sharpness(bright: NDArray[np.uint8]) -> float | None:
    height, width = bright.shape[:2]
    rim = (RIM_PX, RIM_PX + height % 2, RIM_PX, RIM_PX + width % 2)
    padded = np.asarray(cv2.copyMakeBorder(bright, *rim, cv2.BORDER_REPLICATE), np.uint8)
    first = RIM_PX // 2
    last = first + (width + width % 2) // 2, first + (height + height % 2) // 2
    return sharpness(edge_sums(padded, (first, first, *last)))

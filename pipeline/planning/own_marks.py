"""Whether a picture is an overlay of a count, or a part of one, saved by another program: by its marks."""

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.illumination import white_point
from segmentation.resample import normalise

__all__ = ["BLUE", "GREEN", "RED", "YELLOW", "bears_marks"]

RED = (205, 20, 0)
GREEN = (0, 125, 95)
BLUE = (0, 80, 190)
YELLOW = (250, 225, 40)
_NEAR = 45
"""Levels by which a mark's colour differs where it was saved as a JPEG, or made smaller."""
_LEAST = {RED: 8e-5, BLUE: 5e-5, YELLOW: 1e-4}
"""Share of a picture. The legend alone has as much of each, also made smaller and saved as JPEG."""
_LEAST_GREEN = 1e-4
"""The same of the thin outlines of all cells."""
_LEGEND = 0.25
"""Share of the height, from below, that holds the legend."""
_MARGIN, _WHITE, _WHITE_PX = 0.01, 225, 0.9
"""Share of the height that is bare white below it, the least level of white, and its share of px there."""
_LESS_RED, _MORE_THAN_AROUND = 20, 35
"""Levels by which the red of an outline lies below its green and blue, and by which that is more than around
it: no stain takes more red than green away."""
_AROUND_PX = 31
_LESS_GREEN = 0.35
"""Px whose green lies below, over those whose red does: noise takes either away as often (0.5 and more in 10
noisy photos), outlines take red alone (0.06 and less)."""
_FADED_RED, _BLUE_LEAD = 175, 20
"""Levels: most red of an outline, and most that its blue lies above its green."""
_BLOCKS, _OUTLINED_SHARE, _OUTLINED_BLOCKS = 8, 1.2e-3, 20
"""Blocks along a side, share of a picture that the outlines cover, and blocks that hold some. Of 132
fields of four sets without marks at most 6e-4 and 16, by glints of `nih_fields` (docs/lab/one_cell.md)."""
_OUTLINED_BLOCK = 8e-4
"""Least share of such a block."""
_HANG_TOGETHER = 6
"""Fewest px of a piece of an outline: single px are noise, stars or a raster."""
_HALF_WIDTH_PX, _HUES_SPREAD = 4.0, 1.5
"""Most half the width of nearly all outlines, and most that their hue (how far green lies above blue, over
how far red lies below both) differs between the 10th and the 90th percentile. Of 216 pictures of 12 overlays,
cut, made smaller, saved as JPEG, at most 3.9 and 1.1; clouds, balls, leaves are 4.1 wide and more, the hues
of boxes that persons drew in many colours differ by 2 and more."""


def bears_marks(picture: NDArray[np.uint8]) -> bool:
    """Whether a count's marks are on a picture, RGB uint8 (h, w, 3): its legend, or outlines of its cells."""
    return _bears_legend(picture) or _bears_outlines(picture)


def _bears_outlines(picture: NDArray[np.uint8]) -> bool:
    """Whether thin green lines lie all over a picture: an overlay without its legend, or a part of it."""
    if min(picture.shape[:2]) < _BLOCKS:
        return False
    bright = normalise(picture, white_point(picture, None)).astype(np.int16)
    red, green, blue = (bright[..., channel] for channel in range(3))
    less_red, less_green = np.minimum(green, blue) - red, np.minimum(red, blue) - green
    lines = (less_red >= _LESS_RED) & (green >= blue - _BLUE_LEAD) & (red < _FADED_RED)
    if lines.mean() < _OUTLINED_SHARE:
        return False
    lines &= _more_than_around(less_red)
    if ((less_green >= _LESS_RED) & _more_than_around(less_green)).mean() > _LESS_GREEN * lines.mean():
        return False
    lines = _hanging_together(lines & _less_red_as_stored(picture))
    blocks = cv2.resize(lines.astype(np.float32), (_BLOCKS, _BLOCKS), interpolation=cv2.INTER_AREA)
    if blocks.mean() < _OUTLINED_SHARE or (blocks > _OUTLINED_BLOCK).sum() < _OUTLINED_BLOCKS:
        return False
    half_width = cv2.distanceTransform(lines.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)[lines]
    low, high = np.percentile((green - blue)[lines] / less_red[lines], [10, 90])
    return bool(np.percentile(half_width, 99) <= _HALF_WIDTH_PX and high - low <= _HUES_SPREAD)


def _more_than_around(less: NDArray[np.int16]) -> NDArray[np.bool_]:
    return np.asarray(less - cv2.blur(less, (_AROUND_PX, _AROUND_PX)) >= _MORE_THAN_AROUND)


def _less_red_as_stored(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Px whose red lies below green and blue in the file too: a tint of the light is no outline."""
    red, green, blue = cv2.split(picture)
    return np.asarray(cv2.subtract(cv2.min(green, blue), red) >= _LESS_RED)


def _hanging_together(lines: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Only those px of `lines` (h, w) that lie in pieces of so many."""
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(lines.astype(np.uint8), connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] >= _HANG_TOGETHER
    kept[0] = False
    return np.asarray(kept[pieces])


def _bears_legend(picture: NDArray[np.uint8]) -> bool:
    """Whether a legend lies under a picture: all its colours, and white paper below."""
    height = picture.shape[0]
    paper = picture[height - max(1, round(_MARGIN * height)) :]
    if (paper.min(axis=-1) >= _WHITE).mean() < _WHITE_PX:
        return False
    if _share(picture, GREEN) < _LEAST_GREEN:
        return False
    legend = picture[height - max(1, round(_LEGEND * height)) :]
    return all(_share(legend, colour) * _LEGEND >= least for colour, least in _LEAST.items())


def _share(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> float:
    low, high = (np.clip(np.add(colour, side), 0, 255).astype(np.uint8) for side in (-_NEAR, _NEAR))
    return float(cv2.inRange(picture, low, high).mean()) / 255

"""Regions of a picture that is stored at several scales, read in parts and never as a whole."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.reader.field import Box
from pipeline.reader.pixels import Orientation, block_mean, orient, stored_box

__all__ = ["Fetch", "Level", "Pyramid", "best_level", "read_region", "whole_factor"]

_CHUNK_PX = 2048  # side of what is held in memory at the level's own scale: 12 MB of RGB
_MAX_FACTOR = 64
_MAX_DEVIATION = 0.005  # of a level's downsample from a power of two
_MAX_DRIFT_PX = 2.0  # level px by which such a level may be off at the far edge


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One stored scale.

    Attributes
    ----------
    index : of the level in its file.
    width, height : px of the level as stored.
    factor : level-0 px a level px covers, a power of two from 1 to 64.
    """

    index: int
    width: int
    height: int
    factor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pyramid:
    """The usable scales of one picture.

    Attributes
    ----------
    width, height : level-0 px of the picture as displayed.
    levels : the level of factor 1 and any others.
    full_width : read whole rows at once, as a file that is cut into strips wants it.
    """

    width: int
    height: int
    levels: tuple[Level, ...]
    orientation: Orientation
    full_width: bool = False


Fetch = Callable[[Level, Box], NDArray[np.uint8]]
"""Reads a box (level px as stored, inside the level) as RGB uint8."""


def read_region(pyramid: Pyramid, box: Box, shrink: int, fetch: Fetch) -> NDArray[np.uint8]:
    """RGB uint8 of a box of the displayed picture, each px the mean of `shrink` x `shrink` level-0 px.

    Parameters
    ----------
    box : level-0 px, multiples of `shrink`; past the last px the last row and column are repeated.
    fetch : reads from the level nearest to `shrink` that is not coarser.

    Returns
    -------
    ((y1 - y0) / shrink, (x1 - x0) / shrink, 3) uint8; the same value a px whatever box it is read in.
    """
    x0, y0, x1, y1 = box
    level = best_level(pyramid, shrink)
    if level.factor == shrink:  # nothing larger than the result is read
        return _displayed(pyramid, level, (x0 // shrink, y0 // shrink, x1 // shrink, y1 // shrink), fetch)
    result = np.empty(((y1 - y0) // shrink, (x1 - x0) // shrink, 3), np.uint8)
    for part in _parts(pyramid, level, box, shrink):
        left, top, right, bottom = (edge // level.factor for edge in part)
        pixels = _displayed(pyramid, level, (left, top, right, bottom), fetch)
        rows = slice((part[1] - y0) // shrink, (part[3] - y0) // shrink)
        columns = slice((part[0] - x0) // shrink, (part[2] - x0) // shrink)
        result[rows, columns] = block_mean(pixels, shrink // level.factor)
    return result


def whole_factor(downsample: float, extent_px: int) -> int | None:
    """Power of two that a level's downsample stands for; None where the level would be shifted.

    Levels are rounded to whole px, so a level of a 1001 px wide picture may state 4.004 and mean 4.

    Parameters
    ----------
    downsample : level-0 px a level px covers, as the file gives it.
    extent_px : the picture's extent along this axis, level-0 px.
    """
    if not 0.5 < downsample < 2 * _MAX_FACTOR:
        return None
    factor = 1 << round(math.log2(downsample))
    drift = abs(extent_px / downsample - extent_px / factor)
    close = drift < 1 or (abs(downsample / factor - 1) <= _MAX_DEVIATION and drift < _MAX_DRIFT_PX)
    return factor if close and factor <= _MAX_FACTOR else None


def best_level(pyramid: Pyramid, shrink: int) -> Level:
    """The smallest level that a region at this shrink can be made from."""

    def fits(level: Level) -> bool:
        return level.factor <= shrink and pyramid.orientation.keeps_phase(
            pyramid.width, pyramid.height, level.factor
        )

    return max((level for level in pyramid.levels if fits(level)), key=lambda level: level.factor)


def _parts(pyramid: Pyramid, level: Level, box: Box, shrink: int) -> Iterator[Box]:
    """Parts of a box, on the grid of `shrink`, that are small at the scale of the level."""
    x0, y0, x1, y1 = box
    side = max(shrink, _CHUNK_PX * level.factor // shrink * shrink)
    across = down = side
    if pyramid.full_width:
        across, down = x1 - x0, max(shrink, side * side // (x1 - x0) // shrink * shrink)
        if pyramid.orientation.transposed:
            across, down = max(shrink, side * side // (y1 - y0) // shrink * shrink), y1 - y0
    for top in range(y0, y1, down):
        for left in range(x0, x1, across):
            yield left, top, min(left + across, x1), min(top + down, y1)


def _displayed(pyramid: Pyramid, level: Level, box: Box, fetch: Fetch) -> NDArray[np.uint8]:
    """Box (level px as displayed) of one level; the last row and column are repeated outside of it."""
    x0, y0, x1, y1 = box
    width, height = pyramid.orientation.displayed_size(level.width, level.height)
    left, top = min(x0, width - 1), min(y0, height - 1)
    right, bottom = max(left + 1, min(x1, width)), max(top + 1, min(y1, height))
    inside = stored_box((left, top, right, bottom), width, height, pyramid.orientation)
    pixels = orient(fetch(level, inside), pyramid.orientation)
    below, beside = (y1 - y0) - (bottom - top), (x1 - x0) - (right - left)
    if below or beside:
        pixels = np.asarray(cv2.copyMakeBorder(pixels, 0, below, 0, beside, cv2.BORDER_REPLICATE), np.uint8)
    return pixels

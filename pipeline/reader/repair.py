"""Broken parts of a stored level, made from the next finer level that is whole there."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.reader.decoding.damage import DECODE_ERRORS
from pipeline.reader.field import Box
from pipeline.reader.pixels import block_mean
from pipeline.reader.pyramid import Fetch, Level

__all__ = ["patched"]

MOST_FINER = 8
"""How many times finer a level may be that stands in for another: a px then costs 64 to decode.

It bounds what a broken small level can cost: a picture of 2048 x 2048 px of it 268 megapixels."""


def patched(
    levels: tuple[Level, ...], fetch: Fetch, segment_size: Callable[[Level], tuple[int, int]]
) -> Fetch:
    """A `fetch` that makes what cannot be read from the next finer level, the mean of its px.

    Whether a px is taken from the finer level is decided for the whole segment (tile or strip) that it lies
    in, so it has the same value whatever box it is read in.

    Parameters
    ----------
    levels : of the picture, with the finest of factor 1.
    fetch : reads a box of a level, or raises one of DECODE_ERRORS.
    segment_size : width and height, level px, of what a level is stored in.
    """

    def read(level: Level, box: Box, finest: int) -> NDArray[np.uint8]:
        try:
            return fetch(level, box)
        except DECODE_ERRORS:
            finer = _next_finer(levels, level, finest)
            if finer is None:
                raise
        x0, y0, x1, y1 = box
        result = np.empty((y1 - y0, x1 - x0, 3), np.uint8)
        for part in _segments(box, segment_size(level)):
            try:
                pixels = fetch(level, part)
            except DECODE_ERRORS:
                ratio = level.factor // finer.factor
                pixels = _shrunk(finer, part, ratio, lambda b: read(finer, b, finest))
            result[part[1] - y0 : part[3] - y0, part[0] - x0 : part[2] - x0] = pixels
        return result

    return lambda level, box: read(level, box, max(1, level.factor // MOST_FINER))


def _next_finer(levels: tuple[Level, ...], level: Level, finest: int) -> Level | None:
    finer = [other for other in levels if finest <= other.factor < level.factor]
    return max(finer, key=lambda other: other.factor, default=None)


def _segments(box: Box, size: tuple[int, int]) -> Iterator[Box]:
    """The box cut along the borders of the segments."""
    x0, y0, x1, y1 = box
    width, height = size
    for top in range(y0 // height * height, y1, height):
        for left in range(x0 // width * width, x1, width):
            yield max(x0, left), max(y0, top), min(x1, left + width), min(y1, top + height)


def _shrunk(
    finer: Level, part: Box, ratio: int, fetch: Callable[[Box], NDArray[np.uint8]]
) -> NDArray[np.uint8]:
    """Mean of the finer level's px for each px of a part; the last row and column count as repeated."""
    x0, y0, x1, y1 = (edge * ratio for edge in part)
    left, top = min(x0, finer.width - 1), min(y0, finer.height - 1)
    right, bottom = max(left + 1, min(x1, finer.width)), max(top + 1, min(y1, finer.height))
    pixels = fetch((left, top, right, bottom))
    below, beside = (y1 - y0) - (bottom - top), (x1 - x0) - (right - left)
    if below or beside:
        pixels = np.asarray(cv2.copyMakeBorder(pixels, 0, below, 0, beside, cv2.BORDER_REPLICATE), np.uint8)
    return block_mean(pixels, ratio)

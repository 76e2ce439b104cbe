"""How deep a slide's stain is: of its glass, of one layer of cells, and of any part of it.

How deep one layer is differs from slide to slide. It is taken from the squares in which cells and gaps are
told apart.
"""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.masks import stain_depth
from segmentation.resample import WHITE_LEVEL, normalise

__all__ = [
    "CHUNK",
    "DEPTH_LEVELS",
    "LIGHTEST_SHARE",
    "Layer",
    "cells_apart",
    "depth_counts",
    "glass_depth",
    "share_above",
    "single_layer",
    "weighted_median",
]

DEPTH_LEVELS = 64
"""Steps of the depth of stain that are distinguished, each of 256 / `DEPTH_LEVELS` grey levels."""
LIGHTEST_SHARE = 0.05
"""Share of a square's px, and of the squares, that are lighter than what is taken for bare glass."""
LAYERED = (0.05, 0.8)
"""Share of stained px of the squares that show what a layer of cells looks like."""
GAP_LAYERS = 0.35
"""Most that the gaps of such a square are stained, in layers: between piled cells they are darker."""
LEAST_CONTRAST = 12.0
"""Grey levels by which cells are at least darker than the gaps of such a square; the palest labelled smear
has 20. What is less is noise, or the uneven light of a scan that is stitched together."""
USUAL_LAYER = 60.0
"""Grey levels by which a layer of cells is darker than glass, where no square shows it."""
CHUNK = 4096
"""Squares worked on at once: the memory does not grow with the slide."""
_STEP = 256 / DEPTH_LEVELS
_DEPTHS = (np.arange(DEPTH_LEVELS) + 0.5) * _STEP - 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What a slide's glass and a single layer of its cells look like.

    Attributes
    ----------
    glass, cells : depth of stain, 0 to 255, see `stain_depth`.
    """

    glass: float
    cells: float

    def depth_of(self, layers: float) -> float:
        """Depth of so many layers of cells: each takes the same share of the light (Beer and Lambert)."""
        passed = (255 - self.cells) / (255 - self.glass)
        return float(255 - (255 - self.glass) * passed**layers)


def depth_counts(
    picture: NDArray[np.uint8],
    white_point: NDArray[np.float32],
    edges: tuple[NDArray[np.int64], NDArray[np.int64]],
    lit: NDArray[np.bool_] | None,
) -> NDArray[np.uint16]:
    """How many px of each part of a picture have which depth of stain.

    Parameters
    ----------
    picture : RGB uint8 (h, w, 3).
    white_point : float32 (3,), colour of the empty background.
    edges : rows and columns (px of the picture) at which the parts begin, and where the last one ends; a part
        holds less than 65,536 px.
    lit : bool (h, w), false for px that are left out; None for none.

    Returns
    -------
    uint16 (rows of parts, columns of parts, DEPTH_LEVELS).
    """
    rows, columns = edges
    counts = np.zeros((len(rows) - 1, len(columns) - 1, DEPTH_LEVELS), np.uint16)
    for column, (left, right) in enumerate(pairwise(columns)):
        depth = stain_depth(normalise(picture[:, left:right], white_point))
        for row, (top, foot) in enumerate(pairwise(rows)):
            mask = None if lit is None else lit[top:foot, left:right].astype(np.uint8)
            counts[row, column] = cv2.calcHist([depth[top:foot]], [0], mask, [DEPTH_LEVELS], [0, 256])[:, 0]
    return counts


def single_layer(counts: NDArray[np.uint16] | NDArray[np.float32]) -> Layer:
    """Glass and single layer of a slide.

    Parameters
    ----------
    counts : float32 (n, DEPTH_LEVELS), px of each depth of stain in each square, one px at least.
    """
    white = 255 - WHITE_LEVEL
    if not len(counts):
        return Layer(glass=white, cells=white + USUAL_LAYER)
    lightest, light, deep, share = _looks(counts)
    glass = _lightest_of(lightest)
    shows = (share > LAYERED[0]) & (share < LAYERED[1]) & (deep - light >= LEAST_CONTRAST)
    shows &= light - glass <= GAP_LAYERS * (deep - glass)
    if not shows.any():
        return Layer(glass=glass, cells=glass + USUAL_LAYER)
    weight = (share * (1 - share))[shows]
    return Layer(glass=weighted_median(light[shows], weight), cells=weighted_median(deep[shows], weight))


def glass_depth(counts: NDArray[np.uint16] | NDArray[np.float32]) -> float:
    """Depth of a scan's lightest glass, from its parts: counts (n, DEPTH_LEVELS), each of one px at least."""
    return _lightest_of(_looks(counts)[0])


def cells_apart(counts: NDArray[np.float32]) -> NDArray[np.float64]:
    """How plainly cells and gaps stand apart in each of some windows, float64 (n,); 0 where they do not.

    Parameters
    ----------
    counts : float32 (n, DEPTH_LEVELS), px of each depth of stain in each window.
    """
    lightest, light, deep, share = _looks(counts)
    glass = lightest.min(initial=255.0)
    plain = (light - glass <= GAP_LAYERS * (deep - glass)) & (deep - light >= LEAST_CONTRAST)
    return np.asarray(np.where(plain, share * (1 - share) * (deep - light), 0.0), np.float64)


def _lightest_of(lightest: NDArray[np.float64]) -> float:
    return min(float(np.quantile(lightest, LIGHTEST_SHARE)), 255 - 2 * USUAL_LAYER)


def share_above(counts: NDArray[np.uint16], depth: float) -> NDArray[np.float64]:
    """Share of px that are stained deeper, float64 (rows, columns); a level that `depth` cuts counts in part.

    Parameters
    ----------
    counts : uint16 (rows, columns, DEPTH_LEVELS).
    """
    part = np.clip(np.arange(DEPTH_LEVELS) + 1 - depth / _STEP, 0.0, 1.0)
    shares = [(row @ part) / np.maximum(row.sum(axis=1), 1) for row in counts]
    return np.asarray(shares, np.float64).reshape(counts.shape[:2])


def weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Value up to which lies half of the weight; of one value at least, float64 (n,), weights above 0."""
    order = np.argsort(values, kind="stable")
    ranked = weights[order].cumsum()
    return float(values[order][np.searchsorted(ranked, ranked[-1] / 2)])


def _looks(counts: NDArray[np.uint16] | NDArray[np.float32]) -> NDArray[np.float64]:
    """Depth of each square's lightest px, mean depth of its light and its deep ones, share of those; (4, n).

    The threshold between light and deep is Otsu's, IEEE Trans. SMC 9 (1979).
    """
    looks = np.zeros((4, len(counts)), np.float64)
    for start in range(0, len(counts), CHUNK):
        chunk = counts[start : start + CHUNK].astype(np.float64)
        px, depth = chunk.cumsum(axis=1), (chunk * _DEPTHS).cumsum(axis=1)
        all_px, all_depth = px[:, -1:], depth[:, -1:]
        spread = (all_depth * px - depth * all_px) ** 2 / np.maximum(px * (all_px - px), 1.0)
        place = spread[:, :-1].argmax(axis=1)[:, None]
        light_px, light = np.take_along_axis(px, place, 1), np.take_along_axis(depth, place, 1)
        deep_px, deep = all_px - light_px, all_depth - light
        lightest = _DEPTHS[(px > LIGHTEST_SHARE * all_px).argmax(axis=1)][:, None]
        means = light / np.maximum(light_px, 1.0), deep / np.maximum(deep_px, 1.0)
        looks[:, start : start + CHUNK] = np.hstack([lightest, *means, deep_px / np.maximum(all_px, 1.0)]).T
    return looks

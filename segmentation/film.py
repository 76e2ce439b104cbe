"""Parts of a blood film, told at low magnification: empty glass, feathered edge, readable layer, thick end.

How deep the stain is tells glass from cells, and one layer of cells from several. How deep one layer is
differs from slide to slide: it is taken from the squares in which cells and gaps are told apart.
"""

from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.masks import stain_depth
from segmentation.resample import WHITE_LEVEL, normalise

__all__ = ["COARSEST_UM", "LEVELS", "SQUARE_PX", "Area", "cells_apart", "depth_counts", "map_areas"]

SQUARE_PX = 256
"""Side of a square of the map, detector px (96 µm): some hundred cells where they lie side by side."""
COARSEST_UM = 1.6
"""Largest px, µm, at which a cell of 7.5 µm still stands apart from the gaps beside it."""
LEVELS = 64
"""Steps of the depth of stain that are told apart, each of 256 / `LEVELS` grey levels."""


class Area(IntEnum):
    """What a square of the film is, from the barest to the most covered."""

    EMPTY = 0
    FEATHERED = 1
    READABLE = 2
    THICK = 3


EMPTY_BELOW = 0.01
"""Share of stained px below which a square is glass: two red cells cover it."""
FEATHERED_BELOW = 0.07
"""Share of stained px below which cells are too few to be worth a look: fifteen in a square."""
THICK_ABOVE = 0.85
"""Share of stained px above which cells have no gaps between them."""
PILED_ABOVE = 0.4
"""Share of px with the stain of more than one layer above which cells lie on each other."""
STAINED_LAYERS, PILED_LAYERS = 0.5, 1.6
"""Layers of cells from which on a px is stained, and from which on it shows cells on cells."""
LIGHTEST_SHARE = 0.05
"""Share of a square's px, and of the squares, that are lighter than what is taken for bare glass."""
LAYERED = (0.05, 0.8)
"""Share of stained px of the squares that show what a layer of cells looks like."""
GAP_LAYERS = 0.35
"""Most that the gaps of such a square are stained, in layers: between piled cells they are darker."""
LEAST_CONTRAST = 12.0
"""Grey levels by which cells are at least darker than the gaps of such a square."""
USUAL_LAYER = 60.0
"""Grey levels by which a layer of cells is darker than glass, where no square shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """What the slide's glass and its single layer of cells look like, as depth of stain (0 to 255)."""

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
    """How many px of each square have which depth of stain; the counts of parts of a square add up.

    Parameters
    ----------
    picture : RGB uint8 (h, w, 3), px of at most `COARSEST_UM`.
    white_point : float32 (3,), colour of the empty background.
    edges : rows and columns (px of the picture) at which the squares begin, and where the last one ends.
    lit : bool (h, w), false for px that are left out; None for none.

    Returns
    -------
    uint16 (rows of squares, columns of squares, LEVELS).
    """
    rows, columns = edges
    counts = np.zeros((len(rows) - 1, len(columns) - 1, LEVELS), np.uint16)
    for column, (left, right) in enumerate(pairwise(columns)):
        depth = stain_depth(normalise(picture[:, left:right], white_point))
        for row, (top, foot) in enumerate(pairwise(rows)):
            mask = None if lit is None else lit[top:foot, left:right].astype(np.uint8)
            counts[row, column] = cv2.calcHist([depth[top:foot]], [0], mask, [LEVELS], [0, 256])[:, 0]
    return counts


def cells_apart(counts: NDArray[np.uint16]) -> NDArray[np.float64]:
    """How plainly cells and gaps stand apart in each of some windows, (n,), 0 for glass, more for a film.

    Parameters
    ----------
    counts : uint16 (n, LEVELS), px of each depth of stain in a window, see `depth_counts`.
    """
    light, deep, share = _two_classes(counts)
    glass = _lightest(counts).min(initial=255.0)
    gaps_are_bare = light - glass <= GAP_LAYERS * (deep - glass)
    return np.where(gaps_are_bare, share * (1 - share) * (deep - light), 0.0)


def map_areas(counts: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Area of each square, from how deep its px are stained.

    Parameters
    ----------
    counts : uint16 (rows, columns, LEVELS), see `depth_counts`; a square without px is taken for glass and
        has no say in what its neighbours are.

    Returns
    -------
    uint8 (rows, columns), values of `Area`; each square is the middle one of itself and its neighbours, so
    that dirt on one square makes no thick end and no single square flickers.
    """
    known = np.asarray(counts.any(axis=2), bool)
    layer = _layer(counts[known])
    stained = _share_above(counts, layer.depth_of(STAINED_LAYERS))
    piled = _share_above(counts, layer.depth_of(PILED_LAYERS))
    areas = np.full(counts.shape[:2], Area.READABLE, np.uint8)
    areas[(stained > THICK_ABOVE) | (piled > PILED_ABOVE)] = Area.THICK
    areas[stained < FEATHERED_BELOW] = Area.FEATHERED
    areas[(stained < EMPTY_BELOW) | ~known] = Area.EMPTY
    return np.where(known, _middle_of_neighbours(areas, known), np.uint8(Area.EMPTY)).astype(np.uint8)


def _layer(counts: NDArray[np.uint16]) -> _Layer:
    """Glass and single layer of a slide, from its squares, (n, LEVELS)."""
    white = 255 - WHITE_LEVEL
    if not len(counts):
        return _Layer(glass=white, cells=white + USUAL_LAYER)
    glass = float(np.quantile(_lightest(counts), LIGHTEST_SHARE))
    light, deep, share = _two_classes(counts)
    shows = (share > LAYERED[0]) & (share < LAYERED[1]) & (deep - light >= LEAST_CONTRAST)
    shows &= light - glass <= GAP_LAYERS * (deep - glass)
    if not shows.any():
        return _Layer(glass=glass, cells=min(glass + USUAL_LAYER, 250.0))
    weight = (share * (1 - share))[shows]
    return _Layer(glass=_weighted_median(light[shows], weight), cells=_weighted_median(deep[shows], weight))


def _lightest(counts: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Depth of the lightest px of each square, (n,)."""
    ranked = counts.cumsum(axis=1, dtype=np.float64)
    first = (ranked > LIGHTEST_SHARE * ranked[:, -1:]).argmax(axis=1)
    return np.asarray(_depths()[first], np.float64)


def _two_classes(
    counts: NDArray[np.uint16],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean depth of the light and of the deep px of each square, and the share of the deep ones; all (n,).

    Threshold: Otsu, IEEE Trans. SMC 9 (1979).
    """
    weight = counts.cumsum(axis=1, dtype=np.float64)
    moment = (counts * _depths()).cumsum(axis=1)
    number, total = weight[:, -1:], moment[:, -1:]
    below, above = weight[:, :-1], number - weight[:, :-1]
    apart = (total * below - moment[:, :-1] * number) ** 2 / np.maximum(below * above, 1.0)
    place = apart.argmax(axis=1)[:, None]
    under, lower = np.take_along_axis(weight, place, 1)[:, 0], np.take_along_axis(moment, place, 1)[:, 0]
    over = number[:, 0] - under
    light = lower / np.maximum(under, 1.0)
    deep = (total[:, 0] - lower) / np.maximum(over, 1.0)
    return light, deep, over / np.maximum(number[:, 0], 1.0)


def _share_above(counts: NDArray[np.uint16], depth: float) -> NDArray[np.float64]:
    """Share of each square's px that are deeper stained, (rows, columns); a level is cut in proportion."""
    step = 256 / LEVELS
    part = np.clip((np.arange(LEVELS) + 1) - depth / step, 0.0, 1.0)
    return np.asarray((counts @ part) / np.maximum(counts.sum(axis=2), 1), np.float64)


def _depths() -> NDArray[np.float64]:
    """Depth of stain in the middle of each level."""
    step = 256 / LEVELS
    return np.asarray((np.arange(LEVELS) + 0.5) * step - 0.5, np.float64)


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values, kind="stable")
    ranked = weights[order].cumsum()
    return float(values[order][np.searchsorted(ranked, ranked[-1] / 2)])


def _middle_of_neighbours(areas: NDArray[np.uint8], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Median of each square and its known neighbours; of two middle ones, the nearer to the square itself."""
    middle = np.full(areas.shape, Area.EMPTY, np.uint8)
    around = _neighbours(known)
    for area in Area:
        less = _neighbours((areas <= area) & known)
        middle += (2 * less < around) | ((2 * less == around) & (areas > area))
    return middle


def _neighbours(squares: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How many of each square and its eight neighbours are among these, (rows, columns)."""
    counted = cv2.boxFilter(
        squares.astype(np.float32), -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    return np.asarray(counted, np.float32)

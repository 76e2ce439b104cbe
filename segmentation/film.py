"""Areas of a blood film at low magnification: empty glass, feathered edge, readable layer, thick end.

The depth of the stain separates glass from cells, and one layer of cells from several.
"""

from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.ground import level_ground
from segmentation.stain_layers import DEPTH_LEVELS, Layer, share_above, single_layer, weighted_median

__all__ = ["COARSEST_UM", "PARTS", "PART_PX", "SQUARE_PX", "Area", "map_areas"]

SQUARE_PX = 256
"""Side of a square of the map, detector px (96 µm): some hundred cells where they lie side by side."""
PARTS = 2
"""Parts that a side of a square is cut into: where glass begins within a square, thick parts still are."""
PART_PX = SQUARE_PX // PARTS
"""Side of a part, detector px (48 µm)."""
COARSEST_UM = 1.6
"""Largest px, µm, at which a cell of 7.5 µm still stands apart from the gaps beside it."""


class Area(IntEnum):
    """What a square of the film is, from the barest to the most covered."""

    EMPTY = 0
    FEATHERED = 1
    READABLE = 2
    THICK = 3


EMPTY_BELOW = 0.01
"""Share of stained px below which a square is glass: two red cells cover it."""
FEATHERED_PART = 0.25
"""Share of stained px below which cells lie too thinly, as a part of where the slide's usual cell lies."""
FEATHERED_WITHIN = (0.03, 0.1)
"""Least and most of that share: the film of an anaemic patient is thin everywhere, and is to be counted."""
THICK_ABOVE = 0.8
"""Share of stained px above which cells have too few gaps between them: the detector misses one in ten."""
PILED_ABOVE = 0.4
"""Share of px with the stain of more than one layer above which cells lie on each other."""
THICK_PART = 0.5
"""Share of a square's stained px in too thick parts above which the square is too thick."""
STAINED_LAYERS, PILED_LAYERS = 0.5, 1.6
"""Layers of cells from which on a px is stained, and from which on it shows cells on cells."""


def map_areas(counts: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Area of each square, from how deep its px are stained.

    Parameters
    ----------
    counts : uint16 (PARTS x rows, PARTS x columns, DEPTH_LEVELS), px of each depth of stain in each part of
        each square, see `depth_counts`. A square without px counts as glass and does not influence the
        others.

    Returns
    -------
    uint8 (rows, columns), values of `Area`; a square is what more than half of it and its neighbours are, so
    that dirt on one square makes no thick end and no single square flickers.
    """
    rows, columns = counts.shape[0] // PARTS, counts.shape[1] // PARTS
    levelled = level_ground(counts)
    squares = _summed(levelled).reshape(-1, DEPTH_LEVELS)
    known = np.asarray(squares.any(axis=1).reshape(rows, columns), bool)
    layer = single_layer(squares[known.ravel()])
    stained, thick = _stained_and_thick(levelled, layer)
    areas = np.full((rows, columns), Area.READABLE, np.uint8)
    areas[stained < _too_thin(stained[~thick])] = Area.FEATHERED
    areas[stained < EMPTY_BELOW] = Area.EMPTY
    areas[thick & (stained >= EMPTY_BELOW)] = Area.THICK
    voted = _without_rim(_as_most_around(areas, known))
    return np.where(known, voted, np.uint8(Area.EMPTY)).astype(np.uint8)


def _summed(parts: NDArray[np.generic]) -> NDArray[np.float32]:
    """Sums over the parts of each square, float32 (rows, columns, ...), of what each part has."""
    rows, columns, *rest = parts.shape
    cut = parts.reshape(rows // PARTS, PARTS, columns // PARTS, PARTS, *rest)
    return np.asarray(cut.sum(axis=(1, 3), dtype=np.float32), np.float32)


def _stained_and_thick(
    counts: NDArray[np.uint16], layer: Layer
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Share of stained px of each square, and whether most of those lie in parts that are too thick."""
    px = counts.sum(axis=2, dtype=np.float32)
    stained = share_above(counts, layer.depth_of(STAINED_LAYERS))
    piled = share_above(counts, layer.depth_of(PILED_LAYERS))
    too_thick = (stained > THICK_ABOVE) | (piled > PILED_ABOVE)
    in_all = _summed(stained * px)
    in_thick = _summed(stained * px * too_thick)
    share = in_all / np.maximum(_summed(px), np.float32(1))
    return np.asarray(share, np.float32), np.asarray(in_thick > THICK_PART * in_all, bool)


def _too_thin(stained: NDArray[np.float32]) -> float:
    """Share of stained px below which a square belongs to the feathered edge, from those not too thick."""
    if not stained.any():
        return FEATHERED_WITHIN[0]
    # Weighted with itself: what the square of the usual cell is, however much of the slide is glass.
    shares = stained.astype(np.float64)
    return float(np.clip(FEATHERED_PART * weighted_median(shares, shares), *FEATHERED_WITHIN))


def _as_most_around(areas: NDArray[np.uint8], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """What more than half of each square and its known neighbours are; itself where no area has so many."""
    around = _neighbours(known)
    voted = areas.copy()
    for area in Area:
        voted[2 * _neighbours((areas == area) & known) > around] = area
    return voted


def _without_rim(areas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A readable strip one square wide beside the thick end is its rim, half of it glass: thick as well."""
    readable = (areas == Area.READABLE).astype(np.uint8)
    block = np.ones((2, 2), np.uint8)
    corners = cv2.erode(readable, block, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    broad = cv2.dilate(corners, block, anchor=(1, 1), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    rim = (readable > broad) & (_neighbours(areas == Area.THICK) > 0)
    return np.where(rim, np.uint8(Area.THICK), areas)


def _neighbours(squares: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How many of each square and its eight neighbours are among these, (rows, columns)."""
    counted = cv2.boxFilter(
        squares.astype(np.float32), -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    return np.asarray(counted, np.float32)

"""Measurements of cells from their masks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.masks import CellMask
from segmentation.resample import DETECTOR_UM_PER_PX
from segmentation.stacks import percentiles, stacks

__all__ = ["Measurement", "edge_strength", "measure"]

SHARP_EDGE = 0.5
"""Steepest fall of stain per px, as a fraction of the cell's contrast, at an edge in perfect focus."""
EDGE_PERCENTILE = 75.0
DARK_PERCENTILE, BRIGHT_PERCENTILE = 90.0, 10.0
"""Depths of stain in the window whose difference is the cell's contrast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Measurements of a cell from its mask.

    Attributes
    ----------
    area_um2, diameter_um : of the mask, and of the circle of the same area.
    circularity : 4 pi area / perimeter^2, at most 1.
    focus : sharpness of the edge, 0 to 1.
    """

    area_um2: float
    diameter_um: float
    circularity: float
    focus: float


NOTHING = Measurement(area_um2=0.0, diameter_um=0.0, circularity=0.0, focus=0.0)
"""Of an empty mask."""


def edge_strength(depth: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Fall of stain per px, float32 (H, W), of a picture of stain depth, uint8 (H, W)."""
    across = cv2.Sobel(depth, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(depth, cv2.CV_32F, 0, 1, scale=1 / 8)
    # Squares of eighths and their sum are exact in float32, and NumPy's root is rounded right: the same bits
    # wherever in memory the picture lies, which OpenCV's magnitude does not give.
    squares = across * across
    squares += down * down
    return np.asarray(np.sqrt(squares, out=squares), np.float32)


def measure(
    masks: Sequence[CellMask], depth: NDArray[np.uint8], edges: NDArray[np.float32]
) -> tuple[Measurement, ...]:
    """Measurements of each cell; `depth` and `edges` are of the whole picture at detector scale."""
    measured = [NOTHING] * len(masks)
    for stack in stacks(_windows(masks)):
        rows = stack.rows.tolist()
        pixels = stack.lay((masks[row].pixels for row in rows), np.dtype(np.bool_))
        rim = stack.widened(pixels) & ~stack.narrowed(pixels)
        falls = _steepest(stack.gather(edges), rim)
        counts = stack.counts(stack.gather(depth), rim).sum(axis=1)
        contrasts = percentiles(counts, DARK_PERCENTILE) - percentiles(counts, BRIGHT_PERCENTILE)
        areas, lengths = pixels.sum(axis=(1, 2)), _perimeters_px(pixels)
        for row, *measures in zip(
            rows, areas.tolist(), lengths.tolist(), falls.tolist(), contrasts.tolist(), strict=True
        ):
            measured[row] = _measurement(*measures)
    return tuple(measured)


def _windows(masks: Sequence[CellMask]) -> NDArray[np.int64]:
    sizes = [mask.pixels.shape for mask in masks]
    windows = [(m.x, m.y, m.x + width, m.y + height) for m, (height, width) in zip(masks, sizes, strict=True)]
    return np.asarray(windows, np.int64).reshape(-1, 4)


def _measurement(area_px: int, perimeter_px: float, steepest: float, contrast: float) -> Measurement:
    if area_px == 0:
        return NOTHING
    area_um2 = area_px * DETECTOR_UM_PER_PX**2
    return Measurement(
        area_um2=area_um2,
        diameter_um=math.sqrt(4 * area_um2 / math.pi),
        circularity=min(1.0, 4 * math.pi * area_px / perimeter_px**2),
        focus=min(1.0, steepest / max(contrast, 1.0) / SHARP_EDGE),
    )


def _steepest(edges: NDArray[np.float32], rim: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Percentile of the edges on each rim, float32 (n,), as `numpy.percentile` gives it; 0 without a rim."""
    total = rim.sum(axis=(1, 2))
    # A row a cell, filled up with what no edge reaches: short rows are sorted faster than all together.
    filled = np.arange(max(int(total.max(initial=1)), 1)) < total[:, None]
    ranked = np.full(filled.shape, np.finfo(np.float32).max, np.float32)
    ranked[filled] = edges[rim]
    ranked.sort(axis=1)
    place = (np.maximum(total, 1) - 1) * np.float32(EDGE_PERCENTILE / 100)
    first = np.floor(place)
    cell, rank = np.arange(len(rim)), first.astype(np.intp)
    low, high = ranked[cell, rank], ranked[cell, np.minimum(rank + 1, np.maximum(total, 1) - 1)]
    step, part = high - low, (place - first).astype(np.float32)
    found = np.where(part >= 0.5, high - step * (1 - part), low + step * part)
    return np.where(total > 0, found, np.float32(0))


def _perimeters_px(pixels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Length of the edge of each mask (n, H, W), float64 (n,), px, of its longest chain of outermost pixels.

    Steps and corners weigh as Vossepoel and Smeulders found best for smooth outlines (Computer Graphics and
    Image Processing 20, 1982); the chain runs through pixel centres, half a pixel inside the edge.
    """
    tall = pixels.view(np.uint8).reshape(-1, pixels.shape[2])
    chains, _ = cv2.findContours(tall, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    perimeters = np.full(len(pixels), np.pi)
    if not chains:
        return perimeters
    number = np.asarray([len(chain) for chain in chains])
    start = np.cumsum(number) - number
    places = np.concatenate(chains)[:, 0]
    following, preceding = np.arange(1, len(places) + 1), np.arange(-1, len(places) - 1)
    following[start + number - 1], preceding[start] = start, start + number - 1
    across, down = places.T
    right, below = across[following] - across, down[following] - down
    turned = (right != right[preceding]) | (below != below[preceding])
    slanted = np.add.reduceat((right & below & 1) > 0, start, dtype=np.int64)
    corners = np.add.reduceat(turned, start, dtype=np.int64)
    lengths = 0.980 * (number - slanted) + 1.406 * slanted - 0.091 * corners
    cells = places[start, 1] // pixels.shape[1]
    # The longest comes last and stays; of two as long, the first.
    order = np.lexsort((-np.arange(len(number)), number))
    perimeters[cells[order]] = (np.maximum(lengths, 0.0) + np.pi)[order]
    return perimeters

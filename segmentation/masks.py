"""The pixels of each detected cell: watershed seeded by the detections, one small window a cell.

A window holds only what is near, so a cell's mask is the same in whatever tile it is worked on. The windows
of many cells are worked on at once (see `segmentation.stacks`), and no cell changes another's mask by that.
"""

import itertools

import cv2
import numpy as np
from numpy.typing import NDArray

# The public `watershed` prepares and copies its arguments anew for each small window, which takes five times
# as long as the flood itself, and brings SciPy in. A test holds the flood against it.
from skimage.segmentation._watershed_cy import watershed_raveled

from segmentation.detections import Detections
from segmentation.illumination import darkest_channel
from segmentation.overlaps.neighbours import near_pairs
from segmentation.stacks import MARGIN_PX, Stack, percentiles, stacks

__all__ = ["CellMask", "cell_masks", "stain_depth"]

REACH = 1.3
"""Half axes of the ellipse a mask may fill, relative to those of the box."""
CONTRAST = 0.4
"""A pixel is stained where it is this far from the background's depth towards the cell's."""
BACKGROUND_PERCENTILE, CELL_PERCENTILE = 10.0, 60.0
CORE = 0.3
"""Half axes of the middle of a cell, relative to those of the box, that is the cell's without being asked."""
DISTANCE_LEVELS = 64
"""Steps of the elliptical distance that the watershed floods through."""
OWN, OTHER = 1, 2
"""Regions of the watershed: the cell itself, and its neighbours together."""


class CellMask:
    """Mask of one cell in a window of the picture.

    Attributes
    ----------
    pixels : bool (h, w). x, y : the window's corner in the picture, px.
    touches : whether a neighbour's pixels adjoin.
    """

    __slots__ = ("pixels", "touches", "x", "y")

    def __init__(self, pixels: NDArray[np.bool_], x: int, y: int, touches: bool) -> None:
        self.pixels = pixels
        self.x = x
        self.y = y
        self.touches = touches


def stain_depth(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Depth of stain, uint8 (H, W): how far the darkest channel lies below white (255)."""
    return np.asarray(255 - darkest_channel(picture), np.uint8)


def cell_masks(
    depth: NDArray[np.uint8], cells: Detections, wanted: NDArray[np.bool_]
) -> list[CellMask | None]:
    """Mask of each wanted cell, None for the others.

    Parameters
    ----------
    depth : uint8 (H, W), see `stain_depth`.
    cells : all detections of the picture; the unwanted ones are neighbours that keep their pixels.
    """
    masks: list[CellMask | None] = [None] * len(cells)
    chosen = np.flatnonzero(wanted)
    near = _near(cells)
    for stack in stacks(_windows(cells.boxes[chosen], depth.shape)):
        rows = chosen[stack.rows]
        own = np.sqrt(_squares(stack.windows, cells.boxes[rows], stack.inside.shape))
        pixels, touches = _own_pixels(stack, stack.gather(depth), own, _others(stack, rows, cells, near))
        corners = stack.windows[:, :2].tolist()
        for row, mask, (x, y), touch in zip(
            rows.tolist(), stack.windows_of(pixels), corners, touches.tolist(), strict=True
        ):
            masks[row] = CellMask(mask, x, y, touch)
    return masks


def _windows(boxes: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Window of each box within the picture, wide enough for all that its mask may fill."""
    grow = (boxes[:, 2:] - boxes[:, :2]) * (REACH - 1) / 2 + 1
    size = shape[1::-1]
    low = np.clip((boxes[:, :2] - grow).astype(np.int64), 0, size)
    high = np.clip((boxes[:, 2:] + grow).astype(np.int64) + 2, low, size)
    return np.concatenate([low, high], axis=1)


def _near(cells: Detections) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of cells near enough to share pixels, by the first one's number."""
    centres, sides = cells.centres, cells.sides
    first, second = near_pairs(centres, float(sides.max(initial=1.0)) * REACH)
    distance = np.abs(centres[second] - centres[first]).max(axis=1, initial=0)
    near = distance < (sides[second] + sides[first]) / 2 * REACH
    return first[near], second[near]


def _others(
    stack: Stack, rows: NDArray[np.intp], cells: Detections, near: tuple[NDArray[np.intp], NDArray[np.intp]]
) -> NDArray[np.float32]:
    """Elliptical distance to the nearest neighbour, infinite where there is none; float32 (n, H, W)."""
    first, second = near
    start = np.searchsorted(first, rows)
    held = np.searchsorted(first, rows, side="right") - start
    # The cells with most neighbours come first, so that those with one more are always the first few.
    order = np.argsort(-held, kind="stable")
    squares = np.full(stack.inside.shape, np.inf, np.float32)
    for nth in range(int(held.max(initial=0))):
        having = order[: np.count_nonzero(held > nth)]
        boxes = cells.boxes[second[start[having] + nth]]
        nearest = squares[: len(having)]
        np.minimum(nearest, _squares(stack.windows[having], boxes, stack.inside.shape), out=nearest)
    distances = np.empty_like(squares)
    distances[order] = np.sqrt(squares, out=squares)
    return distances


def _squares(
    windows: NDArray[np.int64], boxes: NDArray[np.float32], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Squared distance from each box's centre in half axes, 1 on the inscribed ellipse; float32 (n, H, W)."""
    squares = []
    for axis, length in ((0, shape[2]), (1, shape[1])):
        low, high = boxes[:, axis, None], boxes[:, axis + 2, None]
        place = (windows[:, axis, None] + np.arange(length) - MARGIN_PX).astype(np.float32)
        squares.append(((place + 0.5 - (low + high) / 2) / ((high - low) / 2)) ** 2)
    return np.asarray(squares[0][:, None, :] + squares[1][:, :, None], np.float32)


def _own_pixels(
    stack: Stack, depth: NDArray[np.uint8], own: NDArray[np.float32], other: NDArray[np.float32]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Pixels of each cell, bool (n, H, W), and whether a neighbour's adjoin, bool (n,).

    Parameters
    ----------
    depth : uint8, own, other : elliptical distance to the cell and to its nearest neighbour; all (n, H, W).
    """
    stained = _stained(stack, depth, own)
    pixels = stained & (own < REACH)
    shared = np.any(pixels & (other < REACH), axis=(1, 2))
    regions = _flood(stack, own, other, stained, shared)
    pixels &= (regions == OWN) | ~shared[:, None, None]
    touches = (stack.widened(pixels) & (regions == OTHER)).any(axis=(1, 2))
    return _one_piece(pixels), np.asarray(touches, bool)


def _stained(stack: Stack, depth: NDArray[np.uint8], own: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Pixels nearer to the cell's depth of stain than to the background's, holes (central pallor) filled."""
    inner = (own < 1) & stack.inside
    counts = stack.counts(depth, inner)
    background = percentiles(counts.sum(axis=1), BACKGROUND_PERCENTILE)
    cell = percentiles(counts[:, 1], CELL_PERCENTILE)
    # Above a threshold is above its whole part, for whole numbers; comparing bytes is faster.
    threshold = np.floor(background + CONTRAST * (cell - background)).astype(np.uint8)
    stained = ((depth > threshold[:, None, None]) | (own < CORE)) & stack.inside
    stained &= np.any(inner, axis=(1, 2))[:, None, None]
    unstained = ~stack.narrowed(stack.widened(stained))
    # The margins join all that lies open to the border of a window; a hole is apart from it.
    _, pieces = cv2.connectedComponents(unstained.view(np.uint8).reshape(-1, own.shape[2]), connectivity=4)
    return np.asarray((pieces != pieces[0, 0]).reshape(own.shape))


def _flood(
    stack: Stack,
    own: NDArray[np.float32],
    other: NDArray[np.float32],
    stained: NDArray[np.bool_],
    shared: NDArray[np.bool_],
) -> NDArray[np.int32]:
    """Regions of the `shared` windows, int32 (n, H, W), 0 elsewhere.

    A watershed of the distance to the nearest seed (Beucher and Lantuéjoul 1979).
    """
    nearest = np.minimum(own, other)
    core = nearest < CORE
    theirs = other < own
    # The middle of a neighbour that only touches lies outside: it floods in through the window's border.
    rim = stack.rim()
    flooded = ((stained & (nearest < REACH)) | core) & stack.inside
    seeds = (core | (rim & theirs)) & flooded & shared[:, None, None]
    regions = (seeds.view(np.uint8) * OWN + (seeds & theirs) * np.uint8(OTHER - OWN)).astype(np.int32)
    relief = np.minimum(nearest / REACH * DISTANCE_LEVELS, 255).astype(np.uint8).astype(np.float64)
    height, width = own.shape[1:]
    around = np.asarray((-width, -1, 1, width), np.intp)
    places = np.flatnonzero(seeds)
    ends = np.searchsorted(places, np.arange(len(own) + 1) * height * width).tolist()
    flat = relief.ravel(), flooded.view(np.int8).ravel(), regions.ravel()
    for start, end in itertools.pairwise(ends):
        if end > start:
            watershed_raveled(flat[0], places[start:end], around, flat[1], around[2:], 0.0, flat[2], False)
    return regions


def _one_piece(pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected piece of each cell."""
    number, flat = cv2.connectedComponents(pixels.view(np.uint8).reshape(-1, pixels.shape[2]), connectivity=4)
    labels = np.asarray(flat).reshape(pixels.shape)
    broken = np.where(pixels, labels, number).min(axis=(1, 2)) < labels.max(axis=(1, 2))
    if not broken.any():
        return pixels
    whole = pixels.copy()
    whole[broken] = _largest(pixels[broken])
    return whole


def _largest(pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The same of cells in several pieces: measuring each takes five times as long as labelling them."""
    tall = pixels.view(np.uint8).reshape(-1, pixels.shape[2])
    _, labels, stats, _ = cv2.connectedComponentsWithStats(tall, connectivity=4)
    cell, area = stats[1:, cv2.CC_STAT_TOP] // pixels.shape[1], stats[1:, cv2.CC_STAT_AREA]
    order = np.lexsort((-area, cell))
    kept = np.zeros(len(stats), bool)
    kept[1 + order[np.unique(cell[order], return_index=True)[1]]] = True
    return np.asarray(kept[labels].reshape(pixels.shape))

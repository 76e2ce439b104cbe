"""The pixels of each detected cell: watershed seeded by the detections, one small window a cell.

A window holds only what is near, so a cell's mask is the same in whatever tile it is worked on.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import watershed

from segmentation.detections import Detections
from segmentation.illumination import darkest_channel

__all__ = ["CellMask", "cell_masks", "stain_depth"]

REACH = 1.3
"""Half axes of the ellipse a mask may fill, relative to those of the box."""
CONTRAST = 0.4
"""A pixel is stained where it is this far from the background's depth towards the cell's."""
BACKGROUND_PERCENTILE, CELL_PERCENTILE = 10.0, 60.0
CORE = 0.3
"""Half axes of the middle of a cell, relative to those of the box, that is the cell's without being asked."""
LEVELS = 64
"""Steps of the elliptical distance that the watershed floods through."""


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
    centres, sides = cells.centres, cells.sides
    reach = float(sides.max(initial=1.0)) * REACH
    order = np.argsort(centres[:, 1], kind="stable")
    sorted_y = centres[order, 1]
    masks: list[CellMask | None] = []
    for index in range(len(cells)):
        if not wanted[index]:
            masks.append(None)
            continue
        low, high = np.searchsorted(sorted_y, (centres[index, 1] - reach, centres[index, 1] + reach))
        rows = order[low:high]
        distance = np.abs(centres[rows] - centres[index]).max(axis=1)
        near = rows[(distance < (sides[rows] + sides[index]) / 2 * REACH) & (rows != index)]
        masks.append(_mask(depth, cells.boxes[index], cells.boxes[np.sort(near)]))
    return masks


def _mask(depth: NDArray[np.uint8], box: NDArray[np.float32], near: NDArray[np.float32]) -> CellMask:
    height, width = depth.shape
    grow_x, grow_y = (box[2:] - box[:2]) * (REACH - 1) / 2 + 1
    x0, y0 = max(0, int(box[0] - grow_x)), max(0, int(box[1] - grow_y))
    x1, y1 = min(width, int(box[2] + grow_x) + 2), min(height, int(box[3] + grow_y) + 2)
    window = depth[y0:y1, x0:x1]
    distances = np.stack([_elliptical(other, x0, y0, window.shape) for other in (box, *near)])
    stained = _stained(window, distances[0])
    own = stained & (distances[0] < REACH)
    nearest = distances.min(axis=0)
    touches = False
    if len(near) and bool((own & (distances[1:].min(axis=0) < REACH)).any()):
        regions = _flood(nearest, distances, stained)
        own &= regions == 1
        ring = cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
        touches = bool((ring & (regions > 1)).any())
    return CellMask(_one_piece(own), x0, y0, touches)


def _elliptical(box: NDArray[np.float32], x0: int, y0: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Distance from the box's centre in half axes, 1 on the inscribed ellipse; float32 (h, w)."""
    centre_x, centre_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    x = (np.arange(x0, x0 + shape[1], dtype=np.float32) + 0.5 - centre_x) / ((box[2] - box[0]) / 2)
    y = (np.arange(y0, y0 + shape[0], dtype=np.float32) + 0.5 - centre_y) / ((box[3] - box[1]) / 2)
    return np.asarray(np.sqrt(x[None, :] ** 2 + y[:, None] ** 2), np.float32)


def _stained(window: NDArray[np.uint8], distance: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Pixels nearer to the cell's depth of stain than to the background's, holes (central pallor) filled."""
    inside = window[distance < 1]
    if not inside.size:
        return np.zeros(window.shape, bool)
    background = np.percentile(window, BACKGROUND_PERCENTILE)
    cell = np.percentile(inside, CELL_PERCENTILE)
    stained = (window > background + CONTRAST * (cell - background)) | (distance < CORE)
    closed = cv2.morphologyEx(stained.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    contours, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(closed)
    cv2.drawContours(filled, contours, -1, 1, cv2.FILLED)
    return filled.astype(bool)


def _flood(
    nearest: NDArray[np.float32], distances: NDArray[np.float32], stained: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Watershed of the distance to the nearest seed (Beucher and Lantuéjoul 1979): 1 is the cell itself."""
    seeds = np.zeros(nearest.shape, np.int32)
    owner = distances.argmin(axis=0)
    core = nearest < CORE
    # The middle of a neighbour that only touches lies outside: it floods in through the window's border.
    rim = np.ones(nearest.shape, bool)
    rim[1:-1, 1:-1] = False
    seeded = core | (rim & (owner > 0))
    seeds[seeded] = owner[seeded] + 1
    relief = np.minimum(nearest / REACH * LEVELS, 255).astype(np.uint8)
    flooded = watershed(relief, seeds, mask=(stained & (nearest < REACH)) | core)
    return np.asarray(flooded, np.int32)


def _one_piece(own: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected piece."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(own.astype(np.uint8), connectivity=4)
    if count <= 2:
        return own
    return np.asarray(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])))

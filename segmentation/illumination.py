"""Light of a field: the colour of its empty background and the bright view of an eyepiece photo."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BrightView",
    "bright_view",
    "brightest_channel",
    "chosen_pixels",
    "darkest_channel",
    "film_colour",
    "white_point",
]

DARK_LEVEL = 40
"""Brightest channel (0 to 255) below which a pixel may belong to the black surround of an eyepiece photo."""
MIN_DARK_FRACTION = 0.08
"""Least fraction of the picture that is black surround before a view is looked for."""
PART_OF_VIEW = 0.25
"""Size of a lit part, relative to the largest, from which on it belongs to the view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrightView:
    """The lit part of an eyepiece photo.

    Attributes
    ----------
    mask : bool (h, w), true where lit; pixels of `px` level-0 px.
    distance : float32 (h, w), level-0 px from each lit pixel to the nearest dark one; the border of the
        picture is no edge of the view.
    px : level-0 px per mask px.
    """

    mask: NDArray[np.bool_]
    distance: NDArray[np.float32]
    px: float

    def distance_at(self, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
        """Level-0 px from places (level-0 px) to the edge of the view; 0 outside."""
        height, width = self.mask.shape
        column = np.clip((np.asarray(x) / self.px).astype(int), 0, width - 1)
        row = np.clip((np.asarray(y) / self.px).astype(int), 0, height - 1)
        return np.asarray(self.distance[row, column], np.float32)


def brightest_channel(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Largest of the three channels, uint8 (H, W), of a picture, uint8 (H, W, 3)."""
    red, green, blue = cv2.split(pixels)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


def darkest_channel(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Smallest of the three channels; see `brightest_channel`."""
    red, green, blue = cv2.split(pixels)
    return np.asarray(cv2.min(cv2.min(red, green), blue), np.uint8)


def bright_view(thumbnail: NDArray[np.uint8], px: float) -> BrightView | None:
    """The lit view on a black surround, or None where the whole picture is lit.

    Parameters
    ----------
    thumbnail : uint8 (h, w, 3) of the whole field, `px` level-0 px per pixel.
    """
    bright = cv2.medianBlur(brightest_channel(thumbnail), 5)
    dark = (bright < DARK_LEVEL).astype(np.uint8)
    surround = _touching_border(dark)
    if surround.mean() < MIN_DARK_FRACTION:
        return None
    count, labels, stats, _ = cv2.connectedComponentsWithStats((surround == 0).astype(np.uint8))
    if count < 2:
        return None
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    # A pointer, or the seams of a mosaic, part the view; glints in the surround are no part of it.
    lit = (areas >= PART_OF_VIEW * areas.max())[labels].astype(np.uint8)
    # Stained cells on the rim bite into the lit part: the view is its convex hull.
    contours, _ = cv2.findContours(lit, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.convexHull(np.concatenate(contours))
    filled = np.zeros_like(lit)
    cv2.fillConvexPoly(filled, hull, 1)
    distance = np.asarray(cv2.distanceTransform(filled, cv2.DIST_L2, 5), np.float32) * np.float32(px)
    return BrightView(mask=filled.astype(bool), distance=distance, px=px)


def white_point(thumbnail: NDArray[np.uint8], view: BrightView | None) -> NDArray[np.float32]:
    """Colour of the empty background, float32 (3,), 1 to 255: median of what is brighter than a threshold.

    Threshold: Otsu, IEEE Trans. SMC 9 (1979), on the green channel, where stained cells absorb most.
    """
    lit, bright = _parted(thumbnail, view)
    background = lit & bright
    return np.maximum(_median_colour(thumbnail, background if background.any() else lit), np.float32(1))


def film_colour(thumbnail: NDArray[np.uint8], view: BrightView | None) -> NDArray[np.float32]:
    """Colour of the usual stained place, float32 (3,), 1 to 255: median of what is no brighter than the
    threshold of `white_point`. On a thin film nearly all of that is red cells.
    """
    lit, bright = _parted(thumbnail, view)
    stained = lit & ~bright
    return np.maximum(_median_colour(thumbnail, stained if stained.any() else lit), np.float32(1))


def _parted(
    thumbnail: NDArray[np.uint8], view: BrightView | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """What is lit, and what is brighter than the threshold, each bool (h, w)."""
    green = np.asarray(cv2.extractChannel(thumbnail, 1), np.uint8)
    lit = np.ones(green.shape, bool) if view is None else view.mask
    inside = green if view is None else green[lit][None]
    threshold, _ = cv2.threshold(inside, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return lit, green > int(threshold)


def chosen_pixels(picture: NDArray[np.uint8], which: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Those pixels of a picture, uint8 (1, n, 3), in their order; a pixel is taken as one, not as 3 bytes."""
    whole = np.ascontiguousarray(picture).view("V3")[..., 0]
    return whole[which].view(np.uint8).reshape(1, -1, 3)


def _median_colour(picture: NDArray[np.uint8], which: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Median of each channel, float32 (3,), as `numpy.median` gives it, of one chosen pixel at least."""
    chosen = which.astype(np.uint8)
    medians = []
    for channel in range(3):
        counts = cv2.calcHist([picture], [channel], chosen, [256], [0, 256]).ravel().astype(np.int64)
        ranked, total = counts.cumsum(), int(counts.sum())
        middle = np.searchsorted(ranked, [(total - 1) // 2, total // 2], side="right")
        medians.append(middle.mean())
    return np.asarray(medians, np.float32)


def _touching_border(dark: NDArray[np.uint8]) -> NDArray[np.bool_]:
    _, labels = cv2.connectedComponents(dark)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    touching = np.setdiff1d(np.unique(rim), [0])
    return np.asarray(np.isin(labels, touching))

"""Colours of a tile's objects, and how its pixels spread from background to stain, for quality control."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.detections import Detections
from segmentation.illumination import brightest_channel
from segmentation.masks import stain_depth
from segmentation.resample import WHITE_LEVEL
from segmentation.sharpness import no_edges
from segmentation.stacks import GREY_LEVELS

__all__ = ["TileColours", "hue_spread", "no_levels", "tile_colours"]

INNER = 0.625
"""Side of the square in the middle of a box whose colour is an object's, relative to the box.

Five eighths of multiples of 1/64 px are exact, wherever in a field the tile lies."""
SURROUND_LEVEL = 60
"""Brightest channel (0 to 255) below which a pixel may be the black surround of an eyepiece photo."""


SHADES, HUE_PX = 128, 200_000
"""Steps of brightness within which hues are compared, and about how many px are."""


def no_levels() -> NDArray[np.int64]:
    """Of no pixel."""
    return np.zeros((3, GREY_LEVELS), np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class TileColours:
    """Colours of one tile, of the normalised picture (its white point is `WHITE_LEVEL` in each channel).

    Attributes
    ----------
    objects : float32 (n, 3), mean red, green and blue of the middle of each object, 0 to 255.
    depths : int64 (256,), pixels of the tile's core at each depth of stain (255 less the darkest channel),
        the black surround left out. Whole numbers, so that their sum does not depend on the tiles.
    levels : int64 (3, 256), sums of red, green and blue over the same pixels.
    edges : int64 (3, 256), of the tile's core, see `segmentation.sharpness.edge_sums`.
    """

    objects: NDArray[np.float32]
    depths: NDArray[np.int64]
    levels: NDArray[np.int64] = field(default_factory=no_levels)
    edges: NDArray[np.int64] = field(default_factory=no_edges)


def tile_colours(
    picture: NDArray[np.uint8],
    core: tuple[int, int, int, int],
    found: Detections,
    counted: NDArray[np.bool_] | None = None,
) -> TileColours:
    """Colours of a tile's objects and of its core.

    Parameters
    ----------
    picture : uint8 (H, W, 3), normalised, detector scale, core and halo.
    core : x_min, y_min, x_max, y_max in px of the picture.
    found : the objects that the tile owns.
    counted : bool, of the core's size: pixels that are not counted are left out; None counts all.
    """
    owned = picture[core[1] : core[3], core[0] : core[2]]
    depth = np.ascontiguousarray(stain_depth(owned))
    lit = (brightest_channel(owned) >= SURROUND_LEVEL).astype(np.uint8)
    if counted is not None:
        lit &= counted.view(np.uint8)
    seen = lit.astype(bool)
    stained, colours = depth[seen], owned[seen]
    sums = [np.bincount(stained, colours[:, channel], GREY_LEVELS) for channel in range(3)]
    return TileColours(
        objects=_object_colours(picture, found),
        depths=np.bincount(stained, minlength=GREY_LEVELS).astype(np.int64),
        levels=np.rint(sums).astype(np.int64),
    )


def hue_spread(pixels: NDArray[np.uint8], white: NDArray[np.float32]) -> float:
    """How far pixels of one brightness differ in hue, levels: near 0 in a toned grey picture.

    Parameters
    ----------
    pixels : uint8 (1, n, 3). white : float32 (3,), colour of the background, moved to `WHITE_LEVEL`.
    """
    every = pixels.reshape(-1, 3)
    colours = every[:: max(1, len(every) // HUE_PX)].astype(np.float32) * (np.float32(WHITE_LEVEL) / white)
    shade = np.clip(colours.mean(axis=1) * (SHADES / 256), 0, SHADES - 1).astype(np.intp)
    number = np.maximum(np.bincount(shade, minlength=SHADES), 1)
    spread = 0.0
    for one, other in ((0, 1), (1, 2), (0, 2)):
        difference = colours[:, one] - colours[:, other]
        usual = np.bincount(shade, difference, SHADES) / number
        spread = max(spread, float(np.sqrt(np.square(difference - usual[shade]).mean())))
    return spread


def _object_colours(picture: NDArray[np.uint8], found: Detections) -> NDArray[np.float32]:
    height, width = picture.shape[:2]
    half = (found.boxes[:, 2:] - found.boxes[:, :2]) * (INNER / 2)
    low = np.floor(found.centres - half).astype(int)
    high = np.ceil(found.centres + half).astype(int)
    colours = np.zeros((len(found), 3), np.float32)
    for index, ((x0, y0), (x1, y1)) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        window = picture[max(y0, 0) : min(y1, height), max(x0, 0) : min(x1, width)]
        if window.size:
            colours[index] = cv2.mean(window)[:3]
    return colours

"""Depth of the ground in every part of a scan, and all parts brought to one ground.

A scan that is stitched together of fields, each taken at its own exposure, has no one colour of glass: where
a field is darker, its glass is as deep as pale cells are elsewhere. So each part has a ground of its own.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.stain_layers import CHUNK, DEPTH_LEVELS, LIGHTEST_SHARE, glass_depth

__all__ = ["level_ground"]

DARKEST_EXPOSURE = 0.55
"""Least light that a field of a stitched scan has of what the brightest has: what is darker is stained."""
EVEN_DEPTH = 12.0
"""Most that the px of a gap are deeper than the lightest, grey levels: noise and soft edges."""
GAP_SHARE = 0.15
"""Least share of such px in a part that shows its ground; with fewer gaps its cells are too thick."""
REACH_PARTS = 2
"""Parts around one that shows no ground whose ground it is given; farther away, another field may lie."""
_STEP = 256 / DEPTH_LEVELS


def level_ground(counts: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """The same px, each as deep as it would be if the ground of its part were that of the scan.

    Ground lets through a part of the light, so depths are moved by what it lets through, not by a difference.

    Parameters
    ----------
    counts : uint16 (rows, columns, DEPTH_LEVELS), px of each depth of stain in each part; of some none.

    Returns
    -------
    uint16, of the same shape; sums differ by what rounding leaves.
    """
    flat = counts.reshape(-1, DEPTH_LEVELS)
    known = flat.any(axis=1)
    if not known.any():
        return counts
    glass = glass_depth(flat[known])
    ground = _around(_own_ground(flat, glass).reshape(counts.shape[:2]), glass)
    gain = (255 - np.float32(glass)) / (255 - ground.ravel())
    moved = [
        _moved(flat[start : start + CHUNK], gain[start : start + CHUNK])
        for start in range(0, len(flat), CHUNK)
    ]
    return np.concatenate(moved).reshape(counts.shape)


def _own_ground(flat: NDArray[np.uint16], glass: float) -> NDArray[np.float32]:
    """Depth of the ground that each part shows, float32 (n,); NaN where it shows none.

    Ground is even, so the px of gaps are all about as deep as the lightest; cells packed without gaps have no
    such px, their lightest are the middles of a few.
    """
    total = np.maximum(flat.sum(axis=1, dtype=np.float64), 1.0)
    share = flat.cumsum(axis=1, dtype=np.float64) / total[:, None]
    first = (share > LIGHTEST_SHARE).argmax(axis=1)
    rows = np.arange(len(flat))
    above = share[rows, first]
    below = np.where(first > 0, share[rows, first - 1], 0.0)
    # Within the level at which the share is reached: else depths would jump by a level.
    lightest = _STEP * (first + (LIGHTEST_SHARE - below) / np.maximum(above - below, 1e-9))
    even = (
        share[rows, np.minimum(((lightest + EVEN_DEPTH) / _STEP).astype(np.intp), DEPTH_LEVELS - 1)]
        >= GAP_SHARE
    )
    lit = 255 - lightest >= DARKEST_EXPOSURE * (255 - glass)
    return np.where(even & lit & flat.any(axis=1), lightest, np.nan).astype(np.float32)


def _around(ground: NDArray[np.float32], glass: float) -> NDArray[np.float32]:
    """The same where it is known, elsewhere the mean of the known around, else that of the scan."""
    shown = ~np.isnan(ground)
    side = 2 * REACH_PARTS + 1
    near = cv2.boxFilter(
        shown.astype(np.float32), -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    total = cv2.boxFilter(
        np.where(shown, ground, np.float32(0)),
        -1,
        (side, side),
        normalize=False,
        borderType=cv2.BORDER_CONSTANT,
    )
    filled = np.where(near > 0, total / np.maximum(near, np.float32(1)), np.float32(glass))
    return np.asarray(np.where(shown, ground, filled), np.float32)


def _moved(flat: NDArray[np.uint16], gain: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Px of each part at the depths that they have in `gain` times as much light, shared between levels."""
    middles = (np.arange(DEPTH_LEVELS, dtype=np.float32) + 0.5) * np.float32(_STEP)
    places = np.clip((255 - (255 - middles) * gain[:, None]) / np.float32(_STEP) - 0.5, 0, DEPTH_LEVELS - 1)
    below = np.minimum(places.astype(np.intp), DEPTH_LEVELS - 2)
    part = (places - below).astype(np.float32)
    moved = np.zeros(flat.shape, np.float32)
    rows = np.arange(len(flat))
    for level in range(DEPTH_LEVELS):
        moved[rows, below[:, level]] += flat[:, level] * (1 - part[:, level])
        moved[rows, below[:, level] + 1] += flat[:, level] * part[:, level]
    return np.asarray(np.rint(moved), np.uint16)

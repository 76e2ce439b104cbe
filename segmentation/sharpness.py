"""Sharpness of a picture by its strongest edges: how much of their steepness a further blur takes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.illumination import brightest_channel
from segmentation.masks import stain_depth

__all__ = ["STRENGTHS", "edge_sums", "no_edges", "sharpness"]

FURTHER_BLUR_PX = 1.6
"""Sigma of the blur, crop px (0.2 µm, about the resolution of an oil objective): a sharp edge becomes much
less steep by it, a blurred one hardly. After Crete et al., The blur effect, SPIE 6492 (2007)."""
STRONGEST = 0.05
"""Share of the pixels, those of the strongest edges, whose sharpness is taken."""
STRENGTHS = 256
_STRENGTH_STEP = 4
"""Sums of the two derivatives (Sobel, 8 times the slope each) to one strength."""
_FAINTEST = 8
"""Sum of the two derivatives below which a pixel is counted alone: one level to a px, noise."""
_MARGIN_PX = 8
"""Of the picture around a core that its edges depend on, crop px."""
_SURROUND_LEVEL, _RIM_PX = 60, 9
"""Brightest channel of a black surround or of burnt-in text, and width of what is left out around it, px."""


def no_edges() -> NDArray[np.int64]:
    """Of no pixel."""
    return np.zeros((3, STRENGTHS), np.int64)


def edge_sums(
    picture: NDArray[np.uint8], core: tuple[int, int, int, int], counted: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Sums over the core by the strength of the edge after the further blur, int64 (3, 256).

    Rows: number of pixels, their steepness before the blur, and after it. Whole numbers of one pixel in four,
    so that the sums of all tiles do not depend on the tiles.

    Parameters
    ----------
    picture : uint8 (2H, 2W, 3), normalised, crop scale, core and halo.
    core : x_min, y_min, x_max, y_max in detector px, two crop px each.
    counted : bool, of the core's size; None counts all.
    """
    x0, y0, x1, y1 = (2 * side for side in core)
    left, top = max(x0 - _MARGIN_PX, 0), max(y0 - _MARGIN_PX, 0)
    part = picture[top : y1 + _MARGIN_PX, left : x1 + _MARGIN_PX]
    depth = np.ascontiguousarray(stain_depth(part))
    black = np.asarray(brightest_channel(part) < _SURROUND_LEVEL).view(np.uint8)
    near_black = cv2.dilate(black, np.ones((_RIM_PX, _RIM_PX), np.uint8))
    blurred = np.asarray(cv2.GaussianBlur(depth, (0, 0), FURTHER_BLUR_PX), np.uint8)
    coarse = _steepness(blurred)
    owned = (slice(y0 - top, y1 - top, 2), slice(x0 - left, x1 - left, 2))
    taken = near_black[owned] == 0
    if counted is not None:
        taken &= counted
    edge = taken & (coarse[owned] >= _FAINTEST)
    after, before = coarse[owned][edge], _steepness(depth)[owned][edge]
    strength = np.minimum(after // _STRENGTH_STEP, STRENGTHS - 1)
    sums = np.rint([np.bincount(strength, weights, STRENGTHS) for weights in (None, before, after)])
    sums[0, 0] = np.count_nonzero(taken) - len(after)
    return np.asarray(sums, np.int64)


def sharpness(sums: NDArray[np.int64]) -> float | None:
    """Steepness of the strongest edges before the further blur over that after it, 1 (blurred) and more.

    None where there is no edge.

    Parameters
    ----------
    sums : of a whole field, see `edge_sums`.
    """
    number, before, after = (np.cumsum(row[::-1]) for row in sums)
    place = int(np.searchsorted(number, STRONGEST * number[-1]))
    if not after[min(place, STRENGTHS - 1)]:
        return None
    return float(before[place] / after[place])


def _steepness(depth: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Sum of the two derivatives, absolute, int16 (H, W), 0 to 2040."""
    across = np.asarray(cv2.Sobel(depth, cv2.CV_16S, 1, 0), np.int16)
    down = np.asarray(cv2.Sobel(depth, cv2.CV_16S, 0, 1), np.int16)
    return np.abs(across) + np.abs(down)

"""How many colours a picture has for the light it spans: few where it was stored with a palette."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["colours_a_level"]

SPAN = (1.0, 99.0)
"""Percentiles of the green levels that a picture spans: a photo in the dark has few colours of few levels."""


def colours_a_level(windows: Iterable[NDArray[np.uint8]]) -> float | None:
    """Different colours of a picture over the levels of green that it spans; None without windows.

    Parameters
    ----------
    windows : uint8 (h, w, 3), parts of one picture as stored.
    """
    seen = np.zeros(1 << 24, bool)
    greens = []
    for window in windows:
        colours = np.asarray(cv2.cvtColor(window, cv2.COLOR_RGB2RGBA)).view("<u4")
        seen[colours & 0xFFFFFF] = True
        greens.append(np.bincount(window[..., 1].ravel(), minlength=256))
    if not greens:
        return None
    ranked = np.cumsum(np.sum(greens, axis=0))
    low, high = np.searchsorted(ranked, np.asarray(SPAN) / 100 * ranked[-1])
    return float(np.count_nonzero(seen)) / float(high - low + 1)

"""Whether the empty ground turns through all hues, as moire makes it in a photo of a screen.

Glass has one hue, and what lies on it or blurs into it moves that along a line, towards the stain. The grids
of a screen and a camera beat in each colour by itself, so the hue goes round, also where a blur hides them.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["hue_turns"]

SHRINK = 8
"""Stored px along a side of a place: the grid itself, noise and JPEG's colours are evened out."""
AROUND = 9
"""Places along a side of the square that a place is held against: slow changes of the light are no moire."""
GROUND_SHARE, BRIGHT_PERCENTILE = 0.3, 95
"""What is ground is so far, at least, from Otsu's threshold towards the brightest levels of green."""
WHOLLY = 0.95
"""Least share of a place that is ground."""
DARK, SURROUND = 8.0, 60
"""Added to levels before their logarithm is taken; brightest channel of the black round an eyepiece."""
LEAST_PLACES = 30
"""Fewer say nothing."""
LOW, HIGH = 16, 84
"""Percentiles: half of the way between them is a spread that a coloured mark or some dust does not change."""


def hue_turns(windows: Sequence[NDArray[np.uint8]]) -> float:
    """Spread of the hue of the ground across its main line, natural logarithm of ratios of channels.

    0 where there is too little ground, or nothing of it is less than white.

    Parameters
    ----------
    windows : uint8 (h, w, 3), parts of one picture as stored.
    """
    level = _ground_level(windows)
    found = [_hues(window, level) for window in windows if min(window.shape[:2]) >= AROUND * SHRINK]
    hues = np.concatenate([np.empty((0, 2), np.float32), *found])
    if len(hues) < LEAST_PLACES:
        return 0.0
    across = np.linalg.eigh(np.cov(hues.T))[1][:, 0]
    low, high = np.percentile(hues @ across, (LOW, HIGH))
    return float(high - low) / 2


def _ground_level(windows: Sequence[NDArray[np.uint8]]) -> float:
    """Level of green that ground passes; 255 where all is dark."""
    lit = [window[..., 1][window.max(axis=2) > SURROUND] for window in windows]
    green = np.concatenate([np.empty(0, np.uint8), *lit])
    if not len(green):
        return 255.0
    threshold, _ = cv2.threshold(green[None], 0, 255, cv2.THRESH_OTSU)
    return float(threshold + GROUND_SHARE * (np.percentile(green, BRIGHT_PERCENTILE) - threshold))


def _hues(window: NDArray[np.uint8], level: float) -> NDArray[np.float32]:
    """Hue of each place that is ground, less that around it, float32 (n, 2): red and blue over green."""
    height, width = (side // SHRINK for side in window.shape[:2])
    cut = np.ascontiguousarray(window[: height * SHRINK, : width * SHRINK])
    ground = ((cut[..., 1] > level) & (cut.min(axis=2) < 255)).astype(np.float32)
    chosen = cv2.resize(ground, (width, height), interpolation=cv2.INTER_AREA) > WHOLLY
    small = cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    logs = np.log(small + np.float32(DARK))
    hue = logs[..., (0, 2)] - logs[..., 1:2]
    inside = chosen.astype(np.float32)
    around = cv2.blur(hue * inside[..., None], (AROUND, AROUND))
    share = np.maximum(cv2.blur(inside, (AROUND, AROUND)), np.float32(1e-3))
    return np.asarray((hue - around / share[..., None])[chosen], np.float32)

"""Whether a picture is an overlay of a count, saved again by another program: by the colours of its marks."""

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["BLUE", "GREEN", "RED", "YELLOW", "bears_marks"]

RED = (205, 20, 0)
GREEN = (0, 125, 95)
BLUE = (0, 80, 190)
YELLOW = (250, 225, 40)
_NEAR = 45
"""Levels by which a mark's colour differs where it was saved as a JPEG, or made smaller."""
_LEAST = {RED: 8e-5, BLUE: 5e-5, YELLOW: 1e-4}
"""Share of a picture. The legend alone has as much of each, also made smaller and saved as JPEG."""
_LEAST_GREEN = 1e-4
"""The same of the thin outlines of all cells."""
_LEGEND = 0.25
"""Share of the height, from below, that holds the legend."""
_MARGIN, _WHITE, _WHITE_PX = 0.01, 225, 0.9
"""Share of the height that is bare white below it, the least level of white, and its share of px there."""


def bears_marks(picture: NDArray[np.uint8]) -> bool:
    """Whether a legend lies under a picture, RGB uint8 (h, w, 3): all its colours, and white paper below."""
    height = picture.shape[0]
    paper = picture[height - max(1, round(_MARGIN * height)) :]
    if (paper.min(axis=-1) >= _WHITE).mean() < _WHITE_PX:
        return False
    if _share(picture, GREEN) < _LEAST_GREEN:
        return False
    legend = picture[height - max(1, round(_LEGEND * height)) :]
    return all(_share(legend, colour) * _LEGEND >= least for colour, least in _LEAST.items())


def _share(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> float:
    low, high = (np.clip(np.add(colour, side), 0, 255).astype(np.uint8) for side in (-_NEAR, _NEAR))
    return float(cv2.inRange(picture, low, high).mean()) / 255

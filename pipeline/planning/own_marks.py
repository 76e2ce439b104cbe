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
_LEAST_RED = 8e-5
"""Share of a picture. An overlay's legend alone has 3.5e-4, infected cells more; fields of nine laboratories
have none."""
_LEAST_OTHER = 2e-5
"""Share of green, blue or yellow beside it. The green of an outline is mixed with what lies under it."""


def bears_marks(picture: NDArray[np.uint8]) -> bool:
    """Whether marks were drawn on a picture, RGB uint8 (h, w, 3): red ones and others."""
    if _share(picture, RED) < _LEAST_RED:
        return False
    return any(_share(picture, colour) >= _LEAST_OTHER for colour in (GREEN, BLUE, YELLOW))


def _share(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> float:
    low, high = (np.clip(np.add(colour, side), 0, 255).astype(np.uint8) for side in (-_NEAR, _NEAR))
    return float(cv2.inRange(picture, low, high).mean()) / 255

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
_LEAST = {RED: 8e-5, GREEN: 1e-4, BLUE: 5e-5, YELLOW: 1e-4}
"""Share of a picture. The legend alone has as much of each, also made smaller and saved as JPEG; what people
draw on a photo has two or three of these colours at most."""


def bears_marks(picture: NDArray[np.uint8]) -> bool:
    """Whether marks were drawn on a picture, RGB uint8 (h, w, 3): all of a legend's colours."""
    return all(_share(picture, colour) >= least for colour, least in _LEAST.items())


def _share(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> float:
    low, high = (np.clip(np.add(colour, side), 0, 255).astype(np.uint8) for side in (-_NEAR, _NEAR))
    return float(cv2.inRange(picture, low, high).mean()) / 255

"""Whether two pictures, grey and perhaps in another focus or size, show the same view."""

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["is_same_view", "view_sketch"]

_SKETCH_PX = 128  # side of a small picture of a view
_FINE_PX, _COARSE_PX = 1.5, 8.0
"""Sigmas between which a sketch is looked at, px of it: cells, blurred or not, but no uneven light."""
_SAME_VIEW = 0.33
"""Least correlation of two planes of one view, one beside the other in the stack: with one blurred by a tenth
of a cell it is 0.55 and more (fields of nine laboratories), of two fields of one film it is 0.26 at most."""
_INNER = 0.5
"""Share of a picture's sides that a sketch shows: no rim of a round view, which all views share."""


def view_sketch(grey: NDArray[np.generic]) -> NDArray[np.float32]:
    """Small picture of what is as large as cells, of mean 0 and variance 1; float32 (128, 128)."""
    down, across = (int(side * (1 - _INNER) / 2) for side in grey.shape)
    inner = np.asarray(grey[down : grey.shape[0] - down, across : grey.shape[1] - across])
    small = cv2.resize(inner, (_SKETCH_PX, _SKETCH_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    band = cv2.GaussianBlur(small, (0, 0), _FINE_PX) - cv2.GaussianBlur(small, (0, 0), _COARSE_PX)
    return np.asarray((band - band.mean()) / max(float(band.std()), 1e-6), np.float32)


def is_same_view(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Of two sketches."""
    return float((one * other).mean()) >= _SAME_VIEW

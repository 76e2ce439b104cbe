"""The planes of a focus stack: which is the sharpest, and whether they show one view at all."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["FocusStack"]

_SKETCH_PX = 128
_FINE_PX, _COARSE_PX = 1.5, 8.0
"""Sigmas between which a sketch is looked at, px of it: cells, blurred or not, but no uneven light."""
_SAME_VIEW = 0.33
"""Least correlation of two planes of one view, one beside the other in the stack: with one blurred by a tenth
of a cell it is 0.55 and more (fields of nine laboratories), of two fields of one film it is 0.26 at most."""
_INNER = 0.5
"""Share of a middle's side that a sketch shows: no rim of a round view, which all views share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusStack:
    """What the middles of its planes say.

    Attributes
    ----------
    sharpest : index of the plane.
    is_one_scene : every plane shows what the one before it shows.
    """

    sharpest: int
    is_one_scene: bool

    @classmethod
    def of(cls, middles: Iterable[NDArray[np.uint8] | None]) -> Self:
        """From the middle of each plane, uint8 (n, n), one after the other; None is one that is damaged."""
        sketches, sharpness = [], []
        for middle in middles:
            sharpness.append(-1.0 if middle is None else _sharpness(middle))
            if middle is not None:
                sketches.append(_sketch(middle))
        alike = [float((one * other).mean()) >= _SAME_VIEW for one, other in pairwise(sketches)]
        return cls(sharpest=int(np.argmax(sharpness)), is_one_scene=all(alike))


def _sharpness(middle: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian. Pech-Pacheco et al., ICPR 2000."""
    return float(cv2.Laplacian(middle, cv2.CV_32F).var())


def _sketch(middle: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Small picture of what is as large as cells, of mean 0 and variance 1; float32 (128, 128)."""
    side = len(middle)
    edge = int(side * (1 - _INNER) / 2)
    inner = middle[edge : side - edge, edge : side - edge]
    small = cv2.resize(inner, (_SKETCH_PX, _SKETCH_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    band = cv2.GaussianBlur(small, (0, 0), _FINE_PX) - cv2.GaussianBlur(small, (0, 0), _COARSE_PX)
    return np.asarray((band - band.mean()) / max(float(band.std()), 1e-6), np.float32)

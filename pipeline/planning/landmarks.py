"""Places of a photo that are known again in another one, turned, resized or cut as it may be.

Lowe, Distinctive image features from scale-invariant keypoints, IJCV 60 (2004), compared by their square
roots: Arandjelovic and Zisserman, Three things everyone should know, CVPR 2012.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Landmarks", "Similarity", "landmarks_of", "similarity", "zoom_of"]

MOST = 300
"""Landmarks of a photo: of 90 pairs of photos that share 15 to 50% of the view, turned or in another size, 81
are known by as many, and by 500, at more than twice the time."""
CONTRAST = 40
"""Levels to one standard deviation of the picture in which they are looked for."""
RATIO = 0.8
"""Distance to the nearest landmark of the other photo over that to the next: from which on it is unknown."""
LEAST_KNOWN = 6
"""Landmarks that must agree on how one photo lies on the other; what it shows there is compared besides."""
NEAR_PX = 0.75
"""Sketch px by which these may differ."""
MOST_ZOOM = 3.3
"""Most by which one photo is larger than the other."""

Similarity = NDArray[np.float64]
"""Float64 (2, 3): turns, zooms and shifts places x, y of the other sketch to those of the one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmarks:
    """Landmarks of a photo.

    Attributes
    ----------
    places : float32 (n, 2), x and y, sketch px.
    looks : float32 (n, 128), of length 1.
    """

    places: NDArray[np.float32]
    looks: NDArray[np.float32]


def landmarks_of(detail: NDArray[np.float32], lit: NDArray[np.float32], *, shrink: int) -> Landmarks:
    """Landmarks of a picture that lie in its lit view.

    Parameters
    ----------
    detail : float32 (h, w), around 0. lit : float32 (h, w), 1 inside the view, else 0.
    shrink : px of it, along a side, of a sketch px.
    """
    deviation = float(np.sqrt((detail**2).sum() / max(float(lit.sum()), 1.0)))
    levels = np.clip(128 + CONTRAST * detail / max(deviation, 1e-6), 0, 255).astype(np.uint8)
    finder = cv2.SIFT.create(nfeatures=MOST)
    points, looks = finder.detectAndCompute(levels, (lit > 0).astype(np.uint8))
    if not points:
        return Landmarks(places=np.zeros((0, 2), np.float32), looks=np.zeros((0, 128), np.float32))
    places = (np.asarray([point.pt for point in points], np.float32) + np.float32(0.5)) / shrink - 0.5
    shares = np.asarray(looks, np.float32)
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1)
    return Landmarks(places=places.astype(np.float32), looks=np.sqrt(shares))


def similarity(one: Landmarks, other: Landmarks) -> Similarity | None:
    """How the other photo lies on the one, if enough landmarks of both agree; None where they do not."""
    if min(len(one.places), len(other.places)) < LEAST_KNOWN:
        return None
    alike = other.looks @ one.looks.T
    every, nearest = np.arange(len(alike)), alike.argmax(axis=1)
    best = alike[every, nearest]
    alike[every, nearest] = -1
    known = 1 - best < RATIO**2 * (1 - alike.max(axis=1))
    if int(known.sum()) < LEAST_KNOWN:
        return None
    there, here = other.places[known], one.places[nearest[known]]
    found, agree = cv2.estimateAffinePartial2D(there, here, ransacReprojThreshold=NEAR_PX, maxIters=500)
    if found is None or int(np.asarray(agree).sum()) < LEAST_KNOWN:
        return None
    lies = np.asarray(found, np.float64)
    return lies if 1 / MOST_ZOOM <= zoom_of(lies) <= MOST_ZOOM else None


def zoom_of(lies: Similarity) -> float:
    """Sides in the one sketch to sides in the other."""
    return float(np.hypot(lies[0, 0], lies[1, 0]))

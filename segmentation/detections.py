"""Detected objects as arrays: centres, boxes, kinds and scores."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Detections", "Kind", "overlap_with"]


class Kind(IntEnum):
    """What an object is; the first three are the detector's classes, in its order."""

    RED_CELL = 0
    WHITE_CELL = 1
    PLATELET = 2
    ARTEFACT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """Objects found in a picture, in its px, strongest first.

    Attributes
    ----------
    boxes : float32 (n, 4) x_min, y_min, x_max, y_max.
    kinds : uint8 (n,), see `Kind`.
    scores : float32 (n,), peak of the heatmap, 0 to 1.
    """

    boxes: NDArray[np.float32]
    kinds: NDArray[np.uint8]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def centres(self) -> NDArray[np.float32]:
        """float32 (n, 2): x, y of the boxes' middles."""
        return np.asarray((self.boxes[:, :2] + self.boxes[:, 2:]) / 2, np.float32)

    @property
    def sides(self) -> NDArray[np.float32]:
        """float32 (n,): square root of the boxes' areas."""
        return np.asarray(np.sqrt(np.prod(self.boxes[:, 2:] - self.boxes[:, :2], axis=1)), np.float32)

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> "Detections":
        """The chosen ones, in the chosen order."""
        return Detections(boxes=self.boxes[which], kinds=self.kinds[which], scores=self.scores[which])

    def and_these(self, others: "Detections") -> "Detections":
        """These, then the others."""
        return Detections(
            boxes=np.concatenate([self.boxes, others.boxes]),
            kinds=np.concatenate([self.kinds, others.kinds]),
            scores=np.concatenate([self.scores, others.scores]),
        )


def overlap_with(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union, float32 (n,), of boxes (n, 4), or of one box (4,), with as many others."""
    low = np.maximum(one[..., :2], other[..., :2])
    high = np.minimum(one[..., 2:], other[..., 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=-1)
    areas = np.prod(other[..., 2:] - other[..., :2], axis=-1) + np.prod(one[..., 2:] - one[..., :2], axis=-1)
    return np.asarray(shared / np.maximum(areas - shared, 1e-6), np.float32)

"""Drawn discs that stand for cells, and a network that finds them as the detector would."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.detections import Detections
from segmentation.detector import BOX_UNIT_PX, CLASSES, OUTPUT_STRIDE

BACKGROUND = 230
STAINED = 120

Disc = tuple[float, float, float]
"""x, y, radius; px."""


def draw_discs(
    width: int, height: int, discs: Sequence[Disc], colour: tuple[int, int, int] = (200, STAINED, 180)
) -> NDArray[np.uint8]:
    """Discs on white with edges as a pixel's area makes them, uint8 (height, width, 3)."""
    share = disc_share(width, height, discs)[..., None]
    picture = BACKGROUND * (1 - share) + np.asarray(colour, np.float64) * share
    return np.rint(picture).astype(np.uint8)


def disc_share(width: int, height: int, discs: Sequence[Disc]) -> NDArray[np.float64]:
    """Share of each pixel that some disc covers, 0 to 1."""
    y, x = np.mgrid[:height, :width] + 0.5
    share = np.zeros((height, width))
    for centre_x, centre_y, radius in discs:
        share = np.maximum(share, np.clip(radius - np.hypot(x - centre_x, y - centre_y) + 0.5, 0, 1))
    return share


def detections(discs: Sequence[Disc], kinds: Sequence[int] | None = None) -> Detections:
    """The discs as a perfect detector reports them."""
    x, y, radius = np.asarray(discs, np.float32).reshape(-1, 3).T
    return Detections(
        boxes=np.stack([x - radius, y - radius, x + radius, y + radius], axis=1),
        kinds=np.asarray(kinds if kinds is not None else [0] * len(discs), np.uint8),
        scores=np.linspace(0.9, 0.8, len(discs), dtype=np.float32),
    )


class PaintedNetwork:
    """Answers every picture with the same objects: (x, y, half side, kind, score)."""

    def __init__(self, objects: Sequence[tuple[float, float, float, int, float]]) -> None:
        self.objects = objects

    def run(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        heat, box = empty_heads(batch)
        for x, y, half, kind, score in self.objects:
            paint(heat, box, (x - half, y - half, x + half, y + half), kind, score)
        return heat, box


class DiscNetwork:
    """Finds dark discs that lie apart, `smallest` to `largest` px across; the rest it overlooks."""

    def __init__(self, smallest: float = 8.0, largest: float = 48.0) -> None:
        self.smallest = smallest
        self.largest = largest

    def run(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        heat, box = empty_heads(batch)
        dark = (batch[0].min(axis=2) < (BACKGROUND + STAINED) / 2).astype(np.uint8)
        _, _, stats, centres = cv2.connectedComponentsWithStats(dark)
        for (_, _, width, height, _), (x, y) in zip(stats[1:], centres[1:] + 0.5, strict=True):
            if self.smallest <= (width * height) ** 0.5 <= self.largest:
                corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
                paint(heat, box, corners, 0, 0.9)
        return heat, box


def empty_heads(batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Heat and box of a picture in which there is nothing."""
    height, width = batch.shape[1] // OUTPUT_STRIDE, batch.shape[2] // OUTPUT_STRIDE
    return np.full((1, height, width, len(CLASSES)), -8, np.float32), np.zeros(
        (1, height, width, 4), np.float32
    )


def paint(
    heat: NDArray[np.float32],
    box: NDArray[np.float32],
    corners: tuple[float, float, float, float],
    kind: int,
    score: float,
) -> None:
    """Answer one object (x_min, y_min, x_max, y_max) at the output px that holds its centre."""
    x, y = (corners[0] + corners[2]) / 2, (corners[1] + corners[3]) / 2
    column, row = int(x // OUTPUT_STRIDE), int(y // OUTPUT_STRIDE)
    at_x, at_y = (column + 0.5) * OUTPUT_STRIDE, (row + 0.5) * OUTPUT_STRIDE
    sides = np.asarray([at_x - corners[0], at_y - corners[1], corners[2] - at_x, corners[3] - at_y])
    heat[0, row, column, kind] = np.log(score / (1 - score))
    box[0, row, column] = np.log(np.expm1(np.maximum(sides, 1e-3) / BOX_UNIT_PX))

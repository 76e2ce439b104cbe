"""Two cells on one another that were found as one: told by the boxes around the peak, and taken apart."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segmentation.detections import Detections, Kind, overlap_with
from segmentation.overlaps.neighbours import near_pairs

__all__ = ["PairEvidence", "pair_evidence", "split_pairs"]

SidesAt = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.float32]]
"""How far the sides of the box lie from each row and column of the network's answer, px, float32 (..., 4)."""

LEAST_PEAK = 0.5
"""Least peak of what is taken apart: fainter ones of blurred or odd cells look like pairs too."""
OTHERS_PEAK = 0.36
"""Least peak of another detection that may be the second cell."""
LARGEST_SIDE_PX = 30.0
"""Side of the largest box that is a pair, 11 µm: a wider one is a blur, or no two red cells."""
LARGEST_PART = 1.1
"""Greatest side of a part, over that of the pair: two cells are not wider apart than together."""
COLDEST = -3.0
"""Least logit of the heat on both sides of a pair: what lies beyond is no part of it."""
OUTPUT_PX = 2.0
"""Detector px per step of the network's answer."""
USUAL_SIDE_PX = 20.0
"""Side of a usual red cell's box, 7.5 µm at 0.375 µm a px."""
NEAR, FAR = 0.18, 0.25
"""How far from the peak its two sides are asked, in sides of the box."""
AXES = 8
"""Directions in which a pair may lie, in half a turn."""
STEPS = 64
"""Steps per px that box sides are rounded to: all sums are exact then, wherever a tile begins."""
WEIGHTS = (2.23, -1.27, 5.24, -7.51, 11.69)
"""Of the five features, for a logistic regression, and its offset: fitted on the fields that the detector
`left_out` was trained on (`docs/lab/missed_cells.md`)."""
OFFSET = -6.85
LEAST_PAIR = 0.2
"""Least probability of a pair; those trained on hold far fewer pairs than a dense field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairEvidence:
    """What speaks for each detection being two cells.

    Attributes
    ----------
    features : float64 (n, 5): logit of the heat on the hotter side along the pair's axis, and on the colder
        one across it; logarithm of the box's side over the usual; greatest overlap with another detection;
        how far the boxes of both sides have their centres apart, in sides.
    coldest : float64 (n,), logit of the heat on the colder side along the axis.
    boxes : float32 (n, 2, 4), the two cells.
    """

    features: NDArray[np.float64]
    coldest: NDArray[np.float64]
    boxes: NDArray[np.float32]


def split_pairs(
    found: Detections,
    places: NDArray[np.intp],
    heat: NDArray[np.float32],
    sides_at: SidesAt,
    size: tuple[int, int],
) -> Detections:
    """The detections, with two in place of each red cell that is a pair; strongest first.

    Parameters
    ----------
    places : row and column of each detection's peak in the network's answer, (n, 2).
    heat : logits of the red cells, float32 (h, w).
    size : width and height of the picture, px: what it cuts is left whole, as half a cell looks like two.
    """
    whole = np.all((found.boxes[:, :2] >= 0) & (found.boxes[:, 2:] <= size), axis=1)
    asked = whole & (found.kinds == Kind.RED_CELL) & (found.scores >= LEAST_PEAK)
    asked &= found.sides <= LARGEST_SIDE_PX
    if not asked.any():
        return found
    evidence = pair_evidence(found, places, heat, sides_at)
    chance = 1 / (1 + np.exp(-(evidence.features @ np.asarray(WEIGHTS) + OFFSET)))
    parts = np.sqrt(np.prod(evidence.boxes[..., 2:] - evidence.boxes[..., :2], axis=-1)).max(axis=1)
    pair = (
        asked & (evidence.coldest >= COLDEST) & (chance >= LEAST_PAIR) & (parts <= LARGEST_PART * found.sides)
    )
    times = 1 + pair
    apart = found.take(np.repeat(np.arange(len(found)), times))
    first = (np.cumsum(times) - times)[pair]
    boxes = apart.boxes.copy()
    boxes[first], boxes[first + 1] = evidence.boxes[pair, 0], evidence.boxes[pair, 1]
    return Detections(boxes=boxes, kinds=apart.kinds, scores=apart.scores)


def pair_evidence(
    found: Detections, places: NDArray[np.intp], heat: NDArray[np.float32], sides_at: SidesAt
) -> PairEvidence:
    """Evidence of each detection; parameters as of `split_pairs`.

    All around the middle of a single cell the network gives the box of that cell. Between two cells each side
    gives the box of its own: the axis is the one along which the boxes' centres move most.
    """
    turns = np.arange(AXES) * np.pi / AXES
    axes = np.stack([np.cos(turns), np.sin(turns)], axis=1)  # x, y
    peaks = (places[:, ::-1] + 0.5) * OUTPUT_PX
    middles, sides = found.centres - peaks, found.sides.astype(np.float64)
    steps = sides[:, None, None, None] * axes * np.asarray((1.0, -1.0))[:, None, None]
    near, far = (middles[:, None, None] + share * steps for share in (NEAR, FAR))
    hot, boxes = _between(near, places, heat, sides_at)
    rows, moved = np.arange(len(found)), (_apart(boxes) * axes).sum(axis=-1).argmax(axis=1)
    across = (moved + AXES // 2) % AXES
    _, boxes = _between(far[rows, :, moved], places, heat, sides_at)
    features = (
        hot[rows, :, moved].max(axis=1),
        hot[rows, :, across].min(axis=1),
        np.log(sides / USUAL_SIDE_PX),
        _greatest_overlap(found),
        (_apart(boxes) * axes[moved]).sum(axis=-1) / sides,
    )
    cells = np.rint(boxes * STEPS) / STEPS + np.tile(peaks, 2)[:, None]
    return PairEvidence(
        features=np.stack(features, axis=1),
        coldest=hot[rows, :, moved].min(axis=1),
        boxes=cells.astype(np.float32),
    )


def _between(
    points: NDArray[np.float64], places: NDArray[np.intp], heat: NDArray[np.float32], sides_at: SidesAt
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Heat (n, ...) and box (n, ..., 4) at points (n, ..., 2), x and y from the peak, px.

    Between the places of the answer both are weighted means. All is told from the peak, so that a tile does
    not matter.
    """
    steps = points / OUTPUT_PX
    low = np.floor(steps)
    beyond = steps - low
    start = places[:, ::-1].reshape(len(places), *[1] * (points.ndim - 2), 2) + low.astype(np.intp)
    hot, sides = np.zeros(points.shape[:-1]), np.zeros((*points.shape[:-1], 4))
    for x, y in ((0, 0), (1, 0), (0, 1), (1, 1)):
        column = np.clip(start[..., 0] + x, 0, heat.shape[1] - 1)
        row = np.clip(start[..., 1] + y, 0, heat.shape[0] - 1)
        weight = np.abs(1 - x - beyond[..., 0]) * np.abs(1 - y - beyond[..., 1])
        hot += weight * heat[row, column]
        sides += weight[..., None] * sides_at(row, column)
    return hot, np.concatenate([points - sides[..., :2], points + sides[..., 2:]], axis=-1)


def _apart(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """From the centre of the second box to that of the first; `boxes` (n, 2, ..., 4)."""
    centres = (boxes[..., :2] + boxes[..., 2:]) / 2
    return np.asarray(centres[:, 0] - centres[:, 1], np.float64)


def _greatest_overlap(found: Detections) -> NDArray[np.float64]:
    """Greatest intersection over union of each detection with another of a peak that may be a cell."""
    first, second = near_pairs(found.centres, float(found.sides.max(initial=1.0)))
    sure = found.scores[second] > OTHERS_PEAK
    first, second = first[sure], second[sure]
    greatest = np.zeros(len(found))
    np.maximum.at(greatest, first, overlap_with(found.boxes[first], found.boxes[second]))
    return greatest

"""Train the detector on annotated pictures at detector scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.detector import CLASSES, OUTPUT_STRIDE
from segmentation.training.augment import stretch, turn, vary_look
from segmentation.training.epochs import Course, Schedule, fit
from segmentation.training.network import build_detector
from segmentation.training.targets import AnnotatedCells, draw_targets

if TYPE_CHECKING:
    import keras

from segmentation.resample import WHITE_LEVEL

__all__ = ["DetectorSample", "DetectorSettings", "detector_loss", "draw_batch", "fit_detector"]

STRETCHED = 0.3
"""Share of the training windows in which every cell is stretched."""
LONGEST = 3.0
"""Greatest ratio of length to width that stretching gives a round cell, as crescents have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSample:
    """One annotated field at detector scale.

    Attributes
    ----------
    picture : uint8 (H, W, 3), normalised RGB.
    cells : its annotated cells, detector px.
    asked : uint8 (H, W, 3), 1 where an unannotated place is truly empty of that class.
    rare : int64 (r,), places in `cells` of those that windows are laid around: infected cells above all.
    weight : chance of being drawn, relative to the other samples.
    """

    picture: NDArray[np.uint8]
    cells: AnnotatedCells
    asked: NDArray[np.uint8]
    rare: NDArray[np.int64]
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSettings:
    """How the detector is trained.

    Attributes
    ----------
    side_px : side of a training picture, detector px, a multiple of 8.
    batch : pictures a step.
    steps : steps in all. steps_per_epoch : steps between checkpoints.
    learning_rate : highest rate of the one-cycle schedule.
    """

    side_px: int = 160
    batch: int = 16
    steps: int = 3250
    steps_per_epoch: int = 250
    learning_rate: float = 2e-3


def fit_detector(
    samples: Sequence[DetectorSample], settings: DetectorSettings, course: Course
) -> "keras.Model":
    """Detector trained on `samples`.

    An epoch's batches depend only on (seed, epoch), so a run that was interrupted continues with the
    batches it would have had.
    """
    schedule = Schedule(
        rate=settings.learning_rate,
        decay=1e-4,
        steps=settings.steps,
        steps_per_epoch=settings.steps_per_epoch,
    )
    return fit(course, build_detector, detector_loss, partial(draw_batch, samples, settings), schedule)


def detector_loss(y_true: Any, y_pred: Any) -> Any:
    """Focal loss on the heatmaps (Law and Deng 2018) plus -log IoU on the boxes, a number a batch."""
    from keras import ops

    classes = len(CLASSES)
    heat, asked = y_true[..., :classes], y_true[..., classes : 2 * classes]
    chance = ops.clip(ops.sigmoid(y_pred[..., :classes]), 1e-6, 1 - 1e-6)
    peak = ops.cast(heat > 0.999, "float32")
    right = peak * ops.square(1 - chance) * ops.log(chance)
    wrong = (1 - peak) * ops.power(1 - heat, 4.0) * ops.square(chance) * ops.log(1 - chance)
    focal = -ops.sum((right + wrong) * asked) / ops.maximum(ops.sum(peak * asked), 1.0)
    weight = y_true[..., -1]
    sides, truth = ops.softplus(y_pred[..., classes:]), y_true[..., 2 * classes : -1]
    nearer = ops.minimum(sides, truth)
    shared = (nearer[..., 0] + nearer[..., 2]) * (nearer[..., 1] + nearer[..., 3])
    area = (sides[..., 0] + sides[..., 2]) * (sides[..., 1] + sides[..., 3])
    true_area = (truth[..., 0] + truth[..., 2]) * (truth[..., 1] + truth[..., 3])
    iou = (shared + 1e-3) / (area + true_area - shared + 1e-3)
    box = -ops.sum(weight * ops.log(ops.maximum(iou, 1e-3))) / ops.maximum(ops.sum(weight), 1.0)
    return focal + box


def draw_batch(
    samples: Sequence[DetectorSample], settings: DetectorSettings, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Random training pictures float32 (batch, side, side, 3) and their targets (see `draw_targets`)."""
    weights = np.asarray([sample.weight for sample in samples], np.float64)
    chosen = rng.choice(len(samples), settings.batch, p=weights / weights.sum())
    pairs = [_draw(samples[which], settings.side_px, rng) for which in chosen]
    return np.stack([pair[0] for pair in pairs]), np.stack([pair[1] for pair in pairs])


def _draw(
    sample: DetectorSample, side: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One random window, scaled, turned, now and then stretched, in another stain, light and focus."""
    near = rng.random() < 0.6
    zoom = float(np.exp(rng.normal(0.0, 0.08) if near else rng.uniform(np.log(0.55), np.log(1.9))))
    height, width = sample.picture.shape[:2]
    middle = _window_corner(sample, side / zoom, rng) + side / zoom / 2
    linear = zoom * stretch(rng, STRETCHED, LONGEST)
    # warpAffine maps pixel centres; shift by half a pixel so that edges map to edges.
    shift = linear @ (0.5 - middle) + side / 2 - 0.5
    matrix = np.column_stack([linear, shift])
    picture = _warp(sample.picture, matrix, side, cv2.INTER_LINEAR, WHITE_LEVEL)
    asked = _warp(sample.asked, matrix, side, cv2.INTER_NEAREST, 1)
    centre = (sample.cells.boxes[:, :2] + sample.cells.boxes[:, 2:]) / 2
    boxes = _mapped_boxes(np.asarray(sample.cells.boxes, np.float64), linear, middle, side)
    mapped = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = np.all((mapped > 0) & (mapped < side) & (centre > 0) & (centre < (width, height)), axis=1)
    which = int(rng.integers(8))
    cells = AnnotatedCells(
        boxes=_turn_boxes(boxes[inside], side, which).astype(np.float32),
        kinds=sample.cells.kinds[inside],
        has_box=sample.cells.has_box[inside],
    )
    small = np.ascontiguousarray(turn(asked, which)[::OUTPUT_STRIDE, ::OUTPUT_STRIDE]).astype(np.float32)
    targets = draw_targets((side, side), cells, small)
    return vary_look(turn(picture, which), rng).astype(np.float32), targets


def _mapped_boxes(
    boxes: NDArray[np.float64], linear: NDArray[np.float64], middle: NDArray[np.float64], side: int
) -> NDArray[np.float64]:
    """Boxes of the ellipses in `boxes` after the linear map that takes `middle` to the window's middle."""
    centre = ((boxes[:, :2] + boxes[:, 2:]) / 2 - middle) @ linear.T + side / 2
    half = np.sqrt(((boxes[:, 2:] - boxes[:, :2]) / 2) ** 2 @ (linear**2).T)
    return np.hstack([centre - half, centre + half])


def _warp(
    picture: NDArray[np.uint8], matrix: NDArray[np.float64], side: int, how: int, outside: int
) -> NDArray[np.uint8]:
    warped = cv2.warpAffine(
        picture,
        matrix,
        (side, side),
        flags=how,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(outside,) * 3,
    )
    return np.asarray(warped, np.uint8)


def _window_corner(sample: DetectorSample, extent: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Corner (x, y) of a window, now and then around a rare cell."""
    height, width = sample.picture.shape[:2]
    if len(sample.rare) and rng.random() < 0.3:
        box = sample.cells.boxes[rng.choice(sample.rare)]
        centre = (box[:2] + box[2:]) / 2
        return np.asarray(centre - rng.uniform(0.2, 0.8, 2) * extent, np.float64)
    room = np.array([width, height]) - extent
    margin = 0.1 * extent
    low = np.where(room > 0, -margin, room / 2 - margin)
    high = np.where(room > 0, room + margin, room / 2 + margin)
    return np.asarray(rng.uniform(low, high), np.float64)


def _turn_boxes(boxes: NDArray[np.float64], side: int, which: int) -> NDArray[np.float64]:
    """Boxes after `turn(picture, which)` of a square picture of `side` px."""
    x0, y0, x1, y1 = boxes.T
    for _ in range(which % 4):
        x0, y0, x1, y1 = y0, side - x1, y1, side - x0
    if which >= 4:
        x0, x1 = side - x1, side - x0
    return np.stack([x0, y0, x1, y1], axis=1)

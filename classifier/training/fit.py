"""Train the classifier on crops as the pipeline cuts them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from classifier.outline import redrawn
from classifier.specks import SPECK_PX, laid_on
from classifier.training.crenated import crenated
from classifier.training.network import build_classifier
from segmentation.training.augment import refract, soil, stretch, turn, vary_look
from segmentation.training.epochs import Course, Schedule, fit

if TYPE_CHECKING:
    import keras

from segmentation.resample import WHITE_LEVEL

__all__ = ["ClassifierSettings", "CropSample", "classifier_loss", "draw_batch", "fit_classifier"]

SOILED = 0.15
"""Share of the training crops that get smears of precipitated stain, infected or not."""
SPECKLED = {False: 0.25, True: 0.10}
"""Share of the uninfected and of the infected crops on which real specks are laid: dirt must not decide."""
SPECKS_LAID = 3
"""Most specks laid on one crop."""
CRENATED = {False: 0.2, True: 0.1}
"""Share of the uninfected and of the infected crops whose cell gets knobs of its own hue."""
REFRACTED = 0.1
"""Share that gets the thick dark rim of a cell that was dried badly."""
LONGEST = 2.0
"""Greatest length to width that stretching gives a round cell."""
SURROUNDED = 0.7
"""Share of the pre-cut cells that are set among the neighbours of a cell of a field."""
BESIDE = 0.3
"""Share of all crops that get another cell beside their own, infected or not: it must not decide."""
BESIDE_PX = (30.0, 44.0)
"""Nearest and farthest place of that other cell's centre, crop px from the middle."""
MARK_PX = (-2, 2)
"""The mark of the cell is drawn this much too small to too large: masks are never exact."""
STAGE_WEIGHT = 0.3
"""Weight of the stage's loss beside that of the decision."""
UNKNOWN_STAGE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class CropSample:
    """Labelled crops of one source.

    Attributes
    ----------
    crops : uint8 (n, side, side, 4), normalised RGB at crop scale, and the cell marked (`outlined`).
    infected : bool (n,). stage : int64 (n,), place in `STAGES`, or UNKNOWN_STAGE.
    weight : float64 (n,), chance of each to be drawn, relative to all others.
    surroundings : uint8 (m, side, side, 3), neighbours of other cells on white, for cell-only crops;
        none where the crops show their own.
    others : uint8 (k, side, side, 4), cell-only crops of which one is now and then set beside the crop's own.
    specks : uint8 (s, p, p, 3), see `classifier.specks`: real dirt that is laid on cells; none is laid on.
    """

    crops: NDArray[np.uint8]
    infected: NDArray[np.bool_]
    stage: NDArray[np.int64]
    weight: NDArray[np.float64]
    surroundings: NDArray[np.uint8]
    others: NDArray[np.uint8]
    specks: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, SPECK_PX, SPECK_PX, 3), np.uint8))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierSettings:
    """How the classifier is trained.

    Attributes
    ----------
    batch : crops a step. steps : in all. steps_per_epoch : steps between checkpoints.
    learning_rate : highest rate of the schedule.
    smoothing : share of each label given to the other class: some public labels are wrong (Fuhad 2020).
    stretched : share of the crops that are made longer one way and narrower the other.
    """

    batch: int = 128
    steps: int = 6000
    steps_per_epoch: int = 150
    learning_rate: float = 3e-3
    smoothing: float = 0.04
    stretched: float = 0.2


def fit_classifier(
    samples: Sequence[CropSample], settings: ClassifierSettings, course: Course
) -> "keras.Model":
    """Classifier trained on `samples`."""
    build = partial(build_classifier, samples[0].crops.shape[1])
    schedule = Schedule(
        rate=settings.learning_rate,
        decay=1e-3,
        steps=settings.steps,
        steps_per_epoch=settings.steps_per_epoch,
    )
    return fit(course, build, classifier_loss, partial(draw_batch, samples, settings), schedule)


def classifier_loss(y_true: Any, y_pred: Any) -> Any:
    """Cross-entropy of the decision, and of the stage where it is known, a number a batch.

    `y_true` float32 (n, 2): smoothed label, and stage; `y_pred` float32 (n, 5), see `build_classifier`.
    """
    from keras import ops

    decision = ops.mean(ops.binary_crossentropy(y_true[:, :1], y_pred[:, :1], from_logits=True))
    told = ops.cast(y_true[:, 1] != UNKNOWN_STAGE, "float32")
    stage = ops.one_hot(ops.cast(ops.maximum(y_true[:, 1], 0.0), "int32"), y_pred.shape[-1] - 1)
    each = ops.categorical_crossentropy(stage, y_pred[:, 1:], from_logits=True)
    return decision + STAGE_WEIGHT * ops.sum(each * told) / ops.maximum(ops.sum(told), 1.0)


def draw_batch(
    samples: Sequence[CropSample], settings: ClassifierSettings, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Random crops, varied, float32 (batch, side, side, 4), and what `classifier_loss` asks for."""
    totals = np.asarray([sample.weight.sum() for sample in samples])
    sources = rng.choice(len(samples), settings.batch, p=totals / totals.sum())
    crops: list[NDArray[np.uint8]] = []
    labels: list[NDArray[np.float32]] = []
    for source, sample in enumerate(samples):
        number = int((sources == source).sum())
        chosen = rng.choice(len(sample.crops), number, p=sample.weight / sample.weight.sum())
        crops.extend(_vary(_dirtied(sample, which, rng), settings.stretched, rng) for which in chosen)
        smoothed = sample.infected[chosen] * (1 - settings.smoothing) + settings.smoothing / 2
        labels.append(np.stack([smoothed, sample.stage[chosen]], axis=1).astype(np.float32))
    return np.stack(crops).astype(np.float32), np.concatenate(labels)


def _dirtied(sample: CropSample, which: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Crop of the sample among neighbours, its cell crenated now and then and with specks on it."""
    infected = bool(sample.infected[which])
    crop = _beside_another(_among_neighbours(sample, which, rng), sample.others, rng)
    if rng.random() < CRENATED[infected]:
        crop = crenated(crop, rng)
    return _speckled(crop, sample.specks, SPECKLED[infected], rng)


def _among_neighbours(sample: CropSample, which: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Crop of the sample; a cell-only crop mostly gets the neighbours that some other cell has.

    Light is multiplied, so what overlaps darkens as stained cells do.
    """
    crop: NDArray[np.uint8] = sample.crops[which]
    if not len(sample.surroundings) or rng.random() >= SURROUNDED:
        return crop
    around = turn(sample.surroundings[rng.integers(len(sample.surroundings))], int(rng.integers(8)))
    return _through(crop, around)


def _beside_another(
    crop: NDArray[np.uint8], others: NDArray[np.uint8], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The crop with another cell beside, which shows only outside its own one's mark."""
    if not len(others) or rng.random() >= BESIDE:
        return crop
    other = turn(others[rng.integers(len(others)), ..., :3], int(rng.integers(8)))
    angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(*BESIDE_PX)
    matrix = np.asarray([[1, 0, away * np.cos(angle)], [0, 1, away * np.sin(angle)]], np.float64)
    moved = cv2.warpAffine(other, matrix, crop.shape[1::-1], borderValue=(WHITE_LEVEL,) * 3).astype(
        np.float32
    )
    own = crop[..., 3:].astype(np.float32) / 255
    return _through(crop, np.asarray(np.rint(moved * (1 - own) + WHITE_LEVEL * own), np.uint8))


def _speckled(
    crop: NDArray[np.uint8], specks: NDArray[np.uint8], share: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The crop with some specks of a real film's ground on its cell."""
    if not len(specks) or rng.random() >= share:
        return crop
    rows, columns = np.nonzero(crop[..., 3] > 127)
    if not len(rows):
        return crop
    for _ in range(int(rng.integers(1, SPECKS_LAID + 1))):
        which, place = rng.integers(len(specks)), rng.integers(len(rows))
        passed = turn(specks[which], int(rng.integers(8)))
        crop = laid_on(crop, passed, (int(rows[place]), int(columns[place])))
    return crop


def _through(crop: NDArray[np.uint8], around: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Light of the crop that has passed what lies around it as well."""
    shown = (crop[..., :3].astype(np.uint16) * around // WHITE_LEVEL).astype(np.uint8)
    return np.concatenate([shown, crop[..., 3:]], axis=2)


def _vary(crop: NDArray[np.uint8], stretched: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Crop turned, shifted, resized a little, some stretched, in another stain, light and focus."""
    side = crop.shape[0]
    turned = turn(crop, int(rng.integers(8)))
    angle = rng.uniform(-45, 45) if rng.random() < 0.5 else 0.0
    size = float(np.exp(rng.normal(0.0, 0.09)))
    middle = np.full(2, (side - 1) / 2)
    turn_and_size = cv2.getRotationMatrix2D(middle.tolist(), angle, size)[:, :2]
    linear = turn_and_size @ stretch(rng, stretched, LONGEST)
    shift = middle - linear @ middle + rng.normal(0.0, 1.5, 2)
    matrix = np.column_stack([linear, shift])
    outside = (WHITE_LEVEL, WHITE_LEVEL, WHITE_LEVEL, 0)
    warped = cv2.warpAffine(turned, matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=outside)
    mark = redrawn(np.asarray(warped[..., 3], np.uint8), int(rng.integers(MARK_PX[0], MARK_PX[1] + 1)))
    moved = np.ascontiguousarray(warped[..., :3], np.uint8)
    if rng.random() < REFRACTED:
        moved = refract(moved, rng)
    if rng.random() < SOILED:
        moved = soil(moved, rng)
    # Some crops stay as they are, some change much: known stains must not get worse for the sake of new ones.
    varied = vary_look(moved, rng, strength=float(rng.uniform(0.0, 0.8)))
    return np.dstack([varied, mark])

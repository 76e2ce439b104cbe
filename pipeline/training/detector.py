"""Trains the networks from labelled data: seeded, resumable, with a checkpoint after every epoch."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.training.cards import WEIGHTS_LICENCE, detector_card
from pipeline.training.data.sets import FIELD_SETS, detector_samples
from pipeline.training.network_files import Facts, write_model_files, write_network
from segmentation.detector import CLASSES
from segmentation.resample import DETECTOR_UM_PER_PX
from segmentation.training.epochs import Course
from segmentation.training.fit import (
    DetectorSample,
    DetectorSettings,
    detector_loss,
    draw_batch,
    fit_detector,
)
from segmentation.training.network import build_detector, split_heads

if TYPE_CHECKING:
    import keras

from pipeline.training.checkpoint import (
    checkpoint_after_each_epoch,
    claim_folder,
    finished,
    resumed,
    started_from,
)
from pipeline.training.order import Report, TrainingOrder

__all__ = ["train_detector"]

FINE_TUNING_RATE = 8e-4
"""Highest learning rate where a finished detector is trained on."""
THRESHOLD = 0.36
"""Least peak of a detection: of what left-out fields hold between this and 0.40, five in six are cells
(docs/lab/detection_limits.md)."""
REPRESENTATIVE = 48
"""Pictures that the ranges of the int8 network are taken from."""


def train_detector(order: TrainingOrder, report: Report) -> Path:
    """Train the detector; `out` then holds its Keras and LiteRT files, manifest and card.

    A run that was killed resumes from its last checkpoint when run again with identical
    options.

    Raises
    ------
    InputError
        Where `out` holds the checkpoint of another order.
    """
    settings = DetectorSettings(steps=order.steps or DetectorSettings().steps)
    if order.start_from is not None:
        settings = DetectorSettings(steps=settings.steps, learning_rate=FINE_TUNING_RATE)
    claim_folder(order, "detector")
    if (done := finished(order, "detector", report)) is not None:
        return done
    start_from = started_from(order, build_detector)
    report("reading labelled fields and rendering smears")
    samples = detector_samples(order.data, order.leave_out, order.seed)
    report(f"{len(samples)} fields; {settings.steps} steps")
    course = Course(
        seed=order.seed,
        resume=resumed(order, {"detector_loss": detector_loss}),
        start_from=start_from,
        callbacks=[checkpoint_after_each_epoch(order.out, settings.steps_per_epoch, settings.steps, report)],
    )
    model = fit_detector(samples, settings, course)
    return _finish(model, order, samples)


def _finish(model: "keras.Model", order: TrainingOrder, samples: Sequence[DetectorSample]) -> Path:
    """Write the network's files; gives the manifest's path."""
    keras_file = write_network(model, order.out, "detector")
    rng = np.random.default_rng((order.seed, 2))
    settings = DetectorSettings(batch=REPRESENTATIVE, side_px=240)
    pictures = draw_batch(samples, settings, rng)[0].astype(np.uint8)
    entries = {
        "name": f"smearcount-detector-{'left-out-' if order.leave_out else ''}4",
        "um_per_px": DETECTOR_UM_PER_PX,
        "classes": list(CLASSES),
        "threshold": THRESHOLD,
        "trained_on": sorted(FIELD_SETS),
        "left_out": sorted(order.leave_out),
        "seed": order.seed,
        "licence": WEIGHTS_LICENCE,
    }
    facts = Facts(entries=entries, card=detector_card(entries))
    return write_model_files(split_heads(model), keras_file, pictures, facts)

"""Fits the classifier with a checkpoint after every epoch, or resumes from the one that is there."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from classifier.training.fit import ClassifierSettings, CropSample, classifier_loss, fit_classifier
from pipeline.training.checkpoint import checkpoint_after_each_epoch, resumed
from pipeline.training.order import Report, TrainingOrder
from segmentation.training.epochs import Course

if TYPE_CHECKING:
    import keras

__all__ = ["fit_or_resume"]


def fit_or_resume(
    samples: Sequence[CropSample],
    settings: ClassifierSettings,
    order: TrainingOrder,
    report: Report,
    start_from: "keras.Model | None" = None,
) -> "keras.Model":
    """The network that `order` asks for; the checkpoints stand in `order.out`, which must be claimed.

    Parameters
    ----------
    start_from : finished weights to begin with instead of random ones.
    """
    course = Course(
        seed=order.seed,
        resume=resumed(order, {"classifier_loss": classifier_loss}),
        start_from=start_from,
        callbacks=[checkpoint_after_each_epoch(order.out, settings.steps_per_epoch, settings.steps, report)],
    )
    return fit_classifier(samples, settings, course)

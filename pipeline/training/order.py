"""What to train and on what."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Report", "TrainingOrder"]


Report = Callable[[str], None]
"""Takes one line of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingOrder:
    """What to train and on what.

    Attributes
    ----------
    data : folder of the labelled sets.
    out : folder of the checkpoint and the finished network.
    leave_out : names of sets, slides or patients that must not be trained on.
    seed : of every random choice.
    steps : steps in all; None is the number the shipped network was trained with.
    start_from : a finished .keras file to train further at a low rate, or None to start anew.
    measured_by : manifest of the same training with something left out, whose figures stand for this one
        (classifier).
    detector : manifest of the detector that cuts the classifier's crops; None: the shipped one.
    suspect_labels : list of suspect labels (`pipeline.training.data.label_noise`) that are not trained on,
        or None (classifier).
    hard_negatives_from : manifest of a finished classifier; uninfected cells that it nearly calls
        infected are drawn more often; or None (classifier).
    """

    data: Path
    out: Path
    leave_out: tuple[str, ...] = ()
    seed: int = 1
    steps: int | None = None
    start_from: Path | None = None
    measured_by: Path | None = None
    detector: Path | None = None
    suspect_labels: Path | None = None
    hard_negatives_from: Path | None = None

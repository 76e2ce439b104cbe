"""Trains the networks from labelled data: seeded, resumable, with a checkpoint after every epoch."""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import InputError, ModelError
from pipeline.model_cards import detector_card
from pipeline.model_files import Facts, write_model_files, write_network
from pipeline.training_sets import FIELD_SETS, detector_samples
from segmentation.fit import DetectorSample, DetectorSettings, detector_loss, draw_batch, fit_detector
from segmentation.network import CLASSES, build_detector, split_heads
from segmentation.resample import DETECTOR_UM_PER_PX

if TYPE_CHECKING:
    import keras

__all__ = ["Report", "TrainingOrder", "train_detector"]

Report = Callable[[str], None]
"""Takes one line of progress."""
FINE_TUNING_RATE = 8e-4
"""Highest learning rate where a finished detector is trained on."""
THRESHOLD = 0.4
"""Least peak of a detection: where precision and recall meet on the left-out fields, see docs/accuracy.md."""
REPRESENTATIVE = 48
"""Pictures that the ranges of the int8 network are taken from."""
CHECKPOINT, ORDER = "checkpoint.keras", "order.json"


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
    start_from : a finished .keras file to go on from at a low rate, or None to start anew.
    measured_by : manifest of the same training with something left out, whose figures stand for this one
        (classifier).
    detector : manifest of the detector that cuts the classifier's crops; None: the shipped one.
    doubted : list of doubted labels (`pipeline.label_noise`) that are not trained on, or None (classifier).
    mined_by : manifest of a finished classifier; uninfected cells that it nearly calls infected are drawn
        more often; or None (classifier).
    """

    data: Path
    out: Path
    leave_out: tuple[str, ...] = ()
    seed: int = 1
    steps: int | None = None
    start_from: Path | None = None
    measured_by: Path | None = None
    detector: Path | None = None
    doubted: Path | None = None
    mined_by: Path | None = None


def train_detector(order: TrainingOrder, report: Report) -> Path:
    """Train the detector; `out` then holds its Keras and LiteRT files, manifest and card.

    A run that was killed goes on from its last checkpoint when it is ordered again in the same words.

    Raises
    ------
    InputError
        Where `out` holds the checkpoint of another order.
    """
    settings = DetectorSettings(steps=order.steps or DetectorSettings().steps)
    if order.start_from is not None:
        settings = DetectorSettings(steps=settings.steps, learning_rate=FINE_TUNING_RATE)
    claim_folder(order, "detector")
    start_from = started_from(order, build_detector)
    report("reading labelled fields and rendering smears")
    samples = detector_samples(order.data, order.leave_out, order.seed)
    report(f"{len(samples)} fields; {settings.steps} steps")
    model = fit_detector(
        samples,
        settings,
        order.seed,
        resume=resumed(order, {"detector_loss": detector_loss}),
        start_from=start_from,
        callbacks=[checkpoint_after_each_epoch(order.out, settings.steps_per_epoch, settings.steps, report)],
    )
    return _finish(model, order, samples)


def _finish(model: "keras.Model", order: TrainingOrder, samples: Sequence[DetectorSample]) -> Path:
    """Write the network's files; gives the manifest's path."""
    keras_file = write_network(model, order.out, "detector")
    rng = np.random.default_rng((order.seed, 2))
    settings = DetectorSettings(batch=REPRESENTATIVE, side_px=240)
    pictures = draw_batch(samples, settings, rng)[0].astype(np.uint8)
    entries = {
        "name": f"smearcount-detector-{'left-out-' if order.leave_out else ''}3",
        "um_per_px": DETECTOR_UM_PER_PX,
        "classes": list(CLASSES),
        "threshold": THRESHOLD,
        "trained_on": sorted(FIELD_SETS),
        "left_out": sorted(order.leave_out),
        "seed": order.seed,
        "licence": "Apache-2.0",
    }
    facts = Facts(entries=entries, card=detector_card(entries))
    return write_model_files(split_heads(model), keras_file, pictures, facts)


def claim_folder(order: TrainingOrder, task: str) -> None:
    """Make `out` this order's folder, or refuse where another order's checkpoint lies in it.

    Raises
    ------
    InputError
        Where it does.
    """
    words = {**{name: str(value) for name, value in asdict(order).items()}, "task": task}
    file = order.out / ORDER
    order.out.mkdir(parents=True, exist_ok=True)
    if file.exists() and (order.out / CHECKPOINT).exists():
        if json.loads(file.read_text(encoding="utf-8")) != words:
            raise InputError(
                f"{order.out} holds the checkpoint of another training; name another --out or remove it"
            )
        return
    file.write_text(json.dumps(words, indent=1), encoding="utf-8")


def resumed(order: TrainingOrder, losses: dict[str, Any]) -> "keras.Model | None":
    """The checkpoint of an interrupted run, with its optimiser, or None."""
    return load(order.out / CHECKPOINT, losses) if (order.out / CHECKPOINT).exists() else None


def started_from(order: TrainingOrder, build: Callable[[], "keras.Model"]) -> "keras.Model | None":
    """The network to go on from, or None.

    Raises
    ------
    ModelError
        Where it takes or answers something else than what `build` gives: another task, or an earlier form.
    """
    if order.start_from is None:
        return None
    given, usual = load(order.start_from), build()
    if (given.input_shape, given.output_shape) != (usual.input_shape, usual.output_shape):
        raise ModelError(
            f"{order.start_from} takes {given.input_shape} and answers {given.output_shape}, expected "
            f"{usual.input_shape} and {usual.output_shape}; pass another --start-from or leave it out"
        )
    return given


def load(path: Path, losses: dict[str, Any] | None = None) -> "keras.Model":
    """Keras network; with its optimiser where its losses are given."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    try:
        return keras.models.load_model(path, custom_objects=losses, compile=losses is not None)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path} cannot be loaded ({str(error).splitlines()[0]}); remove it to start anew"
        ) from error


def checkpoint_after_each_epoch(out: Path, steps_per_epoch: int, steps: int, report: Report) -> Any:
    """Keras callback that saves whole checkpoints and reports loss and time left."""
    import keras

    class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
        def __init__(self) -> None:
            super().__init__()
            self.began = time.perf_counter()
            self.first: int | None = None

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            save_whole(self.model, out / CHECKPOINT)
            self.first = epoch if self.first is None else self.first
            epochs = steps // steps_per_epoch
            each = (time.perf_counter() - self.began) / (epoch - self.first + 1)
            values = " ".join(f"{name} {value:.4f}" for name, value in (logs or {}).items())
            report(
                f"epoch {epoch + 1} of {epochs}: {values}; {each * (epochs - epoch - 1) / 60:.0f} min left"
            )

    return Checkpoint()


def save_whole(model: "keras.Model", path: Path) -> Path:
    """Write a Keras file beside, then rename: a power cut leaves the old one or the new one."""
    beside = path.with_name(f".writing-{path.name}")
    model.save(beside)
    with beside.open("rb+") as file:
        os.fsync(file.fileno())
    beside.replace(path)
    return path

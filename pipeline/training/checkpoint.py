"""A training that survives a kill: its folder, its checkpoint, and the network it starts from."""

import json
import os
import time
import tomllib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import ModelError
from pipeline.errors import InputError, reason_of
from pipeline.training.order import Report, TrainingOrder

if TYPE_CHECKING:
    import keras

__all__ = [
    "checkpoint_after_each_epoch",
    "claim_folder",
    "finished",
    "load",
    "resumed",
    "save_whole",
    "started_from",
]

CHECKPOINT, ORDER = "checkpoint.keras", "order.json"
LAST_ENTRY = {"detector": "sha256", "classifier": "reference_sha256"}
"""Of the entries of a manifest the one that is written last."""


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


def finished(order: TrainingOrder, task: str, report: Report) -> Path | None:
    """The manifest of this order's training where it ended before, said to `report`; None where it did not.

    The folder must be claimed: its checkpoint is of this order then, and its manifest the last file.
    """
    manifest = order.out / f"{task}.toml"
    if not manifest.exists() or not (order.out / CHECKPOINT).exists():
        return None
    if LAST_ENTRY[task] not in tomllib.loads(manifest.read_text(encoding="utf-8")):
        return None
    report(f"{manifest} is finished; remove {order.out} to train it anew")
    return manifest


def resumed(order: TrainingOrder, losses: dict[str, Any]) -> "keras.Model | None":
    """The checkpoint of an interrupted run, with its optimiser, or None."""
    return load(order.out / CHECKPOINT, losses) if (order.out / CHECKPOINT).exists() else None


def started_from(order: TrainingOrder, build: Callable[[], "keras.Model"]) -> "keras.Model | None":
    """The network to start from, or None.

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
        raise ModelError(f"{path} cannot be loaded ({reason_of(error)}); remove it to start anew") from error


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
            epochs = -(-steps // steps_per_epoch)
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

"""Breaks a training off inside an epoch, and gives its checkpoint as a new process would find it."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

Train = Callable[[Sequence[Any]], "keras.Model"]
"""Trains anew with these callbacks."""


class Interrupt(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Saves after every epoch, as the pipeline does, and stops the training after so many steps."""

    def __init__(self, file: Path, step: int) -> None:
        super().__init__()
        self.file = file
        self.step = step

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.model.save(self.file)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if int(self.model.optimizer.iterations) == self.step:
            raise KeyboardInterrupt


def checkpoint_of(train: Train, step: int, losses: dict[str, Any], folder: Path) -> "keras.Model":
    """The last checkpoint of a training that was interrupted after `step` steps."""
    file = folder / "checkpoint.keras"
    try:
        train([Interrupt(file, step)])
    except KeyboardInterrupt:
        set_global_generators(step)
        return keras.models.load_model(file, custom_objects=losses)
    raise AssertionError(f"the training ended before step {step}")


def set_global_generators(seed: int) -> None:
    """Bring the generators that libraries share into some state: a new process has them in another one."""
    random.seed(seed)
    np.random.seed(seed)


def state(model: "keras.Model") -> list[NDArray[Any]]:
    """Every weight, moving statistic, state of a layer that draws, and variable of the optimiser."""
    return [np.asarray(variable) for variable in (*model.variables, *model.optimizer.variables)]


def assert_same_state(model: "keras.Model", expected: "keras.Model") -> None:
    """The same, bit for bit: two seeded runs on one machine are, so a resumed one can be asked to be."""
    for found, wanted in zip(state(model), state(expected), strict=True):
        np.testing.assert_array_equal(found, wanted)

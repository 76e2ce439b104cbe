"""Trains a network epoch by epoch on batches that depend on nothing but seed and epoch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

__all__ = ["Course", "Draw", "Schedule", "compiled", "fit", "fit_epochs"]

Draw = Callable[[np.random.Generator], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Draws one batch: pictures and what the network should answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long and how fast a network learns.

    Attributes
    ----------
    rate : highest learning rate. decay : of the weights.
    steps : in all. steps_per_epoch : steps between checkpoints; the last epoch may have fewer.
    """

    rate: float
    decay: float
    steps: int
    steps_per_epoch: int

    @property
    def epochs(self) -> int:
        """How many checkpoints the training has."""
        return -(-self.steps // self.steps_per_epoch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One training of a network: what it starts from and who watches it.

    Attributes
    ----------
    seed : of every random choice.
    resume : a compiled checkpoint of the same training; resumed after its last whole epoch.
    start_from : finished weights to begin with instead of random ones.
    callbacks : of Keras, called as it trains.
    """

    seed: int
    resume: "keras.Model | None" = None
    start_from: "keras.Model | None" = None
    callbacks: Sequence[Any] = ()


def fit(
    course: Course, build: Callable[[], "keras.Model"], loss: Any, draw: Draw, schedule: Schedule
) -> "keras.Model":
    """The network after its training, from where `course` begins; `build` makes one with random weights."""
    import keras

    model = course.resume
    if model is None:
        keras.utils.set_random_seed(course.seed)
        begun = build() if course.start_from is None else course.start_from
        model = compiled(begun, loss, schedule)
    return fit_epochs(model, draw, schedule, course)


def compiled(model: "keras.Model", loss: Any, schedule: Schedule) -> "keras.Model":
    """The network with AdamW (Loshchilov and Hutter 2019) on a warmed-up cosine schedule."""
    import keras

    rates = keras.optimizers.schedules.CosineDecay(
        1e-5, schedule.steps, warmup_target=schedule.rate, warmup_steps=max(1, schedule.steps // 20)
    )
    model.compile(keras.optimizers.AdamW(rates, weight_decay=schedule.decay, clipnorm=5.0), loss=loss)
    return model


def fit_epochs(model: "keras.Model", draw: Draw, schedule: Schedule, course: Course) -> "keras.Model":
    """Train a compiled network; one that was interrupted resumes after its last whole epoch.

    Parameters
    ----------
    draw : called with a generator seeded by (seed, epoch, batch), so that an interrupted run asks for the
        batches it would have had.
    """
    seed, each = course.seed, schedule.steps_per_epoch
    first = -(-int(model.optimizer.iterations) // each)
    for epoch in range(first, schedule.epochs):
        _reseed(model, seed, epoch * each)
        model.fit(
            _batches(draw, seed, epoch, min(each, schedule.steps - epoch * each)),
            initial_epoch=epoch,
            epochs=epoch + 1,
            # Keras shuffles by default, by Python's global generator, whose state no checkpoint holds.
            shuffle=False,
            verbose=0,
            callbacks=list(course.callbacks),
        )
    return model


def _reseed(model: "keras.Model", seed: int, step: int) -> None:
    """Set what layers such as dropout draw from to that step: a checkpoint does not hold it."""
    for layer in model.layers:
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign([seed, step])


def _batches(draw: Draw, seed: int, epoch: int, steps: int) -> Any:
    import keras

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # keras ships no types
        def __len__(self) -> int:
            return steps

        def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            return draw(np.random.default_rng((seed, epoch, index)))

        def on_epoch_end(self) -> None:
            """Nothing to shuffle: every batch is drawn by its number."""

    return Batches(workers=1, use_multiprocessing=False, max_queue_size=4)

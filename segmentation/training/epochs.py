"""Trains a network epoch by epoch on batches that depend on nothing but seed and epoch."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

__all__ = ["Draw", "compiled", "fit_epochs"]

Draw = Callable[[np.random.Generator], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Draws one batch: pictures and what the network should answer."""


def compiled(model: "keras.Model", loss: Any, *, rate: float, decay: float, steps: int) -> "keras.Model":
    """The network with AdamW (Loshchilov and Hutter 2019) on a warmed-up cosine schedule of `steps` steps."""
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(
        1e-5, steps, warmup_target=rate, warmup_steps=max(1, steps // 20)
    )
    model.compile(keras.optimizers.AdamW(schedule, weight_decay=decay, clipnorm=5.0), loss=loss)
    return model


def fit_epochs(
    model: "keras.Model", draw: Draw, size: tuple[int, int], seed: int, callbacks: Sequence[Any]
) -> "keras.Model":
    """Train a compiled network; one that was interrupted resumes after its last whole epoch.

    Parameters
    ----------
    draw : called with a generator seeded by (seed, epoch, batch), so that an interrupted run asks for the
        batches it would have had.
    size : steps in all, and steps an epoch.
    """
    steps, steps_per_epoch = size
    first = int(model.optimizer.iterations) // steps_per_epoch
    for epoch in range(first, steps // steps_per_epoch):
        _reseed(model, seed, epoch * steps_per_epoch)
        model.fit(
            _batches(draw, seed, epoch, steps_per_epoch),
            initial_epoch=epoch,
            epochs=epoch + 1,
            # Keras shuffles by default, by Python's global generator, whose state no checkpoint holds.
            shuffle=False,
            verbose=0,
            callbacks=list(callbacks),
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

"""The training loop: the same seed gives the same network, however often it was interrupted."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from segmentation.training.epochs import Course, Schedule, compiled, fit_epochs
from tests.classifier.interruption import assert_same_state, checkpoint_of, set_global_generators, state

STEPS, STEPS_PER_EPOCH = 18, 6
SCHEDULE = Schedule(rate=0.01, decay=1e-3, steps=STEPS, steps_per_epoch=STEPS_PER_EPOCH)


def draw(rng: np.random.Generator):
    """Eight points, and the sum of their coordinates."""
    points = rng.normal(size=(8, 4)).astype(np.float32)
    return points, points.sum(axis=1, keepdims=True)


def network() -> keras.Model:
    """Has what a checkpoint must bring back: weights, moving statistics, and a layer that draws."""
    keras.utils.set_random_seed(5)
    layers = keras.layers
    given = keras.Input((4,))
    features = layers.Dropout(0.5)(layers.BatchNormalization()(layers.Dense(16, activation="relu")(given)))
    model = keras.Model(given, layers.Dense(1)(features))
    return compiled(model, "mse", SCHEDULE)


def train(callbacks: Sequence[Any] = (), seed: int = 1) -> keras.Model:
    return fit_epochs(network(), draw, SCHEDULE, Course(seed=seed, callbacks=callbacks))


def test_a_training_depends_on_its_seed_and_on_no_generator_shared_with_others() -> None:
    trained = []
    for shared in (1, 2):
        model = network()
        set_global_generators(shared)
        trained.append(fit_epochs(model, draw, SCHEDULE, Course(seed=1)))
    assert_same_state(*trained)
    other = train(seed=2)
    assert any(not np.array_equal(*pair) for pair in zip(state(other), state(trained[0]), strict=True))


def test_an_interrupted_training_ends_with_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    whole = train()
    for epoch in (1, 2):
        checkpoint = checkpoint_of(train, epoch * STEPS_PER_EPOCH + 2, {}, tmp_path)
        assert int(checkpoint.optimizer.iterations) == epoch * STEPS_PER_EPOCH
        assert_same_state(fit_epochs(checkpoint, draw, SCHEDULE, Course(seed=1)), whole)


@pytest.mark.parametrize("steps", [STEPS_PER_EPOCH - 2, STEPS + 2])
def test_every_step_that_is_asked_for_is_taken(steps: int) -> None:
    schedule = replace(SCHEDULE, steps=steps)
    model = fit_epochs(network(), draw, schedule, Course(seed=1))
    assert int(model.optimizer.iterations) == steps
    before = state(model)
    for now, then in zip(state(fit_epochs(model, draw, schedule, Course(seed=1))), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_finished_training_is_left_as_it_is() -> None:
    model = train()
    before = state(model)
    for now, then in zip(state(fit_epochs(model, draw, SCHEDULE, Course(seed=1))), before, strict=True):
        np.testing.assert_array_equal(now, then)

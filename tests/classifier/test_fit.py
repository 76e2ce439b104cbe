"""Training: it learns, and an interrupted run goes on."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from classifier.fit import (
    UNKNOWN_STAGE,
    ClassifierSettings,
    CropSample,
    classifier_loss,
    draw_batch,
    fit_classifier,
)
from classifier.network import STAGES
from tests.classifier.interruption import assert_same_state, checkpoint_of
from tests.segmentation.disc_pictures import disc_share

SIDE = 56
SETTINGS = ClassifierSettings(batch=16, steps=60, steps_per_epoch=20)


def sample(number: int, seed: int) -> CropSample:
    """Discs, every second one with a dark dot: those are the infected ones."""
    rng = np.random.default_rng(seed)
    disc = disc_share(SIDE, SIDE, [(28, 28, 18)])[..., None]
    crops = []
    for index in range(number):
        picture = 230 - disc * rng.uniform(20, 40)
        if index % 2:
            x, y = rng.uniform(20, 36, 2)
            picture = picture * (1 - 0.7 * disc_share(SIDE, SIDE, [(x, y, 4)])[..., None])
        crops.append(np.rint(np.broadcast_to(picture, (SIDE, SIDE, 3))))
    infected = np.arange(number) % 2 == 1
    return CropSample(
        crops=np.stack(crops).astype(np.uint8),
        infected=infected,
        stage=np.where(infected, np.arange(number) // 2 % len(STAGES), UNKNOWN_STAGE),
        weight=np.ones(number),
        surroundings=np.empty((0, SIDE, SIDE, 3), np.uint8),
    )


def test_the_same_generator_draws_the_same_batch() -> None:
    first = draw_batch([sample(20, 0)], SETTINGS, np.random.default_rng(3))
    again = draw_batch([sample(20, 0)], SETTINGS, np.random.default_rng(3))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


def test_labels_are_drawn_by_their_weights_and_smoothed() -> None:
    drawn = sample(20, 0)
    only_infected = replace(drawn, weight=drawn.infected.astype(np.float64))
    labels, stages = draw_batch([only_infected], SETTINGS, np.random.default_rng(3))[1].T
    assert labels.tolist() == pytest.approx([1 - SETTINGS.smoothing / 2] * SETTINGS.batch)
    assert set(stages.tolist()) <= set(range(len(STAGES)))


def test_it_learns_to_tell_dotted_from_plain_cells() -> None:
    model = fit_classifier([sample(60, 0)], replace(SETTINGS, steps=200), 1)
    unseen = sample(40, 1)
    logits = np.asarray(model.predict_on_batch(unseen.crops.astype(np.float32)))[:, 0]
    assert logits[unseen.infected].mean() > logits[~unseen.infected].mean() + 0.5


def test_an_interrupted_training_ends_with_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    settings = ClassifierSettings(batch=8, steps=15, steps_per_epoch=5)

    def train(callbacks: Sequence[Any] = (), resume: keras.Model | None = None) -> keras.Model:
        return fit_classifier([sample(20, 0)], settings, 1, resume=resume, callbacks=callbacks)

    checkpoint = checkpoint_of(train, 7, {"classifier_loss": classifier_loss}, tmp_path)
    assert int(checkpoint.optimizer.iterations) == 5
    assert_same_state(train(resume=checkpoint), train())

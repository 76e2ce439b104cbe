"""Training: it learns, and an interrupted run goes on."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from classifier.fit import ClassifierSettings, CropSample, classifier_loss, draw_batch, fit_classifier
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
    return CropSample(crops=np.stack(crops).astype(np.uint8), infected=infected, weight=np.ones(number))


def test_the_same_generator_draws_the_same_batch() -> None:
    first = draw_batch([sample(20, 0)], SETTINGS, np.random.default_rng(3))
    again = draw_batch([sample(20, 0)], SETTINGS, np.random.default_rng(3))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


def test_labels_are_drawn_by_their_weights_and_smoothed() -> None:
    drawn = sample(20, 0)
    only_infected = CropSample(
        crops=drawn.crops, infected=drawn.infected, weight=drawn.infected.astype(np.float64)
    )
    labels = draw_batch([only_infected], SETTINGS, np.random.default_rng(3))[1]
    assert labels.ravel().tolist() == pytest.approx([1 - SETTINGS.smoothing / 2] * SETTINGS.batch)


def test_it_learns_to_tell_dotted_from_plain_cells() -> None:
    model = fit_classifier([sample(60, 0)], replace(SETTINGS, steps=200), 1)
    unseen = sample(40, 1)
    logits = np.asarray(model.predict_on_batch(unseen.crops.astype(np.float32)))[:, 0]
    assert logits[unseen.infected].mean() > logits[~unseen.infected].mean() + 0.5


def test_an_interrupted_training_goes_on_and_ends_near_where_it_would_have_ended(tmp_path: Path) -> None:
    class Stop(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            self.model.save(tmp_path / "checkpoint.keras")
            if epoch == 0:
                raise KeyboardInterrupt

    settings = ClassifierSettings(batch=8, steps=9, steps_per_epoch=3)
    whole = fit_classifier([sample(20, 0)], settings, 1)
    with pytest.raises(KeyboardInterrupt):
        fit_classifier([sample(20, 0)], settings, 1, callbacks=[Stop()])
    checkpoint = keras.models.load_model(
        tmp_path / "checkpoint.keras", custom_objects={"classifier_loss": classifier_loss}
    )
    assert int(checkpoint.optimizer.iterations) == 3
    resumed = fit_classifier([sample(20, 0)], settings, 1, resume=checkpoint)
    assert int(resumed.optimizer.iterations) == 9
    crops = sample(10, 2).crops.astype(np.float32)
    # Weights and optimiser are restored exactly, the next epoch's loss still differs: the cause is not found.
    np.testing.assert_allclose(resumed.predict_on_batch(crops), whole.predict_on_batch(crops), atol=0.05)

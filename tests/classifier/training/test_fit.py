"""Training: it learns, and an interrupted run goes on."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from classifier.outline import MARGIN_PX, outlined
from classifier.predict import STAGES
from classifier.training.fit import (
    BESIDE,
    UNKNOWN_STAGE,
    ClassifierSettings,
    CropSample,
    classifier_loss,
    draw_batch,
    fit_classifier,
)
from segmentation.training.epochs import Course
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
    masks = np.broadcast_to((disc[..., 0] > 0.5).astype(np.uint8), (number, SIDE, SIDE))
    return CropSample(
        crops=outlined(np.stack(crops).astype(np.uint8), masks),
        infected=infected,
        stage=np.where(infected, np.arange(number) // 2 % len(STAGES), UNKNOWN_STAGE),
        weight=np.ones(number),
        surroundings=np.empty((0, SIDE, SIDE, 3), np.uint8),
        others=np.empty((0, SIDE, SIDE, 4), np.uint8),
    )


def lone_cell(others: int) -> CropSample:
    """One crop of noise whose cell is marked, and black discs that may be set beside it."""
    disc = disc_share(SIDE, SIDE, [(28, 28, 18)])
    mask = (disc > 0.5).astype(np.uint8)[None]
    noise = np.random.default_rng(0).integers(100, 231, (1, SIDE, SIDE, 3), np.uint8)
    black = np.rint(230 * (1 - disc[..., None])).astype(np.uint8).repeat(3, axis=2)
    return replace(
        sample(1, 0),
        crops=outlined(noise, mask),
        others=np.repeat(outlined(black[None], mask), others, axis=0),
    )


@pytest.fixture
def _same_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Crops keep their look and place, so that what is set beside them is told to the pixel."""
    monkeypatch.setattr("classifier.training.fit._vary", lambda crop, stretched, rng: crop)
    monkeypatch.setattr("classifier.training.fit.CRENATED", {False: 0.0, True: 0.0})


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


@pytest.mark.usefixtures("_same_look")
def test_another_cell_is_set_beside_some_and_changes_no_pixel_of_the_cell_that_is_meant() -> None:
    drawn = lone_cell(others=3)
    (crop,) = drawn.crops
    pictures, _ = draw_batch([drawn], replace(SETTINGS, batch=400), np.random.default_rng(5))
    own = crop[..., 3] == 255
    assert (pictures[:, own] == crop[own]).all()
    assert (pictures[..., 3] == crop[..., 3]).all()
    assert (pictures[..., :3] <= crop[..., :3]).all(), "the other cell takes light, and gives none"
    changed = (pictures != crop).any(axis=3)
    beside = changed.any(axis=(1, 2))
    assert beside.mean() == pytest.approx(BESIDE, abs=0.08)
    assert changed[beside].sum(axis=(1, 2)).min() > 10
    assert (pictures[beside, ..., :3].min(axis=(1, 2, 3)) < 20).all()
    angles = {tuple(np.sign(np.argwhere(one).mean(axis=0) - 27.5)) for one in changed[beside]}
    assert len(angles) == 4, "the other cell lies on whichever side"


@pytest.mark.usefixtures("_same_look")
def test_nothing_is_set_beside_a_cell_where_there_is_no_other() -> None:
    drawn = lone_cell(others=0)
    pictures, _ = draw_batch([drawn], SETTINGS, np.random.default_rng(5))
    assert (pictures == drawn.crops).all()


@pytest.mark.usefixtures("_same_look")
def test_what_is_set_round_a_bare_cell_leaves_its_mark_alone() -> None:
    around = np.full((2, SIDE, SIDE, 3), 115, np.uint8)
    drawn = replace(lone_cell(others=0), surroundings=around)
    pictures, _ = draw_batch([drawn], replace(SETTINGS, batch=64), np.random.default_rng(5))
    (crop,) = drawn.crops
    assert (pictures[..., 3] == crop[..., 3]).all()
    halved = (pictures[..., :3] == crop[..., :3] // 2).all(axis=(1, 2, 3))
    whole = (pictures[..., :3] == crop[..., :3]).all(axis=(1, 2, 3))
    assert (halved ^ whole).all()
    assert 0.4 < halved.mean() < 0.95


def test_drawing_a_batch_changes_no_sample() -> None:
    drawn = replace(lone_cell(others=2), surroundings=np.full((2, SIDE, SIDE, 3), 200, np.uint8))
    before = drawn.crops.copy(), drawn.others.copy(), drawn.surroundings.copy()
    draw_batch([drawn], SETTINGS, np.random.default_rng(5))
    for kept, now in zip(before, (drawn.crops, drawn.others, drawn.surroundings), strict=True):
        np.testing.assert_array_equal(kept, now)


def test_the_mark_stays_on_its_cell_however_the_crop_was_turned_and_moved() -> None:
    share = disc_share(SIDE, SIDE, [(36, 24, 10)])
    dark = np.rint(230 - 190 * share[..., None]).astype(np.uint8).repeat(3, axis=2)
    mask = (share > 0.5).astype(np.uint8)[None]
    drawn = replace(sample(1, 0), crops=outlined(dark[None], mask))
    pictures, _ = draw_batch([drawn], replace(SETTINGS, batch=64), np.random.default_rng(2))
    places, away, wider = [], [], []
    for picture in pictures:
        green, mark = picture[..., 1], picture[..., 3] > 127
        cell = np.argwhere(green < (np.percentile(green, 5) + np.median(green)) / 2)
        places.append(np.argwhere(mark).mean(axis=0))
        away.append(float(np.hypot(*(np.median(cell, axis=0) - places[-1]))))
        wider.append(float(np.sqrt(mark.sum() / np.pi) - np.sqrt(len(cell) / np.pi)))
    assert np.percentile(away, 90) < 1.5
    assert np.ptp(places, axis=0).min() > 10, "the cell was not turned at all"
    assert np.median(wider) == pytest.approx(MARGIN_PX, abs=0.5)
    least, most = np.percentile(wider, (15, 85))
    assert least < MARGIN_PX - 1 < MARGIN_PX + 1 < most, "masks are never exact"


def test_a_stretched_cell_stays_in_its_place_and_its_mark_goes_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    share = disc_share(SIDE, SIDE, [(28, 28, 12)])
    dark = np.rint(230 - 190 * share[..., None]).astype(np.uint8).repeat(3, axis=2)
    drawn = replace(sample(1, 0), crops=outlined(dark[None], (share > 0.5).astype(np.uint8)[None]))
    monkeypatch.setattr("classifier.training.fit.vary_look", lambda picture, rng, *, strength: picture)

    def shapes(how_many: float) -> np.ndarray:
        settings = replace(SETTINGS, batch=200, stretched=how_many)
        pictures, _ = draw_batch([drawn], settings, np.random.default_rng(2))
        rows = []
        for picture in pictures:
            cell, mark = np.argwhere(picture[..., 1] < 100), np.argwhere(picture[..., 3] > 127)
            long, short = np.linalg.svd(mark - mark.mean(axis=0), compute_uv=False) / np.sqrt(len(mark))
            apart, moved = cell.mean(axis=0) - mark.mean(axis=0), mark.mean(axis=0) - (SIDE - 1) / 2
            rows.append([long / short, np.hypot(*apart), np.hypot(*moved)])
        return np.asarray(rows)

    longer, apart, moved = shapes(1.0).T
    assert np.percentile(longer, 10) < 1.2 < 1.6 < np.percentile(longer, 90) and longer.max() < 2.5
    assert np.median(apart) < 0.5
    assert np.median(moved) == pytest.approx(np.median(shapes(0.0)[:, 2]), rel=0.3)
    assert shapes(0.0)[:, 0].max() < 1.15


def test_it_learns_to_tell_dotted_from_plain_cells() -> None:
    model = fit_classifier([sample(60, 0)], replace(SETTINGS, steps=200), Course(seed=1))
    unseen = sample(40, 1)
    logits = np.asarray(model.predict_on_batch(unseen.crops.astype(np.float32)))[:, 0]
    assert logits[unseen.infected].mean() > logits[~unseen.infected].mean() + 0.5


def test_a_finished_network_is_trained_on_and_not_anew() -> None:
    settings = ClassifierSettings(batch=8, steps=5, steps_per_epoch=5, learning_rate=1e-6)
    finished = fit_classifier([sample(20, 0)], settings, Course(seed=1))
    kernel = np.array(finished.trainable_variables[0])
    on = fit_classifier([sample(20, 0)], settings, Course(seed=2, start_from=finished))
    anew = fit_classifier([sample(20, 0)], settings, Course(seed=2))
    moved, other = (np.abs(np.asarray(m.trainable_variables[0]) - kernel).max() for m in (on, anew))
    assert 0 < moved < 1e-3 < other


def test_an_interrupted_training_ends_with_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    settings = ClassifierSettings(batch=8, steps=15, steps_per_epoch=5)

    def train(callbacks: Sequence[Any] = (), resume: keras.Model | None = None) -> keras.Model:
        return fit_classifier([sample(20, 0)], settings, Course(seed=1, resume=resume, callbacks=callbacks))

    checkpoint = checkpoint_of(train, 7, {"classifier_loss": classifier_loss}, tmp_path)
    assert int(checkpoint.optimizer.iterations) == 5
    assert_same_state(train(resume=checkpoint), train())

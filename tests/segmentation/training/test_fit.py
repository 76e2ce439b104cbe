"""Training of the detector: its pictures fit its targets, and an interrupted run goes on."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest

from segmentation.detector import BOX_UNIT_PX, OUTPUT_STRIDE
from segmentation.training import fit
from segmentation.training.epochs import Course
from segmentation.training.fit import detector_loss, draw_batch, fit_detector
from segmentation.training.targets import AnnotatedCells
from tests.classifier.interruption import assert_same_state, checkpoint_of
from tests.segmentation.disc_samples import SETTINGS, disc_samples


def test_the_same_generator_draws_the_same_batch() -> None:
    first = draw_batch(disc_samples(), SETTINGS, np.random.default_rng(3))
    again = draw_batch(disc_samples(), SETTINGS, np.random.default_rng(3))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


def test_a_cell_is_asked_for_where_it_lies_however_the_picture_was_turned_and_scaled() -> None:
    cells = 0
    for seed in range(10):
        pictures, targets = draw_batch(disc_samples(), SETTINGS, np.random.default_rng(seed))
        for picture, target in zip(pictures, targets, strict=True):
            green = picture[::2, ::2, 1]
            centres = target[..., 0] == 1
            cells += int(centres.sum())
            # The discs take in most green; the brightest tenth of a window is background.
            assert np.all(green[centres] < np.quantile(green, 0.9) - 30)
    assert cells > 50


def test_windows_are_laid_around_the_rare_cells_more_often_than_chance_would() -> None:
    (sample,) = disc_samples()[:1]
    corner = np.asarray([[32.0, 32.0, 52.0, 52.0]], np.float32)
    one = AnnotatedCells(boxes=corner, kinds=np.zeros(1, np.int64), has_box=np.ones(1, np.bool_))
    plain = replace(sample, cells=one)
    settings = replace(SETTINGS, batch=200, side_px=64)
    shown = [
        int((draw_batch([which], settings, np.random.default_rng(1))[1][..., 0] == 1).sum())
        for which in (plain, replace(plain, rare=np.zeros(1, np.int64)))
    ]
    assert 0 < shown[0] < 0.8 * shown[1]


def test_an_interrupted_training_ends_with_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    def train(callbacks: Sequence[Any] = (), resume: keras.Model | None = None) -> keras.Model:
        return fit_detector(disc_samples(), SETTINGS, Course(seed=1, resume=resume, callbacks=callbacks))

    checkpoint = checkpoint_of(train, 7, {"detector_loss": detector_loss}, tmp_path)
    assert int(checkpoint.optimizer.iterations) == 5
    assert_same_state(train(resume=checkpoint), train())


def test_a_stretched_cell_fills_the_box_that_it_is_taught_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "STRETCHED", 1.0)
    monkeypatch.setattr(fit, "vary_look", lambda picture, _: picture)
    ratios = []
    for seed in range(10):
        pictures, targets = draw_batch(disc_samples(), SETTINGS, np.random.default_rng(seed))
        for picture, target in zip(pictures, targets, strict=True):
            _, parts = cv2.connectedComponents((picture[..., 1] < 190).astype(np.uint8))
            for row, column in np.argwhere(target[..., 0] == 1):
                centre = (np.array([column, row, column, row]) + 0.5) * OUTPUT_STRIDE
                box = centre + target[row, column, 6:10] * BOX_UNIT_PX * (-1, -1, 1, 1)
                if box.min() < 2 or box.max() > SETTINGS.side_px - 2:
                    continue  # the window cuts it
                part = parts == parts[int(centre[1]), int(centre[0])]
                y, x = np.nonzero(part)
                np.testing.assert_allclose(box, [x.min(), y.min(), x.max() + 1, y.max() + 1], atol=1.5)
                ratios.append(np.ptp(x) / np.ptp(y))
    assert len(ratios) > 30
    assert max(ratios) > 1.5 and min(ratios) < 1 / 1.5

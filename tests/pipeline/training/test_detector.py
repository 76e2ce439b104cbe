"""Training as a user meets it: killed at any moment and ordered again, it ends as if nothing had happened."""

import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from classifier.crops import CROP_PX
from classifier.training.network import build_classifier
from pipeline.errors import InputError, ModelError
from pipeline.training.checkpoint import (
    CHECKPOINT,
    checkpoint_after_each_epoch,
    claim_folder,
    finished,
    resumed,
    started_from,
)
from pipeline.training.classifier import train_classifier
from pipeline.training.detector import train_detector
from pipeline.training.order import TrainingOrder
from segmentation.training.epochs import Course
from segmentation.training.fit import detector_loss, fit_detector
from segmentation.training.network import build_detector
from tests.classifier.interruption import assert_same_state
from tests.segmentation.disc_samples import SETTINGS, disc_samples

LOSSES = {"detector_loss": detector_loss}
KILLED = 9


class PowerCut(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Ends the process inside the second epoch, without any clearing up."""

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if int(self.model.optimizer.iterations) == SETTINGS.steps_per_epoch + 2:
            os._exit(KILLED)


def train(out: Path, told: list[str], callbacks: Sequence[Any] = ()) -> keras.Model:
    """What `train_detector` does between reading the fields and writing the files."""
    order = TrainingOrder(data=out, out=out)
    saved = checkpoint_after_each_epoch(out, SETTINGS.steps_per_epoch, SETTINGS.steps, told.append)
    course = Course(seed=1, resume=resumed(order, LOSSES), callbacks=[saved, *callbacks])
    return fit_detector(disc_samples(), SETTINGS, course)


def train_until_the_power_fails(out: Path) -> None:
    train(out, [], [PowerCut()])


@pytest.mark.slow
def test_a_killed_training_ends_with_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    killed, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    killed.mkdir()
    undisturbed.mkdir()
    process = multiprocessing.get_context("spawn").Process(target=train_until_the_power_fails, args=(killed,))
    process.start()
    process.join()
    assert process.exitcode == KILLED
    told: list[str] = []
    model = train(killed, told)
    assert [line.split(":")[0] for line in told] == ["epoch 2 of 3", "epoch 3 of 3"]
    assert_same_state(model, train(undisturbed, []))


def test_no_checkpoint_means_a_training_from_the_start(tmp_path: Path) -> None:
    assert resumed(TrainingOrder(data=tmp_path, out=tmp_path), LOSSES) is None


def test_half_a_checkpoint_is_refused_in_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(ModelError, match="remove it to start anew") as refused:
        resumed(TrainingOrder(data=tmp_path, out=tmp_path), LOSSES)
    assert "\n" not in str(refused.value)


def test_a_finished_network_is_gone_on_from_with_its_weights(tmp_path: Path) -> None:
    finished = build_detector()
    finished.save(tmp_path / "detector.keras")
    order = TrainingOrder(data=tmp_path, out=tmp_path, start_from=tmp_path / "detector.keras")
    found = started_from(order, build_detector)
    assert found is not None
    for mine, theirs in zip(found.get_weights(), finished.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert started_from(replace(order, start_from=None), build_detector) is None


def test_a_network_of_another_task_or_of_an_earlier_form_is_not_gone_on_from(tmp_path: Path) -> None:
    build_classifier(CROP_PX).save(tmp_path / "classifier.keras")
    crop = keras.Input((CROP_PX, CROP_PX, 3))
    keras.Model(crop, keras.layers.Dense(5)(keras.layers.Flatten()(crop))).save(tmp_path / "earlier.keras")
    for name, build in (
        ("classifier", build_detector),
        ("earlier", partial(build_classifier, CROP_PX)),
    ):
        order = TrainingOrder(data=tmp_path, out=tmp_path, start_from=tmp_path / f"{name}.keras")
        with pytest.raises(ModelError, match=rf"{name}.keras takes .* expected .*--start-from") as refused:
            started_from(order, build)
        assert "\n" not in str(refused.value)


def test_the_checkpoint_of_another_order_is_never_gone_on_from(tmp_path: Path) -> None:
    order = TrainingOrder(data=tmp_path, out=tmp_path)
    claim_folder(order, "detector")
    (tmp_path / CHECKPOINT).touch()
    claim_folder(order, "detector")
    for other, task in ((replace(order, seed=2), "detector"), (order, "classifier")):
        with pytest.raises(InputError, match="another training"):
            claim_folder(other, task)


@pytest.mark.parametrize(("task", "last"), [("detector", "sha256"), ("classifier", "reference_sha256")])
def test_a_finished_training_is_not_read_again(tmp_path: Path, task: str, last: str) -> None:
    order = TrainingOrder(data=tmp_path / "no data", out=tmp_path, leave_out=("a",))
    claim_folder(order, task)
    (tmp_path / CHECKPOINT).touch()
    manifest, told = tmp_path / f"{task}.toml", list[str]()
    assert finished(order, task, told.append) is None
    manifest.write_text('name = "half"\n')
    assert finished(order, task, told.append) is None
    assert told == []
    manifest.write_text(f'name = "whole"\n{last} = "0"\n')
    whole = {"detector": train_detector, "classifier": train_classifier}[task]
    assert whole(order, told.append) == manifest
    assert "remove" in told[-1]

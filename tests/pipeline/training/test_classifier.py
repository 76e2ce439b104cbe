"""What the classifier is fitted to: near false positives of a finished one count for more."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from classifier.predict import PLAIN, predict
from classifier.training.fit import ClassifierSettings, CropSample
from models.manifest import shipped
from pipeline.cli.app import app
from pipeline.errors import InputError
from pipeline.networks import load_classifier
from pipeline.settings import CountSettings
from pipeline.training import classifier as module
from pipeline.training.order import TrainingOrder
from tests.pipeline.training.made_up_crops import made_up_sources


def fitted_to(
    order: TrainingOrder, monkeypatch: pytest.MonkeyPatch
) -> tuple[Sequence[CropSample], ClassifierSettings]:
    """What a training of made-up cells fits the network to, and how."""
    given: list[tuple[Sequence[CropSample], ClassifierSettings]] = []
    monkeypatch.setattr(module, "read_sources", lambda _: made_up_sources())
    monkeypatch.setattr(module, "fit_or_resume", lambda samples, how, *_, **__: given.append((samples, how)))
    monkeypatch.setattr(module, "_finish", lambda *_: order.out)
    module.train_classifier(order, lambda _: None)
    return given[0]


def test_what_a_finished_classifier_nearly_calls_infected_is_drawn_more_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    miner = shipped("classifier")
    plain, _ = fitted_to(TrainingOrder(data=tmp_path, out=tmp_path / "a", leave_out=("iml-0",)), monkeypatch)
    order = TrainingOrder(data=tmp_path, out=tmp_path / "b", leave_out=("iml-0",), hard_negatives_from=miner)
    mined, _ = fitted_to(order, monkeypatch)
    network = load_classifier(CountSettings(classifier=miner)).network
    for before, after in zip(plain, mined, strict=True):
        clean = ~before.infected
        looks = predict(before.crops, network, PLAIN).p_infected[clean]
        more = (after.weight / before.weight)[clean]
        assert (np.diff(more[np.argsort(looks)]) > -1e-9).all()
        assert more.max() > 1.01 * more.min()  # by how much is the network's: how sure it is of these cells
        np.testing.assert_array_equal(after.weight[~clean], before.weight[~clean])


def test_a_finished_classifier_is_trained_on_gently_and_with_cells_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = TrainingOrder(data=tmp_path, out=tmp_path / "a", leave_out=("iml-0",))
    finished = shipped("classifier").with_suffix(".keras")
    _, anew = fitted_to(order, monkeypatch)
    _, on = fitted_to(replace(order, out=tmp_path / "b", start_from=finished), monkeypatch)
    assert anew.stretched > 0
    assert on.stretched == 0
    assert on.learning_rate < anew.learning_rate


def test_a_manifest_of_another_network_ends_the_training_at_once_in_one_line(tmp_path: Path) -> None:
    where = ("--data", str(tmp_path), "--out", str(tmp_path / "out"), "--leave-out", "iml-3")
    result = CliRunner().invoke(
        app, ["train", "classifier", *where, "--hard-negatives-from", str(shipped("detector"))]
    )
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "detector.toml" in result.stderr


@pytest.mark.parametrize(
    ("left_out", "told"), [("chula-0", "0 infected and 4 uninfected"), ("P9", "0 infected and 0 uninfected")]
)
def test_slides_that_cannot_calibrate_are_refused_before_the_training(
    left_out: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = TrainingOrder(data=tmp_path, out=tmp_path / "a", leave_out=(left_out,))
    with pytest.raises(InputError, match=told):
        fitted_to(order, monkeypatch)

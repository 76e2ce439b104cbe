"""Cross-validation: nobody is measured by a network that saw them."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.training.fit import ClassifierSettings
from pipeline.errors import InputError
from pipeline.training.checkpoint import CHECKPOINT
from pipeline.training.order import TrainingOrder
from pipeline.training.validation import cross_validation as module
from pipeline.training.validation import folds as folds_module
from pipeline.training.validation.cross_validation import PREDICTIONS, SUSPECTS, cross_validate
from tests.pipeline.training.made_up_crops import made_up_sources


class Spy:
    """Trains nothing: keeps what it was given, and answers with the mean of a crop."""

    def __init__(self) -> None:
        self.seen: list[set[bytes]] = []
        self.stop_at = -1

    def fit(self, samples, *_):
        if len(self.seen) == self.stop_at:
            raise KeyboardInterrupt
        self.seen.append({crop.tobytes() for sample in samples for crop in sample.crops})
        return self

    def predict_on_batch(self, crops):
        dark = (200 - crops[:, 14:42, 14:42, :3].min(axis=(1, 2, 3))) / 20
        return np.stack([dark, *[np.zeros(len(crops))] * 4], axis=1)


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    spy = Spy()
    monkeypatch.setattr(module, "read_sources", lambda order: made_up_sources())
    monkeypatch.setattr(folds_module, "fit_or_resume", spy.fit)
    return spy


def run(split, tmp_path: Path, **words):
    order = TrainingOrder(data=tmp_path, out=tmp_path / "out", **words)
    scores = cross_validate(order, split, lambda line: None)
    return {score.source: score for score in scores}, pd.read_csv(tmp_path / "out" / PREDICTIONS)


@pytest.mark.parametrize("split", ["patients", "sources"])
def test_every_cell_is_judged_once_by_a_network_that_did_not_see_it(spy: Spy, tmp_path: Path, split) -> None:
    _, table = run(split, tmp_path)
    sources = made_up_sources().crops
    assert len(spy.seen) == table["fold"].nunique()
    assert table["p_infected"].between(0, 1).all()
    for name in ("nih_crops", "nih_fields", "iml", "chula"):
        own = table[table["source"] == name]
        assert len(own) == len(sources[name].labels)
        for fold, rows in own.groupby("fold"):
            names = sources[name].names.tolist()
            left = {sources[name].crops[names.index(row)].tobytes() for row in rows["name"]}
            assert not left & spy.seen[int(fold)]


def test_a_patient_is_in_one_fold_in_whichever_set_it_lies(spy: Spy, tmp_path: Path) -> None:
    _, table = run("patients", tmp_path)
    nih = table[table["source"].isin(["nih_crops", "nih_fields"])]
    assert (nih.groupby("group")["fold"].nunique() == 1).all()
    assert set(table["fold"]) == set(range(5))


def test_a_whole_source_is_left_out_with_all_that_belongs_to_it(spy: Spy, tmp_path: Path) -> None:
    _, table = run("sources", tmp_path)
    assert table.groupby("source")["fold"].nunique().eq(1).all()
    fold = table.groupby("source")["fold"].first()
    assert fold["nih_crops"] == fold["nih_fields"] != fold["iml"]
    assert "bccd" not in fold.index


def test_cells_told_apart_without_error_have_perfect_figures_and_no_suspect_labels(
    spy: Spy, tmp_path: Path
) -> None:
    scores, _ = run("patients", tmp_path)
    assert scores["iml"].auc == 1.0
    assert scores["iml"].found["30"] == 1.0
    assert scores["chula"].auc is None
    assert scores["chula"].found["30"] is None
    assert "AUC 1.0000" in scores["nih_crops"].to_text()
    assert pd.read_csv(tmp_path / "out" / SUSPECTS).empty


def test_an_interrupted_run_goes_on_with_the_fold_that_it_was_at(spy: Spy, tmp_path: Path) -> None:
    whole, table = run("patients", tmp_path / "whole")
    fitted = len(spy.seen)
    spy.stop_at = fitted + 3
    with pytest.raises(KeyboardInterrupt):
        run("patients", tmp_path)
    spy.stop_at = -1
    resumed, again = run("patients", tmp_path)
    assert len(spy.seen) == 2 * fitted
    assert resumed == whole
    pd.testing.assert_frame_equal(again, table)


@pytest.mark.slow
def test_a_fold_that_is_killed_goes_on_from_its_checkpoint(monkeypatch, tmp_path: Path) -> None:
    """Trained for two epochs in one go, and with a kill after the first: the same answers."""
    monkeypatch.setattr(module, "read_sources", lambda order: made_up_sources())
    monkeypatch.setattr(
        folds_module, "ClassifierSettings", partial(ClassifierSettings, batch=8, steps_per_epoch=2)
    )
    run("sources", tmp_path / "whole", steps=4, leave_out=("iml",))
    killed: list[str] = []

    def stop(line: str) -> None:
        if line.startswith("epoch 1 of 2") and not killed:
            killed.append(line)
            raise KeyboardInterrupt

    order = TrainingOrder(data=tmp_path / "whole", out=tmp_path / "out", steps=4, leave_out=("iml",))
    with pytest.raises(KeyboardInterrupt):
        cross_validate(order, "sources", stop)
    lines: list[str] = []
    cross_validate(order, "sources", lines.append)
    assert [line[:12] for line in lines if line.startswith("epoch")] == ["epoch 2 of 2"]
    first, second = (tmp_path / name / PREDICTIONS for name in ("whole/out", "out"))
    assert first.read_bytes() == second.read_bytes()


def test_one_source_alone_is_left_out_where_it_is_named(spy: Spy, tmp_path: Path) -> None:
    _, every = run("sources", tmp_path / "every")
    before = len(spy.seen)
    scores, table = run("sources", tmp_path, leave_out=("nih_fields",))
    assert len(spy.seen) == before + 1
    assert set(table["source"]) == {"nih_crops", "nih_fields"}
    assert scores["nih_fields"].auc == 1.0
    assert spy.seen[-1] == spy.seen[int(every.loc[every["source"] == "nih_crops", "fold"].iloc[0])]


def test_what_is_no_source_cannot_be_left_out(spy: Spy, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="iml-3 is no source that can be left out; pass one of"):
        run("sources", tmp_path, leave_out=("iml-3",))


def test_the_folder_of_another_cross_validation_is_refused(spy: Spy, tmp_path: Path) -> None:
    run("patients", tmp_path)
    (tmp_path / "out" / "fold-1" / CHECKPOINT).write_bytes(b"")
    with pytest.raises(InputError, match="holds the checkpoint of another training"):
        run("sources", tmp_path)
    (tmp_path / "out" / "fold-1" / CHECKPOINT).unlink()
    with pytest.raises(InputError, match="holds answers for other cells"):
        run("sources", tmp_path)

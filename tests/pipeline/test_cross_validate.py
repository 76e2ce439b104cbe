"""Cross-validation: nobody is measured by a network that saw them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import cross_validate as module
from pipeline.cross_validate import DOUBTS, PREDICTIONS, cross_validate
from pipeline.train import TrainingOrder
from tests.pipeline.made_up_crops import made_up_sources


class Spy:
    """Trains nothing: keeps what it was given, and answers with the mean of a crop."""

    def __init__(self) -> None:
        self.seen: list[set[bytes]] = []

    def fit(self, samples, settings, seed):
        self.seen.append({crop.tobytes() for sample in samples for crop in sample.crops})
        return self

    def predict_on_batch(self, crops):
        dark = (200 - crops[:, 14:42, 14:42, :3].min(axis=(1, 2, 3))) / 20
        return np.stack([dark, *[np.zeros(len(crops))] * 4], axis=1)


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    spy = Spy()
    monkeypatch.setattr(module, "read_sources", lambda order: made_up_sources())
    monkeypatch.setattr(module, "fit_classifier", spy.fit)
    return spy


def run(split, tmp_path: Path):
    order = TrainingOrder(data=tmp_path, out=tmp_path / "out")
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


def test_cells_told_apart_without_error_have_perfect_figures_and_no_doubts(spy: Spy, tmp_path: Path) -> None:
    scores, _ = run("patients", tmp_path)
    assert scores["iml"].auc == 1.0
    assert scores["iml"].found["30"] == 1.0
    assert scores["chula"].auc is None
    assert scores["chula"].found["30"] is None
    assert "AUC 1.0000" in scores["nih_crops"].to_text()
    assert pd.read_csv(tmp_path / "out" / DOUBTS).empty

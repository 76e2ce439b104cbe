"""Who is left out of the classifier's training, and what it is then trained on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.training.fit import UNKNOWN_STAGE
from pipeline.errors import InputError
from pipeline.synthetic.field import RenderSettings, render_set
from pipeline.training.data import sources as sources_module
from pipeline.training.data.label_noise import SUSPECT_COLUMNS
from pipeline.training.data.sources import CROP_SHARE, Sources, read_sources
from pipeline.training.order import TrainingOrder
from tests.pipeline.training.made_up_crops import made_up_sources

SOURCES = made_up_sources()


def test_a_set_left_out_takes_the_patients_that_lie_in_both_sets_with_it() -> None:
    left = SOURCES.left_out(["nih_fields"])
    assert left["nih_fields"].all()
    assert set(SOURCES.crops["nih_crops"].group[left["nih_crops"]]) == SOURCES.in_fields
    assert not left["iml"].any()


def test_a_slide_left_out_takes_its_own_cells_only() -> None:
    left = SOURCES.left_out(["iml-3"])
    assert set(SOURCES.crops["iml"].group[left["iml"]]) == {"iml-3"}
    assert not any(left[name].any() for name in left if name != "iml")


def test_nothing_of_what_is_left_out_is_trained_on_nor_lies_around_other_cells() -> None:
    left = SOURCES.left_out(["iml", "P1"])
    samples = SOURCES.samples(left)
    kept = SOURCES.taken({name: ~gone for name, gone in left.items()})
    assert set(kept) == set(SOURCES.crops) - {"iml"}
    assert [len(sample.crops) for sample in samples] == [len(crops.labels) for crops in kept.values()]
    bare = samples[0]
    assert len(bare.surroundings) == 1  # those of the iml slides and of P1 are gone
    assert all(len(sample.surroundings) == 0 for sample in samples[1:])


def test_each_source_is_drawn_with_its_share_however_many_cells_it_has() -> None:
    samples = SOURCES.samples(SOURCES.left_out([]))
    for name, sample in zip(SOURCES.crops, samples, strict=True):
        infected, clean = CROP_SHARE[name]
        assert sample.weight[~sample.infected].sum() == pytest.approx(clean)
        if sample.infected.any():
            assert sample.weight[sample.infected].sum() == pytest.approx(infected)


def test_a_stage_is_known_where_the_label_tells_it() -> None:
    crops = SOURCES.crops
    assert set(crops["nih_crops"].stage) == {UNKNOWN_STAGE}
    assert set(crops["rendered"].stage[crops["rendered"].infected]) == {3}
    np.testing.assert_array_equal(crops["iml"].stage >= 0, crops["iml"].labels == "ring")


def doubting(**rows: list[int]) -> Sources:
    """The sources, with labels of these rows suspect_labels."""
    flags = {
        name: np.isin(np.arange(len(own.labels)), rows.get(name, [])) for name, own in SOURCES.crops.items()
    }
    return replace(SOURCES, suspect_labels=flags)


def crops_of(source: str, rows: list[int]) -> set[bytes]:
    return {crop.tobytes() for crop in SOURCES.crops[source].crops[rows]}


def test_suspect_labels_are_in_no_sample_but_are_measured_by() -> None:
    doubtful = doubting(iml=[0, 9], nih_crops=[3], bccd=[1])
    left = doubtful.left_out(["iml-0"])
    samples = dict(zip(SOURCES.crops, doubtful.samples(left), strict=True))
    gone = crops_of("iml", [0, 9]) | crops_of("nih_crops", [3]) | crops_of("bccd", [1])
    for name, sample in samples.items():
        assert not gone & {crop.tobytes() for crop in sample.crops}
        lost = int((doubtful.suspect_labels[name] & ~left[name]).sum())
        assert len(sample.crops) == (~left[name]).sum() - lost
    taken = doubtful.taken(left)["iml"]
    assert crops_of("iml", [0]) <= {crop.tobytes() for crop in taken.crops}
    assert len(taken.labels) == (SOURCES.crops["iml"].group == "iml-0").sum()
    np.testing.assert_array_equal(left["iml"], SOURCES.left_out(["iml-0"])["iml"])


def test_what_is_left_of_a_source_is_drawn_with_the_share_of_the_whole() -> None:
    sample = dict(zip(SOURCES.crops, doubting(iml=[0, 4, 5]).samples(SOURCES.left_out([])), strict=True))[
        "iml"
    ]
    infected, clean = CROP_SHARE["iml"]
    assert sample.weight[~sample.infected].sum() == pytest.approx(clean)
    assert sample.weight[sample.infected].sum() == pytest.approx(infected)


def test_the_cells_set_beside_others_are_bare_ones_that_are_trained_on_themselves() -> None:
    doubtful = doubting(nih_crops=[9])
    for sample in doubtful.samples(doubtful.left_out(["P0"])):
        others = {crop.tobytes() for crop in sample.others}
        assert others == crops_of("nih_crops", list(range(8, 48))) - crops_of("nih_crops", [9])
    without = SOURCES.samples(SOURCES.left_out(["nih_crops"]))
    assert all(sample.others.shape == (0, 56, 56, 4) for sample in without)


def test_a_list_of_suspect_labels_is_found_again_among_the_cells_of_its_own_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cells are cut anew, as by another detector: the list tells them by field and place."""
    made_up = SOURCES.crops["rendered"]
    monkeypatch.setattr(sources_module, "rendered_crops", lambda detector, rng, folder: made_up)
    smear = RenderSettings(width=480, height=480, um_per_px=0.15, seed=5, parasitaemia=0.25)
    render_set(smear, tmp_path / "data" / "iml")
    order = TrainingOrder(data=tmp_path / "data", out=tmp_path / "out")
    cells = read_sources(order)
    assert {name: int(flags.sum()) for name, flags in cells.suspect_labels.items()} == {
        "iml": 0,
        "rendered": 0,
    }
    iml = cells.crops["iml"]
    assert len(iml.labels) > 10
    x, y = iml.places[4] + (3.0, -4.0)
    rows = [
        ("iml", iml.group[4], iml.names[4], x, y, "ring", 0.99),
        ("rendered", "slide-0", made_up.names[2], *made_up.places[2], "gametocyte", 0.99),
        ("chula", "slide-0", iml.names[4], *iml.places[7], "uninfected", 0.99),
    ]
    pd.DataFrame(rows, columns=list(SUSPECT_COLUMNS)).to_csv(tmp_path / "suspect_labels.csv", index=False)
    again = read_sources(replace(order, suspect_labels=tmp_path / "suspect_labels.csv"))
    assert {name: np.flatnonzero(flags).tolist() for name, flags in again.suspect_labels.items()} == {
        "iml": [4],
        "rendered": [2],
    }


def test_a_bad_list_of_suspect_labels_is_refused_before_hours_of_work(tmp_path: Path) -> None:
    (tmp_path / "suspect_labels.csv").write_text("cell,doubt\n1,2\n", encoding="utf-8")
    order = TrainingOrder(
        data=tmp_path / "not there", out=tmp_path, suspect_labels=tmp_path / "suspect_labels.csv"
    )
    with pytest.raises(InputError, match="no list of suspect labels"):
        read_sources(order)

"""A trained classifier is measured anew on what its training left out; its network stays as it is."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from classifier.predict import Platt, predict
from models.manifest import read_manifest, shipped
from models.runtime import load_network
from pipeline.cli.train import app
from pipeline.errors import InputError
from pipeline.evaluation.labelled import read_field_set
from pipeline.networks import load_detector
from pipeline.settings import CountSettings
from pipeline.synthetic.field import RenderSettings, render_set
from pipeline.training.calibration import calibrate_classifier, take_figures
from pipeline.training.data.crops import field_crops
from pipeline.training.network_files import Facts, write_manifest

SMEAR = RenderSettings(width=720, height=720, um_per_px=0.15, seed=5, parasitaemia=0.25, fields=2)
LEFT, KEPT = "left", "kept"

Copy = Callable[[tuple[str, ...]], Path]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of one labelled set, `iml`, of two rendered slides of one field each."""
    folder = tmp_path_factory.mktemp("data")
    render_set(SMEAR, folder / "iml")
    fields = pd.read_csv(folder / "iml" / "fields.csv")
    fields.assign(slide=[LEFT, KEPT]).to_csv(folder / "iml" / "fields.csv", index=False)
    return folder


@pytest.fixture
def copied(tmp_path: Path) -> Copy:
    """Copy of the shipped classifier whose manifest says that this was left out."""

    def copy(left_out: tuple[str, ...]) -> Path:
        folder = tmp_path / "-".join(("copy", *left_out))
        folder.mkdir()
        manifest = read_manifest(shipped("classifier"), "classifier")
        for name in (manifest.file, manifest.keras_file):
            shutil.copy(shipped("classifier").parent / name, folder / name)
        entries = {**manifest.model_dump(exclude_none=True), "left_out": left_out, "threshold": 0.987}
        return write_manifest(folder / "classifier.toml", Facts(entries=entries, card="old\n"))

    return copy


def test_figures_are_those_of_the_slides_left_out_at_the_new_threshold(data: Path, copied: Copy) -> None:
    path = calibrate_classifier(copied((LEFT,)), data, None)
    manifest = read_manifest(path, "classifier")
    crops = field_crops(read_field_set(data / "iml"), [LEFT], load_detector(CountSettings(detector=None)))
    assert manifest.calibration is not None
    platt = Platt(slope=manifest.calibration.slope, offset=manifest.calibration.offset)
    called = predict(crops.crops, load_network(path, manifest), platt).p_infected >= manifest.threshold
    assert manifest.threshold != 0.987
    assert [row.source for row in manifest.measured] == ["all left-out fields", "iml"]
    for row in manifest.measured:
        assert (row.infected, row.infected_found) == (
            crops.infected.sum(),
            (called & crops.infected).sum(),
        )
        assert (row.uninfected, row.false_positives) == (
            (~crops.infected).sum(),
            (called & ~crops.infected).sum(),
        )
    assert manifest.stages is not None
    assert np.sum(manifest.stages.confusion) == crops.infected.sum()


def test_the_network_stays_as_it_is_and_the_card_tells_the_new_figures(data: Path, copied: Copy) -> None:
    path = copied((LEFT,))
    before = read_manifest(path, "classifier")
    weights = (path.parent / before.file).read_bytes()
    after = read_manifest(calibrate_classifier(path, data, None), "classifier")
    assert (path.parent / after.file).read_bytes() == weights
    assert (after.sha256, after.keras_sha256) == (before.sha256, before.keras_sha256)
    assert (after.name, after.left_out, after.precut) == (before.name, (LEFT,), before.precut)
    row = after.measured[0]
    card = path.with_suffix(".md").read_text(encoding="utf-8")
    assert f"| all left-out fields | {row.infected_found} of {row.infected} |" in card
    assert f"{after.threshold:.4f}" in card


def test_figures_are_taken_over_from_the_training_that_left_something_out(copied: Copy) -> None:
    taker, giver = copied(()), copied((LEFT,))
    told = read_manifest(giver, "classifier").model_dump(exclude_none=True)
    write_manifest(giver, Facts(entries={**told, "threshold": 0.25}, card="old\n"))
    manifest = read_manifest(take_figures(taker, giver), "classifier")
    assert manifest.threshold == 0.25
    assert manifest.left_out == ()
    assert "0.2500" in taker.with_suffix(".md").read_text(encoding="utf-8")


def test_a_training_that_left_nothing_out_cannot_be_measured(data: Path, copied: Copy) -> None:
    with pytest.raises(InputError, match="left nothing out to measure by; pass --measured-by"):
        calibrate_classifier(copied(()), data, None)


def test_slides_without_infected_cells_set_no_threshold(data: Path, copied: Copy, tmp_path: Path) -> None:
    shutil.copytree(data, tmp_path / "clean")
    table = tmp_path / "clean" / "iml" / "cells.csv"
    cells = pd.read_csv(table)
    cells.assign(label=np.where(cells["label"] == "platelet", "platelet", "uninfected")).to_csv(
        table, index=False
    )
    with pytest.raises(InputError, match="no infected cell lies in the fields"):
        calibrate_classifier(copied((LEFT,)), tmp_path / "clean", None)


def test_slides_that_are_not_there_are_told_by_name(data: Path, copied: Copy) -> None:
    with pytest.raises(InputError, match=r"is called elsewhere; .*--data"):
        calibrate_classifier(copied(("elsewhere",)), data, None)


@pytest.mark.parametrize("options", [[], ["--data", "x", "--measured-by", "y.toml"]])
def test_the_command_asks_for_one_way_to_measure(options: list[str]) -> None:
    result = CliRunner().invoke(app, ["calibrate", str(shipped("classifier")), *options])
    assert result.exit_code == 2
    assert "one of the two" in result.output

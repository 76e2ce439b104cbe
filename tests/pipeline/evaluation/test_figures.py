"""The folder of pictures that an evaluation writes: what is in it, and what refuses to be one."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.count import count_slide
from pipeline.counting.result import CountResult
from pipeline.errors import OutputError
from pipeline.evaluation.crops import ClassifiedCrops
from pipeline.evaluation.decisions import field_errors
from pipeline.evaluation.fields import CountedFields, count_fields
from pipeline.evaluation.figures import (
    CONTACTS,
    PICTURE_FILES,
    claim_pictures,
    draw_crop_pictures,
    draw_field_pictures,
)
from pipeline.evaluation.labelled import read_crop_set
from pipeline.evaluation.results_table import RESULT_COLUMNS, read_results
from pipeline.settings import CountSettings
from pipeline.synthetic.field import RenderSettings, render_set

SETTINGS = CountSettings()


@pytest.fixture(autouse=True)
def _needs_matplotlib() -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib; install smearcount[train]")


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> CountedFields:
    """A rendered smear, counted; every tenth call is turned round, so that there are errors of both kinds."""
    drawn = RenderSettings(width=480, height=420, um_per_px=0.15, seed=3, parasitaemia=0.3)
    folder = render_set(drawn, tmp_path_factory.mktemp("smear") / "set")

    def count(source: Path, settings: CountSettings) -> CountResult:
        result = count_slide(source, settings)
        turned = np.arange(len(result.cells)) % 10 == 0
        cells = result.cells.assign(infected=result.cells["infected"].eq(True) ^ turned)
        return CountResult(summary=result.summary, parts=(cells,), run=result.run)

    return count_fields(folder, SETTINGS, count=count)


def written(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_an_evaluation_of_fields_writes_every_picture_whole(counted: CountedFields, tmp_path: Path) -> None:
    errors = field_errors(counted.field_set, counted.scored)
    assert set(errors["error"]) == {"false positive", "missed"}, "the rendered smear has no error to show"
    draw_field_pictures(tmp_path / "out", counted, SETTINGS)
    names = written(tmp_path / "out")
    optional = {"stages.png", *CONTACTS.values()}
    assert set(PICTURE_FILES) - optional <= names <= set(PICTURE_FILES)
    assert {CONTACTS["infected_found"], CONTACTS["called_falsely"]} <= names
    for name in names - {"results.csv"}:
        picture = cv2.imread(str(tmp_path / "out" / name))
        assert picture is not None and picture.std() > 10, name


def test_the_table_of_results_adds_up(counted: CountedFields, tmp_path: Path) -> None:
    draw_field_pictures(tmp_path, counted, SETTINGS)
    table = pd.read_csv(tmp_path / "results.csv")
    assert tuple(table.columns) == RESULT_COLUMNS
    report = counted.report()
    every, slide = table.iloc[0], table.iloc[1]
    assert (every["group"], every["infected_found"], every["infected"]) == (
        "all",
        report.overall.infected_cells_found.hits,
        report.overall.infected_cells_found.of,
    )
    assert every["false_positives"] == report.overall.classification.false_positives_per_10000.hits
    assert slide["estimated_percent"] == pytest.approx(report.by_slide[0].estimated_percent, abs=6e-4)
    assert read_results(tmp_path / "results.csv")[0]["source"] == "set"


def test_pictures_of_an_earlier_evaluation_do_not_stay(counted: CountedFields, tmp_path: Path) -> None:
    draw_field_pictures(tmp_path, counted, SETTINGS)
    (tmp_path / "notes.txt").write_text("mine")
    right = counted.scored[counted.scored["label"] == "uninfected"].assign(called=False)
    draw_field_pictures(
        tmp_path,
        replace(counted, scored=right, failed=()),
        SETTINGS,
    )
    assert written(tmp_path) == {
        "notes.txt", "results.csv", "reliability.png", "confusion.png", "parasitaemia.png",
    }  # fmt: skip


def test_crops_have_plots_and_galleries_but_no_parasitaemia(tmp_path: Path) -> None:
    lines = ["crop,patient,label"]
    for number in range(12):
        picture = np.full((40, 36, 3), 120 + 5 * number, np.uint8)
        cv2.imwrite(str(tmp_path / f"c{number}.png"), picture)
        lines.append(f"c{number}.png,p{number % 2},{'parasitized' if number < 6 else 'uninfected'}")
    (tmp_path / "crops.csv").write_text("\n".join(lines) + "\n")
    crop_set = read_crop_set(tmp_path)
    crops = crop_set.crops.assign(p_infected=np.linspace(0.9, 0.2, 12))
    given = type(crop_set)(name=crop_set.name, folder=crop_set.folder, crops=crops)
    draw_crop_pictures(tmp_path / "out", ClassifiedCrops(crop_set=given, threshold=0.5), SETTINGS)
    assert written(tmp_path / "out") == {
        "results.csv", "roc.png", "precision_recall.png", "free_response.png", "reliability.png",
        "confusion.png", "gallery/false_positives.png",
    }  # fmt: skip
    assert [row["group"] for row in read_results(tmp_path / "out" / "results.csv")] == ["all", "p0", "p1"]


def test_a_folder_that_cannot_be_made_is_told_in_one_line_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="no folder for pictures"):
        claim_pictures(tmp_path / "taken")
    for kind in ("fields", "crops"):
        told = CliRunner().invoke(app, ["evaluate", kind, "nowhere", "--pictures", str(tmp_path / "taken")])
        assert told.exit_code == 1
        assert told.stderr.count("\n") == 1 and "no folder for pictures" in told.stderr

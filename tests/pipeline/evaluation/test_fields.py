"""Evaluation from folder to report, with a counter and a classifier whose errors are known."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from models.manifest import read_manifest, shipped
from pipeline.counting.intervals.measured import slide_errors_of
from pipeline.counting.result import CountResult
from pipeline.counting.summary import summarise
from pipeline.errors import EmptySlideError, InputError, OutputError
from pipeline.evaluation.fields import count_fields, evaluate_fields
from pipeline.evaluation.together import Count
from pipeline.files import write_json
from pipeline.records import CELL_COLUMNS, DebrisControl, FailedTile, SlideSummary
from pipeline.settings import CountSettings
from tests.pipeline.counting.made_up_counts import make_facts

SETTINGS = CountSettings()
SIDE = 300
SPOTS = [(60 + 60 * i, 60 + 60 * j) for j in range(4) for i in range(4)]  # 16 whole cells of 20 px
FIELD_NAMES = ("f1", "f2", "f3")
INFECTED = {"f1": 4, "f2": 0, "f3": 2}


@pytest.fixture
def field_folder(tmp_path: Path) -> Path:
    """Slide s1 with fields f1 (4 of 16 infected) and f2 (none), slide s2 with f3 (2 of 16)."""
    (tmp_path / "images").mkdir()
    fields = ["field,slide,image,complete,n_rbc,n_parasitized"]
    cells = ["field,label,x,y,xmin,ymin,xmax,ymax"]
    for name, slide in zip(FIELD_NAMES, ("s1", "s1", "s2"), strict=True):
        picture = np.full((SIDE, SIDE, 3), 220, dtype=np.uint8)
        cv2.imwrite(str(tmp_path / "images" / f"{name}.png"), picture)
        fields.append(f"{name},{slide},images/{name}.png,1,16,{INFECTED[name]}")
        for number, (x, y) in enumerate(SPOTS):
            label = "ring" if number < INFECTED[name] else "uninfected"
            cells.append(f"{name},{label},{x},{y},{x - 10},{y - 10},{x + 10},{y + 10}")
    (tmp_path / "fields.csv").write_text("\n".join(fields) + "\n")
    (tmp_path / "cells.csv").write_text("\n".join(cells) + "\n")
    return tmp_path


def result(source: Path, rows: list[tuple[float, float, float]]) -> CountResult:
    """A count that found red cells at x, y with that probability."""
    cells = pd.DataFrame(rows, columns=["x", "y", "p_infected"]).reindex(columns=list(CELL_COLUMNS))
    for column, axis, sign in (("x_min", "x", -1), ("y_min", "y", -1), ("x_max", "x", 1), ("y_max", "y", 1)):
        cells[column] = cells[axis] + sign * 10
    cells = cells.assign(kind="red_cell", at_border=False, counted=True, excluded_because="", stage="")
    cells = cells.assign(infected=cells["p_infected"] >= 0.5)
    summary = SlideSummary(
        slide=source.stem, source=str(source), status="complete", verdict="none distinguishable",
        um_per_px=0.1, scale_source="given", detected=len(cells), counted=len(cells), infected=0, excluded={},
        parasitaemia=None, low=None, high=None, stages={}, asexual_parasitaemia=None,
        asexual_low=None, asexual_high=None, interval_method="wilson", false_positive_rate=0.0,
        limit_of_detection=None, white_cells=0, platelets=0,
        area_mm2={},
        goal=None, fields=(), notices=(), failed_tiles=(),
        detector="none", classifier="none",
    )  # fmt: skip
    return CountResult(summary=summary, parts=(cells,), run={})


def perfect(source: Path, settings: CountSettings) -> CountResult:
    infected = INFECTED[source.stem]
    return result(source, [(x, y, 0.9 if i < infected else 0.1) for i, (x, y) in enumerate(SPOTS)])


def flawed(source: Path, settings: CountSettings) -> CountResult:
    """Misses the first cell, calls the last infected, finds one that is not there."""
    rows = [(x, y, 0.9 if i < INFECTED[source.stem] else 0.1) for i, (x, y) in enumerate(SPOTS)]
    x, y, _ = rows[-1]
    return result(source, [*rows[1:-1], (x, y, 0.8), (30, 270, 0.7)])


def test_a_perfect_count_has_perfect_measures(field_folder: Path) -> None:
    report = evaluate_fields(field_folder, SETTINGS, count=perfect)
    assert report.overall.detection.f1 == 1.0
    assert report.overall.count_error is not None and report.overall.count_error.mean_absolute == 0.0
    assert report.overall.classification.auc == 1.0
    assert report.overall.infected_cells_found.value == 1.0
    assert report.overall.called_on_uninfected_fields_per_10000.value == 0.0
    assert [slide.slide for slide in report.by_slide] == ["s1", "s2"]
    assert [slide.annotated_percent for slide in report.by_slide] == [12.5, 12.5]
    assert [slide.estimated_percent for slide in report.by_slide] == [12.5, 12.5]
    assert report.parasitaemia.within_25_percent.value == 1.0
    assert (report.interval_holds.hits, report.interval_holds.of) == (2, 2)
    assert report.failed == ()


def test_every_error_of_a_flawed_count_is_found(field_folder: Path) -> None:
    report = evaluate_fields(field_folder, SETTINGS, count=flawed)
    found = report.overall
    assert (found.detection.matched, found.detection.missed, found.detection.extra) == (45, 3, 3)
    assert (found.infected_cells_found.hits, found.infected_cells_found.of) == (4, 6)
    assert found.classification.sensitivity.value == 1.0
    false_positives = found.classification.false_positives_per_10000
    assert (false_positives.hits, false_positives.of) == (3, 41)
    assert found.infected_without_label == 3
    assert (
        found.called_on_uninfected_fields_per_10000.hits,
        found.called_on_uninfected_fields_per_10000.of,
    ) == (2, 16)
    # s1: (3 + 1 + 1) + (0 + 1 + 1) called of 32 counted; s2: 1 + 1 + 1 of 16.
    assert [slide.estimated_percent for slide in report.by_slide] == [100 * 7 / 32, 100 * 3 / 16]
    assert report.parasitaemia.bias == pytest.approx(((7 / 32 - 1 / 8) + (3 / 16 - 1 / 8)) * 100 / 2)
    by_field = {row.field: row for row in report.by_field}
    assert (by_field["f1"].labelled, by_field["f1"].found, by_field["f1"].infected_found) == (16, 16, 3)


def test_an_interval_that_misses_the_annotated_value_is_told(field_folder: Path) -> None:
    def all_of_s1(source: Path, settings: CountSettings) -> CountResult:
        return (
            result(source, [(x, y, 0.9) for x, y in SPOTS])
            if source.stem != "f3"
            else perfect(source, settings)
        )

    report = evaluate_fields(field_folder, SETTINGS, count=all_of_s1)
    assert (report.interval_holds.hits, report.interval_holds.of) == (1, 2)
    low, high = report.by_slide[1].interval_percent or (0, 0)
    assert f"{low:.3f} to {high:.3f}" in report.to_text()
    assert "intervals that hold it" in report.to_text()


def test_the_interval_of_a_slide_is_that_of_a_count_of_its_pictures_together(field_folder: Path) -> None:
    dirt = DebrisControl(
        specks=30, grains=28, ground_mm2=0.05, cells_mm2=0.04, laid=256, laid_called=200,
        expected_on_cells=2.0, expected_called=1.0, expected_called_grains=0.2, explained=0.5,
        uncertainty=0.3,
    )  # fmt: skip

    def soiled(source: Path, settings: CountSettings) -> CountResult:
        found = perfect(source, settings)
        return replace(found, summary=replace(found.summary, debris=dirt))

    report = evaluate_fields(field_folder, SETTINGS, count=soiled)
    parts = [perfect(Path(name), SETTINGS).cells.assign(field=name) for name in ("f1", "f2")]
    both = replace(dirt, explained=1.0, uncertainty=0.3 * 2**0.5)
    errors = slide_errors_of(read_manifest(shipped("classifier"), "classifier"))
    whole = summarise(parts, make_facts(fields=("f1", "f2"), errors=errors, debris=both))
    assert whole.low is not None and whole.high is not None
    interval = report.by_slide[0].interval_percent
    assert interval == pytest.approx((100 * whole.low, 100 * whole.high), rel=1e-9)
    clean = evaluate_fields(field_folder, SETTINGS, count=perfect).by_slide[0].interval_percent
    assert clean is not None and interval is not None and interval[0] < clean[0]


def test_only_the_slides_asked_for_are_counted(field_folder: Path) -> None:
    seen: list[str] = []

    def count(source: Path, settings: CountSettings) -> CountResult:
        seen.append(source.stem)
        return perfect(source, settings)

    steps: list[tuple[int, int]] = []
    report = evaluate_fields(
        field_folder, SETTINGS, slides=["s1"], count=count, progress=lambda done, of: steps.append((done, of))
    )
    assert seen == ["f1", "f2"] and report.overall.fields == 2
    assert steps == [(0, 2), (1, 2), (2, 2)]
    with pytest.raises(InputError, match="no slide s9"):
        evaluate_fields(field_folder, SETTINGS, slides=["s9"], count=perfect)


def test_a_field_that_cannot_be_counted_is_missed_and_named(field_folder: Path) -> None:
    (field_folder / "images" / "f3.png").write_bytes(b"no picture")

    def count(source: Path, settings: CountSettings) -> CountResult:
        if source.stem == "f2":
            raise EmptySlideError("f2 has no cell")
        return perfect(source, settings)

    report = evaluate_fields(field_folder, SETTINGS, count=count)
    assert [failed.field for failed in report.failed] == ["f2", "f3"]
    assert (report.overall.detection.matched, report.overall.detection.missed) == (16, 32)
    assert report.by_slide[1].estimated_percent is None
    assert report.by_slide[1].interval_percent is None and report.interval_holds.of == 1
    assert report.parasitaemia.slides == 1
    assert "f2 has no cell" in report.to_text()


def test_a_field_counted_in_part_is_named_and_its_cells_are_kept(field_folder: Path) -> None:
    tile = FailedTile(field="f1", x=0, y=0, width=9, height=9, reason="the disk is gone")

    def count(source: Path, settings: CountSettings) -> CountResult:
        whole = perfect(source, settings)
        return replace(whole, summary=replace(whole.summary, failed_tiles=(tile,)))

    report = evaluate_fields(field_folder, SETTINGS, slides=["s2"], count=count)
    assert [failed.reason for failed in report.failed] == ["counted in part: the disk is gone"]
    assert report.overall.detection.recall == 1.0


def test_the_rim_of_a_round_view_is_left_out_on_both_sides(field_folder: Path) -> None:
    picture = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    cv2.circle(picture, (150, 150), 130, (220, 220, 220), -1)
    cv2.imwrite(str(field_folder / "images" / "f1.png"), picture)
    found = evaluate_fields(field_folder, SETTINGS, slides=["s1"], count=perfect).by_field[0]
    # The four corner cells are 127 px from the middle, nearer than one diameter (20 px) to the rim.
    assert (found.labelled, found.found) == (12, 12)


def test_the_report_of_fields_is_json_and_text(field_folder: Path, tmp_path: Path) -> None:
    report = evaluate_fields(field_folder, SETTINGS, count=flawed)
    path = tmp_path / "report.json"
    write_json(path, report.to_json())
    read = json.loads(path.read_text())
    assert read["overall"]["detection"]["recall"] == 45 / 48
    assert len(read["by_field"]) == 3 and read["by_slide"][1]["slide"] == "s2"
    text = report.to_text()
    assert "0.9375" in text and "infected cells found" in text and "s2" in text
    assert "negative" not in text.lower()


def test_json_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_json(path, {"f1": 0.5})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"f1": float("nan")})
    assert json.loads(path.read_text()) == {"f1": 0.5}
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]
    with pytest.raises(OutputError, match="missing"):
        write_json(tmp_path / "missing" / "report.json", {})


def together(calls: list[list[str]]) -> Count:
    """Counts a folder perfectly, in one slide; `calls` gets the pictures of each."""

    def count(source: Path, settings: CountSettings) -> CountResult:
        pictures = sorted(source.iterdir())
        calls.append([picture.stem for picture in pictures])
        parts = [perfect(picture, settings).cells.assign(field=picture.stem) for picture in pictures]
        seen = replace(perfect(pictures[0], settings).summary, verdict="parasites seen")
        return CountResult(summary=seen, parts=parts, run={})

    return count


def test_pictures_of_a_slide_are_counted_together_where_that_is_asked_for(field_folder: Path) -> None:
    calls: list[list[str]] = []
    counted = count_fields(field_folder, SETTINGS, count=together(calls), by_slide=True)
    assert sorted(calls) == [["f1", "f2"], ["f3"]]
    report = counted.report()
    apart = evaluate_fields(field_folder, SETTINGS, count=perfect)
    assert report.overall == apart.overall
    assert [slide.estimated_percent for slide in report.by_slide] == [12.5, 12.5]
    assert [(one.name, one.number, one.seen) for one in report.verdicts] == [
        ("slides of healthy people", 0, 0),
        ("slides with at least 3 infected cells", 1, 1),
        ("slides with at least 5 infected cells", 0, 0),
    ]


def test_a_slide_that_cannot_be_counted_fails_all_of_its_pictures(field_folder: Path) -> None:
    def count(source: Path, settings: CountSettings) -> CountResult:
        if len(list(source.iterdir())) == 2:
            raise EmptySlideError("no red cells were found")
        return together([])(source, settings)

    counted = count_fields(field_folder, SETTINGS, count=count, by_slide=True)
    assert [one.field for one in counted.failed] == ["f1", "f2"]

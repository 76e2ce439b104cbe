"""A few slides are counted over the ledger: what is done stays, and slides.csv tells what is on the disk."""

import csv
import errno
import json
import os
from pathlib import Path

import pytest

from pipeline import batch as workflow
from pipeline.errors import OutputError, OutputExistsError
from pipeline.jobs.choice import Chooser, _holds_something_else
from pipeline.jobs.few import Told, count_few
from pipeline.jobs.lock import HeldError, hold
from pipeline.jobs.rows import read_rows
from pipeline.jobs.slide_ledger import SlideLedger
from pipeline.output.slides_csv import SLIDES_COLUMNS
from pipeline.settings import CountSettings
from tests.pipeline.counting.made_up_counts import count_made_up, write_photo
from tests.pipeline.jobs.drawn_slides import draw

SETTINGS = CountSettings()


@pytest.fixture
def made_up_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow, "count_slide", count_made_up)


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def _rows(out: Path) -> list[dict[str, str]]:
    with (out / "slides.csv").open(newline="", encoding="utf-8-sig") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.usefixtures("made_up_count")
def test_slides_csv_sums_up_all_slides_and_the_failed_one_stops_none(tmp_path: Path) -> None:
    names = ("one", "broken", "puzzling", "partial", "two")
    sources = [write_photo(tmp_path / f"{name}.png") for name in names]
    outcomes = count_few(sources, tmp_path / "out", SETTINGS)
    assert [outcome.state for outcome in outcomes] == ["done", "failed", "failed", "partial", "done"]
    rows = _rows(tmp_path / "out")
    assert list(rows[0]) == list(SLIDES_COLUMNS)
    headline = json.loads((tmp_path / "out" / "one" / "summary.json").read_text())["headline"]
    assert list(rows[0].values()) == [
        "one", str(sources[0]), "done", "parasites seen",
        "6", "2", "0.333333", f"{headline['low']:.6f}", f"{headline['high']:.6f}", "7", "", rows[0]["codes"],
        "one", "0", "", "", "1666667",
    ]  # fmt: skip
    assert (rows[1]["state"], rows[1]["counted"]) == ("failed", "")
    assert rows[1]["error"] == f"{sources[1]} is no picture; expected a photo; export it as JPEG"
    assert rows[2]["error"] == "unexpected KeyError: 'a mistake\\nin the program'"
    assert [row["state"] for row in rows[3:]] == ["partial", "done"]
    assert _names(tmp_path / "out" / "two") == [
        "cells.csv",
        "overlay.jpg",
        "report.html",
        "run.json",
        "summary.json",
    ]
    assert not (tmp_path / "out" / "broken").exists()


@pytest.mark.usefixtures("made_up_count")
def test_slides_csv_is_whole_after_each_slide(tmp_path: Path) -> None:
    sources = [write_photo(tmp_path / f"{name}.png") for name in ("one", "two", "three")]
    lengths: list[int] = []
    count_few(
        sources,
        tmp_path / "out",
        SETTINGS,
        told=Told(on_done=lambda _: lengths.append(len(_rows(tmp_path / "out")))),
    )
    assert lengths == [1, 2, 3]


def test_a_slides_csv_that_a_person_made_is_kept(tmp_path: Path) -> None:
    (tmp_path / "slides.csv").write_text("patient,slide\n1,film\n")
    with pytest.raises(OutputExistsError, match="is no summary of an earlier count"):
        count_few([write_photo(tmp_path / "film.png")], tmp_path, SETTINGS)
    assert (tmp_path / "slides.csv").read_text() == "patient,slide\n1,film\n"


@pytest.mark.usefixtures("made_up_count")
@pytest.mark.parametrize("first", ["", "sep=;\r\n"])
def test_a_slides_csv_that_excel_saved_anew_holds_up_no_count(tmp_path: Path, first: str) -> None:
    source = write_photo(tmp_path / "film.png")
    count_few([source], tmp_path / "out", SETTINGS)
    table = tmp_path / "out" / "slides.csv"
    text = table.read_text(encoding="utf-8-sig")
    table.write_text("\ufeff" + first + text.replace(",", ";").replace("0.0", "0,0"), encoding="utf-8")
    count_few([write_photo(tmp_path / "other.png")], tmp_path / "out", SETTINGS)
    assert [row["slide"] for row in _rows(tmp_path / "out")] == ["film", "other"]
    assert table.read_text(encoding="utf-8-sig").startswith(text)


def test_a_full_disk_fails_the_slide_and_then_the_summary(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    source = write_photo(tmp_path / "film.png")
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OutputError, match="No space left"):
        count_few([source], tmp_path / "out", SETTINGS)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".smearcount-batch"]


def test_a_finished_slide_counted_again_exists_and_keeps_its_numbers(tmp_path: Path) -> None:
    source, other = draw(tmp_path / "film.png", 1), draw(tmp_path / "other.png", 2)
    first = count_few([source], tmp_path / "out", SETTINGS)
    again = count_few([source, other], tmp_path / "out", SETTINGS)
    assert [outcome.state for outcome in again] == ["exists", "done"]
    assert again[0].summary == first[0].summary
    rows = _rows(tmp_path / "out")
    assert [(row["slide"], row["state"]) for row in rows] == [("film", "exists"), ("other", "done")]
    assert first[0].summary is not None
    assert rows[0]["counted"] == str(first[0].summary.counted)
    count_few([other], tmp_path / "out", SETTINGS)
    assert [row["state"] for row in _rows(tmp_path / "out")] == ["done", "exists"]


def test_other_settings_do_not_turn_a_done_row_into_a_failed_one(tmp_path: Path) -> None:
    source = draw(tmp_path / "film.png", 1)
    count_few([source], tmp_path / "out", SETTINGS)
    (outcome,) = count_few([source], tmp_path / "out", CountSettings(um_per_px=0.2))
    assert outcome.state == "failed"
    assert [row["state"] for row in _rows(tmp_path / "out")] == ["done"]
    (outcome,) = count_few([source], tmp_path / "out", CountSettings(um_per_px=0.2), overwrite=True)
    assert outcome.state == "done"
    assert [row.state for row in read_rows(tmp_path / "out")] == ["done"]


@pytest.mark.usefixtures("made_up_count")
@pytest.mark.parametrize("other", ["FILM \u00e9", "film e\u0301"])
def test_a_result_whose_name_differs_in_letters_that_some_disks_take_for_one_is_kept(
    tmp_path: Path, other: str
) -> None:
    first, second = (
        write_photo(tmp_path / "a" / "film \u00e9.png"),
        write_photo(tmp_path / "b" / f"{other}.png"),
    )
    count_few([first], tmp_path / "out", SETTINGS)
    rows = _rows(tmp_path / "out")
    (outcome,) = count_few([second], tmp_path / "out", SETTINGS)
    assert "rename the slide" in (outcome.error or "")
    assert [row for row in _rows(tmp_path / "out") if row["slide"] == "film \u00e9"] == rows
    assert [path.name for path in (tmp_path / "out").glob("[fF]*")] == ["film \u00e9"]


def test_a_folder_whose_path_sqlite_cannot_open_says_so(tmp_path: Path) -> None:
    source = draw(tmp_path / "film.png", 1)
    with pytest.raises(OutputError, match="choose a folder with a shorter path"):
        count_few([source], tmp_path.joinpath(*["long" * 20] * 8), SETTINGS)


def test_a_folder_that_another_run_holds_is_left_alone(tmp_path: Path) -> None:
    source = draw(tmp_path / "film.png", 1)
    with hold(tmp_path / "out"), pytest.raises(HeldError, match=f"held by process {os.getpid()} on "):
        count_few([source], tmp_path / "out", SETTINGS)
    with hold(tmp_path / "out") as earlier:
        assert earlier is None


def test_the_lock_of_a_run_that_was_killed_is_known_as_stale(tmp_path: Path) -> None:
    with hold(tmp_path / "out"):
        held = (tmp_path / "out/.smearcount-batch/holder.json").read_text()
    (tmp_path / "out/.smearcount-batch/holder.json").write_text(held)
    with hold(tmp_path / "out") as earlier:
        assert earlier is not None
        assert earlier.pid == json.loads(held)["pid"]


def test_red_cells_per_ul_of_a_table_go_before_those_of_all(tmp_path: Path) -> None:
    source = write_photo(tmp_path / "film.png")
    ledger = SlideLedger(tmp_path / "ledger.sqlite3")
    settings = CountSettings(red_cells_per_ul=3e6)
    chooser = Chooser(ledger, tmp_path, settings, recount=False, retry_failed=False)
    for name, extra in (("own", {"rbc_per_ul": "4200000"}), ("without", {"patient": "7"})):
        ledger.enlist(name, str(source), size=1, um_per_px=None, extra=extra)
    asked = [chooser.choose(name).task for name in ("own", "without")]
    ledger.close()
    assert [task and task.settings.red_cells_per_ul for task in asked] == [4.2e6, 3e6]


def test_what_lies_in_a_slides_place_is_told_from_a_result_that_is_being_replaced(tmp_path: Path) -> None:
    photos, result, link = tmp_path / "photos", tmp_path / "result", tmp_path / "link"
    for folder, name in ((photos, "photo.png"), (result, "summary.json")):
        folder.mkdir()
        (folder / name).touch()
    link.symlink_to(tmp_path / "nowhere")
    elses = {place: _holds_something_else(place) for place in (photos, result, link, photos / "photo.png")}
    assert list(elses.values()) == [True, False, True, True]
    assert not _holds_something_else(tmp_path / "replaced this moment")

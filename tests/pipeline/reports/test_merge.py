"""Several nights as one table: nothing is lost, nothing stands twice, and what was left out is said."""

import csv
import json
import os
from pathlib import Path

import pytest

from pipeline.errors import InputError, OutputExistsError
from pipeline.reports.merge import merge_nights

COLUMNS = ("slide", "source", "state", "counted", "error")


def _night(folder: Path, *rows: tuple[str, str, str], at_s: float = 1e9, more: tuple[str, ...] = ()) -> Path:
    """A results folder: name, source and state of each slide."""
    folder.mkdir()
    with (folder / "slides.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow([*COLUMNS, *more])
        writer.writerows([*row, folder.name, "", *more] for row in rows)
    os.utime(folder / "slides.csv", (at_s, at_s))
    return folder


def _run(night: Path, slide: str, started: str, sha256: str) -> None:
    (night / slide).mkdir()
    record = {"started_utc": started, "input": {"files": [{"name": "x", "sha256": sha256}]}}
    (night / slide / "run.json").write_text(json.dumps(record), encoding="utf-8")


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def test_nights_without_a_slide_in_common_are_joined_row_by_row(tmp_path):
    one = _night(tmp_path / "one", ("a", "s/a", "done"), ("b", "s/b", "failed"))
    two = _night(tmp_path / "two", ("c", "s/c", "partial"), more=("patient",))
    merged = merge_nights([one, two], tmp_path / "all.csv")
    rows = _table(tmp_path / "all.csv")
    assert [(row["night"], row["slide"], row["state"]) for row in rows] == [
        (str(one), "a", "done"),
        (str(one), "b", "failed"),
        (str(two), "c", "partial"),
    ]
    assert [row["patient"] for row in rows] == ["", "", "patient"]
    assert merged.rows == 3 and merged.remarks == ()


@pytest.mark.parametrize("first", ["", "sep=;\r\n"])
def test_a_table_that_excel_saved_with_semicolons_is_joined_like_any(tmp_path, first):
    night = _night(tmp_path / "one", ("a", "s/a", "done"))
    text = (night / "slides.csv").read_text(encoding="utf-8").replace(",", ";")
    (night / "slides.csv").write_text(f"\ufeff{first}{text}", encoding="utf-8", newline="")
    merge_nights([night], tmp_path / "all.csv")
    assert [(row["slide"], row["state"]) for row in _table(tmp_path / "all.csv")] == [("a", "done")]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_a_slide_in_two_nights_the_newer_is_kept_and_that_is_said(tmp_path, order):
    nights = [
        _night(
            tmp_path / "old", ("a", "s/a", "done"), at_s=2e9
        ),  # copied later: the time of the file misleads
        _night(tmp_path / "new", ("a", "s/a", "done"), at_s=1e9),
    ]
    _run(nights[0], "a", "2026-11-01T20:00:00+00:00", "11")
    _run(nights[1], "a", "2026-11-02T20:00:00+00:00", "11")
    merged = merge_nights([nights[place] for place in order], tmp_path / "all.csv")
    assert [row["night"] for row in _table(tmp_path / "all.csv")] == [str(nights[1])]
    assert len(merged.remarks) == 1
    assert f"the newer, of {nights[1]}, is kept" in merged.remarks[0]


def test_a_slide_is_known_by_its_files_under_another_name_and_path(tmp_path):
    one = _night(tmp_path / "one", ("a", "s/a", "done"))
    two = _night(tmp_path / "two", ("b", "usb/b", "done"))
    _run(one, "a", "2026-11-01T20:00:00+00:00", "11")
    _run(two, "b", "2026-11-02T20:00:00+00:00", "11")
    merge_nights([one, two], tmp_path / "all.csv")
    assert [row["slide"] for row in _table(tmp_path / "all.csv")] == ["b"]


def test_a_count_is_kept_rather_than_a_later_failure(tmp_path):
    one = _night(tmp_path / "one", ("a", "s/a", "done"), at_s=1e9)
    two = _night(tmp_path / "two", ("a", "s/a", "failed"), at_s=2e9)
    merged = merge_nights([one, two], tmp_path / "all.csv")
    assert [row["state"] for row in _table(tmp_path / "all.csv")] == ["done"]
    assert "the one that was counted" in merged.remarks[0]


def test_two_slides_of_one_name_are_both_kept_and_that_is_said(tmp_path):
    one = _night(tmp_path / "one", ("a", "monday/a", "done"))
    two = _night(tmp_path / "two", ("a", "tuesday/a", "done"))
    merged = merge_nights([one, two], tmp_path / "all.csv")
    assert merged.rows == 2
    assert merged.remarks[0].startswith("a is the name of 2 different slides")


def test_a_folder_that_is_named_twice_counts_once(tmp_path):
    one = _night(tmp_path / "one", ("a", "s/a", "done"), ("b", "s/b", "done"))
    assert merge_nights([one, one], tmp_path / "all.csv") == merge_nights([one], tmp_path / "all.csv")
    assert len(_table(tmp_path / "all.csv")) == 2


def test_a_folder_without_slides_csv_stops_the_merge_and_nothing_is_written(tmp_path):
    one = _night(tmp_path / "one", ("a", "s/a", "done"))
    with pytest.raises(InputError, match=r"holds no slides\.csv"):
        merge_nights([one, tmp_path], tmp_path / "all.csv")
    assert not (tmp_path / "all.csv").exists()


def test_a_slides_csv_is_never_replaced_by_the_table(tmp_path):
    one = _night(tmp_path / "one", ("a", "s/a", "done"))
    before = (one / "slides.csv").read_bytes()
    with pytest.raises(OutputExistsError, match="is kept"):
        merge_nights([one], one / "slides.csv")
    assert (one / "slides.csv").read_bytes() == before


def test_a_name_that_a_spreadsheet_would_run_stays_harmless(tmp_path):
    one = _night(tmp_path / "one", ("'=1+1", "s/=1+1", "done"))
    merge_nights([one], tmp_path / "all.csv")
    assert _table(tmp_path / "all.csv")[0]["slide"] == "'=1+1"

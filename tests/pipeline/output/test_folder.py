"""A result is written whole or not at all, and the same result gives the same bytes."""

import errno
import json
import multiprocessing
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from pipeline.counting.result import CountResult, TableHead
from pipeline.errors import OutputError, OutputExistsError
from pipeline.files import STAGING_PREFIX, write_whole
from pipeline.output.cells_csv import CellsFile
from pipeline.output.folder import summary_to_json, write_result
from pipeline.output.place import check_destination
from pipeline.records import CELL_COLUMNS
from tests.pipeline.counting.made_up_counts import make_cells, make_facts, make_result

KINDS = ("infected", "uninfected", "at_border", "white_cell", "platelet", "artefact")
PICTURE = np.full((40, 60, 3), (200, 30, 10), np.uint8)
POWER_CUT = 77


@pytest.fixture
def result() -> CountResult:
    return make_result(make_cells(*KINDS))


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_result_is_a_folder_named_after_the_slide(result: CountResult, tmp_path: Path) -> None:
    pictures = [("overlay.jpg", PICTURE), ("overlays/a.jpg", PICTURE)]
    folder = write_result(result, tmp_path / "out", pictures=pictures)
    assert folder == tmp_path / "out" / "film"
    assert _names(tmp_path / "out") == [
        "film", "film/cells.csv", "film/overlay.jpg", "film/overlays", "film/overlays/a.jpg", "film/run.json",
        "film/summary.json",
    ]  # fmt: skip
    assert json.loads((folder / "run.json").read_text()) == result.run


def test_cells_csv_has_fixed_decimals_flags_of_0_and_1_and_empty_fields(
    result: CountResult, tmp_path: Path
) -> None:
    text = (write_result(result, tmp_path) / "cells.csv").read_bytes().decode()
    lines = text.split("\n")
    assert lines[0] == ",".join(CELL_COLUMNS)
    assert lines[1] == (
        "film,film,1,30.0,40.0,20.0,30.0,40.0,50.0,7.500,44.18,0.950,0,0,0.610,"
        "red_cell,0.9750,1,unknown,1,,,classifier-1"
    )
    assert lines[4] == (
        "film,film,4,120.0,40.0,110.0,30.0,130.0,50.0,7.500,44.18,0.950,0,0,0.610,"
        "white_cell,,0,,0,white_cell,,classifier-1"
    )
    assert lines[-1] == ""
    assert len(lines) == len(KINDS) + 2
    assert "\r" not in text


def test_cells_csv_reads_back_as_the_table(result: CountResult, tmp_path: Path) -> None:
    table = pd.read_csv(write_result(result, tmp_path) / "cells.csv", keep_default_na=False, na_values=[""])
    assert list(table.columns) == list(CELL_COLUMNS)
    assert table["x"].tolist() == result.cells["x"].tolist()
    assert table["p_infected"].isna().tolist() == result.cells["p_infected"].isna().tolist()
    assert table["counted"].astype(bool).tolist() == result.cells["counted"].tolist()


def test_a_coordinate_just_below_zero_is_written_without_its_sign(tmp_path: Path) -> None:
    cells = make_cells("uninfected").assign(x_min=-0.04, y_min=-0.26)
    row = (write_result(make_result(cells), tmp_path) / "cells.csv").read_text().split("\n")[1].split(",")
    assert (row[CELL_COLUMNS.index("x_min")], row[CELL_COLUMNS.index("y_min")]) == ("0.0", "-0.3")


def test_the_same_result_gives_the_same_bytes(result: CountResult, tmp_path: Path) -> None:
    folders = [write_result(result, tmp_path / name, pictures=[("overlay.jpg", PICTURE)]) for name in "ab"]
    for name in _names(folders[0]):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()


def test_a_table_of_many_chunks_is_the_table_of_one(
    monkeypatch: pytest.MonkeyPatch, result: CountResult, tmp_path: Path
) -> None:
    whole = (write_result(result, tmp_path / "one") / "cells.csv").read_bytes()
    monkeypatch.setattr("pipeline.output.cells_csv.ROWS_AT_ONCE", 2)
    assert (write_result(result, tmp_path / "many") / "cells.csv").read_bytes() == whole


def test_a_slide_without_cells_has_a_table_of_headings(tmp_path: Path) -> None:
    folder = write_result(make_result(make_cells()), tmp_path)
    assert (folder / "cells.csv").read_text() == ",".join(CELL_COLUMNS) + "\n"


def test_the_summary_is_json_that_holds_every_number(result: CountResult) -> None:
    text = summary_to_json(result.summary)
    data = json.loads(text)
    assert text.endswith("}\n")
    assert (data["slide"], data["counted"], data["infected"]) == ("film", 2, 1)
    assert data["excluded"] == {"artefact": 1, "at_border": 1, "platelet": 1, "white_cell": 1}
    assert data["fields"][0]["width"] == 320


def test_the_overlay_keeps_its_colours(result: CountResult, tmp_path: Path) -> None:
    folder = write_result(result, tmp_path, pictures=[("overlay.jpg", PICTURE)])
    read = cv2.imread(str(folder / "overlay.jpg"))
    assert read is not None
    assert np.abs(read[20, 30, ::-1].astype(int) - (200, 30, 10)).max() <= 3


def test_an_earlier_result_is_kept_unless_it_may_be_replaced(result: CountResult, tmp_path: Path) -> None:
    folder = write_result(result, tmp_path, pictures=[("overlay.jpg", PICTURE)])
    before = (folder / "cells.csv").read_bytes()
    later = make_result(make_cells("uninfected"))
    with pytest.raises(OutputExistsError, match="a result is there already; pass --overwrite"):
        write_result(later, tmp_path)
    assert (folder / "cells.csv").read_bytes() == before
    write_result(later, tmp_path, overwrite=True)
    assert _names(tmp_path) == ["film", "film/cells.csv", "film/run.json", "film/summary.json"]
    assert (folder / "cells.csv").read_bytes() != before


def test_a_folder_that_holds_anything_else_is_never_replaced(result: CountResult, tmp_path: Path) -> None:
    folder = write_result(result, tmp_path)
    (folder / "photo.jpg").write_bytes(b"the only copy")
    with pytest.raises(OutputExistsError, match="holds more than an earlier result"):
        write_result(result, tmp_path, overwrite=True)
    assert (folder / "photo.jpg").read_bytes() == b"the only copy"


def test_photos_are_not_taken_for_an_earlier_result(result: CountResult, tmp_path: Path) -> None:
    (tmp_path / "film").mkdir()
    with pytest.raises(OutputExistsError, match="holds more than an earlier result"):
        write_result(result, tmp_path, overwrite=True)


@pytest.mark.parametrize("fails_at", range(1, 6))
def test_a_full_disk_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, result: CountResult, tmp_path: Path, fails_at: int
) -> None:
    _fill_disk_at(monkeypatch, fails_at)
    with pytest.raises(OutputError, match=r"film: cannot be written .No space left on device.; free space"):
        write_result(result, tmp_path, pictures=[("overlay.jpg", PICTURE)])
    assert _names(tmp_path) == []


def test_a_full_disk_keeps_the_earlier_result(
    monkeypatch: pytest.MonkeyPatch, result: CountResult, tmp_path: Path
) -> None:
    write_result(result, tmp_path)
    _fill_disk_at(monkeypatch, 2)
    with pytest.raises(OutputError, match="No space left"):
        write_result(make_result(make_cells("uninfected")), tmp_path, overwrite=True)
    assert _names(tmp_path) == ["film", "film/cells.csv", "film/run.json", "film/summary.json"]


def test_a_result_that_cannot_be_put_in_place_gives_the_earlier_one_back(
    monkeypatch: pytest.MonkeyPatch, result: CountResult, tmp_path: Path
) -> None:
    folder = write_result(result, tmp_path)
    before = (folder / "cells.csv").read_bytes()
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name.startswith(STAGING_PREFIX) and "earlier" not in path.name:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError, match="Input/output error"):
        write_result(make_result(make_cells("uninfected")), tmp_path, overwrite=True)
    assert _names(tmp_path) == ["film", "film/cells.csv", "film/run.json", "film/summary.json"]
    assert (folder / "cells.csv").read_bytes() == before


@pytest.mark.parametrize("renamed", [1, 2])
def test_a_power_cut_while_a_result_is_replaced_loses_none(
    result: CountResult, tmp_path: Path, renamed: int
) -> None:
    folder = write_result(result, tmp_path)
    before = (folder / "cells.csv").read_bytes()
    cut = multiprocessing.get_context("spawn").Process(target=_replace_and_die, args=(tmp_path, renamed))
    cut.start()
    cut.join()
    assert cut.exitcode == POWER_CUT
    with pytest.raises(OutputExistsError, match="a result is there already"):
        check_destination(tmp_path, "film", overwrite=False)
    assert ((folder / "cells.csv").read_bytes() == before) == (renamed == 1)
    write_result(result, tmp_path, overwrite=True)
    assert (folder / "cells.csv").read_bytes() == before
    assert not [name for name in _names(tmp_path) if "earlier" in name]


def test_what_a_power_cut_left_half_written_is_removed_after_a_day(
    result: CountResult, tmp_path: Path
) -> None:
    old, young, tiles = (tmp_path / f"{STAGING_PREFIX}{name}" for name in ("0" * 12, "1" * 12, "x.tiles"))
    for left in (old, young):
        left.mkdir()
        (left / "cells.csv").write_text("half a row")
    tiles.write_bytes(b"finished tiles")
    two_days_ago = time.time() - 2 * 86_400
    for left in (old, tiles):
        os.utime(left, (two_days_ago, two_days_ago))
    write_result(result, tmp_path)
    assert (young.exists(), tiles.exists(), old.exists()) == (True, True, False)


def test_a_picture_that_cannot_be_drawn_leaves_nothing_behind(result: CountResult, tmp_path: Path) -> None:
    def pictures() -> Iterator[tuple[str, NDArray[np.uint8]]]:
        yield "overlay.jpg", PICTURE
        raise ValueError("the slide is gone")

    with pytest.raises(ValueError, match="the slide is gone"):
        write_result(result, tmp_path, pictures=pictures())
    assert _names(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "slides.csv", "Index.html", "a\\b", f"{STAGING_PREFIX}x"]
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="cannot be the name of a folder"):
        write_result(make_result(make_cells(), make_facts(name)), tmp_path)


@pytest.mark.parametrize("held", ["photos", "file", "link"])
def test_what_is_no_result_is_not_called_one(tmp_path: Path, held: str) -> None:
    if held == "photos":
        (tmp_path / "film").mkdir()
        (tmp_path / "film" / "a.png").write_bytes(b"x")
    elif held == "file":
        (tmp_path / "film").write_text("x")
    else:
        (tmp_path / "film").symlink_to("nowhere")
    with pytest.raises(OutputExistsError, match="holds more than an earlier result and is not replaced"):
        check_destination(tmp_path, "film", overwrite=False)


def test_a_single_file_is_replaced_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_whole(tmp_path / "slides.csv", b"first")
    write_whole(tmp_path / "slides.csv", b"second")
    _fill_disk_at(monkeypatch, 1)
    with pytest.raises(OutputError, match="No space left"):
        write_whole(tmp_path / "slides.csv", b"third")
    assert _names(tmp_path) == ["slides.csv"]
    assert (tmp_path / "slides.csv").read_bytes() == b"second"


def _fill_disk_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """From the given fsync on, counted from 1, the disk is full."""
    flushes = iter(range(1, 1000))

    def fsync(descriptor: int) -> None:
        if next(flushes) >= number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)


def _replace_and_die(out: Path, renames: int) -> None:
    """In a process of its own: replace the result of `film`; after so many renames the power is gone."""
    left = iter(range(renames))
    rename = Path.rename

    def rename_or_die(path: Path, target: Path) -> Path:
        if next(left, None) is None:
            os._exit(POWER_CUT)
        return rename(path, target)

    def die(*_: object, **__: object) -> None:
        os._exit(POWER_CUT)

    with mock.patch.object(Path, "rename", rename_or_die), mock.patch.object(shutil, "rmtree", die):
        write_result(make_result(make_cells("uninfected")), out, overwrite=True)


def test_the_cells_file_that_is_written_while_a_slide_is_counted_takes_its_place(
    result: CountResult, tmp_path: Path
) -> None:
    whole = (write_result(result, tmp_path / "one") / "cells.csv").read_bytes()
    (tmp_path / "two").mkdir()
    head = TableHead(slide="film", fields=(), threshold=0.5)
    with CellsFile(tmp_path / "two") as cells:
        assert cells.finished() is None
        for _ in range(2):  # what was written before a photo was left out is void
            cells.begin(head)
            cells.add(result.cells.iloc[:2])
            cells.add(result.cells.iloc[2:])
        folder = write_result(result, tmp_path / "two", cells=cells.finished())
    assert (folder / "cells.csv").read_bytes() == whole
    assert _names(tmp_path / "two") == ["film", "film/cells.csv", "film/run.json", "film/summary.json"]


def test_no_cells_file_stays_where_a_count_fails(result: CountResult, tmp_path: Path) -> None:
    with pytest.raises(KeyError), CellsFile(tmp_path) as cells:
        cells.begin(TableHead(slide="film", fields=(), threshold=0.5))
        cells.add(result.cells)
        raise KeyError("a mistake")
    assert _names(tmp_path) == []


def test_what_a_report_that_was_cut_short_left_keeps_no_result_from_being_replaced(
    result: CountResult, tmp_path: Path
) -> None:
    folder = write_result(result, tmp_path)
    (folder / f"{STAGING_PREFIX}{'0' * 12}").touch()
    write_result(result, tmp_path, overwrite=True)
    assert _names(folder) == ["cells.csv", "run.json", "summary.json"]

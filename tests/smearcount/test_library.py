"""The library counts, reads back and compares as the command line does, from paths and from arrays."""

import hashlib
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

import smearcount
from pipeline.cell_columns import CELL_COLUMNS
from pipeline.settings import CountSettings
from pipeline.synthetic.field import RenderedField, RenderSettings, render_field
from smearcount import given
from smearcount.wording import argument_words

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "examples" / "count_a_slide.ipynb"


@pytest.fixture(scope="module")
def rendered() -> RenderedField:
    settings = RenderSettings(width=900, height=700, um_per_px=0.12, parasitaemia=0.1, seed=3)
    return render_field(settings, np.random.default_rng([3, 1]))


@pytest.fixture(scope="module")
def photo(rendered: RenderedField, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "film.png"
    cv2.imwrite(str(path), rendered.image[..., ::-1])
    return path


@pytest.fixture(scope="module")
def in_memory(photo: Path) -> smearcount.Result:
    return smearcount.count(photo)


def test_a_count_in_memory_has_the_summary_and_a_row_for_every_object(in_memory: smearcount.Result) -> None:
    assert in_memory.folder is None
    cells = in_memory.cells
    assert tuple(cells.columns) == CELL_COLUMNS
    assert len(cells) == in_memory.summary["detected"]
    assert int(cells["counted"].sum()) == in_memory.summary["counted"] > 50
    assert in_memory.boxes.shape == (len(cells), 4)
    assert (in_memory.boxes[:, 2] > in_memory.boxes[:, 0]).all()
    known = in_memory.p_infected[~np.isnan(in_memory.p_infected)]
    assert ((known >= 0) & (known <= 1)).all()


def test_what_is_written_and_read_back_is_what_was_counted(
    photo: Path, in_memory: smearcount.Result, tmp_path: Path
) -> None:
    written = smearcount.count(photo, tmp_path / "out")
    assert written.folder == tmp_path / "out" / "film"
    assert (written.folder / "report.html").is_file()
    again = smearcount.read_result(written.folder)
    assert again.summary == in_memory.summary
    assert json.loads((written.folder / "summary.json").read_text()) == again.summary
    np.testing.assert_allclose(again.boxes, in_memory.boxes, atol=0.06)
    with pytest.raises(smearcount.SmearcountError, match="there already"):
        smearcount.count(photo, tmp_path / "out")


def test_an_array_is_counted_as_the_same_picture_in_a_file(
    rendered: RenderedField, in_memory: smearcount.Result
) -> None:
    result = smearcount.count(rendered.image, name="film")
    assert result.summary["slide"] == "film"
    told = ("detected", "counted", "infected", "um_per_px", "verdict")
    assert [result.summary[key] for key in told] == [in_memory.summary[key] for key in told]


def test_a_count_of_an_array_says_that_it_was_one(rendered: RenderedField, tmp_path: Path) -> None:
    result = smearcount.count(rendered.image, tmp_path / "out", um_per_px=0.12)
    assert result.folder == tmp_path / "out" / "array"
    digest = hashlib.sha256(rendered.image.tobytes()).hexdigest()
    assert result.summary["source"] == f"array of 700 x 900 px, RGB, sha256 {digest}"
    (file,) = result.run["input"]["files"]
    assert file == {"name": "array", "bytes": 1_890_000, "shape": [700, 900, 3], "sha256": digest}
    for path in ("summary.json", "run.json", "report.html"):
        assert tempfile.gettempdir() + "/smearcount-" not in (result.folder / path).read_text()
    assert digest in (result.folder / "report.html").read_text()
    with pytest.raises(smearcount.SmearcountError, match="there already"):
        smearcount.count(rendered.image, tmp_path / "out")


def test_an_array_that_cannot_be_counted_is_told_without_a_file_that_nobody_knows() -> None:
    with pytest.raises(smearcount.SmearcountError) as raised:
        smearcount.count(np.zeros((4, 4, 3), np.uint8))
    assert "the array" in str(raised.value)
    assert "array.png" not in str(raised.value)


def test_settings_are_taken_by_name(photo: Path) -> None:
    part = smearcount.count(photo, region=(0, 0, 450, 700), um_per_px=0.12)
    assert part.summary["counted"] > 0
    assert (part.cells["x"] < 450).all()


@pytest.mark.parametrize(
    ("picture", "told"),
    [
        (np.zeros((20, 20), np.uint8), r"\(20, 20\); expected uint8 \(height, width, 3\)"),
        (np.zeros((20, 20, 3), np.float32), "float32"),
    ],
)
def test_an_array_of_another_form_is_refused_in_one_line(picture: np.ndarray, told: str) -> None:
    with pytest.raises(smearcount.InputError, match=told) as raised:
        smearcount.count(picture)
    assert "\n" not in str(raised.value)


def test_a_setting_that_is_none_is_named_with_those_that_are() -> None:
    with pytest.raises(smearcount.InputError, match=r"no setting is called threads.*workers"):
        smearcount.count("film.jpg", threads=2)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"um_per_px": "0.1"}, "um_per_px is '0.1'; expected a number"),
        ({"um_per_px": True}, "um_per_px is True; expected a number"),
        ({"um_per_px": float("nan")}, "um_per_px is nan; expected a finite number"),
        ({"um_per_px": np.float32(7)}, "expected at most 1"),
        ({"workers": 1.5}, "workers is 1.5; expected a whole number"),
        ({"workers": None}, "workers is None; expected a whole number"),
        ({"region": (0, 0, 10)}, "region is .*; expected x, y, width and height"),
        ({"region": "0,0,9,9"}, "region is .*; expected x, y, width and height"),
        ({"protocol": 5}, "protocol is 5; expected the name of a protocol"),
        ({"max_cells": "5"}, "max_cells is '5'; expected a whole number"),
        ({"red_cells_per_ul": 5}, "red_cells_per_ul is 5; expected at least 100,000"),
        ({"whole_film": "no"}, "whole_film is 'no'; expected true or false"),
        ({"report": None}, "report is None; expected"),
        ({"detector": 5}, "detector is 5; expected a path"),
        ({"site": ""}, "site is ''; expected a path"),
        ({"name": "a/b"}, "name is 'a/b'; .* such as 'a%2Fb'"),
        ({"name": "v" * 300}, "name is 'v.*; expected text that can be the name of a folder"),
        ({"name": 5}, "name is 5; expected text"),
        ({"out": 5}, "out is 5; expected a path"),
        ({"source": ""}, "source is ''; expected a path"),
        ({"source": "a\0b"}, "source is .*; expected a path"),
        ({"source": [[1]]}, "source is .*; expected a path"),
        ({"source": b"film.png"}, "source is b'film.png'; expected a path"),
        ({"source": np.empty((0, 9, 3), np.uint8)}, "the array is uint8"),
    ],
)
def test_what_is_of_another_kind_is_told_by_its_name_in_one_line(given: dict[str, Any], told: str) -> None:
    with pytest.raises(smearcount.InputError, match=told) as raised:
        smearcount.count(**{"source": "film.png", **given})
    assert "\n" not in str(raised.value)


def test_results_and_readers_of_another_kind_are_told_in_one_line() -> None:
    no_path: Any = None
    with pytest.raises(smearcount.InputError, match="folder is None; expected a path"):
        smearcount.read_result(no_path)
    wrong: tuple[Any, ...] = ("results", [5, 6])
    for readers in wrong:
        with pytest.raises(smearcount.InputError, match="expected a"):
            smearcount.compare(readers)


def test_every_setting_of_a_count_is_taken_and_none_has_a_default_of_its_own() -> None:
    assert {*given._KINDS, *given._FILES} == set(CountSettings.__slots__)
    assert given.settings_of({}) == CountSettings()
    own = {name: getattr(CountSettings(), name) for name in CountSettings.__slots__}
    assert given.settings_of(own) == CountSettings()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("check the picture or pass --um-per-px", "check the picture or pass um_per_px"),
        ("pass another --tile-px", "pass another tile_px"),
        (
            "pass --overwrite to replace it, or another -o",
            "pass overwrite=True to replace it, or another out",
        ),
        ("choose another folder with -o", "choose another folder as out"),
        (
            "free space there, or choose another folder with -o",
            "free space there, or choose another folder as out",
        ),
        ("count it with --whole-film", "count it with whole_film=True"),
        ("give --rbc-per-ul", "give red_cells_per_ul"),
        ("raise --memory-limit", "raise --memory-limit"),  # no argument: told by the command line alone
    ],
)
def test_an_error_names_the_argument_in_place_of_the_option(text: str, told: str) -> None:
    assert argument_words(text, []) == told


def test_what_is_called_like_an_option_keeps_its_name() -> None:
    named = "--um-per-px: is no picture; pass another --um-per-px"
    assert argument_words(named, ["--um-per-px:"]) == "--um-per-px: is no picture; pass another um_per_px"


def test_no_error_of_a_count_advises_an_option(photo: Path, tmp_path: Path) -> None:
    smearcount.count(photo, tmp_path)
    blank = np.full((400, 400, 3), 230, np.uint8)
    for asked in (
        {"source": photo, "out": tmp_path},
        {"source": photo, "tile_px": 1001},
        {"source": photo, "region": (5000, 0, 9, 9)},
        {"source": photo, "protocol": "who", "max_cells": 5},
        {"source": blank},
    ):
        with pytest.raises(smearcount.SmearcountError) as raised:
            smearcount.count(**asked)
        assert not re.search(r" -o\b| --[a-z]", str(raised.value)), raised.value


def test_numbers_of_numpy_are_settings(photo: Path) -> None:
    counted = smearcount.count(photo, um_per_px=np.float64(0.12), region=np.array([0, 0, 300, 300]).tolist())
    assert counted.summary["um_per_px"] == 0.12


def test_a_path_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(smearcount.SmearcountError) as raised:
        smearcount.count(tmp_path / "gone.jpg")
    assert "gone.jpg" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_readers_are_compared_slide_by_slide(tmp_path: Path) -> None:
    first, second = tmp_path / "ann.csv", tmp_path / "ben.csv"
    first.write_text("slide,infected,counted\nA,10,1000\nB,40,1000\nC,5,1000\n")
    second.write_text("slide,infected,counted\nA,11,1000\nB,90,1000\n")
    table = smearcount.compare([first, second])
    assert list(table["slide"]) == ["A", "B"]
    assert table.loc[0, "ann"] == pytest.approx(0.01)
    assert not table.loc[0, "third_needed"]
    assert table.loc[1, "third_needed"]
    assert pd.isna(table.loc[1, "final"])


def test_every_public_name_is_described() -> None:
    for name in smearcount.__all__:
        assert getattr(smearcount, name) is not None
    for function in (smearcount.count, smearcount.read_result, smearcount.compare):
        assert "Raises" in (function.__doc__ or "")


def test_the_example_notebook_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photo: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.png").write_bytes(photo.read_bytes())
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert len(code) >= 4
    names: dict[str, object] = {}
    for number, text in enumerate(code):
        exec(compile(text, f"{NOTEBOOK.name} cell {number}", "exec"), names)
    assert (tmp_path / "results" / "film" / "cells.csv").is_file()

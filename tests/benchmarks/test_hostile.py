"""Hostile inputs are many and differ; a fault is told from an answer."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.hostile.__main__ import KINDS, _inputs, _table
from benchmarks.hostile.trying import Expected, Tried, count, is_right, spoken_faults

FIELD = np.random.default_rng(1).integers(100, 140, (360, 480, 3), np.uint8)


def _photo(folder: Path) -> Path:
    Image.fromarray(FIELD).save(folder / "good.png")
    return folder / "good.png"


def test_there_are_at_least_600_inputs_and_no_two_of_one_name(tmp_path: Path) -> None:
    good = _photo(tmp_path)
    names = [(kind, name) for kind in KINDS for name, _, _ in _inputs(kind, FIELD, good)]
    assert len(names) == len(set(names)) >= 600


def test_odd_pictures_and_names_can_be_written(tmp_path: Path) -> None:
    good = _photo(tmp_path)
    for kind in ("names", "odd pictures", "heads", "TIFF"):
        for number, (name, make, _) in enumerate(_inputs(kind, FIELD, good)):
            if name == "text-bomb.png":
                continue  # 160 MB of text take their time
            folder = tmp_path / f"{kind}-{number}"
            folder.mkdir()
            assert make(folder).is_file(), name


def test_a_fault_is_told_from_an_answer() -> None:
    assert spoken_faults(1, "smearcount: a.png is empty (0 bytes); expected a JPEG\n") == []
    assert spoken_faults(-11, "") == ["signal"]
    assert spoken_faults(1, "Traceback (most recent call last):\n") == ["traceback"]
    assert spoken_faults(1, "unexpected ValueError: truth value of an array") == ["internals"]
    assert spoken_faults(0, "a\x1b[2Jb") == ["terminal"]


def test_memory_is_that_of_the_worker_that_counts(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Image.fromarray(FIELD).save(tmp_path / f"{name}.png")
    _, _, _, peak_mb = count([tmp_path / "a.png", tmp_path / "b.png"], tmp_path / "out")
    assert peak_mb > 120


def test_an_answer_is_right_or_wrong_by_what_must_become_of_the_input(tmp_path: Path) -> None:
    lines = "slide,field,cell,kind\n{0},{0},1,{1}\n"
    for name, kind in (("good", "red_cell"), ("same", "red_cell"), ("other", "white_cell")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cells.csv").write_text(lines.format(name, kind))
    row = {"state": "done", "counted": "20", "infected": "4", "result": "good"}
    good = Expected(good=tmp_path, row=row, cells=("cell,kind", "1,red_cell"), beside=frozenset())
    same, near = row | {"result": "same"}, row | {"result": "other", "counted": "19"}
    far, failed = near | {"counted": "12"}, {"state": "failed", "error": "a.png is empty (0 bytes)"}
    grey = far | {"verdict": "not countable", "codes": "grey_picture few_cells"}
    partial, beside = far | {"state": "partial"}, same | {"state": "partial"}
    right: dict[str, list[dict[str, str]]] = {
        "same": [same],
        "near": [same, near],
        "told": [same, near, failed, partial, beside],
        "damage": [failed, partial, beside],
        "partial": [partial, beside],
        "partial: same": [beside],
        "refused": [failed],
        "refused: is empty": [failed],
        "refused: is a GIF": [],
        "not countable": [failed, grey],
        "not countable: grey_picture": [failed, grey],
        "not countable: blurred": [failed],
        "passed over": [{}],
    }
    for must, answers in right.items():
        nothing: dict[str, str] = {}
        for answer in (same, near, far, failed, grey, partial, beside, nothing):
            assert is_right(must, answer, tmp_path, good) == (answer in answers), (must, answer)


def test_nearly_every_input_has_a_right_answer(tmp_path: Path) -> None:
    good = _photo(tmp_path)
    kinds = ("damaged", "odd pictures", "bombs", "names", "heads", "places")
    every = [(name, must) for kind in kinds for name, _, must in _inputs(kind, FIELD, good)]
    unknown = [f"flipped-{number}.{suffix}" for suffix in ("webp", "jp2") for number in (1, 2)]
    assert [name for name, must in every if must == "any"] == unknown


def test_the_table_counts_faults_by_kind() -> None:
    answer = Tried(
        kind="bombs",
        name="b",
        counted=False,
        faults=(),
        seconds=1.0,
        cpu_s=1.0,
        peak_mb=300.0,
        said="a.png is empty",
    )
    tried = [replace(answer, name="a", faults=("hang", "memory")), answer]
    rows = _table(tried).splitlines()
    assert rows[2].startswith("| bombs |")
    assert rows[2].split(" | ")[2:9] == ["2", "0", "2", "0", "0", "1", "1"]
    assert "- bombs, a: hang, memory" in rows

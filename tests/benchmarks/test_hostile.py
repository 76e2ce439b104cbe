"""Hostile inputs are many and differ; a fault is told from an answer."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.hostile.__main__ import KINDS, Tried, _inputs, _spoken_faults, _table

FIELD = np.random.default_rng(1).integers(0, 256, (96, 128, 3), np.uint8)


def _photo(folder: Path) -> Path:
    Image.fromarray(FIELD).save(folder / "good.png")
    return folder / "good.png"


def test_there_are_at_least_250_inputs_and_no_two_of_one_name(tmp_path: Path) -> None:
    good = _photo(tmp_path)
    names = [(kind, name) for kind in KINDS for name, _ in _inputs(kind, FIELD, good)]
    assert len(names) == len(set(names)) >= 250


def test_odd_pictures_and_names_can_be_written(tmp_path: Path) -> None:
    good = _photo(tmp_path)
    for kind in ("names", "odd pictures", "heads"):
        for number, (name, make) in enumerate(_inputs(kind, FIELD, good)):
            if name == "text-bomb.png":
                continue  # 160 MB of text take their time
            folder = tmp_path / f"{kind}-{number}"
            folder.mkdir()
            assert make(folder).is_file(), name


def test_a_fault_is_told_from_an_answer() -> None:
    assert _spoken_faults(1, "smearcount: a.png is empty (0 bytes); expected a JPEG\n") == []
    assert _spoken_faults(-11, "") == ["signal"]
    assert _spoken_faults(1, "Traceback (most recent call last):\n") == ["traceback"]
    assert _spoken_faults(1, "unexpected ValueError: truth value of an array") == ["internals"]
    assert _spoken_faults(0, "a\x1b[2Jb") == ["terminal"]


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

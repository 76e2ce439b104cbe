"""Slides of odd names and broken kinds: each says what is wrong with it, and costs no neighbour its count."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.names import CSV_ENCODING
from pipeline.synthetic.field import RenderSettings, render_field

REPOSITORY = Path(__file__).resolve().parents[2]
BUDGET_S = 60


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rendered field of some forty red cells."""
    settings = RenderSettings(width=640, height=480, um_per_px=0.12)
    path = tmp_path_factory.mktemp("field") / "field.png"
    cv2.imwrite(str(path), render_field(settings, np.random.default_rng(3)).image[..., ::-1])
    return path


def _count(*words: str | bytes | Path) -> subprocess.CompletedProcess[bytes]:
    run = "from pipeline.cli.app import main; main()"
    command = [sys.executable, "-c", run, "count", *words, "--um-per-px", "0.12"]
    return subprocess.run(command, capture_output=True, check=False, cwd=REPOSITORY, timeout=BUDGET_S)


def _rows(out: Path) -> list[dict[str, str]]:
    with (out / "slides.csv").open(encoding=CSV_ENCODING, newline="") as handle:
        return list(csv.DictReader(handle))


def test_a_name_of_any_bytes_is_counted_and_harms_no_output(photo: Path, tmp_path: Path) -> None:
    odd = [b"=1+1", b"\xff\xfe\x1b[2Jred\nline", "\u202eслайд".encode(), b"l" * 251, "ж".encode() * 120]
    folder = os.fsencode(tmp_path)
    for name in odd:
        shutil.copy(os.fsencode(photo), folder + b"/" + name + b".png")
    done = _count(*(folder + b"/" + name + b".png" for name in odd), "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    rows = _rows(tmp_path / "out")
    assert [row["state"] for row in rows] == ["done"] * len(odd)
    assert [row["slide"][:5] for row in rows] == ["'=1+1", "%FF%F", "%E2%8", "lllll", "жжжжж"]
    for stream in (done.stdout, done.stderr):
        assert b"\x1b" not in stream
        assert "\u202e" not in stream.decode()
    for place in (tmp_path / "out").iterdir():
        if place.is_dir() and place.name != ".smearcount-batch":
            assert cv2.imread(str(place / "overlay.jpg")) is not None
            assert json.loads((place / "summary.json").read_text())["slide"] == place.name
            cells = (place / "cells.csv").read_text(encoding=CSV_ENCODING).splitlines()
            assert not [line for line in cells if line.startswith(("=", "+", "-", "@"))]

"""A slide's table is built part by part, and no part more often than it must be."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from pipeline.batch import count_and_write
from pipeline.count import count_slide
from pipeline.counting import parts as parts_module
from pipeline.counting.rules import cell_table
from pipeline.output.marked_cells import MarkedCells
from pipeline.settings import CountSettings, ReportSettings
from pipeline.synthetic.field import RenderSettings, render_field

GIVEN = CountSettings(um_per_px=0.21)


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    settings = RenderSettings(width=1200, height=900, um_per_px=0.21, density=0.3)
    path = tmp_path_factory.mktemp("slides") / "film.png"
    cv2.imwrite(str(path), render_field(settings, np.random.default_rng(5)).image[..., ::-1])
    return path


@pytest.fixture
def built(monkeypatch) -> list[int]:
    """Number of rows of each table that is built."""
    rows: list[int] = []

    def noted(*given) -> pd.DataFrame:
        table = cell_table(*given)
        rows.append(len(table))
        return table

    monkeypatch.setattr(parts_module, "cell_table", noted)
    return rows


def test_the_table_of_a_photo_is_built_once_for_quality_count_picture_and_csv(photo, built, tmp_path):
    result, _ = count_and_write(photo, tmp_path, GIVEN)
    assert built == [result.summary.detected]


@pytest.mark.parametrize("report", [False, True])
def test_the_parts_of_a_large_slide_are_built_once_for_count_picture_csv_and_report(
    photo, built, tmp_path, monkeypatch, report
):
    settings = replace(GIVEN, report=ReportSettings(is_written=report))
    whole, folder = count_and_write(photo, tmp_path / "whole", settings)
    built.clear()
    monkeypatch.setattr(parts_module, "PART_CELLS", 100)
    monkeypatch.setattr(parts_module, "BAND_PX", 64)
    result, parts = count_and_write(photo, tmp_path / "parts", settings)
    assert len(built) > 2
    assert sum(built) == result.summary.detected == whole.summary.detected
    for name in ("cells.csv", "overlay.jpg"):
        assert (parts / name).read_bytes() == (folder / name).read_bytes()


def test_the_cells_of_a_scan_that_are_kept_for_its_picture_are_those_that_stand_out(photo, monkeypatch):
    monkeypatch.setattr(parts_module, "PART_CELLS", 100)
    monkeypatch.setattr(parts_module, "BAND_PX", 64)
    monkeypatch.setattr("pipeline.output.marked_cells.OUTLINED_MIN_PX", 1000)  # as if a cell were very small
    marked = MarkedCells()
    cells = count_slide(photo, GIVEN, readers=[marked]).cells
    drawn = marked.table()
    assert drawn is not None
    assert drawn[drawn["infected"]]["x_min"].tolist() == cells.loc[cells["infected"], "x_min"].tolist()
    assert 0 < len(drawn) < len(cells)
    assert (drawn["p_infected"] >= 0.05).all()


def test_a_photo_that_is_left_out_leaves_the_table_of_the_others_as_it_was_built(photo, built, tmp_path):
    folder = tmp_path / "slide"
    folder.mkdir()
    (folder / "film.png").write_bytes(photo.read_bytes())
    cv2.imwrite(str(folder / "grey.png"), np.full((900, 1200, 3), 90, np.uint8))
    result, written = count_and_write(folder, tmp_path / "out", GIVEN)
    assert [one.name for one in result.summary.excluded_fields] == ["grey"]
    assert len(built) == 1
    alone, one = count_and_write(photo, tmp_path / "out", GIVEN)
    rows, others = ((each / "cells.csv").read_text().splitlines()[1:] for each in (written, one))
    assert [row.split(",")[2:] for row in rows] == [row.split(",")[2:] for row in others]
    assert result.summary.counted == alone.summary.counted > 0

"""A slide's table is built part by part, and no part more often than it must be."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from pipeline.batch import count_and_write
from pipeline.counting import parts as parts_module
from pipeline.counting.rules import cell_table
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


@pytest.mark.parametrize(("report", "times"), [(False, 2), (True, 3)])
def test_the_parts_of_a_large_slide_are_built_once_each_for_the_count_the_csv_and_the_report(
    photo, built, tmp_path, monkeypatch, report, times
):
    settings = replace(GIVEN, report=ReportSettings(is_written=report))
    whole, _ = count_and_write(photo, tmp_path / "whole", settings)
    built.clear()
    monkeypatch.setattr(parts_module, "PART_CELLS", 100)
    monkeypatch.setattr(parts_module, "BAND_PX", 64)
    monkeypatch.setattr("pipeline.output.overlay.OUTLINED_MIN_PX", 1000)  # as if a cell were very small
    result, _ = count_and_write(photo, tmp_path / "parts", settings)
    number = len(built) // times
    assert number > 2
    assert built == built[:number] * times
    assert sum(built) == times * result.summary.detected == times * whole.summary.detected


def test_the_infected_cells_that_are_drawn_are_those_of_the_table(photo, monkeypatch, tmp_path):
    monkeypatch.setattr(parts_module, "PART_CELLS", 100)
    monkeypatch.setattr(parts_module, "BAND_PX", 64)
    result, _ = count_and_write(photo, tmp_path, GIVEN)
    cells = result.cells
    assert result.infected is not None
    drawn = result.infected[result.infected["infected"]]
    assert drawn["x_min"].tolist() == cells.loc[cells["infected"], "x_min"].tolist()
    assert len(drawn) > 0
    assert (result.infected["p_infected"] >= 0.05).all()

"""Of a damaged scan the readable part is counted; the result names what failed, and why."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from pipeline.batch import count_and_write
from pipeline.count import count_slide
from pipeline.counting.result import CountResult
from pipeline.reader.parts import cache
from pipeline.settings import CountSettings
from pipeline.synthetic.field import RenderSettings, render_field
from tests.pipeline.reader.pyramid_files import break_tile, levels_of, overwrite, tile_places, write_scan

REPOSITORY = Path(__file__).resolve().parents[3]
UM_PER_PX = 0.25
SIDE_PX = 1300
SETTINGS = CountSettings(um_per_px=UM_PER_PX, tile_px=256)
MOST_APART = 0.2
"""Greatest difference of two probabilities by views of which one lacks a tile."""
PLACE = ["x", "y", "kind", "p_infected", "counted"]


@pytest.fixture(scope="module")
def levels() -> list[np.ndarray]:
    settings = RenderSettings(width=SIDE_PX, height=SIDE_PX, um_per_px=UM_PER_PX)
    return levels_of(render_field(settings, np.random.default_rng(4)).image, (2, 4))


@pytest.fixture
def scan(levels, tmp_path) -> Path:
    return write_scan(tmp_path / "film.tif", levels)


@pytest.fixture(scope="module")
def counted(levels, tmp_path_factory) -> CountResult:
    return count_slide(write_scan(tmp_path_factory.mktemp("whole") / "film.tif", levels), SETTINGS)


def assert_same_beside(result: CountResult, whole: CountResult) -> None:
    """The cells beside the parts that failed are those of the whole scan.

    A cell belongs to a tile by the centre the detector gave it; its row holds that of its outline. What the
    usual cell absorbs is told by the cells in view, of others where the view failed: probabilities may
    differ a little, and what is faint is kept or not by its probability.
    """
    beside, whole_beside = (
        counted.cells.loc[~_near(counted.cells, result), PLACE] for counted in (result, whole)
    )
    both = beside.merge(whole_beside, on=["x", "y", "kind", "counted"])
    assert 100 < len(both) < len(whole.cells)
    assert len(both) >= max(len(beside), len(whole_beside)) - 1
    differ = (both["p_infected_x"] - both["p_infected_y"]).abs()
    assert differ.max() < MOST_APART
    assert differ.median() < 0.01
    assert int(_near(result.cells, result).sum()) < 0.1 * len(beside)


def assert_nearly_same_beside(result: CountResult, whole: CountResult) -> None:
    """As many cells beside what failed as in the whole scan; the light of less may differ by a level."""
    numbers = [int((~_near(counted.cells, result)).sum()) for counted in (result, whole)]
    assert 100 < numbers[0] == pytest.approx(numbers[1], rel=0.02)


def _near(cells: pd.DataFrame, result: CountResult) -> np.ndarray:
    near = np.zeros(len(cells), bool)
    for tile in result.summary.failed_tiles:
        across = (cells["x"] >= tile.x - 8) & (cells["x"] < tile.x + tile.width + 8)
        near |= (across & (cells["y"] >= tile.y - 8) & (cells["y"] < tile.y + tile.height + 8)).to_numpy()
    return near


@pytest.mark.parametrize("damage", ["garbage", "emptied", "past the end"])
def test_cells_beside_a_broken_tile_are_those_of_the_whole_scan(scan, counted, damage):
    break_tile(scan, 0, 60, damage)
    result = count_slide(scan, SETTINGS)
    summary = result.summary
    assert summary.status == "partial"
    assert summary.failed_tiles
    assert all("truncated or damaged" in tile.reason for tile in summary.failed_tiles)
    assert sum(tile.width * tile.height for tile in summary.failed_tiles) < 0.5 * SIDE_PX**2
    assert "tiles_failed" in {notice.code for notice in summary.notices}
    assert_same_beside(result, counted)


def test_broken_small_level_costs_no_cell(scan, counted):
    for number in range(4):
        break_tile(scan, 2, number, "zeros")
    result = count_slide(scan, SETTINGS)
    assert result.summary.status == "complete"
    assert abs(result.summary.counted - counted.summary.counted) <= 0.01 * counted.summary.counted


def test_upper_part_of_a_truncated_scan_is_counted_by_workers_too(scan, counted):
    scan.write_bytes(scan.read_bytes()[: tile_places(scan, 0)[70][0]])
    one = count_slide(scan, SETTINGS)
    two = count_slide(scan, replace(SETTINGS, workers=2))
    assert one.summary == two.summary
    assert one.summary.status == "partial"
    assert all("the file ends" in tile.reason for tile in one.summary.failed_tiles)
    assert_nearly_same_beside(one, counted)


@pytest.mark.parametrize("workers", [1, 2])
def test_scan_that_shrinks_during_the_count_gives_a_partial_result(scan, counted, workers, monkeypatch):
    end = tile_places(scan, 0)[75][0]

    def shrink(done: int, *_: object) -> None:
        if done == 1:
            with scan.open("r+b") as stream:
                stream.truncate(end)

    monkeypatch.setattr(cache, "_CACHE_BYTES", 1 << 20)  # else the light has read all of it
    result = count_slide(scan, replace(SETTINGS, workers=workers), shrink)
    assert result.summary.status == "partial"
    whole, *parts = result.summary.failed_tiles
    assert "changed or went away" in whole.reason
    assert parts
    assert {tile.reason for tile in parts if "the file ends" not in tile.reason} == set()
    assert_same_beside(result, counted)


@pytest.mark.parametrize("stated", [(0, 1), (1, 10**9), (10**9, 1), (1, 0)])
def test_absurd_size_of_a_pixel_is_estimated_from_the_cells_instead(levels, tmp_path, stated):
    path = tmp_path / "film.tif"
    tifffile.imwrite(path, levels[0], photometric="rgb", tile=(256, 256), resolution=(1, 1), resolutionunit=3)
    with tifffile.TiffFile(path) as tiff:
        places = [tiff.pages.first.tags[code].valueoffset for code in (282, 283)]
    for place in places:
        overwrite(path, place, b"".join(part.to_bytes(4, "little") for part in stated))
    summary = count_slide(path, CountSettings()).summary
    assert summary.scale_source == "estimated"
    assert summary.um_per_px == pytest.approx(UM_PER_PX, rel=0.1)
    assert "scale_estimated" in {notice.code for notice in summary.notices}


def test_command_ends_with_1_and_says_partial_wherever_it_shows_the_count(scan, tmp_path):
    break_tile(scan, 0, 60, "zeros")
    order = [sys.executable, "-c", "from pipeline.cli.app import main; main()", "count", str(scan)]
    order += ["-o", str(tmp_path / "out"), "--um-per-px", str(UM_PER_PX), "--tile-px", "256"]
    done = subprocess.run(order, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    assert "partial" in done.stdout.lower()
    summary = json.loads((tmp_path / "out" / "film" / "summary.json").read_text())
    assert summary["status"] == "partial"
    assert {"x", "y", "width", "height", "reason"} <= set(summary["failed_tiles"][0])
    assert ",partial," in (tmp_path / "out" / "slides.csv").read_text()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_scan_that_goes_away_during_the_count_loses_nothing_that_was_counted(
    scan, tmp_path, workers, monkeypatch
):
    """What is open can be read on; what a worker still has to open is lost, and said to be."""

    def remove(done: int, *_: object) -> None:
        if done == 1:
            scan.unlink()

    result, folder = count_and_write(
        scan, tmp_path / "out", replace(SETTINGS, workers=workers), progress=remove
    )
    assert result.summary.status == "partial"
    assert result.summary.counted > 0
    assert any("changed or went away" in tile.reason for tile in result.summary.failed_tiles)
    assert {path.name for path in folder.iterdir()} == {
        "cells.csv",
        "evidence",
        "overlay.jpg",
        "report.html",
        "run.json",
        "summary.json",
    }


def test_a_scan_that_is_replaced_by_another_of_its_size_is_a_partial_result(scan):
    def replace_it(done: int, *_: object) -> None:
        if done == 1:
            copy = scan.with_suffix(".copy")
            copy.write_bytes(scan.read_bytes())
            copy.replace(scan)

    summary = count_slide(scan, SETTINGS, replace_it).summary
    assert summary.status == "partial"
    assert any("changed or went away" in tile.reason for tile in summary.failed_tiles)


def test_the_part_that_fails_is_a_few_squares_whatever_the_tiles(scan, counted):
    """The file's tile is 256 px of 0.25 µm, the squares are 256 px of 0.375 µm."""
    break_tile(scan, 0, 60 % 25, "garbage")
    results = [count_slide(scan, replace(SETTINGS, tile_px=tile_px)) for tile_px in (256, 1024)]
    assert results[0].summary == results[1].summary
    assert results[0].cells.equals(results[1].cells)
    assert 1 <= len(results[0].summary.failed_tiles) <= 4
    assert results[0].summary.area_mm2["unreadable"] <= 4 * 0.096**2

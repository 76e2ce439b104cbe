"""A rendered whole film, counted as a scan: only where it can be read, the same bytes in any way of work."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from pipeline.batch import count_slides
from pipeline.count import count_slide
from pipeline.counting.result import CountResult
from pipeline.planning.area import CountedArea
from pipeline.settings import CountSettings
from pipeline.synthetic.field import RenderSettings
from pipeline.synthetic.scan.film import outlined_film
from pipeline.synthetic.scan.slide import render_scan
from tests.pipeline.result_files import files_of

UM_PER_PX = 0.31
WIDTH, HEIGHT = 6000, 2300
GIVEN = CountSettings()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    settings = RenderSettings(
        width=WIDTH, height=HEIGHT, um_per_px=UM_PER_PX, density=0.35, parasitaemia=0.1, seed=4
    )
    return render_scan(outlined_film(settings), tmp_path_factory.mktemp("film") / "set")


@pytest.fixture(scope="module")
def scan(folder) -> Path:
    return next((folder / "images").iterdir())


@pytest.fixture(scope="module")
def truth(folder) -> pd.DataFrame:
    return pd.read_csv(folder / "cells.csv")


@pytest.fixture(scope="module")
def whole(scan, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    list(count_slides([scan], out, GIVEN))
    return out / scan.stem


@pytest.fixture(scope="module")
def counted(scan) -> CountResult:
    return count_slide(scan, GIVEN)


@pytest.mark.slow
@pytest.mark.parametrize(("tile_px", "workers"), [(512, 4), (2048, 2), (4096, 1)])
def test_every_file_of_a_scan_is_the_same_for_any_tiles_and_workers(scan, whole, tile_px, workers, tmp_path):
    list(count_slides([scan], tmp_path, replace(GIVEN, tile_px=tile_px, workers=workers)))
    assert files_of(tmp_path / scan.stem) == files_of(whole)


def test_the_parts_of_the_film_are_all_of_it(counted):
    areas = counted.summary.area_mm2
    # The drawn glass is of one colour, as a margin is.
    assert set(areas) - {"outside_view"} == {"counted", "empty_glass", "feathered_edge", "thick_end"}
    assert sum(areas.values()) == pytest.approx(WIDTH * HEIGHT * UM_PER_PX**2 / 1e6, rel=0.001)
    assert areas["counted"] > 0.3 * sum(areas.values())


def test_the_monolayer_is_counted_and_the_thick_end_is_not(counted, truth):
    """This film is seven squares of the map high: at the edges of its areas squares are shared."""
    area = counted.areas[counted.summary.fields[0].name]
    inside = truth[_within(area, truth)]
    share = inside["area"].value_counts() / truth["area"].value_counts()
    assert share["thick"] < 0.15
    assert share["monolayer"] > 0.95


def test_nearly_every_cell_of_the_counted_part_is_found(counted, truth):
    area = counted.areas[counted.summary.fields[0].name]
    red = truth[~truth["label"].isin(["white_blood_cell", "platelet"])]
    assert counted.summary.counted == pytest.approx(_within(area, red).sum(), rel=0.04)


def test_the_whole_film_is_counted_where_that_is_asked_for(scan, counted):
    everything = count_slide(scan, replace(GIVEN, whole_film=True, tile_px=2048)).summary
    assert everything.detected > 1.2 * counted.summary.detected
    # The even white beyond the film's end is a margin, as around a scan of a part of the glass.
    assert set(everything.area_mm2) == {"counted", "outside_view"}
    assert everything.area_mm2["outside_view"] < counted.summary.area_mm2["empty_glass"]
    whole = sum(counted.summary.area_mm2.values())
    assert sum(everything.area_mm2.values()) == pytest.approx(whole, rel=1e-4)


def test_a_protocol_takes_squares_from_all_over_the_monolayer(scan, counted):
    some = count_slide(scan, replace(GIVEN, protocol="bsh"))
    other = count_slide(scan, replace(GIVEN, protocol="bsh", tile_px=4096, workers=2))
    assert some.cells.equals(other.cells)
    assert some.summary == other.summary
    assert 1000 <= some.summary.counted < 1300
    spread = some.cells["x"].std() / counted.cells["x"].std()
    assert 0.7 < spread < 1.4


def _within(area: CountedArea, cells: pd.DataFrame) -> np.ndarray:
    """Which cells have their centre in the part that is counted."""
    step = 0.375 / UM_PER_PX
    rows = (cells["y"] / step).astype(int).clip(0, area.height - 1)
    columns = (cells["x"] / step).astype(int).clip(0, area.width - 1)
    return area.mask((0, 0, area.width, area.height))[rows, columns]


def test_a_damaged_tile_costs_its_own_cells_and_no_other(scan, counted, tmp_path):
    broken = tmp_path / scan.name
    broken.write_bytes(scan.read_bytes())
    with tifffile.TiffFile(scan) as file:
        page = file.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        across = -(-WIDTH // page.tilewidth)
        index = (HEIGHT // 2 // page.tilelength) * across + WIDTH // 2 // page.tilewidth
        start, length = page.dataoffsets[index], page.databytecounts[index]
    with broken.open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * length)
    (outcome,) = count_slides([broken], tmp_path / "out", replace(GIVEN, tile_px=256))
    summary = outcome.summary
    assert outcome.state == "partial"
    assert summary is not None
    assert summary.status == "partial"
    assert summary.area_mm2["unreadable"] > 0
    assert sum(summary.area_mm2.values()) == pytest.approx(sum(counted.summary.area_mm2.values()), rel=1e-4)
    assert all("damaged" in tile.reason for tile in summary.failed_tiles)
    assert 0.7 * counted.summary.counted < summary.counted < counted.summary.counted
    cells = pd.read_csv(tmp_path / "out" / scan.stem / "cells.csv")
    lost = {(tile.x, tile.y, tile.width, tile.height) for tile in summary.failed_tiles}
    missing = counted.cells[~_known(counted.cells, cells)]
    elsewhere = [
        (x, y)
        for x, y in zip(missing["x"], missing["y"], strict=True)
        if not any(a - 1 <= x <= a + c + 1 and b - 1 <= y <= b + d + 1 for a, b, c, d in lost)
    ]
    # The cells in view tell the stain, fewer here: an object that is hardly seen may be no cell any more.
    assert len(elsewhere) <= 0.005 * len(counted.cells)


def _known(cells: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    from scipy.spatial import cKDTree

    distance, _ = cKDTree(others[["x", "y"]]).query(cells[["x", "y"]])
    return distance < 0.1

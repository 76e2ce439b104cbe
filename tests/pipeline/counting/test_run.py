"""Parts of a slide, counts that stop early and counts that go on: the same cells however it is worked on."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from pipeline.batch import count_and_write
from pipeline.count import count_slide
from pipeline.counting import parts as parts_module
from pipeline.counting import run as run_module
from pipeline.counting import tile as tile_module
from pipeline.counting.result import CountResult
from pipeline.errors import InputError
from pipeline.output.cells_csv import write_cells
from pipeline.planning.protocols import VIEW_MM2, goal_of
from pipeline.settings import CountSettings
from pipeline.synthetic.field import RenderSettings, render_field
from tests.pipeline.result_files import files_of

REPOSITORY = Path(__file__).resolve().parents[3]
UM_PER_PX = 0.21
WIDTH, HEIGHT = 2000, 1500
GIVEN = CountSettings(um_per_px=UM_PER_PX)


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    settings = RenderSettings(width=WIDTH, height=HEIGHT, um_per_px=UM_PER_PX, density=0.3)
    path = tmp_path_factory.mktemp("slides") / "film.png"
    cv2.imwrite(str(path), render_field(settings, np.random.default_rng(11)).image[..., ::-1])
    return path


@pytest.fixture(scope="module")
def counted(photo) -> CountResult:
    return count_slide(photo, GIVEN)


def cells_csv(result: CountResult, folder: Path) -> bytes:
    write_cells(folder / "cells.csv", result.parts)
    return (folder / "cells.csv").read_bytes()


def places(result: CountResult) -> set[tuple[float, float]]:
    cells = result.cells
    return set(zip(cells["x"], cells["y"], strict=True))


def test_regions_share_the_cells_of_a_slide_out_among_them(photo, counted):
    cuts = [(0, 0, 777, HEIGHT), (777, 0, 500, 444), (777, 444, 500, HEIGHT), (1277, 0, WIDTH, HEIGHT)]
    parts = [count_slide(photo, replace(GIVEN, region=cut)) for cut in cuts]
    assert sum(len(part.cells) for part in parts) == len(counted.cells) > 500
    assert set.union(*(places(part) for part in parts)) == places(counted)
    assert sum(part.summary.area_mm2["counted"] for part in parts) == pytest.approx(
        counted.summary.area_mm2["counted"], rel=1e-5
    )


@pytest.mark.parametrize("tile_px", [136, 512, 2048])
def test_a_region_does_not_depend_on_the_tiles(photo, tile_px, tmp_path):
    some = replace(GIVEN, region=(333, 210, 901, 800))
    one, other = count_slide(photo, some), count_slide(photo, replace(some, tile_px=tile_px, workers=2))
    assert cells_csv(one, tmp_path) == cells_csv(other, tmp_path)
    assert one.summary == other.summary
    cells = one.cells
    assert cells["x"].between(332, 1235).all()
    assert cells["y"].between(209, 1011).all()


def test_a_region_outside_of_the_picture_is_refused_in_one_line(photo):
    with pytest.raises(InputError, match="2000 x 1500 px") as told:
        count_slide(photo, replace(GIVEN, region=(WIDTH, 0, 50, 50)))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("max_cells", [1, 150, 400])
def test_a_count_that_stops_early_does_not_depend_on_tiles_or_workers(photo, counted, max_cells, tmp_path):
    some = replace(GIVEN, max_cells=max_cells)
    one, other = count_slide(photo, some), count_slide(photo, replace(some, tile_px=512, workers=2))
    assert cells_csv(one, tmp_path) == cells_csv(other, tmp_path)
    assert one.summary == other.summary
    assert max_cells <= one.summary.counted < len(counted.cells)
    assert places(one) < places(counted)
    assert one.summary.area_mm2["not_reached"] > 0
    assert sum(one.summary.area_mm2.values()) == pytest.approx(
        sum(counted.summary.area_mm2.values()), rel=1e-5
    )


def test_a_count_that_stops_early_samples_the_slide_evenly(photo):
    cells = count_slide(photo, replace(GIVEN, max_cells=300)).cells
    left, top = cells["x"] < WIDTH / 2, cells["y"] < HEIGHT / 2
    shares = pd.concat([left & top, left & ~top, ~left & top, ~left & ~top], axis=1).mean()
    assert shares.min() > 0.1


def test_a_protocol_that_wants_more_cells_than_there_are_says_how_many_are_missing(photo, counted):
    summary = count_slide(photo, replace(GIVEN, protocol="nvp")).summary
    assert summary.counted == counted.summary.counted
    assert summary.goal is not None
    assert summary.goal.missing == 10_000 - summary.counted
    assert "not_reached" not in summary.area_mm2


def test_cdc_goes_on_while_few_cells_are_infected(photo):
    summary = count_slide(photo, replace(GIVEN, protocol="cdc")).summary
    goal = goal_of("cdc", None)
    assert goal is not None
    assert summary.goal is not None
    assert summary.goal.missing == goal.missing(summary.infected, summary.counted)
    assert summary.counted >= 500


@pytest.mark.parametrize("cells_a_part", [1, 200])
def test_the_table_is_the_same_in_one_part_and_in_many(photo, counted, cells_a_part, tmp_path, monkeypatch):
    monkeypatch.setattr(parts_module, "PART_CELLS", cells_a_part)
    monkeypatch.setattr(parts_module, "BAND_PX", 64)
    parts = count_slide(photo, replace(GIVEN, tile_px=256))
    assert len(list(parts.parts)) > 3
    assert cells_csv(parts, tmp_path) == cells_csv(counted, tmp_path)
    assert parts.summary.fields == counted.summary.fields
    assert parts.summary.verdict == counted.summary.verdict
    assert parts.cells["cell"].tolist() == list(range(1, len(parts.cells) + 1))


def test_a_count_killed_halfway_goes_on_where_it_was_and_ends_with_the_same_bytes(photo, tmp_path):
    """The power is cut after six tiles; the second run works on the others alone."""
    settings = replace(GIVEN, tile_px=256)
    _, whole = count_and_write(photo, tmp_path / "whole", settings)
    out = tmp_path / "out"
    dying = (
        "import os, signal, sys, pipeline.counting.tile_store as store\n"
        "store.SYNC_EVERY_S = 0.0\n"
        "add, done = store.FileStore.add, []\n"
        "def dies(self, tile, cells):\n"
        "    add(self, tile, cells)\n"
        "    done.append(tile)\n"
        "    if len(done) == 6: os.kill(os.getpid(), signal.SIGKILL)\n"
        "store.FileStore.add = dies\n"
        "from pipeline.cli.app import main; main()"
    )
    arguments = ("count", str(photo), "-o", str(out), "--um-per-px", str(UM_PER_PX), "--tile-px", "256")
    killed = subprocess.run(
        [sys.executable, "-c", dying, *arguments], cwd=REPOSITORY, timeout=120, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    told: list[tuple[int, int, int]] = []
    result, folder = count_and_write(photo, out, settings, progress=lambda *now: told.append(now))
    assert files_of(folder) == files_of(whole)
    assert told[0][0] == 7
    assert told[-1][0] == told[-1][1] == len(told) + 6
    # Beside the result only the ledger of the folder stays, see `pipeline.jobs.slide_ledger`.
    assert {path.name for path in out.iterdir()} == {"film", ".smearcount-batch"}
    assert result.summary.status == "complete"


def test_a_changed_slide_is_counted_anew(photo, tmp_path):
    slide = tmp_path / "film.png"
    slide.write_bytes(photo.read_bytes())
    settings = replace(GIVEN, tile_px=256)
    _stopped_after(6, slide, tmp_path / "out", settings)
    os.utime(slide, ns=(1, 1))
    told: list[tuple[int, int, int]] = []
    count_and_write(slide, tmp_path / "out", settings, progress=lambda *now: told.append(now))
    assert told[0][0] == 1


def test_a_count_that_was_stopped_may_go_on_with_more_workers(photo, tmp_path):
    settings = replace(GIVEN, tile_px=256)
    _stopped_after(6, photo, tmp_path / "out", settings)
    told: list[tuple[int, int, int]] = []
    _, folder = count_and_write(
        photo, tmp_path / "out", replace(settings, workers=2), progress=lambda *now: told.append(now)
    )
    assert told[0][0] == 7
    assert json.loads((folder / "summary.json").read_text())["counted"] > 500


def _stopped_after(number: int, slide: Path, out: Path, settings: CountSettings) -> None:
    def stop(done: int, total: int, cells: int) -> None:
        if done == number:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        count_and_write(slide, out, settings, progress=stop)


def test_a_tile_that_fails_is_done_again_when_the_count_goes_on(photo, tmp_path, monkeypatch):
    settings = replace(GIVEN, tile_px=256)
    work, calls = tile_module.TileWorker._work, []

    def fails_once(self, tile, plan):
        calls.append(tile)
        if len(calls) in {3, 4}:  # the tile, and the only square that it is cut into
            raise OSError("the cable came loose")
        return work(self, tile, plan)

    monkeypatch.setattr(tile_module.TileWorker, "_work", fails_once)
    _stopped_after(6, photo, tmp_path / "out", settings)
    result, _ = count_and_write(photo, tmp_path / "out", settings)
    assert calls.count(calls[2]) == 3
    assert result.summary.status == "complete"


@pytest.mark.parametrize("goal", [{}, {"max_cells": 150}])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_count_does_not_depend_on_the_order_in_which_tiles_are_ready(
    photo, counted, tmp_path, monkeypatch, goal, seed
):
    def answered_in_any_order(work, tasks):
        shuffled = list(tasks)
        np.random.default_rng(seed).shuffle(shuffled)
        yield from ((task, work(task)) for task in shuffled)

    settings = replace(GIVEN, tile_px=256, **goal)
    ordered = count_slide(photo, settings)
    monkeypatch.setattr(run_module, "run_here", answered_in_any_order)
    shuffled = count_slide(photo, settings)
    assert cells_csv(shuffled, tmp_path) == cells_csv(ordered, tmp_path)
    assert shuffled.summary == ordered.summary


def test_a_number_of_fields_counts_so_many_photos_of_a_folder(photo, tmp_path):
    whole = cv2.imread(str(photo))
    assert whole is not None
    for name, part in (("a", whole[:700, :900]), ("b", whole[-700:, -900:]), ("c", whole[:700, -900:])):
        cv2.imwrite(str(tmp_path / f"{name}.png"), part)
    summary = count_slide(tmp_path, replace(GIVEN, fields=2)).summary
    least, *others = sorted(field.counted for field in summary.fields)
    assert least == 0
    assert len(others) == 2
    assert min(others) > 100
    assert summary.goal is not None
    assert (summary.goal.fields, summary.goal.missing) == (2, 0)


def test_a_number_of_fields_of_one_photo_is_the_area_of_so_many_views(photo):
    summary = count_slide(photo, replace(GIVEN, fields=2)).summary
    assert summary.area_mm2["counted"] == pytest.approx(2 * VIEW_MM2, rel=0.35)
    assert summary.area_mm2["not_reached"] > 0

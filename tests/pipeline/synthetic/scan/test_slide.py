"""Rendered scans are what their truth says they are, whatever their size."""

import errno
import os
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import tifffile
from openslide import OpenSlide
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.errors import InputError, OutputError, OutputExistsError
from pipeline.evaluation.labelled import read_field_set
from pipeline.reader.slide import open_slide
from pipeline.reader.tiff_layout import tiff_layout
from pipeline.synthetic.field import FIELD_PX_MAX, Optics, RenderSettings, render_set
from pipeline.synthetic.layout import Body, Kind
from pipeline.synthetic.scan.chunk import CHUNK_PX, Chunk, ChunkArtist, halved
from pipeline.synthetic.scan.film import AREAS, even_film, outlined_film
from pipeline.synthetic.scan.pyramid import level_sizes
from pipeline.synthetic.scan.rows import BodyRows, block_px
from pipeline.synthetic.scan.slide import render_scan
from pipeline.synthetic.scan.stamps import Boxes, Placed, Stamps, farthest_px, reach_px, variants

INFECTED = ["ring", "trophozoite", "schizont", "gametocyte"]
RED = ["uninfected", *INFECTED]
SCAN = RenderSettings(width=2101, height=1303, um_per_px=0.25, parasitaemia=0.07, seed=3)
FILM = replace(SCAN, width=2400, height=1500, um_per_px=0.5)


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_scan(even_film(SCAN), tmp_path_factory.mktemp("scan") / "set")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_scan(outlined_film(FILM), tmp_path_factory.mktemp("film") / "set")


def image_of(folder: Path) -> Path:
    (image,) = (folder / "images").iterdir()
    return image


def level_0(folder: Path) -> np.ndarray:
    return tifffile.imread(image_of(folder), level=0)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_number_of_workers_changes_no_byte(scan: Path, tmp_path: Path) -> None:
    assert contents(render_scan(even_film(SCAN), tmp_path / "set", workers=2)) == contents(scan)


def test_another_seed_draws_other_cells(scan: Path, tmp_path: Path) -> None:
    other = render_scan(even_film(replace(SCAN, seed=4)), tmp_path / "set")
    places = [set(zip(read.x, read.y, strict=True)) for read in map(cells_of, (scan, other))]
    assert len(places[0] & places[1]) < 0.01 * len(places[0])


def cells_of(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "cells.csv")


def test_the_set_has_the_documented_form_and_its_counts(scan: Path) -> None:
    labelled = read_field_set(scan)
    (row,) = labelled.fields.itertuples()
    labels = labelled.cells["label"]
    assert labelled.image_path(row.field) == image_of(scan)
    assert row.n_rbc == labels.isin(RED).sum() > 500
    assert row.n_parasitized == labels.isin(INFECTED).sum() == round(0.07 * row.n_rbc)
    assert (labels == "platelet").any() and (labels == "white_blood_cell").any()


@pytest.mark.parametrize("parasitaemia", [0.0, 0.013, 0.5, 1.0])
def test_parasitaemia_is_exact_after_every_row(parasitaemia: float) -> None:
    rows = BodyRows(even_film(replace(SCAN, parasitaemia=parasitaemia)))
    red = infected = 0
    for row in rows:
        labels = pd.Series([placed.body.label for placed in row])
        red, infected = red + labels.isin(RED).sum(), infected + labels.isin(INFECTED).sum()
        assert infected == rows.infected == round(parasitaemia * red)
        assert red == rows.red_cells
    assert red > 500


def test_every_cell_of_the_truth_is_darker_than_the_glass_around_it(scan: Path) -> None:
    green = level_0(scan)[:, :, 1].astype(float)
    glass = np.percentile(green, 98)
    cells = cells_of(scan)
    for row in cells[cells.label.isin([*RED, "white_blood_cell"])].itertuples():
        box = green[max(0, int(row.ymin)) : int(row.ymax), max(0, int(row.xmin)) : int(row.xmax)]
        if box.size > 100:
            assert np.percentile(box, 40) < glass - 20, row


def test_what_is_dark_lies_in_a_box_of_the_truth(scan: Path) -> None:
    settings = replace(SCAN, dirt=0.0)
    rows = [placed for row in BodyRows(even_film(settings)) for placed in row]
    boxes = Boxes((settings,))
    pixels = ChunkArtist(even_film(settings)).pixels(Chunk(row=0, column=0, bodies=tuple(rows)))
    dark = pixels[:, :, 1] < np.percentile(pixels[:, :, 1], 95) - 30
    for placed in rows:
        xmin, ymin, xmax, ymax = boxes.of(placed)
        slack = 3 if placed.body.kind != "platelet" else 8  # a platelet fades away past its outline
        top, left = max(0, int(ymin) - slack), max(0, int(xmin) - slack)
        dark[top : int(ymax) + slack, left : int(xmax) + slack] = False
    assert dark.mean() < 1e-4


@pytest.mark.parametrize("turn", range(8))
def test_a_turned_stamp_keeps_to_its_box(turn: int) -> None:
    settings = replace(SCAN, um_per_px=0.1, variation=3.0, pallor=0.0, optics=Optics(refraction=0.0))
    for body in islice(variants((settings,), 0, "red_cell"), 12):
        placed = Placed(body=replace(body, x=300.0, y=200.0), style=0, turn=turn, shared=True)
        stamp = Stamps((settings,)).of(placed)
        assert stamp.red is not None
        rows, columns = np.nonzero(stamp.red[:, :, 1] > 0.1)
        drawn = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        corner = np.array([300 + stamp.left, 200 + stamp.top] * 2)
        assert np.abs(drawn + corner - Boxes((settings,)).of(placed)).max() <= 2.5


@pytest.mark.parametrize(
    ("kind", "label", "radius_um"),
    [
        ("red_cell", "uninfected", 3.75),
        ("red_cell", "gametocyte", 3.75),
        ("red_cell", "schizont", 5.0),
        ("white_cell", "white_blood_cell", 7.8),
        ("platelet", "platelet", 2.4),
        ("speck", "", 0.6),
        ("smudge", "", 4.0),
        ("scratch", "", 18.0),
    ],
)
def test_no_stamp_reaches_farther_than_said(kind: Kind, label: str, radius_um: float) -> None:
    settings = replace(SCAN, variation=4.0)
    for seed in range(60):
        body = Body(kind=kind, label=label, x=0.0, y=0.0, radius_um=radius_um, seed=seed)
        stamp = Stamps((settings,)).of(Placed(body=body, style=0))
        height, width = stamp.layer.shape[:2]
        reach = max(-stamp.left, -stamp.top, stamp.left + width, stamp.top + height)
        assert reach <= reach_px(body, settings) <= farthest_px(settings)


def test_a_chunk_border_leaves_no_seam() -> None:
    settings = replace(SCAN, width=CHUNK_PX, optics=Optics(noise=0.0))
    bodies = tuple(placed for row in BodyRows(even_film(settings)) for placed in row)
    artist = ChunkArtist(even_film(settings))
    moved = tuple(replace(one, body=replace(one.body, y=one.body.y - CHUNK_PX // 2)) for one in bodies)
    below = artist.pixels(Chunk(row=1, column=0, bodies=bodies))
    above = artist.pixels(Chunk(row=0, column=0, bodies=moved))
    shared = settings.height - CHUNK_PX
    halves = above[CHUNK_PX // 2 : CHUNK_PX // 2 + shared].astype(int), below[:shared].astype(int)
    assert np.abs(halves[0] - halves[1]).max() <= 1  # the blur adds its terms in another order


def test_cells_of_two_blocks_keep_apart_as_those_of_one_do() -> None:
    settings = replace(SCAN, clumping=0.0, stacking=0.0, density=0.4)
    places = np.array(
        [
            (p.body.x, p.body.y, p.body.radius_um)
            for row in BodyRows(even_film(settings))
            for p in row
            if p.body.label in RED
        ]
    )
    apart = np.hypot(*(places[:, None, :2] - places[None, :, :2]).transpose(2, 0, 1)) * settings.um_per_px
    np.fill_diagonal(apart, np.inf)
    both = places[:, None, 2] + places[None, :, 2]
    assert (apart / both).min() > 0.9  # a cell that is pressed flat is redrawn a little smaller or larger


def luma(rgb: np.ndarray) -> np.ndarray:
    return rgb @ np.array([0.299, 0.587, 0.114])


@pytest.mark.parametrize("deep", [False, True])
def test_levels_are_the_halved_picture(deep: bool, scan: Path, tmp_path: Path) -> None:
    if deep:  # more levels than a chunk holds, and then one more
        sparse = replace(SCAN, width=4400, height=4300, um_per_px=0.5, density=0.02)
        scan = render_scan(even_film(sparse), tmp_path / "set")
    with tifffile.TiffFile(image_of(scan)) as tiff:
        levels = [level.asarray() for level in tiff.series[0].levels]
    assert [level.shape[1::-1] for level in levels] == level_sizes(*levels[0].shape[1::-1])
    assert len(levels) == (5 if deep else 3)
    expected = levels[0]
    for level in levels[1:]:
        height, width = expected.shape[:2]
        expected = halved(np.pad(expected, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge"))
        error = np.abs(luma(level) - luma(expected))
        moved = np.abs(luma(level)[:, 1:] - luma(expected)[:, :-1])
        # What a JPEG of quality 92 loses; a level that is off by one px differs by twice as much or more.
        assert error.mean() < min(3.0, 0.6 * moved.mean()) and np.percentile(error, 99.9) < 16
        assert np.abs(level.mean(axis=(0, 1)) - expected.mean(axis=(0, 1))).max() < 0.4


@pytest.mark.parametrize(
    ("size", "levels"), [((400, 300), 1), ((1024, 1025), 2), ((131_072, 32_768), 7), ((5000, 64), 1)]
)
def test_the_last_level_is_about_512_px_high(size: tuple[int, int], levels: int) -> None:
    sizes = level_sizes(*size)
    assert len(sizes) == levels and min(sizes[-1]) <= 512


@pytest.mark.parametrize("size", [(64, 64), (257, 2060), (4200, 130), (1024, 512), (1025, 2049)])
def test_any_size_can_be_read_back_at_every_level(size: tuple[int, int], tmp_path: Path) -> None:
    settings = replace(SCAN, width=size[0], height=size[1], um_per_px=0.5, density=0.1)
    image = image_of(render_scan(even_film(settings), tmp_path / "set"))
    with tifffile.TiffFile(image) as tiff:
        (series,) = tiff.series
        assert [level.asarray().shape[1::-1] for level in series.levels] == level_sizes(*size)


def test_scale_and_levels_are_read_by_every_reader(scan: Path) -> None:
    image = image_of(scan)
    (field,) = open_slide(image).fields
    assert (field.width, field.height) == (SCAN.width, SCAN.height)
    assert field.um_per_px == pytest.approx(0.25, rel=1e-6)
    sizes = level_sizes(SCAN.width, SCAN.height)
    layout = tiff_layout(image)
    assert [(level.width, level.height) for level in layout.pyramid.levels] == sizes
    assert [level.factor for level in layout.pyramid.levels] == [1 << number for number in range(len(sizes))]
    with OpenSlide(image) as slide:
        assert list(slide.level_dimensions) == sizes
        assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(0.25, rel=1e-6)


def test_a_picture_that_could_pass_4_gb_is_a_bigtiff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.synthetic.scan.pyramid._BIG_BYTES", 100_000)
    small = replace(SCAN, width=300, height=200)
    with tifffile.TiffFile(image_of(render_scan(even_film(small), tmp_path / "set"))) as tiff:
        assert tiff.is_bigtiff


def test_bodies_in_hand_do_not_grow_with_the_height() -> None:
    most = []
    for height in (1200, 6000):
        settings = replace(SCAN, width=900, height=height, um_per_px=0.5)
        assert height >= 4 * block_px(settings)
        rows = BodyRows(even_film(settings))
        most.append(max(held(rows, len(row)) for row in rows))
    assert most[1] < 1.5 * most[0]


def held(rows: BodyRows, given: int) -> int:
    return given + sum(len(discs) for discs in rows._filler.taken.squares.values())


def test_a_film_has_its_areas_where_the_outlines_say(film: Path) -> None:
    cells, corners = cells_of(film), pd.read_csv(film / "areas.csv")
    assert set(corners.area) == set(AREAS) - {"glass"} == set(cells.area)
    for name, outline in corners.groupby("area"):
        ring = outline.sort_values("corner")[["x", "y"]].to_numpy(np.float32)
        inside = [cv2.pointPolygonTest(ring, (row.x, row.y), True) for row in cells.itertuples()]
        # A row's x and y are the middle of the box; the area is that of the cell's centre, 4 px off at most.
        assert min(np.array(inside)[cells.area == name]) > -6
        assert max(np.array(inside)[cells.area != name]) < 6


def test_a_film_is_thick_at_one_end_and_sparse_at_the_other(film: Path) -> None:
    cells, corners = cells_of(film), pd.read_csv(film / "areas.csv")
    image = level_0(film)[:, :, 1]
    density, shade = {}, {}
    for name, outline in corners.groupby("area"):
        ring = outline.sort_values("corner")[["x", "y"]].to_numpy(np.float32)
        mask = cv2.fillPoly(np.zeros(image.shape, np.uint8), [ring.astype(np.int32)], 1).astype(bool)
        shade[name] = image[mask].mean()
        density[name] = (cells.area == name).sum() / mask.sum()
    assert density["thick"] > 2.5 * density["monolayer"] > 4 * density["feathered"] > 0
    assert shade["thick"] + 30 < shade["monolayer"] < shade["feathered"] - 4
    middle = {name: corners.x[corners.area == name].mean() for name in density}
    assert middle["thick"] < middle["monolayer"] < middle["feathered"]


def test_glass_around_the_film_is_empty(film: Path) -> None:
    image = level_0(film)
    glass = np.asarray(FILM.palette.light)
    for strip in (image[:, :60], image[:, -80:], image[:40]):
        assert np.abs(np.median(strip, axis=(0, 1)) - glass).max() <= 3


def test_a_tall_film_lies_along_its_height() -> None:
    lying, upright = outlined_film(FILM), outlined_film(replace(FILM, width=1500, height=2400))
    for x, y in ((100.0, 900.0), (500.0, 900.0), (1200.0, 800.0), (2000.0, 700.0)):
        assert lying.area(x, y) == upright.area(y, x)
    assert {AREAS[lying.area(x, 700.0)] for x in (20.0, 500.0, 1200.0, 1900.0)} == set(AREAS)


def test_an_existing_set_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "note.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match="name another folder"):
        render_scan(even_film(SCAN), tmp_path / "set")


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left") as caught:
        render_scan(even_film(replace(SCAN, width=200, height=100)), tmp_path / "set")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_absurd_sizes_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="width is 300000"):
        replace(SCAN, width=300_000)
    with pytest.raises(InputError, match="--scan") as caught:
        render_set(replace(SCAN, width=FIELD_PX_MAX + 1), tmp_path / "set")
    assert "\n" not in str(caught.value) and list(tmp_path.iterdir()) == []


def test_the_command_writes_a_scan_with_its_areas(tmp_path: Path) -> None:
    size = ["--width", "700", "--height", "500", "--um-per-px", "0.5", "--density", "0.3", "--seed", "5"]
    done = CliRunner().invoke(app, ["render", "-o", str(tmp_path / "set"), "--scan", "--film", *size])
    assert done.exit_code == 0, done.output
    assert sorted(contents(tmp_path / "set")) == [
        "areas.csv",
        "cells.csv",
        "fields.csv",
        "images/rendered-5.tif",
    ]


@pytest.mark.parametrize(
    "options", [["--film"], ["--workers", "2"], ["--scan", "--fields", "2"], ["--width", "30000"]]
)
def test_options_that_do_not_go_together_are_wrong_usage(options: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["render", "-o", str(tmp_path / "set"), *options])
    assert done.exit_code == 2 and not (tmp_path / "set").exists()

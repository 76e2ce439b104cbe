"""A whole count with the shipped networks on rendered fields: the same bytes however it is worked on."""

import math
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline.batch import count_and_write
from pipeline.count import count_slide
from pipeline.counting.result import CountResult
from pipeline.errors import EmptySlideError, InputError, ModelError, NotAnImageError, ScaleError, SlideError
from pipeline.output.cells_csv import write_cells
from pipeline.output.place import RESULT_FILES
from pipeline.settings import CountSettings
from pipeline.synthetic.field import RenderedField, RenderSettings, render_field

REPOSITORY = Path(__file__).resolve().parents[2]
UM_PER_PX = math.sqrt(2) / 8
"""No nice fraction of the working grid's 0.1875 µm."""
SETTINGS = RenderSettings(width=1180, height=822, um_per_px=UM_PER_PX, white_cells=1.5, platelets=8.0)
GIVEN = CountSettings(um_per_px=UM_PER_PX)


@pytest.fixture(scope="module")
def rendered() -> RenderedField:
    return render_field(SETTINGS, np.random.default_rng(7))


@pytest.fixture(scope="module")
def photo(rendered, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("slides") / "film.png"
    cv2.imwrite(str(path), rendered.image[..., ::-1])
    return path


@pytest.fixture(scope="module")
def counted(photo) -> CountResult:
    return count_slide(photo, GIVEN)


def cells_csv(result: CountResult, folder: Path) -> bytes:
    path = folder / "cells.csv"
    write_cells(path, result.parts)
    return path.read_bytes()


@pytest.mark.parametrize("tile_px", [128, 256, 512, 1024])
def test_count_does_not_depend_on_tile_size(photo, counted, tile_px, tmp_path):
    again = count_slide(photo, replace(GIVEN, tile_px=tile_px))
    assert len(counted.cells) > 200
    assert cells_csv(again, tmp_path) == cells_csv(counted, tmp_path)
    assert again.summary == counted.summary


@pytest.mark.parametrize("um_per_px", [0.21, 0.3137])
def test_count_does_not_depend_on_tile_size_at_other_scales(um_per_px, tmp_path):
    """Also where the working grid shrinks less than it enlarges, and the field is a few tiles wide."""
    view = RenderSettings(width=700, height=600, um_per_px=um_per_px, round_view=True, white_cells=2.0)
    path = tmp_path / "film.jpg"
    path.write_bytes(render_field(view, np.random.default_rng(3)).jpeg)
    results = [count_slide(path, CountSettings(um_per_px=um_per_px, tile_px=tile)) for tile in (136, 4096)]
    assert cells_csv(results[0], tmp_path) == cells_csv(results[1], tmp_path)
    assert results[0].summary.counted > 100


def test_count_does_not_depend_on_workers(photo, counted, tmp_path):
    seen: list[tuple[int, int, int]] = []
    shared = count_slide(photo, replace(GIVEN, tile_px=256, workers=2), lambda *done: seen.append(done))
    assert cells_csv(shared, tmp_path) == cells_csv(counted, tmp_path)
    assert shared.summary == counted.summary
    assert [told[:2] for told in seen] == [(done, len(seen)) for done in range(1, len(seen) + 1)]
    red_cells = counted.cells["kind"].isin(["red_cell", "artefact"]).sum()
    assert [told[2] for told in seen] == sorted(told[2] for told in seen)
    assert seen[-1][2] == red_cells
    assert len(seen) > 3


def test_the_report_does_not_depend_on_tiles_or_workers(photo, tmp_path):
    pages = []
    for tile_px, workers in ((1024, 1), (128, 1), (256, 2)):
        settings = replace(GIVEN, tile_px=tile_px, workers=workers)
        _, folder = count_and_write(photo, tmp_path / f"{tile_px}", settings)
        pages.append((folder / "report.html").read_bytes())
    assert b"Cells called" in pages[0]
    assert pages[0] == pages[1] == pages[2]


def test_counting_twice_gives_the_same_bytes(photo, counted, tmp_path):
    assert cells_csv(count_slide(photo, GIVEN), tmp_path) == cells_csv(counted, tmp_path)


def test_detected_is_counted_plus_every_reason_for_exclusion(counted):
    summary = counted.summary
    assert summary.detected == len(counted.cells)
    assert summary.detected == summary.counted + sum(summary.excluded.values())
    assert summary.counted == int(counted.cells["counted"].sum())
    assert summary.infected == int((counted.cells["counted"] & counted.cells["infected"]).sum())
    assert summary.excluded["at_border"] > 10
    assert summary.status == "complete"


def test_the_cells_are_where_they_were_drawn(rendered, counted):
    truth = rendered.cells[
        rendered.cells["label"].isin(("uninfected", "ring", "trophozoite", "schizont", "gametocyte"))
    ]
    found = counted.cells[counted.cells["kind"] == "red_cell"]
    distance = np.hypot(
        truth["x"].to_numpy()[:, None] - found["x"].to_numpy()[None],
        truth["y"].to_numpy()[:, None] - found["y"].to_numpy()[None],
    )
    near = distance.min(axis=0) < 7.5 / UM_PER_PX / 2
    assert near.mean() > 0.9
    assert (distance.min(axis=1) < 7.5 / UM_PER_PX / 2).mean() > 0.85
    nearest = distance.argmin(axis=0)[near]
    shift = found[["x", "y"]].to_numpy()[near] - truth[["x", "y"]].to_numpy()[nearest]
    assert np.abs(np.median(shift, axis=0)).max() < 0.15 / UM_PER_PX


def test_a_folder_of_two_photos_is_their_pooled_count(photo, counted, tmp_path):
    other = render_field(replace(SETTINGS, parasitaemia=0.3), np.random.default_rng(8))
    folder = tmp_path / "slide"
    folder.mkdir()
    (folder / "a.png").write_bytes(photo.read_bytes())
    cv2.imwrite(str(folder / "b.png"), other.image[..., ::-1])
    both = count_slide(folder, GIVEN).summary
    second = count_slide(folder / "b.png", GIVEN).summary
    assert [field.counted for field in both.fields] == [counted.summary.counted, second.counted]
    assert both.counted == counted.summary.counted + second.counted
    assert both.infected == counted.summary.infected + second.infected
    assert both.parasitaemia == pytest.approx(both.infected / both.counted)
    assert both.slide == "slide"


def test_a_broken_photo_of_a_folder_makes_the_count_partial_and_is_named(photo, counted, tmp_path):
    (tmp_path / "a.png").write_bytes(photo.read_bytes())
    (tmp_path / "b.png").write_bytes(photo.read_bytes()[:20_000])
    (tmp_path / "c.jpg").write_bytes(b"no picture at all")
    summary = count_slide(tmp_path, GIVEN).summary
    assert summary.status == "partial"
    assert summary.counted == counted.summary.counted
    assert {tile.field.split(".")[0] for tile in summary.failed_tiles} == {"b", "c"}
    assert all(tile.reason for tile in summary.failed_tiles)
    assert "tiles_failed" in {notice.code for notice in summary.notices}


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_photo_that_is_cut_off_is_counted_as_far_as_it_came_and_called_partial(rendered, tmp_path, suffix):
    path = tmp_path / f"film{suffix}"
    Image.fromarray(rendered.image).save(path, quality=95)
    picture = np.asarray(Image.open(path).convert("RGB"))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 3 // 4])
    summary = count_slide(path, GIVEN).summary
    (lost,) = summary.failed_tiles
    assert (lost.field, lost.x, lost.y + lost.height, lost.width) == (
        "film",
        0,
        SETTINGS.height,
        SETTINGS.width,
    )
    assert SETTINGS.height / 2 < lost.y < SETTINGS.height
    assert "is cut off" in lost.reason
    assert summary.status == "partial"
    assert "tiles_failed" in {notice.code for notice in summary.notices}

    (tmp_path / "above").mkdir()
    Image.fromarray(picture[: lost.y]).save(tmp_path / "above" / "film.png")
    above = count_slide(tmp_path / "above" / "film.png", GIVEN).summary
    assert above.status == "complete"
    for name in ("detected", "counted", "infected", "excluded", "area_mm2"):
        assert getattr(summary, name) == getattr(above, name), name


def test_a_picture_turned_by_its_exif_tag_gives_the_same_cells(rendered, counted, tmp_path):
    """The file holds the picture on its side, and its tag says so; coordinates are of what is displayed."""
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.png"
    Image.fromarray(np.rot90(rendered.image)).save(path, exif=exif)
    turned = count_slide(path, GIVEN)
    assert (turned.summary.fields[0].width, turned.summary.fields[0].height) == (
        SETTINGS.width,
        SETTINGS.height,
    )
    columns = [name for name in counted.cells.columns if name not in {"slide", "field"}]
    pd.testing.assert_frame_equal(turned.cells[columns], counted.cells[columns])


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_picture_has_nearly_as_many_cells(rendered, counted, turns, tmp_path):
    path = tmp_path / "turned.png"
    cv2.imwrite(str(path), np.ascontiguousarray(np.rot90(rendered.image, turns))[..., ::-1])
    assert count_slide(path, GIVEN).summary.counted == pytest.approx(counted.summary.counted, rel=0.04)


@pytest.mark.parametrize("cell_px", [18, 40, 90, 220])
def test_the_scale_is_found_in_the_cells_themselves(cell_px, tmp_path):
    um_per_px = 7.5 / cell_px
    side = int(np.clip(14 * cell_px, 420, 1700))
    view = RenderSettings(width=side, height=side, um_per_px=um_per_px, density=0.35)
    path = tmp_path / "film.jpg"
    path.write_bytes(render_field(view, np.random.default_rng(cell_px)).jpeg)
    summary = count_slide(path, CountSettings()).summary
    assert summary.scale_source == "estimated"
    assert summary.um_per_px == pytest.approx(um_per_px, rel=0.1)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (CountSettings(um_per_px=7.0), "pixel size is 7.0"),
        (CountSettings(workers=0), "workers is 0"),
        (CountSettings(tile_px=100), "tile side is 100"),
        (CountSettings(tile_px=8192), "tile side is 8192"),
    ],
)
def test_settings_that_make_no_sense_are_refused_before_any_work(photo, settings, told):
    with pytest.raises(InputError, match=told):
        count_slide(photo, settings)


def picture_of(kind: str, folder: Path) -> Path:
    path = folder / "film.png"
    if kind == "words":
        path.write_text("no picture")
    elif kind == "one pixel":
        cv2.imwrite(str(path), np.full((1, 1, 3), 200, np.uint8))
    elif kind == "tiny":
        cv2.imwrite(str(path), np.full((64, 64, 3), 200, np.uint8))
    elif kind == "white":
        cv2.imwrite(str(path), np.full((480, 640, 3), 235, np.uint8))
    elif kind == "black":
        cv2.imwrite(str(path), np.zeros((480, 640, 3), np.uint8))
    return path if kind != "empty folder" else folder


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("words", NotAnImageError),
        ("empty folder", EmptySlideError),
        ("one pixel", SlideError),
        ("white", ScaleError),
        ("black", ScaleError),
    ],
)
def test_what_holds_no_cell_is_refused_in_one_line(kind, error, tmp_path):
    with pytest.raises(error) as caught:
        count_slide(picture_of(kind, tmp_path), CountSettings())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["tiny", "white", "black"])
def test_with_the_scale_given_a_picture_without_cells_is_counted_as_no_smear(kind, tmp_path):
    summary = count_slide(picture_of(kind, tmp_path), GIVEN).summary
    assert (summary.counted, summary.parasitaemia, summary.verdict) == (0, None, "not countable")
    assert [notice.code for notice in summary.notices if notice.severity == "refuse"] == ["not_a_smear"]


def test_a_wrong_model_file_is_refused(photo, tmp_path):
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("name = 'wrong'\n")
    for settings in (CountSettings(detector=wrong), CountSettings(classifier=wrong)):
        with pytest.raises(ModelError, match=r"wrong\.toml"):
            count_slide(photo, settings)


def command(*arguments: str | Path) -> list[str]:
    return [
        sys.executable,
        "-c",
        "from pipeline.cli.app import main; main()",
        *(str(part) for part in arguments),
    ]


@pytest.mark.parametrize("wait_s", [0.8, 1.6])
def test_a_count_killed_halfway_leaves_no_half_result_and_the_next_one_succeeds(photo, tmp_path, wait_s):
    out = tmp_path / "out"
    order = command(
        "count", photo, "-o", out, "--um-per-px", str(UM_PER_PX), "--tile-px", "128", "--overwrite"
    )
    begun = subprocess.Popen(order, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(wait_s)
    begun.send_signal(signal.SIGKILL)
    begun.wait()
    assert (out / "film").exists() <= _is_whole(out / "film")
    done = subprocess.run(order, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert _is_whole(out / "film")


def test_a_count_killed_while_it_writes_leaves_no_result_under_its_name(photo, tmp_path):
    out = tmp_path / "out"
    dying = (
        "import os, signal, sys, pipeline.output.folder as export\n"
        "export.summary_to_json = lambda summary: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from pipeline.cli.app import main; main()"
    )
    arguments = ("count", str(photo), "-o", str(out), "--um-per-px", str(UM_PER_PX))
    killed = subprocess.run(
        [sys.executable, "-c", dying, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert not (out / "film").exists()
    assert not [path for path in out.iterdir() if not path.name.startswith(".")]
    done = subprocess.run(
        command(*arguments), cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert _is_whole(out / "film")


def test_the_workers_of_a_killed_count_end_with_it(photo, tmp_path):
    order = command(
        "count", photo, "-o", tmp_path, "--um-per-px", str(UM_PER_PX), "--tile-px", "128", "--workers", "2"
    )
    begun = subprocess.Popen(
        order, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while len(_processes_of(begun.pid)) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(_processes_of(begun.pid)) >= 3  # itself and its workers
    begun.send_signal(signal.SIGKILL)
    begun.wait()
    while _processes_of(begun.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _processes_of(begun.pid) == []


def _processes_of(session: int) -> list[int]:
    """Processes of a session that are still there and no zombies."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, *rest = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(rest[2]) == session and state != "Z":
            found.append(int(folder.name))
    return found


def _is_whole(folder: Path) -> bool:
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    may_be_missing = {"overlays", "evidence", "report.pdf"}
    is_complete = RESULT_FILES - may_be_missing <= names <= RESULT_FILES
    return is_complete and (folder / "summary.json").read_text().endswith("}\n")

"""Each photo of a slide is judged by itself: copies, strange photos and other microscopes are left out."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.count import count_slide
from pipeline.counting.result import CountResult
from pipeline.errors import OwnPictureError
from pipeline.output.cells_csv import write_cells
from pipeline.output.overlay import overlays
from pipeline.planning.own_marks import BLUE, GREEN, RED, YELLOW, bears_marks
from pipeline.records import SlideSummary
from pipeline.settings import CountSettings
from pipeline.synthetic.field import RenderSettings, render_field
from pipeline.training.novelty.kinds import KINDS, UNSEEN_KINDS

SETTINGS = RenderSettings(width=560, height=440, um_per_px=0.18, parasitaemia=0.1, white_cells=1.0)
ESTIMATED = CountSettings()


def field(seed: int, um_per_px: float = SETTINGS.um_per_px) -> np.ndarray:
    return render_field(replace(SETTINGS, um_per_px=um_per_px), np.random.default_rng(seed)).image


@pytest.fixture(scope="module")
def good() -> dict[str, np.ndarray]:
    return {f"IMG_{seed}": field(seed) for seed in range(1, 5)}


def bench() -> np.ndarray:
    """A bench: boards with grain, an edge, a shadow."""
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:440, :560]
    boards = 120 + 40 * ((columns // 160) % 2) + 25 * np.sin(rows / 9 + columns / 70)
    grain = cv2.GaussianBlur(rng.normal(0, 60, (440, 560)), (0, 0), 1.5)
    picture = np.stack([boards + grain, 0.8 * boards + grain, 0.6 * boards + grain], axis=2)
    return np.clip(picture, 0, 255).astype(np.uint8)


def label(number: int = 4711) -> np.ndarray:
    picture = np.full((440, 560, 3), 245, np.uint8)
    for row, text in enumerate((f"Patient {number}", "2026-11-20", "thin film", "Giemsa")):
        cv2.putText(picture, text, (20, 90 + 95 * row), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (30, 30, 60), 6)
    return picture


@pytest.fixture(scope="module")
def overlay(tmp_path_factory) -> np.ndarray:
    """The overlay of a photo without an infected cell."""
    folder = tmp_path_factory.mktemp("overlay")
    clean = render_field(replace(SETTINGS, parasitaemia=0.0), np.random.default_rng(7)).image
    cv2.imwrite(str(folder / "film.png"), clean[..., ::-1])
    path = folder / "film.png"
    return next(iter(overlays(path, count_slide(path, ESTIMATED))))[1]


def test_noise_draws_no_outlines():
    """A noisy photo was taken for an overlay: wherever noise takes red away, there is a green px."""
    film, rng = field(5), np.random.default_rng(6)
    blots = cv2.GaussianBlur(rng.normal(0, 1, film.shape), (0, 0), 1.5)
    for sigma in (20, 40, 80):
        noisy = film + sigma * blots / blots.std()
        assert not bears_marks(np.clip(noisy, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("ending", [".png", ".tif", ".webp", ".jpg", "-small.png"])
def test_an_overlay_that_was_saved_again_is_known_by_its_marks(overlay, good, ending, tmp_path):
    saved = (
        cv2.resize(overlay, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) if "-" in ending else overlay
    )
    cv2.imwrite(str(tmp_path / f"saved{ending}"), saved[..., ::-1])
    with pytest.raises(OwnPictureError, match="is an overlay that a count drew"):
        count_slide(tmp_path / f"saved{ending}", ESTIMATED)


def _in_a_window(overlay: np.ndarray) -> np.ndarray:
    screen = np.full((overlay.shape[0] + 160, overlay.shape[1] + 120, 3), 238, np.uint8)
    screen[:60] = (45, 50, 60)
    screen[100 : 100 + overlay.shape[0], 60 : 60 + overlay.shape[1]] = overlay
    return screen


@pytest.mark.parametrize(
    "changed",
    [
        lambda overlay: overlay[: 9 * len(overlay) // 10],
        np.rot90,
        lambda overlay: overlay[::-1, ::-1],
        lambda overlay: overlay[len(overlay) // 4 : -len(overlay) // 4, 200:-200],
        _in_a_window,
        lambda overlay: cv2.resize(overlay[: 9 * len(overlay) // 10], None, fx=0.5, fy=0.5),
    ],
    ids=["without its legend", "turned", "upside down", "its middle", "in a window", "half as large"],
)
def test_a_part_of_an_overlay_is_known_by_the_outlines_of_its_cells(overlay, changed):
    given = np.ascontiguousarray(changed(overlay))
    _, encoded = cv2.imencode(".jpg", given[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])
    saved = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
    assert bears_marks(given)
    assert bears_marks(np.ascontiguousarray(saved[..., ::-1]))


def test_a_teal_ground_and_a_few_teal_circles_make_no_overlay(good):
    photo = next(iter(good.values()))
    tinted = np.clip(photo * np.asarray([0.8, 1.05, 1.0]), 0, 255).astype(np.uint8)
    circled = photo.copy()
    for place in (200, 320, 440):
        cv2.circle(circled, (place, 300), 40, GREEN, 3, cv2.LINE_AA)
    assert not bears_marks(tinted)
    assert not bears_marks(circled)


@pytest.mark.parametrize("letters", [(255, 255, 0), (0, 112, 192), (0, 176, 80)])
def test_what_a_person_drew_on_a_photo_makes_it_no_overlay(good, letters):
    photo = next(iter(good.values())).copy()
    side = photo.shape[1]
    cv2.circle(photo, (side // 3, side // 3), side // 20, (220, 20, 20), 4, cv2.LINE_AA)
    cv2.putText(photo, "ring", (side // 2, side // 4), cv2.FONT_HERSHEY_SIMPLEX, 2, letters, 4, cv2.LINE_AA)
    _, encoded = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])
    saved = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    assert saved is not None
    assert not bears_marks(np.asarray(saved[..., ::-1], np.uint8))


def test_a_drawing_with_all_colours_of_the_marks_is_no_overlay():
    drawing = np.full((600, 800, 3), 235, np.uint8)
    for number, colour in enumerate([RED, GREEN, BLUE, YELLOW]):
        cv2.rectangle(drawing, (40 + 180 * number, 380), (180 + 180 * number, 590), colour, -1)
    cv2.line(drawing, (0, 596), (799, 596), (90, 60, 90), 8)
    assert not bears_marks(drawing)


@pytest.mark.parametrize(
    "kind",
    ["boxed thick film", "clouds", "foliage", "noise", "balls", "buttons", "plot", "confetti", "bone marrow"],
)
def test_blue_green_things_and_boxes_that_a_person_drew_are_no_outlines_of_a_count(kind):
    draw = {**KINDS, **UNSEEN_KINDS}[kind]
    assert not any(bears_marks(draw(np.random.default_rng([71, seed]))) for seed in range(4))


def test_an_overlay_among_photos_is_left_out_and_named(overlay, good, tmp_path):
    summary = count_slide(slide(tmp_path / "film", {**good, "saved": overlay}), ESTIMATED).summary
    assert summary.status == "complete"
    assert [(one.name, one.code) for one in summary.excluded_fields] == [("saved", "own_pictures")]
    assert len(summary.fields) == 4


def slide(folder: Path, pictures: dict[str, np.ndarray]) -> Path:
    folder.mkdir()
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / f"{name}.png"), picture[..., ::-1])
    return folder


def csv(result: CountResult, path: Path) -> bytes:
    write_cells(path, result.parts)
    return path.read_bytes()


def left_out(result: CountResult) -> dict[str, str]:
    return {one.name: one.code for one in result.summary.excluded_fields}


def codes(result: CountResult) -> set[str]:
    return {notice.code for notice in result.summary.notices}


def numbers(result: CountResult) -> tuple[int, int, int]:
    return result.summary.detected, result.summary.counted, result.summary.infected


def counted_alone(result: CountResult) -> SlideSummary:
    """The summary as if nothing had been left out."""
    return replace(result.summary, excluded_fields=())


@pytest.fixture(scope="module")
def counted(good, tmp_path_factory) -> CountResult:
    return count_slide(slide(tmp_path_factory.mktemp("good") / "slide", good), ESTIMATED)


def test_good_fields_of_one_film_are_all_counted(counted):
    assert left_out(counted) == {}
    assert len(counted.summary.fields) == 4
    assert not codes(counted) & {"fields_excluded", "fields_overlap", "same_picture", "several_scales"}


def test_copies_of_a_photo_are_counted_once_and_named(good, tmp_path):
    picture = good["IMG_1"]
    source = slide(tmp_path / "slide", {"IMG_1": picture, "IMG_1 (1)": picture})
    poor = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    (source / "IMG_1 - Copy.jpg").write_bytes(poor.tobytes())
    single = count_slide(
        slide(tmp_path / "single", {"IMG_1": picture}) / "IMG_1.png", ESTIMATED, name="slide"
    )
    result = count_slide(source, ESTIMATED)
    assert csv(result, tmp_path / "a.csv") == csv(single, tmp_path / "b.csv")
    assert left_out(result) == {"IMG_1 (1)": "same_picture", "IMG_1 - Copy": "same_picture"}
    (said,) = (notice for notice in result.summary.notices if notice.code == "same_picture")
    assert "IMG_1 (1)" in said.text
    assert "IMG_1 - Copy" in said.text


def test_strange_photos_are_named_and_the_others_counted_as_without_them(good, counted, tmp_path):
    strange = {"A_bench": bench(), "B_label": label(), "Z_black": np.full((440, 560, 3), 8, np.uint8)}
    result = count_slide(slide(tmp_path / "slide", strange | good), ESTIMATED)
    assert set(left_out(result)) == set(strange)
    assert left_out(result)["B_label"] == left_out(result)["Z_black"] == "not_a_smear"
    assert [one.name for one in result.summary.fields] == list(good)
    assert result.summary.um_per_px == pytest.approx(counted.summary.um_per_px, rel=0.02)
    assert result.summary.counted == pytest.approx(counted.summary.counted, rel=0.02)
    assert result.summary.verdict == counted.summary.verdict
    names = dict(overlays(tmp_path / "slide", result))
    assert [Path(name).stem for name in names if name != "overlay.jpg"] == list(good)
    without = dict(overlays(tmp_path / "slide", replace(result, summary=counted_alone(result))))
    assert names["overlay.jpg"].shape[0] > without["overlay.jpg"].shape[0]
    (said,) = (notice for notice in result.summary.notices if notice.code == "fields_excluded")
    assert all(name in said.text for name in strange)


def test_photos_of_another_objective_are_left_out_and_that_is_said(good, counted, tmp_path):
    weaker = {f"W_{seed}": field(20 + seed, um_per_px=0.42) for seed in range(2)}
    result = count_slide(slide(tmp_path / "slide", weaker | good), ESTIMATED)
    assert left_out(result) == dict.fromkeys(weaker, "other_scale")
    assert numbers(result) == numbers(counted)
    assert {"fields_excluded", "several_scales"} <= codes(result)


def test_a_photo_of_another_stain_is_left_out(good, tmp_path):
    greener = np.clip(good["IMG_4"][..., [1, 0, 2]].astype(np.float32) * (0.95, 1, 1), 0, 255).astype(
        np.uint8
    )
    result = count_slide(slide(tmp_path / "slide", {**good, "IMG_4": greener}), ESTIMATED)
    assert set(left_out(result)) == {"IMG_4"}
    assert left_out(result)["IMG_4"] in {"other_light", "not_a_smear", "channels_swapped"}


def test_photos_too_dark_to_be_judged_do_not_outvote_a_few_good_ones(good, tmp_path):
    lit = dict(list(good.items())[:2])
    night = {f"A_{seed}": (field(30 + seed, 0.25) * (0.1, 0.2, 0.16)).astype(np.uint8) for seed in range(3)}
    result = count_slide(slide(tmp_path / "slide", night | lit), ESTIMATED)
    assert left_out(result) == dict.fromkeys(night, "under_exposed")
    assert all("dark" in one.text for one in result.summary.excluded_fields)
    assert numbers(result) == numbers(count_slide(slide(tmp_path / "lit", lit), ESTIMATED))
    assert "fields_excluded" in codes(result)


def test_a_slide_of_strange_photos_alone_is_refused_with_the_commonest_reason(tmp_path):
    source = slide(tmp_path / "slide", {"A": label(), "B": label(98305)[::-1]})
    result = count_slide(source, CountSettings(um_per_px=0.18))
    assert result.summary.verdict == "not countable"
    assert left_out(result) == {}
    refusals = [notice for notice in result.summary.notices if notice.severity == "refuse"]
    assert refusals[0].code == "not_a_smear"


def test_what_is_left_out_depends_neither_on_tiles_nor_on_workers(good, tmp_path):
    source = slide(tmp_path / "slide", {"A_label": label(), "B_bench": bench(), **good})
    results = [
        count_slide(source, settings)
        for settings in (ESTIMATED, replace(ESTIMATED, tile_px=256), replace(ESTIMATED, workers=2))
    ]
    assert all(set(left_out(result)) == {"A_label", "B_bench"} for result in results)
    assert len({csv(result, tmp_path / "cells.csv") for result in results}) == 1
    assert all(result.summary == results[0].summary for result in results)


def test_a_protocol_finds_its_cells_in_the_photos_that_are_left(good, tmp_path):
    source = slide(tmp_path / "slide", {"A_label": label(), "B_label": label()[::-1, ::-1], **good})
    settings = replace(ESTIMATED, max_cells=120)
    result = count_slide(source, settings)
    assert set(left_out(result)) == {"A_label", "B_label"}
    assert result.summary.goal is not None
    assert result.summary.goal.missing == 0
    assert csv(result, tmp_path / "a.csv") == csv(
        count_slide(source, replace(settings, workers=2)), tmp_path / "b.csv"
    )

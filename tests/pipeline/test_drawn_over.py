"""Cells cut by what is drawn over a photo are not counted, as at its border; all others are."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.count import count_slide
from pipeline.counting.result import CountResult
from pipeline.settings import CountSettings
from pipeline.synthetic.field import RenderedField, RenderSettings, render_field

UM_PER_PX = 0.18
GIVEN = CountSettings(um_per_px=UM_PER_PX)
SETTINGS = RenderSettings(width=720, height=560, um_per_px=UM_PER_PX, parasitaemia=0.1)


@pytest.fixture(scope="module")
def rendered() -> RenderedField:
    return render_field(SETTINGS, np.random.default_rng(8))


def count(picture: np.ndarray, path: Path) -> CountResult:
    cv2.imwrite(str(path), picture[..., ::-1])
    return count_slide(path, GIVEN)


@pytest.fixture(scope="module")
def plain(rendered, tmp_path_factory) -> CountResult:
    return count(rendered.image, tmp_path_factory.mktemp("plain") / "film.png")


def counted_at(result: CountResult) -> np.ndarray:
    cells = result.cells
    return cells.loc[cells["counted"], ["x", "y"]].to_numpy(float)


def missing(plain: CountResult, other: CountResult, shift: tuple[int, int] = (0, 0)) -> np.ndarray:
    """Places of the counted cells of the plain photo that the other one does not count."""
    there = counted_at(other) - shift
    apart = np.linalg.norm(counted_at(plain)[:, None] - there[None], axis=2).min(axis=1)
    return counted_at(plain)[apart > 8]


def test_a_margin_around_a_photo_changes_no_count(rendered, plain, tmp_path):
    framed = cv2.copyMakeBorder(rendered.image, 60, 24, 40, 32, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    result = count(framed, tmp_path / "film.png")
    assert len(missing(plain, result, (40, 60))) <= 2
    assert abs(result.summary.counted - plain.summary.counted) <= 2


def test_a_margin_over_a_photo_is_its_border(rendered, plain, tmp_path):
    picture = rendered.image.copy()
    picture[:100] = 255
    result = count(picture, tmp_path / "film.png")
    lost = missing(plain, result)
    assert (lost[:, 1] < 100 + 8 / UM_PER_PX).all()
    kept = counted_at(result)
    assert (kept[:, 1] > 100).all()
    cut = result.cells[(result.cells["kind"] == "red_cell") & (result.cells["y_min"] < 101)]
    assert len(cut) > 3
    assert (cut["excluded_because"] == "at_border").all()


def test_cells_under_a_scale_bar_and_its_text_are_not_counted(rendered, plain, tmp_path):
    picture = rendered.image.copy()
    cv2.rectangle(picture, (480, 480), (680, 490), (0, 0, 0), -1)
    cv2.putText(picture, "20 um", (530, 530), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 4)
    result = count(picture, tmp_path / "film.png")
    lost = missing(plain, result)
    reach = 8 / UM_PER_PX / 2
    inside = (lost[:, 0] > 480 - reach) & (lost[:, 0] < 680 + reach) & (lost[:, 1] > 480 - reach)
    assert inside.all()
    kept = counted_at(result)
    assert not ((kept[:, 0] > 485) & (kept[:, 0] < 675) & (abs(kept[:, 1] - 485) < 12)).any()
    assert plain.summary.counted - 25 < result.summary.counted < plain.summary.counted


def test_a_scale_bar_in_a_white_box_hides_the_box_and_nothing_else(rendered, plain, tmp_path):
    picture = rendered.image.copy()
    cv2.rectangle(picture, (470, 470), (700, 545), (255, 255, 255), -1)
    cv2.rectangle(picture, (490, 525), (680, 535), (0, 0, 0), -1)
    cv2.putText(picture, "20 um", (510, 515), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 3)
    result = count(picture, tmp_path / "film.png")
    assert "not_a_smear" not in {notice.code for notice in result.summary.notices}
    lost, reach = missing(plain, result), 8 / UM_PER_PX / 2
    assert ((lost[:, 0] > 470 - reach) & (lost[:, 1] > 470 - reach)).all()
    kept = counted_at(result)
    assert not ((kept[:, 0] > 470) & (kept[:, 0] < 700) & (kept[:, 1] > 470) & (kept[:, 1] < 545)).any()


@pytest.mark.parametrize("colour", [255, 0])
def test_a_margin_around_a_photo_is_no_counted_area(rendered, plain, tmp_path, colour):
    framed = cv2.copyMakeBorder(rendered.image, 60, 24, 40, 32, cv2.BORDER_CONSTANT, value=(colour,) * 3)
    areas = count(framed, tmp_path / "film.png").summary.area_mm2
    assert areas["counted"] == pytest.approx(plain.summary.area_mm2["counted"], rel=0.02)
    margin = (72 + SETTINGS.width) * (84 + SETTINGS.height) - SETTINGS.width * SETTINGS.height
    assert areas["outside_view"] == pytest.approx(margin * (UM_PER_PX / 1000) ** 2, rel=0.1)


def test_a_round_view_is_counted_to_its_rim(rendered, plain, tmp_path):
    rows, columns = np.mgrid[: SETTINGS.height, : SETTINGS.width]
    inside = np.hypot(rows - 280, columns - 360) < 270
    areas = count(np.where(inside[..., None], rendered.image, 0), tmp_path / "film.png").summary.area_mm2
    assert areas["counted"] == pytest.approx(np.pi * (270 * UM_PER_PX / 1000) ** 2, rel=0.03)
    assert sum(areas.values()) == pytest.approx(plain.summary.area_mm2["counted"], rel=1e-3)


def stamped(picture: np.ndarray, colour: tuple[int, int, int], form: str) -> np.ndarray:
    """The photo with a time stamp, or what a person marks a cell with, in a colour."""
    drawn = picture.copy()
    if form == "time stamp":
        cv2.putText(drawn, "2026-11-20 14:05", (440, 545), cv2.FONT_HERSHEY_SIMPLEX, 0.9, colour, 3)
    elif form == "circles":
        for place in ((150, 120), (420, 300), (610, 200)):
            cv2.circle(drawn, place, 34, colour, 3, cv2.LINE_AA)
    elif form == "boxes":
        for x, y in ((90, 90), (350, 300), (560, 180)):
            cv2.rectangle(drawn, (x, y), (x + 60, y + 56), colour, 3)
    else:
        cv2.arrowedLine(drawn, (200, 420), (330, 300), colour, 4, cv2.LINE_AA, tipLength=0.2)
        cv2.arrowedLine(drawn, (600, 90), (500, 170), colour, 4, cv2.LINE_AA, tipLength=0.2)
    return drawn


@pytest.mark.parametrize(
    ("form", "colour"),
    [
        ("time stamp", (255, 255, 0)),
        ("time stamp", (255, 140, 0)),
        ("time stamp", (0, 0, 128)),
        ("time stamp", (139, 0, 0)),
        ("circles", (0, 0, 130)),
        ("circles", (0, 255, 0)),
        ("boxes", (255, 200, 0)),
        ("arrows", (0, 160, 255)),
    ],
)
def test_what_is_drawn_in_colour_is_no_exaggerated_colour(form, colour, rendered, plain, tmp_path):
    result = count(stamped(rendered.image, colour, form), tmp_path / "film.png")
    assert "saturated_colours" not in {notice.code for notice in plain.summary.notices}
    assert "saturated_colours" not in {notice.code for notice in result.summary.notices}
    assert plain.summary.counted - 50 < result.summary.counted <= plain.summary.counted + 3

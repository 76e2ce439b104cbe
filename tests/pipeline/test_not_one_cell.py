"""What `classify` does not call: what is not one whole red cell, and why; single cells it calls."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from pipeline.classify import classify_files
from pipeline.settings import CountSettings
from pipeline.synthetic.field import RenderedField, RenderSettings, render_field
from tests.classifier.one_cell.drawn import VIOLET, drawn_cell

UM_PER_PX = 0.11
CELLS = 8

Picture = np.ndarray


@pytest.fixture(scope="module")
def film() -> RenderedField:
    settings = RenderSettings(
        width=1300,
        height=1000,
        um_per_px=UM_PER_PX,
        density=0.15,
        clumping=0.0,
        stacking=0.0,
        white_cells=30,
        platelets=120,
        parasitaemia=0.2,
    )
    return render_field(settings, np.random.default_rng(5))


@pytest.fixture(scope="module")
def cells(film: RenderedField) -> list[Picture]:
    """Cells that lie apart from all others, cut out by their boxes."""
    return [_cut(film, box) for box in _alone(film, ("uninfected",))[:CELLS]]


def _alone(film: RenderedField, labels: tuple[str, ...]) -> list[tuple[float, ...]]:
    height, width = film.image.shape[:2]
    sides = film.cells[["xmin", "ymin", "xmax", "ymax"]].to_numpy(float)
    low, high = (
        np.maximum(sides[:, None, :2], sides[None, :, :2]),
        np.minimum(sides[:, None, 2:], sides[None, :, 2:]),
    )
    touching = ((high - low) > 0).all(axis=2).sum(axis=1) > 1
    inside = (sides[:, :2] > 4).all(axis=1) & (sides[:, 2] < width - 4) & (sides[:, 3] < height - 4)
    chosen = film.cells["label"].isin(labels).to_numpy() & ~touching & inside
    return [tuple(box) for box in sides[chosen].tolist()]


def _cut(film: RenderedField, box: tuple[float, ...]) -> Picture:
    x0, y0, x1, y1 = (round(side) for side in box)
    return film.image[y0:y1, x0:x1]


def _called(folder: Path, pictures: list[Picture], um_per_px: float | None = None) -> pd.DataFrame:
    paths = []
    for index, picture in enumerate(pictures):
        paths.append(folder / f"{index}.png")
        cv2.imwrite(str(paths[-1]), picture[..., ::-1])
    return classify_files(paths, CountSettings(um_per_px=um_per_px))


def test_whole_cells_are_called(film, cells, tmp_path):
    infected = [_cut(film, box) for box in _alone(film, ("ring", "trophozoite", "schizont", "gametocyte"))]
    for um_per_px in (None, UM_PER_PX):
        found = _called(tmp_path, cells + infected, um_per_px)
        assert (found["notice"] == "").mean() > 0.9


def _coarse(picture: Picture, px: int, way: int) -> Picture:
    small = cv2.resize(picture, (px, px), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (90, 90), interpolation=way)


def _grey(picture: Picture) -> Picture:
    return np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


UNLIKE: dict[str, tuple[Callable[[Picture], Picture], str]] = {
    "of 5 px": (
        lambda cell: cv2.resize(cell, (5, 5), interpolation=cv2.INTER_AREA),
        "it has 5 x 5 different px",
    ),
    "of 12 px": (
        lambda cell: cv2.resize(cell, (12, 12), interpolation=cv2.INTER_AREA),
        "12 x 12 different px",
    ),
    "of 8 px enlarged in blocks": (lambda cell: _coarse(cell, 8, cv2.INTER_NEAREST), "8 x 8 different px"),
    "of 5 px enlarged": (lambda cell: _coarse(cell, 5, cv2.INTER_CUBIC), "blurred"),
    "blurred": (lambda cell: cv2.GaussianBlur(cell, (0, 0), 0.15 * len(cell)), "blurred"),
    "grey": (_grey, "no colour"),
    "inverted": (lambda cell: 255 - np.pad(cell, ((3, 3), (3, 3), (0, 0)), "edge"), ""),
    "framed": (
        lambda cell: cv2.rectangle(cell.copy(), (0, 0), cell.shape[1::-1], (0, 255, 0), 6),
        "drawn over",
    ),
    "its left half": (lambda cell: cell[:, : cell.shape[1] // 2], ""),
    "its lower half": (lambda cell: cell[len(cell) // 2 :], "cut off along one side"),
    "on much ground": (lambda cell: np.pad(cell, ((70, 70), (70, 70), (0, 0)), constant_values=225), ""),
}


@pytest.mark.parametrize("kind", UNLIKE)
def test_what_is_no_clear_picture_of_a_whole_cell_is_not_called(kind, cells, tmp_path):
    spoil, words = UNLIKE[kind]
    found = _called(tmp_path, [spoil(cell) for cell in cells])
    assert (found["notice"] == "not_one_cell").mean() >= 0.7
    assert found["reason"].str.contains(words, regex=False).any()


@pytest.mark.parametrize(("label", "words"), [("white_blood_cell", "white cell"), ("platelet", "px")])
def test_other_blood_cells_are_not_called(label, words, film, tmp_path):
    others = [_cut(film, box) for box in _alone(film, (label,))][:CELLS]
    assert len(others) > 4
    found = _called(tmp_path, others)
    assert (found["notice"] == "not_one_cell").mean() >= 0.6
    assert found["reason"].str.contains(words, regex=False).any()
    known = _called(tmp_path, others, UM_PER_PX)
    assert (known["notice"] == "not_one_cell").mean() >= 0.8
    assert known["reason"].str.contains("µm", regex=False).any()


def test_a_white_cell_that_its_nucleus_fills_is_not_called(tmp_path):
    found = _called(tmp_path, [drawn_cell(VIOLET, seed) for seed in range(CELLS)])
    assert (found["notice"] == "not_one_cell").all()
    assert found["reason"].str.contains("white cell", regex=False).all()


def test_a_late_parasite_that_fills_its_cell_is_called(tmp_path):
    pigment = [drawn_cell((1.1, 1.3, 1.1), seed) for seed in range(CELLS)]
    found = _called(tmp_path, pigment)
    assert not found["reason"].str.contains("violet", regex=False).any()


def test_two_cells_beside_each_other_are_not_called(cells, tmp_path):
    pairs = []
    for one, other in zip(cells[::2], cells[1::2], strict=True):
        side = max(*one.shape[:2], *other.shape[:2])
        pairs.append(
            np.hstack([cv2.resize(one, (side, side)), cv2.resize(other, (side, side))[:, side // 5 :]])
        )
    found = _called(tmp_path, pairs)
    assert (found["notice"] == "not_one_cell").all()


def test_a_cell_on_black_is_called_the_same_whatever_its_margin(cells, tmp_path):
    on_black = []
    for cell in cells[:4]:
        height, width = cell.shape[:2]
        y, x = (np.mgrid[:height, :width] + 0.5).astype(float)
        inside = np.hypot(2 * x / width - 1, 2 * y / height - 1) < 1
        on_black.append(np.where(inside[..., None], cell, 0).astype(np.uint8))
    wide = [np.pad(cell, ((60, 80), (90, 40), (0, 0))) for cell in on_black]
    found, padded = _called(tmp_path, on_black), _called(tmp_path, wide)
    assert (found["notice"] == "").all()
    assert (padded["notice"] == "").all()
    assert padded["p_infected"].to_numpy() == pytest.approx(found["p_infected"].to_numpy(), abs=0.05)

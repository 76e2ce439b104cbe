"""Overlays mark every cell where it lies, each kind in its own shape."""

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from pipeline.output.marks import GREY, WHITE
from pipeline.output.sheet import (
    SHEET_PICTURES_MAX,
    SIDE_MAX_PX,
    contact_sheet,
    draw_overlay,
    mark_cells,
    overlay_zoom,
    sheet_zoom,
)
from pipeline.planning.own_marks import GREEN, RED
from tests.pipeline.counting.made_up_counts import HEIGHT, WIDTH, make_cells, paint

PLACE = [(100.0, 120.0)]


def _marked(kind: str, scale: float = 4.0) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The marked picture of one cell at (100, 120), and where it differs from the bare one."""
    cells = make_cells(kind, at=PLACE)
    bare = cv2.resize(paint(cells), None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    marked = mark_cells(np.asarray(bare, np.uint8), cells, scale)
    return marked, (marked != bare).any(axis=2)


def _has(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> int:
    """Pixels of a colour, give or take what smoothing a line does to it."""
    return int((np.abs(picture.astype(int) - colour).max(axis=2) <= 70).sum())


@pytest.mark.parametrize("kind", ["uninfected", "at_border", "white_cell", "platelet", "artefact"])
def test_a_mark_lies_on_its_cell(kind: str) -> None:
    _, changed = _marked(kind)
    rows, columns = np.nonzero(changed)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(400, abs=1.5)
    assert (rows.min() + rows.max()) / 2 == pytest.approx(480, abs=1.5)
    assert 80 <= columns.max() - columns.min() <= 110


def test_an_infected_cell_has_a_thick_red_ring_and_an_uninfected_one_a_thin_green_line() -> None:
    infected, ringed = _marked("infected")
    uninfected, outlined = _marked("uninfected")
    assert _has(infected, RED) > 500
    assert _has(uninfected, RED) == 0
    assert _has(uninfected, GREEN) > max(50, 3 * _has(infected, GREEN))
    assert ringed.sum() > 5 * outlined.sum()


def test_the_inside_of_an_infected_cell_stays_to_be_seen() -> None:
    _, changed = _marked("infected")
    assert not changed[480 - 25 : 480 + 25, 400 - 25 : 400 + 25].any()


def test_the_probability_stands_beside_the_ring_and_inside_the_picture() -> None:
    for place in ((12.0, 12.0), (WIDTH - 12.0, 12.0), (WIDTH - 12.0, HEIGHT - 12.0), (160.0, 120.0)):
        cells = make_cells("infected", at=[place])
        bare = np.asarray(
            cv2.resize(paint(cells), None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST), np.uint8
        )
        with_label = mark_cells(bare, cells, 4.0)
        without = mark_cells(bare, cells.assign(p_infected=np.nan), 4.0)
        plate = (with_label != without).any(axis=2)
        rows, columns = np.nonzero(plate)
        assert 25 <= columns.max() - columns.min() <= 80
        x, y = round(place[0] * 4), round(place[1] * 4)
        assert not plate[max(y - 20, 0) : y + 20, max(x - 20, 0) : x + 20].any()
        assert _has(with_label[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1], WHITE) > 100


def test_plates_of_neighbours_do_not_cover_each_other() -> None:
    cells = make_cells("infected", "infected", at=[(100.0, 120.0), (118.0, 122.0)])
    bare = np.asarray(cv2.resize(paint(cells), None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST), np.uint8)
    none = mark_cells(bare, cells.assign(p_infected=np.nan), 4.0)
    sizes = []
    for shown in ([True, True], [True, False], [False, True]):
        marked = mark_cells(bare, cells.assign(p_infected=cells["p_infected"].where(shown)), 4.0)
        sizes.append(int((marked != none).any(axis=2).sum()))
    assert sizes[0] >= 0.95 * (sizes[1] + sizes[2])


def test_a_cell_that_is_not_counted_is_crossed() -> None:
    _, changed = _marked("at_border")
    assert changed[478:483, 398:403].any()
    assert _has(_marked("at_border")[0], GREY) > 50


def test_tiny_uninfected_cells_are_left_unmarked_but_infected_ones_are_ringed() -> None:
    assert not _marked("uninfected", scale=0.25)[1].any()
    assert _marked("infected", scale=0.25)[1].sum() > 100


def test_the_picture_is_left_as_it_was() -> None:
    cells = make_cells("infected", "uninfected")
    picture = paint(cells)
    before = picture.copy()
    draw_overlay(picture, cells, 1.0, "2 cells")
    np.testing.assert_array_equal(picture, before)


def test_the_legend_stands_below_and_does_not_cover_the_picture() -> None:
    picture = np.full((300, 900, 3), 128, np.uint8)
    overlay = draw_overlay(picture, make_cells(), 1.0, "film: no red cell counted")
    assert overlay.shape[1] == 900
    np.testing.assert_array_equal(overlay[:300], picture)
    legend = overlay[300:]
    assert legend.shape[0] > 40
    assert _has(legend, WHITE) > 0.7 * legend.shape[0] * legend.shape[1]


def test_a_caption_too_long_for_the_picture_is_made_smaller() -> None:
    overlay = draw_overlay(np.zeros((64, 200, 3), np.uint8), make_cells(), 1.0, "a very long name " * 12)
    assert (overlay[64:80, -3:] == 255).all()


@pytest.mark.parametrize(
    ("size", "zoom"),
    [
        ((1280, 960), (1, 1)), ((256, 256), (1, 5)), ((640, 480), (1, 2)), ((4096, 100), (1, 1)),
        ((5312, 2988), (2, 1)), ((100_000, 80_000), (32, 1)), ((600_000, 10), (64, 1)),
    ],
)  # fmt: skip
def test_a_field_is_brought_to_a_size_that_can_be_looked_at(
    size: tuple[int, int], zoom: tuple[int, int]
) -> None:
    assert overlay_zoom(*size) == zoom


@pytest.mark.parametrize("number", [1, 2, 5, SHEET_PICTURES_MAX])
def test_a_contact_sheet_of_any_number_of_fields_fits_its_size(number: int) -> None:
    zoom = sheet_zoom(1280, 960, number)
    small = np.zeros((round(960 * zoom), round(1280 * zoom), 3), np.uint8)
    sheet = contact_sheet([small] * number, ["f: 0 infected of 9 red cells: 0.0%"] * number, "slide")
    assert sheet.shape[1] <= SIDE_MAX_PX
    black = (sheet == 0).all(axis=2).sum()
    assert black == pytest.approx(number * small.shape[0] * small.shape[1], rel=0.05)


def test_fields_of_different_sizes_share_a_sheet() -> None:
    wide, tall = np.zeros((300, 400, 3), np.uint8), np.zeros((400, 200, 3), np.uint8)
    assert contact_sheet([wide, tall], ["wide", "tall"], "slide").shape[1] == 800


def test_infected_cells_without_a_call_are_drawn_as_uninfected() -> None:
    cells = make_cells("infected", at=PLACE).assign(infected=pd.Series([None], dtype=object))
    assert _has(mark_cells(paint(cells), cells, 1.0), RED) == 0


def test_a_cell_to_look_at_has_a_broken_red_ring_and_its_probability() -> None:
    cells = make_cells("uninfected", at=PLACE).assign(p_infected=0.31, stands_out=True)
    bare = np.asarray(cv2.resize(paint(cells), None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST), np.uint8)
    marked = mark_cells(bare, cells, 4.0)
    infected, _ = _marked("infected")
    plain = mark_cells(bare, cells.assign(stands_out=False), 4.0)
    assert 0 < _has(marked, RED) < _has(infected, RED)
    assert _has(marked, GREEN) < 0.1 * _has(plain, GREEN)

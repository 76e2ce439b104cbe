"""A body is drawn and laid on the film by one piece of code, and lies where its truth says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.synthetic.drawn import FilmWindow, Stamp, drawn, extent_px
from pipeline.synthetic.layout import Body
from pipeline.synthetic.settings import RenderSettings

SETTINGS = RenderSettings(width=256, height=256, um_per_px=0.11)
CELL = Body(kind="red_cell", label="uninfected", x=60.0, y=50.0, radius_um=3.7, seed=3)
BODIES = (
    CELL,
    replace(CELL, label="ring", seed=4),
    Body(kind="white_cell", label="white_cell", x=60.0, y=50.0, radius_um=6.0, seed=5),
    Body(kind="platelet", label="platelet", x=60.0, y=50.0, radius_um=1.3, seed=6),
)


def _film(side: int) -> FilmWindow:
    return FilmWindow(
        absorbance=np.zeros((side, side, 3), np.float32), red=np.zeros((side, side, 3), np.float32)
    )


def _flat(side: int, depth: float, *, red: bool) -> Stamp:
    layer = np.full((side, side, 3), depth, np.float32)
    return Stamp(left=0, top=0, red=layer if red else None, layer=np.zeros_like(layer) if red else layer)


@pytest.mark.parametrize("body", BODIES)
def test_a_body_is_drawn_where_its_box_says(body: Body) -> None:
    stamp = drawn(body, SETTINGS)
    ink = np.abs(stamp.layer if stamp.red is None else stamp.red).max(axis=2)
    rows, columns = np.nonzero(ink > 0.05 * ink.max())
    seen = np.asarray([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], float)
    seen += (stamp.left, stamp.top) * 2
    np.testing.assert_allclose(seen, extent_px(body, SETTINGS), atol=2.5)


@pytest.mark.parametrize("body", BODIES)
def test_a_body_is_the_same_wherever_it_lies(body: Body) -> None:
    here, there = drawn(body, SETTINGS), drawn(replace(body, x=900.0, y=17.0), SETTINGS)
    assert (here.left, here.top) == (there.left, there.top)
    np.testing.assert_allclose(here.layer, there.layer, atol=1e-4)


@given(
    first=st.floats(0.1, 1.0), second=st.floats(0.1, 1.0), overlap=st.floats(0.0, 1.0), order=st.booleans()
)
def test_where_red_cells_overlap_a_share_of_the_thinner_is_added(
    first: float, second: float, overlap: float, order: bool
) -> None:
    film = _film(30)
    for depth in (first, second) if order else (second, first):
        film.lay(_flat(20, depth, red=True), 5, 5, overlap)
    assert film.red[15, 15, 0] == pytest.approx(max(first, second) + overlap * min(first, second), abs=1e-5)
    assert film.red[:5].max() == film.red[25:].max() == 0
    assert film.absorbance.max() == 0


def test_what_is_no_red_cell_darkens_whatever_it_lies_on() -> None:
    film = _film(30)
    for _ in range(2):
        film.lay(_flat(20, 0.4, red=False), 5, 5, overlap=0.0)
    assert film.absorbance[15, 15, 0] == pytest.approx(0.8)


@given(x=st.integers(-25, 35), y=st.integers(-25, 35))
def test_a_window_shows_what_of_a_body_lies_in_it(x: int, y: int) -> None:
    stamp = drawn(CELL, SETTINGS)
    height, width = stamp.layer.shape[:2]
    wide, narrow = _film(400), _film(40)
    wide.lay(stamp, 150 + x, 150 + y, 0.5)
    narrow.lay(stamp, x, y, 0.5)
    for shown, whole in ((narrow.red, wide.red), (narrow.absorbance, wide.absorbance)):
        np.testing.assert_array_equal(shown, whole[150:190, 150:190])
    assert max(height, width) < 250

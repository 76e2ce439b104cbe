"""Size of a pixel from discs of known size."""

import cv2
import numpy as np
import pytest

from segmentation.resample import DETECTOR_UM_PER_PX
from segmentation.scale import (
    QUICK_SIZES,
    QUICK_WINDOW_PX,
    RED_CELL_UM,
    ROUNDS,
    SIZES,
    WINDOW_PX,
    estimate_um_per_px,
)
from tests.segmentation.disc_pictures import DiscNetwork


def slide_of_discs(diameter_px: float):
    """A view on a field of discs that are that many level-0 px across, drawn at whatever scale is asked."""

    def view(um_per_px: float, side_px: int) -> np.ndarray | None:
        zoom = um_per_px / DETECTOR_UM_PER_PX
        radius = diameter_px * zoom / 2
        side = min(320, side_px)
        step = radius * 3.1
        places = np.arange(step / 2, side, step)
        if len(places) == 0 or radius < 0.5:
            return None
        picture = np.full((side, side, 3), 230, np.uint8)
        for x in places:
            for y in places:
                centre = (round((x - 0.5) * 16), round((y - 0.5) * 16))
                cv2.circle(
                    picture, centre, round((radius - 0.5) * 16), (200, 120, 180), cv2.FILLED, cv2.LINE_AA, 4
                )
        return picture

    return view


@pytest.mark.parametrize("diameter_px", [18, 27.3, 40, 68, 111, 160, 220])
def test_the_scale_is_that_at_which_cells_have_the_usual_diameter(diameter_px):
    found = estimate_um_per_px(slide_of_discs(diameter_px), DiscNetwork())
    assert found is not None
    assert found.um_per_px == pytest.approx(RED_CELL_UM / diameter_px, rel=0.04)
    assert found.cells > 10


def test_a_picture_without_cells_has_no_scale():
    assert estimate_um_per_px(lambda *_: np.full((320, 320, 3), 230, np.uint8), DiscNetwork()) is None


def test_a_field_too_small_for_every_scale_has_none():
    assert estimate_um_per_px(lambda *_: None, DiscNetwork()) is None


def test_dirt_of_another_size_does_not_outvote_the_cells():
    cells = slide_of_discs(60)

    def view(um_per_px: float, side_px: int) -> np.ndarray | None:
        picture = cells(um_per_px, side_px)
        if picture is None:
            return None
        radius = 11 * um_per_px / DETECTOR_UM_PER_PX / 2
        for x in range(12, picture.shape[1] - 10, 60):
            cv2.circle(picture, (x, 3), max(1, round(radius)), (200, 120, 180), cv2.FILLED)
        return picture

    found = estimate_um_per_px(view, DiscNetwork())
    assert found is not None
    assert found.um_per_px == pytest.approx(RED_CELL_UM / 60, rel=0.05)


def sides_asked(diameter_px: float, side: int) -> list[int]:
    """Sides of the windows asked for, one after the other, of a field that gives at most so many px."""
    asked, discs = [], slide_of_discs(diameter_px)

    def view(um_per_px: float, side_px: int) -> np.ndarray | None:
        asked.append(side_px)
        return discs(um_per_px, min(side, side_px))

    assert estimate_um_per_px(view, DiscNetwork()) is not None
    return asked


@pytest.mark.parametrize(("diameter_px", "most"), [(200, 3), (60, 5), (18, QUICK_SIZES)])
def test_where_there_are_many_cells_a_few_small_windows_choose_the_size(diameter_px, most):
    """From the largest size down, and none far below the cells' own."""
    asked = sides_asked(diameter_px, side=320)
    quick = asked.count(QUICK_WINDOW_PX)
    assert asked[:quick] == [QUICK_WINDOW_PX] * quick
    assert quick <= most
    assert 1 <= asked.count(WINDOW_PX) <= ROUNDS
    assert set(asked) == {QUICK_WINDOW_PX, WINDOW_PX}


def test_where_there_are_few_cells_more_sizes_are_tried():
    asked = sides_asked(60, side=130)
    assert asked.count(QUICK_WINDOW_PX) == QUICK_SIZES
    assert asked.count(WINDOW_PX) > SIZES

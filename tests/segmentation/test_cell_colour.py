"""What the usual red cell of a view absorbs."""

import numpy as np
import pytest

from segmentation.cell_colour import usual_absorbance
from segmentation.resample import WHITE_LEVEL
from tests.segmentation.disc_pictures import draw_discs

CELL = (0.2, 0.5, 0.3)
COLOUR = (188, 140, 170)


def boxes_of(discs) -> np.ndarray:
    return np.asarray([(x - r, y - r, x + r, y + r) for x, y, r in discs], np.float32)


def test_it_is_that_of_most_cells_whatever_a_few_of_them_hold():
    discs = [(20.0 + 24 * x, 20.0 + 24 * y, 10.0) for x in range(5) for y in range(4)]
    picture = draw_discs(140, 120, discs, COLOUR)
    dark = draw_discs(140, 120, discs[:5], (80, 40, 160))
    infected = np.minimum(picture, np.where(dark < WHITE_LEVEL, dark, 255))
    assert usual_absorbance(infected, boxes_of(discs)) == pytest.approx(CELL, abs=0.02)


def test_cells_at_the_border_are_measured_by_what_is_seen_of_them():
    discs = [(0.0, 30.0, 10.0), (60.0, 30.0, 10.0), (30.0, -2.0, 10.0)]
    picture = draw_discs(60, 60, discs, COLOUR)
    assert usual_absorbance(picture, boxes_of(discs)) == pytest.approx(CELL, abs=0.02)


def test_what_is_brighter_than_white_absorbs_nothing():
    assert usual_absorbance(np.full((40, 40, 3), 255, np.uint8), boxes_of([(20, 20, 10)])) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("discs", [[], [(300.0, 300.0, 10.0)]])
def test_without_a_cell_in_the_picture_nothing_is_known(discs):
    assert usual_absorbance(np.full((40, 40, 3), 200, np.uint8), boxes_of(discs).reshape(-1, 4)) is None

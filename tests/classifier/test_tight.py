"""A cell cut out by its box is evened by its film's stain, whatever a parasite adds to its own."""

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.tight import place_cell

GROUND, CELL, PARASITE = (235, 238, 240), (190, 165, 180), (110, 70, 130)
SIDE = 60


def cut_out(parasite_radius: float) -> NDArray[np.uint8]:
    """A round cell that touches all sides of its box, and a parasite in its middle, 0 to 1 of its radius."""
    y, x = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE * 2 - 1
    away = np.hypot(x, y)[..., None]
    picture = np.where(away < parasite_radius, PARASITE, np.where(away < 1, CELL, GROUND))
    return np.asarray(picture, np.uint8)


def pale_part(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Colour of the crop's cell between its parasite and its edge."""
    crop = place_cell(picture, None).crop[..., :3]
    y, x = np.mgrid[: crop.shape[0], : crop.shape[1]] + 0.5
    away = np.hypot(x - crop.shape[1] / 2, y - crop.shape[0] / 2)
    return np.median(crop[(away > 17) & (away < 18.5)], axis=0)


@pytest.mark.parametrize("radius", [0.3, 0.55, 0.68])
def test_a_late_stage_does_not_tell_its_own_stain_for_the_cells(radius: float) -> None:
    assert pale_part(cut_out(radius)) == pytest.approx(pale_part(cut_out(0.0)), abs=12)


def test_the_corners_of_a_filled_cell_are_its_ground() -> None:
    crop = place_cell(cut_out(0.8), None).crop[..., :3]
    assert np.abs(crop[0, 0].astype(int) - 230).max() <= 1
    middle = crop.shape[0] // 2
    corner = crop[middle - 18, middle - 18].astype(int)
    assert np.abs(corner - 230).max() <= 4

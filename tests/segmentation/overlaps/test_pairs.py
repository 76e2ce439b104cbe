"""Two cells found as one are taken apart where both sides of the peak tell of different cells."""

import numpy as np
import pytest
from numpy.typing import NDArray

from segmentation.detections import Kind
from segmentation.detector import BOX_UNIT_PX, detect
from tests.segmentation.disc_pictures import empty_heads

WHITE = np.full((96, 128, 3), 230, np.uint8)
CENTRE, APART, HALF = (61.0, 41.0), 7.0, 10.0


class PairNetwork:
    """One broad peak; left of it the network gives the box of one cell, right of it that of another."""

    def __init__(self, centre: tuple[float, float], apart: float, peak: float = 1.0) -> None:
        self.centre, self.apart, self.peak = centre, apart, peak

    def run(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        heat, box = empty_heads(batch)
        rows, columns = np.mgrid[: heat.shape[1], : heat.shape[2]] * 2 + 1.0
        across, down = columns - self.centre[0], rows - self.centre[1]
        # Hot along the pair, cold across it.
        heat[0, ..., Kind.RED_CELL] = self.peak - 0.12 * np.abs(across) - 0.9 * np.abs(down)
        between = np.clip(across / APART, -0.5, 0.5) * self.apart + self.centre[0]
        reach = HALF + np.where(across == 0, self.apart / 2, 0)
        sides = (columns - between + reach, down + HALF, between + reach - columns, HALF - down)
        distance = np.maximum(np.stack(sides, axis=-1), 0.5) / BOX_UNIT_PX
        box[0] = np.log(np.expm1(distance))
        return heat, box


def test_a_pair_is_two_cells_that_lie_as_the_sides_of_the_peak_say() -> None:
    found = detect(WHITE, PairNetwork(CENTRE, APART), 0.36, pairs_apart=True)
    assert len(found) == 2
    assert sorted(found.centres[:, 0]) == pytest.approx([CENTRE[0] - APART / 2, CENTRE[0] + APART / 2], abs=1)
    assert found.centres[:, 1] == pytest.approx([CENTRE[1]] * 2, abs=0.5)
    assert set(found.kinds.tolist()) == {Kind.RED_CELL} and len(set(found.scores.tolist())) == 1


def test_one_cell_whose_box_is_the_same_from_all_sides_stays_one() -> None:
    assert len(detect(WHITE, PairNetwork(CENTRE, 0.0), 0.36, pairs_apart=True)) == 1


def test_pairs_stay_one_where_they_are_not_to_be_taken_apart() -> None:
    assert len(detect(WHITE, PairNetwork(CENTRE, APART), 0.36)) == 1


def test_a_faint_pair_stays_one() -> None:
    assert len(detect(WHITE, PairNetwork(CENTRE, APART, peak=-0.2), 0.36, pairs_apart=True)) == 1


def test_what_the_border_cuts_stays_one() -> None:
    assert len(detect(WHITE, PairNetwork((9.0, 41.0), APART), 0.36, pairs_apart=True)) == 1


def test_the_two_cells_are_the_same_wherever_the_tile_begins() -> None:
    here = detect(WHITE, PairNetwork(CENTRE, APART), 0.36, pairs_apart=True).boxes
    assert len(here) == 2
    there = detect(WHITE, PairNetwork((CENTRE[0] - 16, CENTRE[1] + 8), APART), 0.36, pairs_apart=True).boxes
    assert np.array_equal(here + np.asarray([-16, 8, -16, 8], np.float32), there)

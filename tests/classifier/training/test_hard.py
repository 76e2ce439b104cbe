"""Uninfected cells that look infected are drawn more often, and no kind of cell for it less."""

import numpy as np
import pytest

from classifier.training.fit import UNKNOWN_STAGE, CropSample
from classifier.training.hard import HARD_SHARE, drawn_by_hardness


def sample(infected: list[bool], weight: list[float]) -> CropSample:
    crops = np.zeros((len(infected), 8, 8, 4), np.uint8)
    return CropSample(
        crops=crops,
        infected=np.array(infected),
        stage=np.full(len(infected), UNKNOWN_STAGE),
        weight=np.array(weight),
        surroundings=crops[:0, ..., :3],
        others=crops[:0],
    )


def test_a_clean_cell_that_looks_infected_is_drawn_more_often() -> None:
    given = sample([False, False, True, False], [0.1, 0.1, 0.4, 0.1])
    hard = drawn_by_hardness(given, np.array([0.5, 0.0, 0.9, 0.001], np.float32))
    assert hard.weight[0] == pytest.approx(0.1 * (1 - HARD_SHARE) + 0.15 * 0.5 / 0.52)
    assert hard.weight[1] == hard.weight[3] == pytest.approx(0.1 * (1 - HARD_SHARE) + 0.15 * 0.01 / 0.52)


def test_infected_and_uninfected_cells_keep_their_shares() -> None:
    rng = np.random.default_rng(0)
    given = sample(list(rng.random(50) < 0.3), list(rng.random(50)))
    hard = drawn_by_hardness(given, rng.random(50).astype(np.float32))
    clean = ~given.infected
    assert hard.weight[clean].sum() == pytest.approx(given.weight[clean].sum())
    np.testing.assert_array_equal(hard.weight[given.infected], given.weight[given.infected])


def test_a_cell_that_is_surely_infected_is_drawn_no_more_than_an_uncertain_one() -> None:
    given = sample([False, False, False], [0.2, 0.2, 0.2])
    hard = drawn_by_hardness(given, np.array([1.0, 0.6, 0.1], np.float32))
    assert hard.weight[0] == hard.weight[1] > hard.weight[2]


def test_a_source_of_infected_cells_alone_stays_as_it_is() -> None:
    given = sample([True, True], [0.5, 0.5])
    np.testing.assert_array_equal(
        drawn_by_hardness(given, np.array([0.1, 0.9], np.float32)).weight, given.weight
    )

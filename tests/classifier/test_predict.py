"""Crops to probabilities, in batches of one shape."""

import numpy as np
import pytest

from classifier.predict import (
    BATCH,
    PLAIN,
    UNCERTAIN_AT_ONCE,
    UNCERTAIN_LOGIT,
    Doubtful,
    Platt,
    predict,
    sure_stage,
)


class MeanNetwork:
    """Its logit is the mean of a crop, moved and scaled; remembers the shapes it was given."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def run(self, batch):
        self.shapes.append(batch.shape)
        return ((batch.reshape(len(batch), -1).mean(axis=1, keepdims=True) / 64 - 2).astype(np.float32),)


def crops(number: int, seed: int = 0) -> np.ndarray:
    levels = np.random.default_rng(seed).integers(0, 256, (number, 1, 1, 1), np.uint8)
    return np.broadcast_to(levels, (number, 8, 8, 4)).copy()


@pytest.mark.parametrize("number", [1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH + 7])
def test_every_crop_gets_its_own_probability_in_its_place(number):
    network, given = MeanNetwork(), crops(number)
    found = predict(given, network, PLAIN).p_infected
    expected = 1 / (1 + np.exp(-(given[:, 0, 0, 0] / 64.0 - 2)))
    assert found == pytest.approx(expected, abs=1e-6)
    assert found.dtype == np.float32
    assert set(network.shapes) == {(BATCH, 8, 8, 4)}


def test_the_probability_of_a_crop_does_not_depend_on_its_company():
    given = crops(BATCH + 20)
    whole = predict(given, MeanNetwork(), PLAIN).p_infected
    alone = np.concatenate(
        [predict(given[i : i + 1], MeanNetwork(), PLAIN).p_infected for i in range(len(given))]
    )
    np.testing.assert_array_equal(whole, alone)


def test_no_crops_give_no_probabilities_and_ask_no_network():
    network = MeanNetwork()
    assert predict(np.empty((0, 8, 8, 4), np.uint8), network, PLAIN).p_infected.shape == (0,)
    assert network.shapes == []


class CornerNetwork:
    """Its logit is what stands in the crop's upper left corner, so each turn gives another."""

    def __init__(self) -> None:
        self.looks = 0

    def run(self, batch):
        self.looks += 1
        logit = batch[:, :1, 0, 0].astype(np.float32) / 10 - 5
        return logit, np.repeat(logit, 4, axis=1) * np.asarray([0, 0, 1, 0], np.float32)


def cornered(*corners: int) -> np.ndarray:
    crop = np.zeros((1, 8, 8, 4), np.uint8)
    crop[0, [0, 0, -1, -1], [0, -1, -1, 0]] = np.asarray(corners, np.uint8)[:, None]
    return crop


def test_an_uncertain_cell_is_classified_in_four_turns_and_the_mean_counts():
    network = CornerNetwork()
    found = predict(cornered(60, 40, 80, 100), network, PLAIN)
    assert network.looks == 2
    assert found.p_infected[0] == pytest.approx(1 / (1 + np.exp(-2.0)), rel=1e-5)
    assert found.stages[0].argmax() == 2
    assert found.stages[0].sum() == pytest.approx(1)


def test_uncertain_cells_among_many_get_the_mean_of_their_own_turns():
    rng = np.random.default_rng(7)
    corners = rng.integers(0, 110, (UNCERTAIN_AT_ONCE + 90, 4))
    given = np.concatenate([cornered(*row) for row in corners.tolist()])
    logits = corners / 10 - 5
    expected = np.where(logits[:, 0] >= UNCERTAIN_LOGIT, logits.mean(axis=1), logits[:, 0])
    found = predict(given, CornerNetwork(), PLAIN).p_infected
    assert found == pytest.approx(1 / (1 + np.exp(-expected)), rel=1e-4)
    assert (logits[:, 0] >= UNCERTAIN_LOGIT).sum() > UNCERTAIN_AT_ONCE / 2


def test_a_cell_that_is_plainly_clean_is_looked_at_once():
    network = CornerNetwork()
    found = predict(cornered(0, 250, 250, 250), network, PLAIN)
    assert network.looks == 1
    assert found.p_infected[0] == pytest.approx(1 / (1 + np.exp(5.0)), rel=1e-5)
    assert found.p_infected[0] < 1 / (1 + np.exp(-UNCERTAIN_LOGIT))


def test_a_stage_less_probable_than_asked_is_none():
    stages = np.asarray([[0.6, 0.4], [0.2, 0.8], [0.5, 0.5]], np.float32)
    assert sure_stage(stages, 0.6).tolist() == [0, 1, -1]
    assert sure_stage(np.empty((3, 0), np.float32), 0.6).tolist() == [-1, -1, -1]


def test_calibration_moves_and_stretches_the_logits():
    logits = np.asarray([-3.0, 0.0, 1.0], np.float32)
    found = Platt(slope=2.0, offset=-1.0).probability(logits)
    assert found == pytest.approx([1 / (1 + np.exp(7)), 1 / (1 + np.exp(1)), 1 / (1 + np.exp(-1))], rel=1e-5)


def test_a_higher_logit_is_never_a_lower_probability_and_none_overflows():
    with np.errstate(all="raise"):
        found = PLAIN.probability(np.linspace(-60, 60, 500).astype(np.float32))
    assert (np.diff(found) >= 0).all()
    assert 0 <= found[0] < found[-1] <= 1


def test_doubtful_cells_among_those_that_are_kept_are_counted_through() -> None:
    doubtful = Doubtful(cells=np.asarray([1, 2, 4]), features=np.asarray([[1], [2], [4]], np.float16))
    among = doubtful.among(np.asarray([False, True, False, True, True]))
    assert among.cells.tolist() == [0, 2]
    assert among.features.tolist() == [[1], [4]]

"""Crops to probabilities, in batches of one shape."""

import numpy as np
import pytest

from classifier.predict import BATCH, Platt, predict

PLAIN = Platt(slope=1.0, offset=0.0)


class MeanNetwork:
    """Its logit is the mean of a crop, moved and scaled; remembers the shapes it was given."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def run(self, batch):
        self.shapes.append(batch.shape)
        return ((batch.reshape(len(batch), -1).mean(axis=1, keepdims=True) / 64 - 2).astype(np.float32),)


def crops(number: int, seed: int = 0) -> np.ndarray:
    levels = np.random.default_rng(seed).integers(0, 256, (number, 1, 1, 1), np.uint8)
    return np.broadcast_to(levels, (number, 8, 8, 3)).copy()


@pytest.mark.parametrize("number", [1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH + 7])
def test_every_crop_gets_its_own_probability_in_its_place(number):
    network, given = MeanNetwork(), crops(number)
    found = predict(given, network, PLAIN)
    expected = 1 / (1 + np.exp(-(given[:, 0, 0, 0] / 64.0 - 2)))
    assert found == pytest.approx(expected, abs=1e-6)
    assert found.dtype == np.float32
    assert set(network.shapes) == {(BATCH, 8, 8, 3)}


def test_the_probability_of_a_crop_does_not_depend_on_its_company():
    given = crops(BATCH + 20)
    whole = predict(given, MeanNetwork(), PLAIN)
    alone = np.concatenate([predict(given[i : i + 1], MeanNetwork(), PLAIN) for i in range(len(given))])
    np.testing.assert_array_equal(whole, alone)


def test_no_crops_give_no_probabilities_and_ask_no_network():
    network = MeanNetwork()
    assert predict(np.empty((0, 8, 8, 3), np.uint8), network, PLAIN).shape == (0,)
    assert network.shapes == []


def test_calibration_moves_and_stretches_the_logits():
    logits = np.asarray([-3.0, 0.0, 1.0], np.float32)
    found = Platt(slope=2.0, offset=-1.0).probability(logits)
    assert found == pytest.approx([1 / (1 + np.exp(7)), 1 / (1 + np.exp(1)), 1 / (1 + np.exp(-1))], rel=1e-5)


def test_a_higher_logit_is_never_a_lower_probability_and_none_overflows():
    with np.errstate(all="raise"):
        found = PLAIN.probability(np.linspace(-60, 60, 500).astype(np.float32))
    assert (np.diff(found) >= 0).all()
    assert 0 <= found[0] < found[-1] <= 1

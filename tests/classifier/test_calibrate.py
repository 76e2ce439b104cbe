"""Calibration finds again what logits were made with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.calibrate import fit_platt, least_threshold


def drawn(slope: float, offset: float, number: int = 40_000, seed: int = 0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2.5, number).astype(np.float32)
    infected = rng.random(number) < 1 / (1 + np.exp(-(slope * logits + offset)))
    return logits, infected


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.4, -1.5), (2.2, 0.8)])
def test_slope_and_offset_are_found_again(slope, offset):
    logits, infected = drawn(slope, offset)
    platt = fit_platt(logits, infected, np.ones(len(logits)))
    assert platt.slope == pytest.approx(slope, rel=0.05)
    assert platt.offset == pytest.approx(offset, abs=0.06)


def test_after_calibration_a_probability_is_a_frequency():
    logits, infected = drawn(0.6, -0.9)
    probability = fit_platt(logits, infected, np.ones(len(logits))).probability(logits)
    for low in (0.1, 0.3, 0.5, 0.7):
        chosen = (probability >= low) & (probability < low + 0.1)
        assert infected[chosen].mean() == pytest.approx(probability[chosen].mean(), abs=0.03)


def test_weights_stand_for_repeated_rows():
    logits, infected = drawn(1.0, 0.5, 3000)
    weight = np.random.default_rng(1).integers(1, 4, len(logits))
    weighed = fit_platt(logits, infected, weight.astype(np.float64))
    repeated = fit_platt(np.repeat(logits, weight), np.repeat(infected, weight), np.ones(int(weight.sum())))
    assert weighed.slope == pytest.approx(repeated.slope, rel=1e-3)
    assert weighed.offset == pytest.approx(repeated.offset, abs=1e-3)


def test_a_rarer_class_lowers_the_probability():
    logits, infected = drawn(1.0, 0.0, 5000)
    rare = fit_platt(logits, infected, np.where(infected, 0.02, 1.0))
    assert rare.offset == pytest.approx(np.log(0.02), abs=0.25)


def test_logits_that_say_the_opposite_never_turn_the_order_round():
    logits, infected = drawn(-1.0, 0.0, 3000)
    assert fit_platt(logits, infected, np.ones(len(logits))).slope > 0


@given(
    st.lists(st.floats(0, 1, width=32), min_size=1, max_size=200),
    st.floats(0.0, 1.0),
)
def test_no_more_of_the_uninfected_than_allowed_are_called_infected(values, rate):
    probability = np.asarray([*values, 0.9], np.float32)
    infected = np.asarray([False] * len(values) + [True])
    threshold = least_threshold(probability, infected, rate)
    assert 0 < threshold < 1
    called = (probability[:-1] >= threshold).sum()
    assert called <= max(int(rate * len(values)), (np.asarray(values) >= 1 - 1e-4).sum())


def test_the_threshold_is_the_least_that_keeps_the_false_positives_down():
    probability = np.linspace(0.005, 0.5, 100, dtype=np.float32)
    infected = np.zeros(100, bool)
    threshold = least_threshold(probability, infected, 0.05)
    assert (probability >= threshold).sum() == 5
    assert (probability >= threshold - 0.005).sum() == 6

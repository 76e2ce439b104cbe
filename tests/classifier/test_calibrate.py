"""Calibration finds again what logits were made with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.calibrate import FALSE_POSITIVES, SENSITIVITY, FoundAt, fit_platt, operating_point


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


def limit(rate: float, sensitivity: float) -> float:
    """Falls with the false positives and rises as fewer infected cells are found."""
    return rate / sensitivity


def source(clean, infected) -> FoundAt:
    values = np.asarray([*clean, *infected], np.float32)
    return FoundAt(probability=values, infected=np.arange(len(values)) >= len(clean))


@given(
    st.lists(st.lists(st.floats(0, 0.96875, width=32), min_size=200, max_size=400), min_size=1, max_size=3),
    st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40),
)
def test_no_source_has_more_false_positives_than_allowed(clean, infected):
    sources = [source(values, [*infected, 0.99]) for values in clean]
    threshold = operating_point(sources, limit)
    assert 0 < threshold < 1
    for one in sources:
        assert (one.probability[~one.infected] >= threshold).mean() <= FALSE_POSITIVES


def test_fewer_false_positives_are_wanted_as_long_as_enough_infected_cells_are_found():
    # Between 0.5 and 0.6 lie two false positives, and no infected cell; above 0.9 half of the infected.
    clean = [*np.linspace(0.0, 0.3, 998), 0.52, 0.56]
    one = source(clean, [0.7] * 10 + [0.95] * 10)
    threshold = operating_point([one], limit)
    assert 0.56 < threshold <= 0.7
    assert (one.probability[one.infected] >= threshold).mean() >= SENSITIVITY


def test_where_enough_cannot_be_found_the_threshold_finds_most_on_the_worst_source():
    clean = np.linspace(0.0, 0.8, 1000)
    good, bad = source(clean, [0.95] * 20), source(clean, [0.1] * 15 + [0.85] * 5)
    threshold = operating_point([good, bad], limit)
    assert (bad.probability[bad.infected] >= threshold).sum() == 5
    assert (clean.astype(np.float32) >= threshold).mean() <= FALSE_POSITIVES


def test_a_source_without_infected_cells_still_holds_the_false_positives_down():
    malaria = source(np.linspace(0.0, 0.3, 500), [0.5] * 20)
    none = source(np.linspace(0.0, 0.45, 500), [])
    threshold = operating_point([malaria, none], limit)
    assert (none.probability >= threshold).mean() <= FALSE_POSITIVES

"""Calibration finds again what logits were made with."""

import numpy as np
import pytest

from classifier.training.calibrate import FoundAt, fit_platt, operating_point


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


def source(*slides) -> FoundAt:
    """Slides as pairs of the probabilities of clean and of infected cells."""
    values, infected, group = [], [], []
    for name, (clean, diseased) in enumerate(slides):
        values += [*clean, *diseased]
        infected += [False] * len(clean) + [True] * len(diseased)
        group += [f"slide-{name}"] * (len(clean) + len(diseased))
    return FoundAt(
        probability=np.asarray(values, np.float32), infected=np.asarray(infected), group=np.asarray(group)
    )


def test_as_many_are_called_as_are_infected():
    # Below 0.4 five clean cells are called, above 0.6 five infected ones are lost.
    one = source(([*[0.1] * 500, *[0.395] * 5], [*[0.605] * 5, *[0.9] * 15]))
    assert 0.4 <= operating_point([one]) <= 0.6


def test_missed_cells_and_false_calls_make_up_for_each_other_within_a_slide():
    # Two infected cells stand at 0.2, and two clean ones at 0.7: in between the count is right.
    one = source(([*[0.1] * 500, 0.7, 0.7], [0.2, 0.2, *[0.9] * 8]))
    assert 0.2 < operating_point([one]) <= 0.7


def test_every_source_counts_alike_however_many_slides_it_has():
    # Three slides of one microscope want a low threshold, each of two others a high one.
    low = ([*[0.05] * 100], [*[0.3] * 10, *[0.9] * 10])
    high = ([*[0.05] * 100, *[0.5] * 10], [*[0.9] * 10])
    assert operating_point([source(low, low, low), source(high), source(high)]) > 0.5
    assert operating_point([source(low), source(low), source(high)]) <= 0.3


def test_healthy_slides_hold_down_the_false_calls():
    malaria = ([*[0.05] * 300], [*[0.5] * 11, *[0.9] * 9])
    healthy: tuple[list[float], list[float]] = ([*[0.05] * 300, *[0.6] * 3], [])
    assert operating_point([source(malaria)]) <= 0.5
    assert operating_point([source(malaria), source(healthy), source(healthy)]) > 0.6


def test_a_slide_of_too_few_infected_cells_says_nothing():
    few = source(([*[0.05] * 100, *[0.7] * 20], [0.6, 0.9]))
    usual = source(([*[0.05] * 100], [*[0.3] * 10]))
    assert operating_point([few, usual]) <= 0.3


def test_of_thresholds_whose_counts_err_alike_the_one_that_misses_fewest_is_taken():
    # At 0.6 the count is right; down to 0.4 it is 2 of 40 too many, which costs less than a tenth of what
    # the other slide errs by at every threshold.
    exact = ([*[0.05] * 300, 0.45, 0.55], [*[0.5] * 2, *[0.9] * 38])
    lost = ([*[0.05] * 300], [*[0.01] * 18, *[0.9] * 2])
    assert operating_point([source(exact, lost)]) <= 0.45

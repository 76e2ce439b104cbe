"""Calibration finds again what logits were made with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def limit(rate: float, sensitivity: float) -> float | None:
    """Falls with the false positives and rises as fewer infected cells are found; None where none is."""
    return (rate + 0.001) / sensitivity if sensitivity > rate else None


def source(clean, infected) -> FoundAt:
    values = np.asarray([*clean, *infected], np.float32)
    return FoundAt(probability=values, infected=np.arange(len(values)) >= len(clean))


def limits(sources, threshold) -> list[float]:
    """Limit of each source with infected cells, counted by hand."""
    found = []
    for one in sources:
        called = one.probability >= threshold
        clean = int((~one.infected).sum())
        rate = max(int(called[~one.infected].sum()), 0.5) / clean
        told = limit(rate, float(called[one.infected].mean()))
        found.append(1.0 if told is None else told)
    return found


levels = st.integers(0, 40).map(lambda level: level / 40)


@given(
    st.lists(
        st.tuples(st.lists(levels, min_size=30, max_size=60), st.lists(levels, min_size=1, max_size=20)),
        min_size=1,
        max_size=3,
    )
)
def test_no_other_threshold_has_a_lower_limit_beside_as_true_a_count(cells):
    sources = [source([*clean, 0.0], [*infected, 1.0]) for clean, infected in cells]

    def cost(threshold: float) -> float:
        called = [int((one.probability >= threshold).sum()) / int(one.infected.sum()) for one in sources]
        return np.log(limits(sources, threshold)).mean() + abs(np.log(called).mean())

    chosen = cost(operating_point(sources, limit))
    assert all(chosen <= cost(other) + 1e-9 for other in np.arange(0.5, 40) / 40)


def test_fewer_false_positives_are_wanted_as_long_as_enough_infected_cells_are_found():
    # Between 0.5 and 0.6 lie two false positives, and no infected cell; above 0.9 half of the infected.
    clean = [*np.linspace(0.0, 0.3, 998), 0.52, 0.56]
    one = source(clean, [0.7] * 10 + [0.95] * 10)
    assert 0.56 < operating_point([one], limit) <= 0.7


@pytest.mark.parametrize("found", [[0.30, 0.51, 0.72], [0.30, 0.50, 0.72], [0.32, 0.51, 0.70]])
def test_where_the_limit_is_flat_as_many_are_called_as_are_infected_whatever_single_cells_do(found):
    # Each of three thresholds loses a false positive and an infected cell.
    clean = [*np.linspace(0.0, 0.1, 900), *([0.2] * 20), *found, *[0.97] * 20]
    one = source(clean, [*[each + 0.01 for each in found], *[0.95] * 40, *[0.05] * 20])
    threshold = operating_point([one], lambda rate, found: 0.01)
    assert 0.4 < threshold < 0.6
    assert (one.probability >= threshold).sum() == pytest.approx(one.infected.sum(), abs=1)


def test_one_source_may_call_too_many_where_another_calls_as_many_times_too_few():
    # At 0.5 one calls 20 of 10 infected, the other 10 of 20; elsewhere they do not make up for each other.
    many = source([*np.linspace(0.0, 0.1, 900), *[0.6] * 10, *[0.4] * 5], [0.9] * 10)
    few = source([*np.linspace(0.0, 0.1, 900), *[0.4] * 2], [0.9] * 10 + [0.4] * 2 + [0.05] * 8)
    assert 0.4 < operating_point([many, few], lambda rate, found: 0.01) < 0.6


def test_one_soiled_film_does_not_set_the_threshold_of_all_microscopes():
    # 0.45 finds every infected cell; on the soiled film it calls 2 in 100, and only 0.8 would call none.
    clean = source(np.linspace(0.0, 0.3, 1000), [0.5] * 15 + [0.9] * 5)
    soiled = source([*np.linspace(0.0, 0.3, 980), *np.linspace(0.55, 0.75, 20)], [0.5] * 5 + [0.9] * 15)
    assert operating_point([soiled], limit) > 0.75
    assert 0.3 < operating_point([clean, clean, soiled], limit) <= 0.5


def test_a_source_without_infected_cells_holds_down_the_false_positives_as_any_other():
    malaria = source(np.linspace(0.0, 0.3, 500), [0.5] * 12 + [0.9] * 8)
    none = source([*np.linspace(0.0, 0.3, 400), *np.linspace(0.55, 0.7, 100)], [])
    assert operating_point([malaria], limit) <= 0.5
    assert operating_point([malaria, none], limit) > 0.7


def test_a_source_without_infected_cells_finds_the_mean_share_of_the_others():
    asked: list[tuple[float, float]] = []

    def noted(rate: float, sensitivity: float) -> float | None:
        asked.append((rate, sensitivity))
        return limit(rate, sensitivity)

    all_found = source(np.linspace(0.0, 0.4, 100), [0.9] * 4)
    half_found = source(np.linspace(0.0, 0.4, 100), [0.9] * 30 + [0.1] * 30)
    # Here one in ten is called at any threshold, so what was asked with that rate was asked of this source.
    none = source([*[0.0] * 90, *[0.95] * 10], [])
    threshold = operating_point([all_found, half_found, none], noted)
    assert 0.4 < threshold <= 0.9
    assert (0.1, 0.75) in asked


def test_the_threshold_stands_between_two_cells_so_that_rounding_moves_none_across():
    one = source([0.0, 0.1, 0.2], [0.8, 0.9])
    assert operating_point([one], limit) == pytest.approx(0.5)

"""Intervals, tests and limits against independent libraries and against their own meaning."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest
from statsmodels.stats.proportion import proportion_confint

from pipeline.counting.statistics import distinguishable, limit_of_detection, wilson

counts = st.integers(1, 20_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
rates = st.floats(0.0, 0.2)


@given(counts)
def test_wilson_agrees_with_statsmodels(pair: tuple[int, int]) -> None:
    assert wilson(*pair) == pytest.approx(proportion_confint(*pair, alpha=0.05, method="wilson"), abs=1e-12)


@given(counts)
def test_the_interval_holds_the_fraction_and_stays_between_none_and_all(pair: tuple[int, int]) -> None:
    low, high = wilson(*pair)
    assert 0 <= low <= pair[0] / pair[1] <= high <= 1


@given(counts)
def test_the_interval_of_the_uninfected_mirrors_that_of_the_infected(pair: tuple[int, int]) -> None:
    infected, counted = pair
    low, high = wilson(infected, counted)
    assert wilson(counted - infected, counted) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_twelve_of_845_cells_is_between_8_and_25_in_a_thousand() -> None:
    assert wilson(12, 845) == pytest.approx((0.00814, 0.02466), abs=5e-6)


def test_no_infected_cell_has_a_lower_bound_of_exactly_zero() -> None:
    low, high = wilson(0, 1000)
    assert low == 0.0
    assert 0.003 < high < 0.005


@given(counts, rates)
def test_the_test_agrees_with_the_exact_binomial_test_of_scipy(pair: tuple[int, int], rate: float) -> None:
    infected, counted = pair
    p_value = binomtest(infected, counted, rate, alternative="greater").pvalue
    if abs(p_value - 0.05) > 1e-9:
        assert distinguishable(infected, counted, rate) == (infected > 0 and p_value < 0.05)


def test_as_many_positives_as_false_positives_explain_are_not_parasites() -> None:
    assert not distinguishable(10, 1000, 0.01)
    assert distinguishable(17, 1000, 0.01)
    assert not distinguishable(0, 1000, 0.0)
    assert distinguishable(1, 1000, 0.0)
    assert not distinguishable(0, 0, 0.01)


@given(st.integers(10, 20_000), st.floats(0.0, 0.05), st.floats(0.5, 1.0))
def test_a_slide_at_the_limit_of_detection_is_told_from_none_95_times_in_100(
    counted: int, rate: float, sensitivity: float
) -> None:
    limit = limit_of_detection(counted, rate, sensitivity)
    if limit is None:
        return
    needed = next(n for n in range(1, counted + 1) if distinguishable(n, counted, rate))
    called = limit * sensitivity + (1 - limit) * rate
    assert binom.sf(needed - 1, counted, called) == pytest.approx(0.95, abs=1e-6)


def test_the_limit_of_detection_falls_with_more_cells_and_rises_with_false_positives() -> None:
    by_cells = [limit_of_detection(n, 0.002) for n in (100, 1000, 10_000, 100_000)]
    by_rate = [limit_of_detection(1000, rate) for rate in (0.0, 0.002, 0.01, 0.05)]
    assert by_cells == sorted(by_cells, key=lambda limit: -(limit or 0))
    assert by_rate == sorted(by_rate, key=lambda limit: limit or 0)
    assert by_rate[0] == pytest.approx(1 - 0.05 ** (1 / 1000))


def test_there_is_no_limit_where_no_number_of_positives_would_tell() -> None:
    assert limit_of_detection(0, 0.01) is None
    assert limit_of_detection(1, 0.1) is None
    assert limit_of_detection(1000, 0.3, sensitivity=0.3) is None


def test_a_million_cells_are_judged_at_once() -> None:
    limit = limit_of_detection(1_000_000, 0.005)
    assert limit is not None
    assert 0.0001 < limit < 0.0005


@pytest.mark.parametrize(("infected", "counted"), [(2, 1), (-1, 5), (0, 0)])
def test_impossible_counts_are_refused(infected: int, counted: int) -> None:
    with pytest.raises(ValueError, match="expected 0 <= infected <= counted"):
        wilson(infected, counted)


@pytest.mark.parametrize("rate", [-0.1, 1.5, np.nan])
def test_impossible_rates_are_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="expected a fraction"):
        distinguishable(1, 10, rate)

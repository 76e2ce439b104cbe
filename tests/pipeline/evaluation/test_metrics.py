"""Measures of accuracy on values worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.evaluation.metrics import (
    agreement,
    calibration_error,
    classification,
    count_error,
    detection,
    rate,
    roc_auc,
)


def test_precision_recall_and_f1_follow_the_counts() -> None:
    found = detection(matched=6, missed=2, extra=4)
    assert found.precision == 0.6
    assert found.recall == 0.75
    assert found.f1 == pytest.approx(2 * 0.6 * 0.75 / (0.6 + 0.75))


def test_precision_is_not_measured_without_complete_labels() -> None:
    found = detection(matched=6, missed=2, extra=None)
    assert (found.precision, found.recall, found.f1) == (None, 0.75, None)


def test_nothing_labelled_and_nothing_found_gives_no_share() -> None:
    found = detection(matched=0, missed=0, extra=0)
    assert (found.precision, found.recall, found.f1) == (None, None, None)


def test_wilson_interval_has_the_published_values() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81/263, 15/148 and 0/20.
    for hits, of, low, high in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)]:
        found = rate(hits, of)
        assert found.value == hits / of
        assert found.low == pytest.approx(low, abs=5e-5)
        assert found.high == pytest.approx(high, abs=5e-5)


def test_a_rate_per_10000_scales_value_and_interval() -> None:
    one, many = rate(3, 400), rate(3, 400, per=10_000)
    assert many.value == 75.0 and one.low is not None and one.high is not None
    assert (many.low, many.high) == pytest.approx((10_000 * one.low, 10_000 * one.high))


@settings(deadline=None)
@given(of=st.integers(1, 5000), data=st.data())
def test_the_interval_holds_the_value(of: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, of))
    found = rate(hits, of)
    assert found.value is not None and found.low is not None and found.high is not None
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    infected = np.array([False, False, True, True])
    assert roc_auc(infected, np.array([0.1, 0.4, 0.35, 0.8])) == 0.75
    assert roc_auc(infected, np.array([0.1, 0.2, 0.3, 0.4])) == 1.0
    assert roc_auc(infected, np.array([0.5, 0.5, 0.5, 0.5])) == 0.5
    assert roc_auc(np.array([True, True]), np.array([0.1, 0.2])) is None


@settings(deadline=None)
@given(
    infected=arrays(np.bool_, 30),
    score=arrays(np.float64, 30, elements=st.integers(0, 8).map(lambda n: n / 8)),
)
def test_auc_equals_counting_the_pairs(infected: np.ndarray, score: np.ndarray) -> None:
    high, low = score[infected][:, None], score[~infected][None, :]
    if high.size and low.size:
        pairs = float(((high > low) + 0.5 * (high == low)).mean())
        assert roc_auc(infected, score) == pytest.approx(pairs)
        assert roc_auc(~infected, score) == pytest.approx(1.0 - pairs)


def test_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    infected = np.array([True, False, True, False])
    p_infected = np.array([0.95, 0.95, 1.0, 0.0])
    # Last bin: three cells, mean probability 2.9 / 3, frequency 2 / 3; first bin: no gap.
    assert calibration_error(infected, p_infected) == pytest.approx((2.9 - 2.0) / 4)


def test_a_probability_that_is_the_frequency_has_no_calibration_error() -> None:
    infected = np.array([True] + 3 * [False])
    assert calibration_error(infected, np.full(4, 0.25)) == pytest.approx(0.0)
    assert calibration_error(infected[:0], np.zeros(0)) is None


def test_classification_counts_each_kind_of_error() -> None:
    infected = np.array([True, True, True, True, False, False, False, False, False])
    called = np.array([True, True, True, False, True, False, False, False, False])
    found = classification(infected, np.where(called, 0.9, 0.1), called)
    assert (found.sensitivity.hits, found.sensitivity.of) == (3, 4)
    assert (found.specificity.hits, found.specificity.of) == (4, 5)
    assert (found.accuracy.hits, found.accuracy.of) == (7, 9)
    assert found.false_positives_per_10000.value == pytest.approx(2000.0)


def test_classification_of_no_cell_claims_nothing() -> None:
    nothing = np.zeros(0, dtype=bool)
    found = classification(nothing, np.zeros(0), nothing)
    assert found.cells == 0 and found.auc is None and found.sensitivity.value is None


def test_count_error_keeps_the_sign_and_the_size_apart() -> None:
    error = count_error(np.array([110.0, 90.0, 50.0, 3.0]), np.array([100.0, 100.0, 50.0, 0.0]))
    assert error.fields == 4
    assert error.mean == 0.75 and error.mean_absolute == 5.75
    # The field without a labelled cell has no percentage.
    assert error.mean_percent == 0.0 and error.median_percent == 0.0
    assert error.mean_absolute_percent == pytest.approx(20 / 3)
    assert error.median_absolute_percent == 10.0


def test_agreement_has_the_limits_of_bland_and_altman() -> None:
    # Errors 1, 2, 3: mean 2, standard deviation 1.
    found = agreement(np.array([5.0, 10.0, 3.0]), np.array([4.0, 8.0, 0.0]))
    assert found.bias == 2.0 and found.mean_absolute == 2.0 and found.median_absolute == 2.0
    assert found.limit_low == pytest.approx(2 - 1.96) and found.limit_high == pytest.approx(2 + 1.96)
    assert (found.within_25_percent.hits, found.within_25_percent.of) == (2, 2)


def test_one_slide_has_no_limits_of_agreement() -> None:
    found = agreement(np.array([1.3]), np.array([1.0]))
    assert found.bias == pytest.approx(0.3)
    assert found.limit_low is None and found.limit_high is None
    assert (found.within_25_percent.hits, found.within_25_percent.of) == (0, 1)
    assert agreement(np.zeros(0), np.zeros(0)).bias is None

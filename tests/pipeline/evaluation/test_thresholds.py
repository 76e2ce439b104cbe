"""Curves, bins and confusion counts, held against values known beforehand and against the measures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.evaluation.metrics import calibration_error, roc_auc
from pipeline.evaluation.thresholds import average_precision, confusion, reliability, sweep

CELLS = st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=1, max_size=60)


def arrays(cells: list[tuple[bool, int]]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Labels, and probabilities of which many are the same."""
    return np.array([label for label, _ in cells]), np.array([p / 20 for _, p in cells])


def test_a_sweep_of_known_cells_goes_through_known_points() -> None:
    curve = sweep(np.array([True, False, True, False, False]), np.array([0.9, 0.6, 0.6, 0.4, 0.1]))
    assert curve.threshold.tolist() == [np.inf, 0.9, 0.6, 0.4, 0.1]
    assert curve.true_positives.tolist() == [0, 1, 2, 2, 2]
    assert curve.false_positives.tolist() == [0, 0, 1, 2, 3]
    assert curve.sensitivity.tolist() == [0, 0.5, 1, 1, 1]
    assert curve.precision.tolist() == [1, 1, 2 / 3, 0.5, 0.4]
    # Half of the infected cells at precision 1, the other half at 2/3.
    assert average_precision(curve) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_cells_of_one_probability_are_called_together() -> None:
    curve = sweep(np.array([True, False] * 4), np.full(8, 0.3))
    assert curve.threshold.tolist() == [np.inf, 0.3]
    assert curve.false_positive_rate.tolist() == curve.sensitivity.tolist() == [0, 1]


@given(cells=CELLS)
def test_the_area_under_the_curve_is_the_measured_auc(cells: list[tuple[bool, int]]) -> None:
    infected, p_infected = arrays(cells)
    measured = roc_auc(infected, p_infected)
    if measured is not None:
        curve = sweep(infected, p_infected)
        area = np.trapezoid(curve.sensitivity, curve.false_positive_rate)
        assert area == pytest.approx(measured)


@given(cells=CELLS)
def test_a_sweep_begins_with_nothing_and_ends_with_every_cell(cells: list[tuple[bool, int]]) -> None:
    infected, p_infected = arrays(cells)
    curve = sweep(infected, p_infected)
    called = curve.true_positives + curve.false_positives
    assert called[0] == 0 and called[-1] == len(cells)
    assert (np.diff(called) > 0).all() and (np.diff(curve.threshold) < 0).all()
    for threshold, true, false in zip(
        curve.threshold, curve.true_positives, curve.false_positives, strict=True
    ):
        assert true == (infected & (p_infected >= threshold)).sum()
        assert false == (~infected & (p_infected >= threshold)).sum()


@given(cells=CELLS, bins=st.integers(1, 20))
def test_the_bins_hold_every_cell_and_their_error_is_the_measured_one(
    cells: list[tuple[bool, int]], bins: int
) -> None:
    infected, p_infected = arrays(cells)
    found = reliability(infected, p_infected, bins)
    assert found.cells.sum() == len(cells)
    assert found.infected.sum() == infected.sum()
    assert (found.infected <= found.cells).all()
    gaps = np.abs(np.nan_to_num(found.mean_p) * found.cells - found.infected)
    assert gaps.sum() == pytest.approx(len(cells) * (calibration_error(infected, p_infected, bins) or 0.0))
    some = found.cells > 0
    assert (found.mean_p[some] >= found.edges[:-1][some] - 1e-9).all()
    assert (found.mean_p[some] <= found.edges[1:][some] + 1e-9).all()
    assert np.isnan(found.mean_p[~some]).all()


def test_a_confusion_matrix_counts_any_classes_and_answers_that_are_none() -> None:
    truth = ["ring", "ring", "schizont", "gametocyte"]
    answer = ["ring", "unknown", "ring", "gametocyte"]
    rows = ("ring", "schizont", "gametocyte")
    counts = confusion(truth, answer, rows, (*rows, "unknown"))
    assert counts.tolist() == [[1, 0, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0]]
    with pytest.raises(ValueError, match="'ring' and was taken for 'tree'"):
        confusion(["ring"], ["tree"], rows, rows)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"))))
def test_a_confusion_matrix_holds_every_cell_and_its_diagonal_the_right_ones(
    cells: list[tuple[str, str]],
) -> None:
    counts = confusion([t for t, _ in cells], [a for _, a in cells], "abcd", "abcd")
    assert counts.sum() == len(cells)
    assert np.trace(counts) == sum(t == a for t, a in cells)

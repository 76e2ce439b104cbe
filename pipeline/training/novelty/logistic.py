"""Logistic regression of known smears and other pictures on what each feature shows: numbers only."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.quality.novelty import INSIDE, MOST_SPREADS, TERM_NAMES, Term

__all__ = ["Fit", "fit_terms"]

PENALTY = 1.0
"""Weight of the squares of the weights: of 0.3, 1 and 3 the one with which fewest pictures of kinds left out
pass."""
SIDE_WEIGHT = 300.0
"""Weight of all smears together, and of all other pictures, whatever their number."""
LOW, MIDDLE, HIGH = 16, 50, 84
"""Percentiles of known smears: a spread is half of the way from the first to the last."""
LEAST_SPREAD = 0.0005
ROUNDS, SETTLED = 30, 1e-4
_F64 = NDArray[np.float64]

Fit = tuple[tuple[Term, ...], float]
"""Terms and intercept."""


def fit_terms(values: _F64, is_odd: NDArray[np.bool_], kinds: Sequence[str]) -> Fit:
    """Terms that tell smears from other pictures, by iteratively reweighted least squares.

    Parameters
    ----------
    values : float64 (n, terms), see `novelty.feature_table`. is_odd : bool (n,), no thin film.
    kinds : of each picture: a kind weighs as the root of its number, so that none decides by being common.
    """
    low, middle, high = np.percentile(values[~is_odd], (LOW, MIDDLE, HIGH), axis=0)
    spread = (high - low) / 2 + LEAST_SPREAD
    away = np.clip((values - middle) / spread, -MOST_SPREADS, MOST_SPREADS)
    sides = np.maximum(-away - INSIDE, 0), np.maximum(away - INSIDE, 0)
    columns = np.hstack([*sides, np.ones((len(away), 1))])
    found = _solved(columns, is_odd.astype(np.float64), _weights(is_odd, kinds))
    below, above = found[:-1].reshape(2, -1)
    rows = zip(TERM_NAMES, middle, spread, below, above, strict=True)
    names = ("name", "middle", "spread", "below", "above")
    terms = tuple(
        Term.model_validate(dict(zip(names, (name, *(round(float(one), 5) for one in row)), strict=True)))
        for name, *row in rows
    )
    return terms, round(float(found[-1]), 5)


def _weights(is_odd: NDArray[np.bool_], kinds: Sequence[str]) -> _F64:
    _, place, number = np.unique(np.asarray(kinds), return_inverse=True, return_counts=True)
    weights = 1 / np.sqrt(number[place].astype(np.float64))
    for side in (is_odd, ~is_odd):
        weights[side] *= SIDE_WEIGHT / weights[side].sum()
    return np.asarray(weights, np.float64)


def _solved(columns: _F64, target: _F64, weights: _F64) -> _F64:
    """Coefficients, float64 (columns,), of which the last is not penalised."""
    penalty = np.full(columns.shape[1], PENALTY)
    penalty[-1] = 1e-6
    found = np.zeros(columns.shape[1])
    for _ in range(ROUNDS):
        odds = 1 / (1 + np.exp(-np.clip(columns @ found, -30, 30)))
        gradient = columns.T @ (weights * (odds - target)) + penalty * found
        curve = (columns.T * (weights * odds * (1 - odds) + 1e-9)) @ columns + np.diag(penalty)
        step = np.linalg.solve(curve, gradient)
        found -= step
        if np.abs(step).max() < SETTLED:
            break
    return found

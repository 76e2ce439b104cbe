"""Calibration of logits on patients left out of training, at the prevalence they are used at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.predict import Platt

__all__ = ["FoundAt", "fit_platt", "operating_point"]

FALSE_POSITIVES = 0.01
"""Share of the uninfected cells of any source that may be called infected."""
SENSITIVITY = 0.85
"""Share of the infected cells of every source that shall be found: a limit of detection alone would be
lowest where few are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAt:
    """Cells of one source, not trained on: float32 (n,) probability, bool (n,) whether infected."""

    probability: NDArray[np.float32]
    infected: NDArray[np.bool_]

    def sensitivity(self, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of the infected cells found at each threshold."""
        return _share_above(self.probability[self.infected], thresholds, 0.0)

    def false_positive_rate(self, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of the uninfected cells called at each threshold; half a cell where none is, never 0."""
        return _share_above(self.probability[~self.infected], thresholds, 0.5)


def fit_platt(logits: NDArray[np.float32], infected: NDArray[np.bool_], weight: NDArray[np.float64]) -> Platt:
    """Slope and offset of greatest likelihood (Platt 1999), by Newton's method (Lin et al. 2007).

    Parameters
    ----------
    logits : float (n,). infected : bool (n,). weight : of each row, so that the classes stand as in use.
    """
    from scipy.optimize import minimize

    values, truth = logits.astype(np.float64), infected.astype(np.float64)

    def cost(parameters: NDArray[np.float64]) -> float:
        logit = parameters[0] * values + parameters[1]
        return float((weight * (np.logaddexp(0, logit) - truth * logit)).sum() / weight.sum())

    best = minimize(cost, np.asarray([1.0, 0.0]), method="BFGS").x
    return Platt(slope=float(max(best[0], 1e-3)), offset=float(best[1]))


def operating_point(
    sources: Sequence[FoundAt], limit_of_detection: Callable[[float, float], float | None]
) -> float:
    """Threshold (0 to 1) of the lowest limit of detection on the worst source.

    Only thresholds count that call at most `FALSE_POSITIVES` of the uninfected cells of every source, and of
    those the ones that find `SENSITIVITY` of the infected cells of every source. Where none does, it is the
    one that finds most on the source where it finds least.

    Parameters
    ----------
    sources : cells not trained on, one entry a source; at least one holds infected cells.
    limit_of_detection : of a false-positive rate and a sensitivity, None where nothing can be told.
    """
    told = [source for source in sources if source.infected.any()]
    grid = np.unique(np.concatenate([source.probability for source in sources]))
    # Between two neighbours, so that rounding on another machine moves no cell across.
    candidates = np.clip((grid[:-1].astype(np.float64) + grid[1:]) / 2, 1e-4, 1 - 1e-4)
    rates = np.stack([source.false_positive_rate(candidates) for source in sources]).max(axis=0)
    found = np.stack([source.sensitivity(candidates) for source in told])
    allowed = np.flatnonzero(rates <= FALSE_POSITIVES)
    if not len(allowed):
        return float(candidates[-1])
    least = found[:, allowed].min(axis=0)
    good = allowed[least >= SENSITIVITY]
    if not len(good):
        return float(candidates[allowed[np.argmax(least)]])

    def worst(place: np.intp) -> float:
        threshold = candidates[place : place + 1]
        limits = [
            limit_of_detection(
                float(source.false_positive_rate(threshold)[0]), float(source.sensitivity(threshold)[0])
            )
            for source in told
        ]
        return max(1.0 if limit is None else limit for limit in limits)

    return float(candidates[min(good, key=worst)])


def _share_above(
    values: NDArray[np.float32], thresholds: NDArray[np.float64], least: float
) -> NDArray[np.float64]:
    ordered = np.sort(values.astype(np.float64))
    above = len(ordered) - np.searchsorted(ordered, thresholds, side="left")
    return np.asarray(np.maximum(above, least) / max(len(ordered), 1), np.float64)

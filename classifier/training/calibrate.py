"""Calibration of logits on patients left out of training, at the prevalence they are used at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.predict import Platt

__all__ = ["FoundAt", "fit_platt", "operating_point"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAt:
    """Cells of one source, not trained on: float32 (n,) probability, bool (n,) whether infected."""

    probability: NDArray[np.float32]
    infected: NDArray[np.bool_]

    def sensitivity(self, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of the infected cells found at each threshold."""
        return _share_above(self.probability[self.infected], thresholds, 0.0)

    def log_excess(self, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithm of the cells called, right or wrong, over the infected ones; some must be infected."""
        called = _share_above(self.probability, thresholds, 0.5) * len(self.probability)
        return np.asarray(np.log(called / self.infected.sum()), np.float64)

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
    """Threshold (0 to 1) of a low limit of detection at which about as many cells are called as are infected.

    Lowest is the product of two figures, each the geometric mean over the sources: the limit of detection,
    and by how many times more or fewer cells are called than are infected. So a count that is a tenth too
    low weighs as much as a limit that is a tenth higher. The limit alone is nearly the same over a wide range
    of thresholds; a few cells then decide which one it is.

    Every source is a microscope and counts alike, however many cells it has, and halving the limit of one is
    worth doubling that of another: the user's is a new one, as likely clean as soiled. Of one without
    infected cells the share found is taken to be the mean of the others.

    Parameters
    ----------
    sources : cells not trained on, one entry a source; at least one holds infected cells.
    limit_of_detection : of a false-positive rate and a sensitivity, None where there is no limit.
    """
    grid = np.unique(np.concatenate([source.probability for source in sources]))
    # Between two neighbours, so that rounding on another machine moves no cell across.
    candidates = np.clip((grid[:-1].astype(np.float64) + grid[1:]) / 2, 1e-4, 1 - 1e-4)
    diseased = [source for source in sources if source.infected.any()]
    usual = np.mean([source.sensitivity(candidates) for source in diseased], axis=0)
    logs = np.zeros(len(candidates))
    for source in sources:
        share = source.sensitivity(candidates) if source.infected.any() else usual
        pairs = zip(source.false_positive_rate(candidates), share, strict=True)
        limits = [limit_of_detection(float(rate), float(found)) for rate, found in pairs]
        logs += np.log([1.0 if limit is None else limit for limit in limits])
    excess = np.mean([source.log_excess(candidates) for source in diseased], axis=0)
    return float(candidates[np.argmin(logs / len(sources) + np.abs(excess))])


def _share_above(
    values: NDArray[np.float32], thresholds: NDArray[np.float64], least: float
) -> NDArray[np.float64]:
    ordered = np.sort(values.astype(np.float64))
    above = len(ordered) - np.searchsorted(ordered, thresholds, side="left")
    return np.asarray(np.maximum(above, least) / max(len(ordered), 1), np.float64)

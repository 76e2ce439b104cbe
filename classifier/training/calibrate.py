"""Calibration of logits on patients left out of training, at the prevalence they are used at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.predict import Platt

__all__ = ["FoundAt", "fit_platt", "operating_point"]


LEAST_INFECTED = 3
"""Infected cells of a slide whose count says something of a threshold: of fewer, one cell is all."""
ALIKE = 0.25
"""Thresholds whose counts err by at most this share more than the best ones count as well as those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAt:
    """Cells of one source, not trained on: float32 (n,) probability, bool (n,) whether infected, slide."""

    probability: NDArray[np.float32]
    infected: NDArray[np.bool_]
    group: NDArray[np.str_]

    def slide_error(self, thresholds: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Mean error of its slides at each threshold (see `operating_point`), or None."""
        errors = []
        for slide in np.unique(self.group):
            own = self.group == slide
            infected = int(self.infected[own].sum())
            called = _share_above(self.probability[own], thresholds, 0.0) * int(own.sum())
            if infected >= LEAST_INFECTED:
                errors.append(np.abs(np.log((called + 0.5) / (infected + 0.5))))
            elif infected == 0:
                errors.append(np.minimum(called / LEAST_INFECTED, 1.0))
        return np.mean(errors, axis=0) if errors else None


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
    sources: Sequence[FoundAt], wrong_verdicts: Callable[[float], int] | None = None
) -> float:
    """Threshold (0 to 1) at which the counts of slides that were not trained on err least.

    Lowest is the mean of the slides' fold errors, |log(called / infected)|, so that half as many weigh as
    twice as many (of a relative error, missing all costs no more than calling twice), over those with at
    least `LEAST_INFECTED` infected cells; every source counts alike, however many slides and cells it has,
    since the user's microscope is a new one. What is wrongly called and what is missed weigh alike. A slide
    without infected cells errs by its called cells over `LEAST_INFECTED`, at most 1: a healthy person called
    infected is as wrong as an infected one called clean.

    The error is flat about its lowest, and where it lies there is noise of a few cells: of all thresholds
    whose error is within `ALIKE` of the lowest, that with the fewest wrong verdicts is taken, and of equal
    ones the one that misses fewest.

    Parameters
    ----------
    sources : cells not trained on, one entry a source; one slide at least holds enough infected cells.
    wrong_verdicts : gives the number of slides that are judged wrongly at a threshold; None: not asked.
    """
    candidates = np.round(np.arange(0.05, 0.951, 0.01), 2)
    errors = [error for source in sources if (error := source.slide_error(candidates)) is not None]
    mean = np.mean(errors, axis=0)
    alike = candidates[mean <= (1 + ALIKE) * mean.min()].tolist()
    return float(alike[0] if wrong_verdicts is None else min(alike, key=wrong_verdicts))


def _share_above(
    values: NDArray[np.float32], thresholds: NDArray[np.float64], least: float
) -> NDArray[np.float64]:
    ordered = np.sort(values.astype(np.float64))
    above = len(ordered) - np.searchsorted(ordered, thresholds, side="left")
    return np.asarray(np.maximum(above, least) / max(len(ordered), 1), np.float64)

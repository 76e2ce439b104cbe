"""Calibration of logits on patients left out of training, at the prevalence they are used at."""

import numpy as np
from numpy.typing import NDArray

from classifier.predict import Platt

__all__ = ["fit_platt", "least_threshold"]


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


def least_threshold(
    probability: NDArray[np.float32], infected: NDArray[np.bool_], false_positive_rate: float
) -> float:
    """Least threshold (0 to 1) at which at most that share of the uninfected cells is called infected."""
    clean = np.sort(probability[~infected].astype(np.float64))[::-1]
    allowed = int(false_positive_rate * len(clean))
    edge = clean[allowed] if allowed < len(clean) else 0.0
    return float(np.clip(np.nextafter(np.float32(edge), np.float32(1)), 1e-4, 1 - 1e-4))

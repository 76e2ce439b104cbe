"""Measures of accuracy: pure functions of counts, labels and probabilities."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from pipeline.counting.statistics import wilson

__all__ = [
    "Agreement",
    "Classification",
    "CountError",
    "Detection",
    "Rate",
    "agreement",
    "calibration_error",
    "classification",
    "count_error",
    "detection",
    "rate",
    "roc_auc",
]

WITHIN: Final = 0.25
"""How far an estimate may be off, as a share of the annotated value (WHO competence assessment, 2009)."""
LIMITS_SD: Final = 1.96
"""Half width of the limits of agreement in standard deviations (Bland and Altman, Lancet 1986)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share with its 95% Wilson interval.

    Attributes
    ----------
    hits, of : counts.
    value, low, high : 0 to 1, or per 10,000 where the name of the rate says so; None where `of` is 0.
    """

    hits: int
    of: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """Cells found; `extra`, precision and F1 are None where not every cell is labelled."""

    matched: int
    missed: int
    extra: int | None
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """Infected or not, cell by cell, at the classifier's threshold.

    Attributes
    ----------
    false_positives_per_10000 : uninfected cells called infected.
    auc : area under the ROC curve of the probabilities; None without both classes.
    calibration_error : expected calibration error, 15 bins; None without a cell.
    """

    cells: int
    sensitivity: Rate
    specificity: Rate
    accuracy: Rate
    false_positives_per_10000: Rate
    auc: float | None
    calibration_error: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountError:
    """Error of the number of red cells a field: found minus labelled, and in percent of the labelled."""

    fields: int
    mean: float | None
    mean_absolute: float | None
    mean_percent: float | None
    median_percent: float | None
    mean_absolute_percent: float | None
    median_absolute_percent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Estimates against annotated values, both in the unit of the input (percentage points, 0 to 100).

    Attributes
    ----------
    bias : mean of estimate minus annotated (signed error).
    limit_low, limit_high : Bland-Altman 95% limits of agreement; None for fewer than two slides.
    within_25_percent : share of the slides with an annotated value above 0 whose estimate is within a
        quarter of it.
    """

    slides: int
    bias: float | None
    mean_absolute: float | None
    median_absolute: float | None
    limit_low: float | None
    limit_high: float | None
    within_25_percent: Rate


def rate(hits: int, of: int, per: int = 1) -> Rate:
    """Share of `hits` among `of`, times `per`, with its 95% Wilson interval (Wilson, JASA 1927)."""
    if of == 0:
        return Rate(hits=0, of=0, value=None, low=None, high=None)
    low, high = wilson(hits, of)
    return Rate(hits=hits, of=of, value=per * (hits / of), low=per * low, high=per * high)


def detection(matched: int, missed: int, extra: int | None) -> Detection:
    """Precision, recall and F1; pass extra=None where not every cell is labelled."""
    recall = _share(matched, matched + missed)
    if extra is None:
        return Detection(matched=matched, missed=missed, extra=None, precision=None, recall=recall, f1=None)
    return Detection(
        matched=matched,
        missed=missed,
        extra=extra,
        precision=_share(matched, matched + extra),
        recall=recall,
        f1=_share(2 * matched, 2 * matched + missed + extra),
    )


def classification(
    infected: NDArray[np.bool_], p_infected: NDArray[np.float64], called: NDArray[np.bool_]
) -> Classification:
    """Measures of the decision on single cells.

    Parameters
    ----------
    infected : bool (n,), the label.
    p_infected : float64 (n,), 0 to 1.
    called : bool (n,), the decision.
    """
    positives, negatives = int(infected.sum()), int((~infected).sum())
    true_positives, false_positives = int((infected & called).sum()), int((~infected & called).sum())
    return Classification(
        cells=len(infected),
        sensitivity=rate(true_positives, positives),
        specificity=rate(negatives - false_positives, negatives),
        accuracy=rate(true_positives + negatives - false_positives, len(infected)),
        false_positives_per_10000=rate(false_positives, negatives, per=10_000),
        auc=roc_auc(infected, p_infected),
        calibration_error=calibration_error(infected, p_infected),
    )


def roc_auc(infected: NDArray[np.bool_], score: NDArray[np.float64]) -> float | None:
    """Chance that an infected cell scores above an uninfected one, ties as half (Hanley and McNeil 1982)."""
    positives, negatives = int(infected.sum()), int((~infected).sum())
    if positives == 0 or negatives == 0:
        return None
    ranks = float(rankdata(score)[infected].sum())
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)


def calibration_error(
    infected: NDArray[np.bool_], p_infected: NDArray[np.float64], bins: int = 15
) -> float | None:
    """Expected calibration error: mean gap of probability and frequency over equal bins (Guo 2017)."""
    if len(infected) == 0:
        return None
    bin_of = np.clip((p_infected * bins).astype(np.int64), 0, bins - 1)
    gaps = np.bincount(bin_of, weights=p_infected - infected, minlength=bins)
    return float(np.abs(gaps).sum() / len(infected))


def count_error(found: NDArray[np.float64], labelled: NDArray[np.float64]) -> CountError:
    """Error of the number of red cells, one value a field; percent only over fields with a labelled cell."""
    error = found - labelled
    some = labelled > 0
    percent = 100.0 * error[some] / labelled[some]
    return CountError(
        fields=len(error),
        mean=_mean(error),
        mean_absolute=_mean(np.abs(error)),
        mean_percent=_mean(percent),
        median_percent=_median(percent),
        mean_absolute_percent=_mean(np.abs(percent)),
        median_absolute_percent=_median(np.abs(percent)),
    )


def agreement(estimated: NDArray[np.float64], annotated: NDArray[np.float64]) -> Agreement:
    """Estimates against annotated values, one of each a slide, in percentage points."""
    error = estimated - annotated
    some = annotated > 0
    near = np.abs(error[some]) <= WITHIN * annotated[some]
    bias = _mean(error)
    spread = LIMITS_SD * float(error.std(ddof=1)) if len(error) > 1 else None
    return Agreement(
        slides=len(error),
        bias=bias,
        mean_absolute=_mean(np.abs(error)),
        median_absolute=_median(np.abs(error)),
        limit_low=None if bias is None or spread is None else bias - spread,
        limit_high=None if bias is None or spread is None else bias + spread,
        within_25_percent=rate(int(near.sum()), int(some.sum())),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None


def _median(values: NDArray[np.float64]) -> float | None:
    return float(np.median(values)) if len(values) else None

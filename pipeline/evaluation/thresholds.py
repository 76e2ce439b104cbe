"""Threshold sweep of a decision, the bins of its calibration, and its confusion matrix."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Reliability",
    "ThresholdSweep",
    "average_precision",
    "confusion",
    "reliability",
    "sweep",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ThresholdSweep:
    """Threshold sweep: what is called infected from above every probability down to the least one.

    Attributes
    ----------
    threshold : float64 (k,), the distinct probabilities, falling; the first is infinite: nothing is called.
    true_positives, false_positives : int64 (k,), infected and uninfected cells at or above it.
    infected, uninfected : cells of each kind.
    """

    threshold: NDArray[np.float64]
    true_positives: NDArray[np.int64]
    false_positives: NDArray[np.int64]
    infected: int
    uninfected: int

    @property
    def sensitivity(self) -> NDArray[np.float64]:
        """Share of the infected cells called, 0 to 1."""
        return self.true_positives / max(self.infected, 1)

    @property
    def false_positive_rate(self) -> NDArray[np.float64]:
        """Share of the uninfected cells called, 0 to 1."""
        return self.false_positives / max(self.uninfected, 1)

    @property
    def precision(self) -> NDArray[np.float64]:
        """Share of the called cells that are infected; 1 where none is called."""
        called = self.true_positives + self.false_positives
        return np.where(called > 0, self.true_positives / np.maximum(called, 1), 1.0)


def sweep(infected: NDArray[np.bool_], p_infected: NDArray[np.float64]) -> ThresholdSweep:
    """Count what every threshold calls; cells of one probability are called together."""
    order = np.argsort(-p_infected, kind="stable")
    falling, own = p_infected[order], infected[order]
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True)) if len(falling) else np.zeros(0, int)
    true_positives = np.cumsum(own, dtype=np.int64)[last]
    false_positives = np.cumsum(~own, dtype=np.int64)[last]
    start = np.zeros(1, np.int64)
    return ThresholdSweep(
        threshold=np.concatenate([[np.inf], falling[last]]),
        true_positives=np.concatenate([start, true_positives]),
        false_positives=np.concatenate([start, false_positives]),
        infected=int(infected.sum()),
        uninfected=int((~infected).sum()),
    )


def average_precision(curve: ThresholdSweep) -> float:
    """Mean of the precision over the infected cells, in the order they are called, 0 to 1.

    The area under the steps of the precision-recall curve; unlike trapezoids it does not flatter (Davis and
    Goadrich, ICML 2006).
    """
    return float((np.diff(curve.sensitivity) * curve.precision[1:]).sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reliability:
    """Probabilities in equal bins, held against how often they came true.

    Attributes
    ----------
    edges : float64 (bins + 1,), 0 to 1.
    cells, infected : int64 (bins,).
    mean_p : float64 (bins,), mean probability; NaN in an empty bin.
    """

    edges: NDArray[np.float64]
    cells: NDArray[np.int64]
    infected: NDArray[np.int64]
    mean_p: NDArray[np.float64]


def reliability(infected: NDArray[np.bool_], p_infected: NDArray[np.float64], bins: int = 15) -> Reliability:
    """Sort the cells into equal bins of probability, as `metrics.calibration_error` does."""
    bin_of = np.clip((p_infected * bins).astype(np.int64), 0, bins - 1)
    cells = np.bincount(bin_of, minlength=bins)
    total = np.bincount(bin_of, weights=p_infected, minlength=bins)
    return Reliability(
        edges=np.linspace(0.0, 1.0, bins + 1),
        cells=cells.astype(np.int64),
        infected=np.bincount(bin_of[infected], minlength=bins).astype(np.int64),
        mean_p=np.where(cells > 0, total / np.maximum(cells, 1), np.nan),
    )


def confusion(
    truth: Sequence[str], answer: Sequence[str], rows: Sequence[str], columns: Sequence[str]
) -> NDArray[np.int64]:
    """How often each true class got each answer, int64 (rows, columns), for any number of classes.

    Parameters
    ----------
    truth, answer : of each cell; every truth stands in `rows`, every answer in `columns`.
    columns : may name answers that are no class, such as 'unknown' or 'not found'.

    Raises
    ------
    ValueError
        Where a truth or an answer is not listed.
    """
    counts = np.zeros((len(rows), len(columns)), np.int64)
    row_of, column_of = ({name: place for place, name in enumerate(names)} for names in (rows, columns))
    for true, given in zip(truth, answer, strict=True):
        if true not in row_of or given not in column_of:
            raise ValueError(
                f"a cell is {true!r} and was taken for {given!r}; expected one of {', '.join(rows)}, "
                f"taken for one of {', '.join(columns)}"
            )
        counts[row_of[true], column_of[given]] += 1
    return counts

"""Whether the cells that are called are surer than clean cells with the slide's own specks on them."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from classifier.control import LaidOn
from pipeline.counting.tile import TileCells
from segmentation.detections import Kind

__all__ = ["are_surer"]

LEAST_CALLED, LEAST_SPECKS = 5, 2
"""Fewest called cells, and called ones with specks laid on them, that are compared; and of several specks."""
SURER = 2.878
"""Standard errors of the rank sum above which they are: 2 in 1,000 by chance (one-sided, normal). Nothing is
taken off then, and one slide in a hundred may be wrong at most."""


def are_surer(laid: LaidOn, tiles: Iterable[TileCells]) -> bool:
    """Whether the slide's called cells are surer than dirt makes cells look.

    Dirt on a cell looks as dirt laid on one does, so calls that dirt makes have the same probabilities (Mann
    and Whitney 1947). Parasites are surer, also where the ground holds parasites that left their cells.

    Parameters
    ----------
    laid : specks of the slide on its clean cells. tiles : of the slide, as the same layer decides; gone
        through only where enough specks are called.
    """
    called = laid.called
    if called.sum() < LEAST_CALLED or len(np.unique(laid.specks[called])) < LEAST_SPECKS:
        return False
    parts = [cells.p_infected[cells.kinds == Kind.RED_CELL] for cells in tiles]
    chances = np.concatenate([np.zeros(0, np.float32), *parts])
    cells = chances[chances >= laid.threshold]
    return len(cells) >= LEAST_CALLED and _rank_sum(cells, laid.p_infected[called]) > SURER


def _rank_sum(some: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """How many standard errors the ranks of `some` lie above those of `others`; ties have their mean rank."""
    both = np.concatenate([some, others])
    _, which, number = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(number) - (number - 1) / 2)[which]
    n, m, all_ = len(some), len(others), len(both)
    apart = ranks[:n].sum() - n * (all_ + 1) / 2
    tied = (number**3 - number).sum() / (all_ * (all_ - 1))
    variance = n * m / 12 * (all_ + 1 - tied)
    return float(apart / math.sqrt(variance)) if variance > 0 else 0.0

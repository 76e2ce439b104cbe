"""What a count can tell from none: the test of the verdict, limits of blank and detection, cells needed."""

import math
from functools import lru_cache

from pipeline.counting.intervals.crossing import crossing
from pipeline.counting.intervals.slide_errors import SlideErrors, error_points, false_rates
from pipeline.counting.statistics import POWER, SIGNIFICANCE

__all__ = [
    "MOST_CELLS",
    "beyond_false_calls",
    "cells_needed",
    "is_one_of_few",
    "limit_of_blank",
    "lowest_detectable",
]

MOST_CELLS = 10_000_000
"""Red cells beyond which no slide goes: all of a film of 2 by 4 cm holds about so many."""
FEW_CELLS = 20
"""Red cells below which one call alone is not beyond false calls: these are told for each red cell, but a
white cell that is taken for a red one comes with the view, however few red cells lie in it. Of 968 photos of
healthy people 4 were seen by one call of 3 to 17 cells (docs/lab/second_look.md)."""


def beyond_false_calls(infected: int, counted: int, errors: SlideErrors, effect: float = 1.0) -> bool:
    """Whether so many cells called infected would be rare on a slide without an infected cell.

    One-sided test at 5%: false calls are beta-binomial, their rate differing from slide to slide, and lie in
    clusters as the called cells do.

    Parameters
    ----------
    infected, counted : cells called infected, and all red cells counted.
    effect : design effect, 1 or more.
    """
    if infected < 1 or counted < 1 or is_one_of_few(infected, counted):
        return False
    return _false_at_least(infected, counted, errors, effect) < SIGNIFICANCE


def is_one_of_few(infected: int, counted: int) -> bool:
    """Whether one cell alone was called, of fewer than `FEW_CELLS` red cells."""
    return infected == 1 and counted < FEW_CELLS


def limit_of_blank(counted: int, errors: SlideErrors, effect: float = 1.0) -> float | None:
    """Highest fraction called infected on 95 in 100 slides without an infected cell; None without a cell.

    References
    ----------
    CLSI EP17-A2 (2012): Evaluation of Detection Capability for Clinical Laboratory Measurement Procedures.
    """
    return None if counted < 1 else (_needed(counted, errors, effect) - 1) / counted


def lowest_detectable(counted: int, errors: SlideErrors, effect: float = 1.0) -> float | None:
    """Limit of detection: lowest true fraction told from none on 95 in 100 slides; else None."""
    if counted < 1:
        return None
    needed = _needed(counted, errors, effect)

    def missing(fraction: float) -> float:
        return _told(fraction, needed, counted, errors, effect) - POWER

    if needed > counted or missing(1.0) < 0:
        return None
    return 0.0 if missing(0.0) >= 0 else crossing(missing)


@lru_cache(maxsize=64)
def cells_needed(limit: float, errors: SlideErrors) -> int | None:
    """Red cells to count, independent ones, for this limit of detection; None where no number is enough.

    More than enough is rounded up to two digits.
    """
    low = high = 2 ** int(math.log2(1 / limit)) if limit < 1 else 1
    if _reaches(limit, high, errors):  # by false calls alone: of so many cells one is infected on average
        low = high = 1
    while not _reaches(limit, high, errors):
        low, high = high, high * 2
        if low > MOST_CELLS:
            return None
    while high - low > max(1, low // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if _reaches(limit, middle, errors) else (middle, high)
    step = int(10 ** max(len(str(high)) - 2, 0))
    return -(-high // step) * step


def _reaches(limit: float, counted: int, errors: SlideErrors) -> bool:
    needed = _needed(counted, errors, 1.0)
    return needed <= counted and _told(limit, needed, counted, errors, 1.0) >= POWER


def _needed(counted: int, errors: SlideErrors, effect: float) -> int:
    """Fewest called cells that under 5 in 100 uninfected slides have; may be counted + 1."""
    low, high = 0, counted + 1
    usual = int(_high_rate(errors) * counted) + 1
    place, step = usual, 1 + usual // 8
    while high - low > 1:
        place = min(max(place, low + 1), high - 1)
        if _false_at_least(place, counted, errors, effect) < SIGNIFICANCE:
            high, place = place, place - step
        else:
            low, place = place, place + step
        step *= 2
        if low > 0 and high <= counted:
            place = (low + high) // 2
    return high + is_one_of_few(high, counted)


@lru_cache(maxsize=16)
def _high_rate(errors: SlideErrors) -> float:
    """Rate of false calls that 5 in 100 slides pass, 0 to 1."""
    import numpy as np

    return float(np.quantile(false_rates(errors), 1 - SIGNIFICANCE))


def _false_at_least(called: int, counted: int, errors: SlideErrors, effect: float) -> float:
    from scipy.special import betainc

    if called > counted:
        return 0.0
    alpha, beta = _tail(called, counted, effect)
    return float(betainc(alpha, beta, false_rates(errors)).mean())


def _told(fraction: float, needed: int, counted: int, errors: SlideErrors, effect: float) -> float:
    """Share of slides with this true fraction on which so many cells are called."""
    from scipy.special import betainc

    found, false = error_points(errors)
    alpha, beta = _tail(needed, counted, effect)
    return float(betainc(alpha, beta, fraction * found + (1 - fraction) * false).mean())


def _tail(called: int, counted: int, effect: float) -> tuple[float, float]:
    """Of the incomplete beta function that is the chance of at least so many called of all.

    Clustered cells are as many as fewer independent ones, both called and not, as in the interval.
    """
    return called / effect, (counted - called) / effect + 1

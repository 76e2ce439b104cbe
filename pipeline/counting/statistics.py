"""Intervals, tests and limits of a count: what follows from so many cells and what does not.

SciPy's special functions are imported where they are used: they cost a sixth of a second, which a command
that counts nothing should not pay.
"""

import math
from bisect import bisect_left

__all__ = [
    "CONFIDENCE",
    "POWER",
    "SIGNIFICANCE",
    "distinguishable",
    "limit_of_detection",
    "wilson",
]

CONFIDENCE = 0.95  # of the interval, two-sided; DESIGN section 4
SIGNIFICANCE = 0.05  # of the one-sided test of the positives against the false positives; DESIGN section 4
POWER = 0.95  # with which a slide at the limit of detection is distinguished from none


def wilson(infected: int, counted: int) -> tuple[float, float]:
    """95% Wilson score interval of a fraction.

    Parameters
    ----------
    infected, counted : cells; 0 <= infected <= counted and counted >= 1.

    Returns
    -------
    low, high : fractions, 0 to 1; low is exactly 0 where infected is 0, high exactly 1 where all are.

    Raises
    ------
    ValueError
        Where the counts are impossible.

    References
    ----------
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927) 209.
    """
    from scipy.special import ndtri

    _check_counts(infected, counted)
    z = float(ndtri(0.5 + CONFIDENCE / 2))
    fraction = infected / counted
    shrink = 1 + z * z / counted
    centre = (fraction + z * z / (2 * counted)) / shrink
    half = z / shrink * math.sqrt(fraction * (1 - fraction) / counted + z * z / (4 * counted * counted))
    low = 0.0 if infected == 0 else centre - half
    high = 1.0 if infected == counted else centre + half
    return low, high


def distinguishable(infected: int, counted: int, false_positive_rate: float) -> bool:
    """Whether the positives are more than the classifier's false positives explain.

    One-sided exact binomial test at 5% of "every positive is a false one".

    Parameters
    ----------
    infected, counted : cells called infected, and all red cells counted.
    false_positive_rate : of an uninfected cell to be called infected, 0 to 1.

    Raises
    ------
    ValueError
        Where the counts or the rate are impossible.
    """
    _check_rate("false_positive_rate", false_positive_rate)
    if counted == 0 and infected == 0:
        return False
    _check_counts(infected, counted)
    return infected > 0 and _at_least(infected, counted, false_positive_rate) < SIGNIFICANCE


def limit_of_detection(counted: int, false_positive_rate: float, sensitivity: float = 1.0) -> float | None:
    """Lowest true fraction that is distinguished from none 95 times in 100, at this number of cells.

    Parameters
    ----------
    counted : red cells counted.
    false_positive_rate : of an uninfected cell to be called infected, 0 to 1.
    sensitivity : of an infected cell to be called infected, 0 to 1.

    Returns
    -------
    Fraction, 0 to 1, or None where no fraction is distinguished from none (too few cells, or a classifier
    that calls infected cells no more often than uninfected ones).

    Raises
    ------
    ValueError
        Where a number is impossible.
    """
    from scipy.special import betaincinv

    _check_rate("false_positive_rate", false_positive_rate)
    _check_rate("sensitivity", sensitivity)
    _check_counts(0, max(counted, 1))
    if counted < 1 or sensitivity <= false_positive_rate:
        return None
    candidates = range(1, counted + 1)
    index = bisect_left(
        candidates, True, key=lambda n: _at_least(n, counted, false_positive_rate) < SIGNIFICANCE
    )
    if index == len(candidates):
        return None
    needed = candidates[index]
    called = float(betaincinv(needed, counted - needed + 1, POWER))
    fraction = (called - false_positive_rate) / (sensitivity - false_positive_rate)
    return fraction if fraction <= 1 else None


def _at_least(positives: int, cells: int, rate: float) -> float:
    """Probability of at least so many positives among the cells, each positive at this rate."""
    from scipy.special import bdtrc

    return float(bdtrc(positives - 1, cells, rate))


def _check_counts(infected: int, counted: int) -> None:
    if counted < 1 or not 0 <= infected <= counted:
        raise ValueError(
            f"{infected} infected of {counted} cells: expected 0 <= infected <= counted, counted >= 1"
        )


def _check_rate(name: str, rate: float) -> None:
    if not 0 <= rate <= 1:
        raise ValueError(f"{name} is {rate}: expected a fraction between 0 and 1")

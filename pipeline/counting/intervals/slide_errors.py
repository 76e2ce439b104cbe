"""How sensitivity and false calls differ from slide to slide: a beta distribution of each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Beta", "SlideErrors", "error_points", "false_rates", "fit_beta", "further_shares", "soiled"]

_LATTICE = (1597, 987)
"""Two Fibonacci numbers that follow each other: the points of a lattice rule in two dimensions
(Niederreiter, Random Number Generation and Quasi-Monte Carlo Methods, 1992, section 5.2)."""
_FURTHER_STEPS = (338, 773)
"""Of the same points in a third and fourth dimension: with each the figure of merit P2 is the lowest."""
_FIXED = 1e9
"""Alpha + beta from which a rate is taken as the same on every slide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beta:
    """A rate that differs from slide to slide: alpha and beta of its distribution, both above 0."""

    alpha: float
    beta: float

    @property
    def mean(self) -> float:
        """Mean over slides, 0 to 1."""
        return self.alpha / (self.alpha + self.beta)

    @property
    def variance(self) -> float:
        """Variance over slides."""
        return self.mean * (1 - self.mean) / (self.alpha + self.beta + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideErrors:
    """What the networks do wrong on a slide nobody has seen yet.

    Attributes
    ----------
    sensitivity : of an infected cell to be called infected.
    false_calls : of an uninfected cell to be called infected.
    source : where both come from, for the summary.
    """

    sensitivity: Beta
    false_calls: Beta
    source: str

    @staticmethod
    def fixed(sensitivity: float, false_positive_rate: float) -> "SlideErrors":
        """The same rates on every slide: chance alone."""
        rates = (min(max(rate, 1e-12), 1 - 1e-12) for rate in (sensitivity, false_positive_rate))
        found, false = (Beta(alpha=rate * _FIXED, beta=(1 - rate) * _FIXED) for rate in rates)
        return SlideErrors(sensitivity=found, false_calls=false, source="the same on every slide")


def fit_beta(rows: Sequence[tuple[int, int]]) -> Beta:
    """Distribution of the rate of a new slide, from the calls of slides that were left out.

    A beta-binomial is laid over a grid of its mean and its correlation within a slide, each weighed by how
    well it explains the rows; what is returned has the mean and the central 95% range of all of them
    together, so few slides give a wide one. (With their variance in place of the range, far-off fits of
    little weight would move the range in which 95 of 100 slides lie.) Before the rows are seen, the mean is
    as Jeffreys has it and every order of magnitude of the correlation from 0.001 to 0.5 is as likely as
    another.

    Parameters
    ----------
    rows : called and all cells of each slide; of any number of slides, those without a cell tell nothing.

    References
    ----------
    J. G. Skellam, A probability distribution derived from the binomial, JRSS B 10 (1948) 257.
    """
    return _fitted(tuple(sorted(row for row in rows if row[1])))


@lru_cache(maxsize=1024)
def _fitted(rows: tuple[tuple[int, int], ...]) -> Beta:
    """See `fit_beta`; slides that are judged by all others have most of these fits in common."""
    import numpy as np
    from scipy.special import betainc, betaln, expit

    logits = np.linspace(-14, 14, 141)[:, None]
    within = np.geomspace(1e-3, 0.5, 41)[None, :]
    mean = expit(logits)
    alpha, beta = mean * (1 / within - 1), (1 - mean) * (1 / within - 1)
    log_weight = 0.5 * (np.log(mean) + np.log1p(-mean)) + np.zeros_like(alpha)
    for called, cells in rows:
        log_weight += betaln(alpha + called, beta + cells - called) - betaln(alpha, beta)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    kept = weight > 1e-9
    small = np.geomspace(1e-7, 0.5, 120)
    rates = np.concatenate((small, 1 - small[-2::-1]))
    below = (betainc(alpha[kept], beta[kept], rates[:, None]) * weight[kept]).sum(axis=1)
    low, high = np.interp((0.025, 0.975), below, rates)
    return _with_range(float((weight * mean).sum()), float(high - low))


def soiled(false_calls: Beta, counted: int, expected: float, uncertainty: float) -> Beta:
    """The false calls of a slide whose own dirt explains more of them: means and variances are added.

    The control explains what dirt does and nothing else, so a clean one lowers nothing.

    Parameters
    ----------
    counted : red cells of the slide. expected, uncertainty : false calls by its dirt, and their standard
        error.
    """
    if counted < 1 or expected < 0 or uncertainty < 0:
        raise ValueError(
            f"a control of {counted} cells expects {expected} false calls, give or take {uncertainty}: "
            "expected cells, and none or more of both"
        )
    mean = min(false_calls.mean + expected / counted, 1 - 1e-9)
    return _with_moments(mean, false_calls.variance + (uncertainty / counted) ** 2)


@lru_cache(maxsize=16)  # those of a slide with its own dirt are used for that one alone
def error_points(errors: SlideErrors) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Sensitivities and false-call rates of slides that stand for all, float64 (1597,) each.

    Means over them are integrals over both distributions, the same in every run.
    """
    import numpy as np

    number, step = _LATTICE
    index = np.arange(number)
    return (
        _quantiles(errors.sensitivity, (index + 0.5) / number),
        _quantiles(errors.false_calls, (index * step % number + 0.5) / number),
    )


def false_rates(errors: SlideErrors) -> "NDArray[np.float64]":
    """False-call rates of slides that stand for all, float64 (1597,)."""
    return error_points(errors)[1]


@cache
def further_shares() -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Quantiles, 0 to 1, of two further quantities at the slides of `error_points`, float64 (1597,) each."""
    import numpy as np

    number = _LATTICE[0]
    third, fourth = (
        np.asarray((np.arange(number) * step % number + 0.5) / number, dtype=np.float64)
        for step in _FURTHER_STEPS
    )
    return third, fourth


def _quantiles(rate: Beta, shares: "NDArray[np.float64]") -> "NDArray[np.float64]":
    import numpy as np
    from scipy.special import betaincinv

    if rate.alpha + rate.beta >= _FIXED * (1 - 1e-6):
        return np.full(len(shares), rate.mean)
    return np.asarray(betaincinv(rate.alpha, rate.beta, shares), dtype=np.float64)


def _with_range(mean: float, width: float) -> Beta:
    """The narrowest distribution with this mean whose central 95% range is as wide, or as it can get."""
    import numpy as np
    from scipy.special import betaincinv

    mean = min(max(mean, 1e-9), 1 - 1e-9)
    sizes = np.geomspace(1e6, 0.1, 600)
    ends = betaincinv(mean * sizes, (1 - mean) * sizes, np.asarray([[0.025], [0.975]]))
    widths = ends[1] - ends[0]
    wide = np.flatnonzero(widths >= width)
    size = float(sizes[wide[0] if wide.size else int(widths.argmax())])
    return Beta(alpha=mean * size, beta=(1 - mean) * size)


def _with_moments(mean: float, variance: float) -> Beta:
    mean = min(max(mean, 1e-9), 1 - 1e-9)
    size = mean * (1 - mean) / max(variance, 1e-18) - 1
    size = min(max(size, 1e-3), _FIXED)
    if not math.isfinite(size):
        raise ValueError(f"no distribution has mean {mean} and variance {variance}")
    return Beta(alpha=mean * size, beta=(1 - mean) * size)

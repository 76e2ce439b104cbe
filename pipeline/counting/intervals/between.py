"""What differs between the photos of a slide, also where they are too few to tell it alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from pipeline.counting.intervals.slide_errors import further_shares

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Between", "between_fields"]

USUAL_SPREAD = 0.7
"""Before a slide's own fields are seen, the standard deviation of the fraction between its fields over its
mean is half-normal with this scale: from alike to twice the mean. The labelled slides alone would have it
at 0.2, with which the interval of three fields that differ by half holds too seldom: see
docs/lab/interval_estimates.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """How much the fraction of infected cells may differ between the fields of a slide.

    Attributes
    ----------
    weights : of each of the spreads, standard deviations over the mean; they sum to 1.
    fields : so many fields of equal size would tell as much.
    """

    weights: tuple[float, ...]
    fields: float

    def shares(self) -> "NDArray[np.float64]":
        """The fraction of infected cells in these fields over that of the film, at slides that stand for all.

        float64 (1597,), 1 on average: means of as many draws from gamma distributions, which is how fields
        are taken to differ.
        """
        return _shares(self)


def between_fields(fields: Sequence[tuple[int, int]]) -> Between | None:
    """What the fields of a slide tell of how they differ; None of one field.

    Each spread is weighed by how well a beta-binomial with it explains the fields, by how badly their mean is
    known with it, for about their own mean few fields differ too little, and by how likely it was before. So
    two fields that are alike do not prove that the film is, and of many the last tells nothing any more.

    Parameters
    ----------
    fields : called and counted cells of each; empty ones are passed over.

    References
    ----------
    J. G. Skellam, A probability distribution derived from the binomial, JRSS B 10 (1948) 257.
    D. R. Cox and N. Reid, Parameter orthogonality and approximate conditional inference, JRSS B 49 (1987) 1:
    the likelihood of a spread, adjusted for the mean.
    """
    import numpy as np
    from scipy.special import betaln

    filled = np.asarray([one for one in fields if one[1] > 0], np.float64)
    if len(filled) < 2:
        return None
    called, counted = filled.T
    infected, cells, spreads = float(called.sum()), float(counted.sum()), _spreads()
    fraction, squares = infected / cells, float((counted**2).sum())
    logs = -((spreads / USUAL_SPREAD) ** 2) / 2
    if 0 < fraction < 1:
        size = np.maximum((1 - fraction) / (fraction * spreads**2) - 1, 1e-3)[:, None]
        alpha, beta = fraction * size, (1 - fraction) * size
        logs += (betaln(alpha + called, beta + counted - called) - betaln(alpha, beta)).sum(axis=1)
        logs += np.log((1 - fraction) / infected + spreads**2 * squares / cells**2) / 2
    weights = np.exp(logs - logs.max())
    return Between(weights=tuple((weights / weights.sum()).tolist()), fields=cells**2 / squares)


@cache
def _spreads() -> "NDArray[np.float64]":
    """Standard deviations over the mean, evenly from nearly alike to 2.4 times the mean."""
    import numpy as np

    return np.asarray((np.arange(60) + 0.5) * 0.04, np.float64)


@lru_cache(maxsize=4)
def _shares(between: Between) -> "NDArray[np.float64]":
    import numpy as np
    from scipy.special import gammaincinv

    spread_shares, shares = further_shares()
    place = np.searchsorted(np.cumsum(between.weights), spread_shares)
    spread = _spreads()[np.minimum(place, len(between.weights) - 1)]
    shape = between.fields / spread**2
    return np.asarray(gammaincinv(shape, shares) / shape, np.float64)

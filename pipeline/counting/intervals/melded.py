"""The interval of a parasitaemia: chance, clustering, and errors that differ from slide to slide, as one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.counting.intervals.crossing import crossing
from pipeline.counting.intervals.design import Clustering
from pipeline.counting.intervals.limits import beyond_false_calls
from pipeline.counting.intervals.slide_errors import SlideErrors, error_points
from pipeline.counting.statistics import CONFIDENCE, SIGNIFICANCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["INDEPENDENT", "Corrected", "confidence_below", "corrected", "melded_interval"]

INDEPENDENT = Clustering()
"""Cells that do not lie in clusters."""
_TAIL = (1 - CONFIDENCE) / 2
"""Share of slides at which either end may fail."""
_ABOVE_NONE = 1e-9
"""Stands for an interval that holds every fraction above 0 and not 0; ends are known to as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A fraction after missed and false calls are allowed for.

    Attributes
    ----------
    value : 0 to 1. clipped : whether it would be below 0 or above 1.
    """

    value: float
    clipped: bool


def corrected(infected: int, counted: int, errors: SlideErrors) -> Corrected | None:
    """Fraction of infected cells that explains the calls at the mean error rates.

    None where an infected cell is called infected no more often than an uninfected one.

    References
    ----------
    W. J. Rogan and B. Gladen, Estimating prevalence from the results of a screening test,
    Am. J. Epidemiol. 107 (1978) 71.
    """
    found, false = errors.sensitivity.mean, errors.false_calls.mean
    if found <= false or counted < 1:
        return None
    value = (infected / counted - false) / (found - false)
    return Corrected(value=min(max(value, 0.0), 1.0), clipped=not 0 <= value <= 1)


def melded_interval(
    infected: int, counted: int, errors: SlideErrors, clusters: Clustering = INDEPENDENT
) -> tuple[float, float]:
    """95% interval of the true fraction of infected cells of a slide.

    Parameters
    ----------
    infected, counted : cells called infected, and all red cells counted; counted >= 1.
    errors : sensitivity and false calls, as they differ from slide to slide.
    clusters : how clustered the infected cells are; by design effects so many times fewer cells would tell as
        much if they were independent.

    Returns
    -------
    low, high : 0 to 1; low is above 0 exactly where `beyond_false_calls` holds, so it and the verdict agree.

    References
    ----------
    D. M. Bayer, M. P. Fay and B. I. Graubard, Confidence intervals for prevalence estimates from complex
    surveys with imperfect assays, Stat. Med. 42 (2023) 1822 (arXiv:2205.13494, 2022): the confidence
    distributions of the called fraction, sensitivity and specificity are melded. Here the called fraction's
    is the mid-P one, and sensitivity and specificity are those of a slide drawn anew, not of an assay.
    G. J. Feldman and R. D. Cousins, Unified approach to the classical statistical analysis of small signals,
    Phys. Rev. D 57 (1998) 3873: near 0 the whole 5% belong to the lower end.
    """
    if counted < 1 or not 0 <= infected <= counted or clusters.effect < 1:
        raise ValueError(
            f"{infected} infected of {counted} cells, design effect {clusters.effect}: "
            "expected 0 <= infected <= counted, counted >= 1, effect >= 1"
        )
    return (
        _low(infected, counted, errors, clusters),
        max(_end(1 - _TAIL, infected, counted, errors, view) for view in clusters.views(upper=True)),
    )


def _low(infected: int, counted: int, errors: SlideErrors, clusters: Clustering) -> float:
    """Lower end: 5% below it where no slide has its upper end lower than it, else half of that.

    A fraction below the upper end of a slide without a call is never above the upper end of another slide,
    so its interval can fail at the lower end alone.
    """
    if not beyond_false_calls(infected, counted, errors, clusters.effect):
        return 0.0
    whole = min(_end(SIGNIFICANCE, infected, counted, errors, view) for view in clusters.views())
    if confidence_below(whole, 0, counted, errors) <= 1 - _TAIL:
        return whole
    half = min(_end(_TAIL, infected, counted, errors, view) for view in clusters.views())
    if confidence_below(half, 0, counted, errors) >= 1 - _TAIL:
        # Of a slide whose own dirt explains so much that one without a call has its upper end at 0, only 0
        # itself may be excluded at 5%.
        return max(half, _ABOVE_NONE)
    return _end(1 - _TAIL, 0, counted, errors, INDEPENDENT)


def _end(share: float, infected: int, counted: int, errors: SlideErrors, clusters: Clustering) -> float:
    """Fraction at which the confidence to be below reaches `share`, 0 or 1 where it does nowhere."""

    def distance(fraction: float) -> float:
        return confidence_below(fraction, infected, counted, errors, clusters) - share

    if distance(0.0) >= 0:
        return 0.0
    return 1.0 if distance(1.0) <= 0 else crossing(distance)


def confidence_below(
    fraction: float, infected: int, counted: int, errors: SlideErrors, clusters: Clustering = INDEPENDENT
) -> float:
    """Confidence, 0 to 1, that the true fraction of infected cells is no more than `fraction`.

    What differs between few fields grows with the fraction and is nothing at 0, where no cell is infected: so
    the lower end leaves 0 where the verdict's test does, whatever the fields.
    """
    found, false = error_points(errors)
    infected_here = (
        fraction if clusters.between is None else (fraction * clusters.between.shares()).clip(0, 1)
    )
    called = infected_here * found + (1 - infected_here) * false
    return float(_called_below(called, infected / clusters.effect, counted / clusters.effect).mean())


def _called_below(called: "NDArray[np.float64]", infected: float, counted: float) -> "NDArray[np.float64]":
    """Mid-P confidence that the fraction called infected is no more than each of these."""
    import numpy as np
    from scipy.special import betainc

    clean = counted - infected
    low = betainc(infected, clean + 1, called) if infected > 0 else called * 0 + 1.0
    high = betainc(infected + 1, clean, called) if clean > 0 else called * 0.0
    return np.asarray((low + high) / 2, dtype=np.float64)

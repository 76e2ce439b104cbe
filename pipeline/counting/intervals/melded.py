"""The interval of a parasitaemia: chance, clustering, and errors that differ from slide to slide, as one."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pipeline.counting.intervals.crossing import crossing
from pipeline.counting.intervals.slide_errors import SlideErrors, error_points
from pipeline.counting.statistics import CONFIDENCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Corrected", "confidence_below", "corrected", "melded_interval"]


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
    infected: int, counted: int, errors: SlideErrors, effect: float = 1.0
) -> tuple[float, float]:
    """95% interval of the true fraction of infected cells of a slide.

    Parameters
    ----------
    infected, counted : cells called infected, and all red cells counted; counted >= 1.
    errors : sensitivity and false calls, as they differ from slide to slide.
    effect : design effect, 1 or more; so many times fewer cells would tell as much if they were independent.

    Returns
    -------
    low, high : 0 to 1; low is exactly 0 where none being infected cannot be ruled out.

    References
    ----------
    D. M. Bayer, M. P. Fay and B. I. Graubard, Confidence intervals for prevalence estimates from complex
    surveys with imperfect assays, Stat. Med. 42 (2023) 1822 (arXiv:2205.13494, 2022): the confidence
    distributions of the called fraction, sensitivity and specificity are melded. Here the called fraction's
    is the mid-P one, and sensitivity and specificity are those of a slide drawn anew, not of an assay.
    """
    if counted < 1 or not 0 <= infected <= counted or effect < 1:
        raise ValueError(
            f"{infected} infected of {counted} cells, design effect {effect}: "
            "expected 0 <= infected <= counted, counted >= 1, effect >= 1"
        )

    def distance(fraction: float, share: float) -> float:
        return confidence_below(fraction, infected, counted, errors, effect) - share

    ends = []
    for share in ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2):
        if distance(0.0, share) >= 0:
            ends.append(0.0)
        elif distance(1.0, share) <= 0:
            ends.append(1.0)
        else:
            ends.append(crossing(partial(distance, share=share)))
    return ends[0], ends[1]


def confidence_below(
    fraction: float, infected: int, counted: int, errors: SlideErrors, effect: float = 1.0
) -> float:
    """Confidence, 0 to 1, that the true fraction of infected cells is no more than `fraction`."""
    found, false = error_points(errors)
    called = fraction * found + (1 - fraction) * false
    return float(_called_below(called, infected / effect, counted / effect).mean())


def _called_below(called: "NDArray[np.float64]", infected: float, counted: float) -> "NDArray[np.float64]":
    """Mid-P confidence that the fraction called infected is no more than each of these."""
    import numpy as np
    from scipy.special import betainc

    clean = counted - infected
    low = betainc(infected, clean + 1, called) if infected > 0 else called * 0 + 1.0
    high = betainc(infected + 1, clean, called) if clean > 0 else called * 0.0
    return np.asarray((low + high) / 2, dtype=np.float64)

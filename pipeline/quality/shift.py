"""Warns of a slide whose probabilities lie apart from those that the threshold was set on."""

import math

from models.manifest import MiddleLogits
from pipeline.quality.reasons import advice_on
from pipeline.records import Notice

__all__ = ["doubtful_notice", "lift_of", "shift_notice"]

MARGIN = 0.5
"""Logits by which a slide's middle may lie outside the range of those that were left out."""
LEAST_CELLS = 30
"""Fewest cells of a slide whose middle is judged."""


def shift_notice(middle: float | None, counted: int, known: MiddleLogits | None) -> tuple[Notice, ...]:
    """The notice, or none: also none where nothing is known of the network or there are few cells.

    Parameters
    ----------
    middle : median calibrated logit of the cells not called infected; None where there are none.
    known : range of the medians of slides left out.
    """
    if middle is None or known is None or counted < LEAST_CELLS:
        return ()
    low, high = known.low - MARGIN, known.high + MARGIN
    if low <= middle <= high:
        return ()
    limit, side = (low, "lower") if middle < low else (high, "higher")
    text = (
        f"Half of the cells have a probability of at least {_percent(middle)}, {side} than on the slides "
        f"that the threshold was set on ({_percent(known.low)} to {_percent(known.high)})"
    )
    if side == "higher":
        text += "; clean cells may be called infected, so no parasites are claimed by what this explains"
    advised = advice_on("probabilities_shifted", text)
    return (Notice(code="probabilities_shifted", severity="warn", value=middle, limit=limit, text=advised),)


def doubtful_notice(quartile: float | None, below: float, slides: int) -> tuple[Notice, ...]:
    """The notice where a quarter of the clean cells come nearer to the threshold than on known slides.

    Parameters
    ----------
    quartile : logit that three quarters of the cells not called do not pass; None where it is not known.
    below : where that of the known slides lies. slides : their number.
    """
    if quartile is None or quartile < below:
        return ()
    text = (
        f"A quarter of the cells that are not called have a probability of {_percent(quartile)} or more, on "
        f"{slides} slides that were measured less than {_percent(below)}; interval and verdict allow for as "
        "many false calls as such a slide may have"
    )
    advised = advice_on("clean_cells_doubtful", text)
    return (Notice(code="clean_cells_doubtful", severity="warn", value=quartile, limit=below, text=advised),)


def lift_of(notices: tuple[Notice, ...]) -> float:
    """Logits by which the middle of a slide's clean cells lies above every known one's; 0 where it does not.

    What a threshold calls there was not measured: so much nearer to it do all cells lie.
    """
    above = [one.value - one.limit for one in notices if one.code == "probabilities_shifted"]
    return max(0.0, *above) if above else 0.0


def _percent(logit: float) -> str:
    return f"{100 / (1 + math.exp(-logit)):.2g}%"

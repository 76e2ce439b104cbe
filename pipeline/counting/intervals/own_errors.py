"""The errors of one slide: those of known slides, and what its own dirt and strange clean cells add."""

from dataclasses import dataclass, replace

from pipeline.counting.intervals.slide_errors import SlideErrors, soiled
from pipeline.records import DebrisControl

__all__ = ["OwnFalseCalls", "own_false_calls", "with_own"]

LIFT_ERROR = 0.5
"""Standard error of the calls that strange clean cells explain, relative to their number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFalseCalls:
    """False calls that a slide tells of itself.

    Attributes
    ----------
    by_dirt, uncertainty : what its debris control explains, and the standard error of that.
    lifted : what its clean cells explain, see `records.SecondLook`.
    """

    by_dirt: float = 0.0
    uncertainty: float = 0.0
    lifted: int = 0


def own_false_calls(debris: DebrisControl | None, lifted: int) -> OwnFalseCalls:
    """What the debris control and the second look of one picture tell."""
    if debris is None:
        return OwnFalseCalls(lifted=lifted)
    return OwnFalseCalls(by_dirt=debris.explained, uncertainty=debris.uncertainty, lifted=lifted)


def with_own(errors: SlideErrors, counted: int, own: OwnFalseCalls) -> SlideErrors:
    """`errors` of known slides with those of a slide of `counted` red cells on top."""
    if counted and own.by_dirt:
        soil = soiled(errors.false_calls, counted, own.by_dirt, own.uncertainty)
        errors = replace(errors, false_calls=soil, source=f"{errors.source}; debris control of this slide")
    if counted and own.lifted:
        lift = soiled(errors.false_calls, counted, own.lifted, LIFT_ERROR * own.lifted)
        errors = replace(errors, false_calls=lift, source=f"{errors.source}; shift of this slide")
    return errors

"""What may be claimed from the count of a slide; never more than was seen."""

from pipeline.counting.intervals.limits import beyond_false_calls, is_one_of_few
from pipeline.counting.intervals.slide_errors import SlideErrors
from pipeline.counting.second_look import deserves_a_look
from pipeline.records import Notice, NoticeCode, SecondLook, Verdict

__all__ = ["DOUBT_CALLS", "are_doubted", "verdict_of"]

HIDE_PARASITES: frozenset[NoticeCode] = frozenset({"rings_not_visible", "mixed_photos"})
"""Codes of the notices with which none is never claimed: rings, or photos of the slide, were not seen."""
DOUBT_CALLS: frozenset[NoticeCode] = frozenset({"rings_not_visible", "channels_swapped"})
"""Codes of the notices with which parasites are never claimed: what was called may be anything. None of
290 real fields whose verdict is `parasites seen` has one; 5 pictures of nuclei, yeast and thick films had."""


def are_doubted(notices: tuple[Notice, ...]) -> bool:
    """Whether all calls of a slide may be false, by what quality control found."""
    return any(notice.code in DOUBT_CALLS for notice in notices)


def verdict_of(
    called: tuple[int, int],
    errors: SlideErrors,
    notices: tuple[Notice, ...],
    effect: float = 1.0,
    look: SecondLook | None = None,
    clean: SlideErrors | None = None,
) -> Verdict:
    """The verdict of a slide.

    Where quality control refuses, or nothing was counted, the slide is not countable, nor is one without a
    find where rings, or half of the photos, cannot be seen. Parasites are
    claimed only where the positives are more than false calls explain; these differ from slide to slide.
    Where they are not, but more cells stand out of the slide's own than a clean slide has, or its own dirt
    alone explains the calls, or one was called of very few, it is uncertain: a person must look at these.

    Parameters
    ----------
    called : cells called infected, and all red cells counted.
    effect : design effect, at least 1.
    clean : errors without what the slide's own dirt adds; None where it adds nothing.
    """
    infected, counted = called
    if counted == 0 or any(notice.severity == "refuse" for notice in notices):
        return "not countable"
    if beyond_false_calls(infected, counted, errors, effect):
        return "parasites seen"
    by_dirt_alone = clean is not None and beyond_false_calls(infected, counted, clean, effect)
    if by_dirt_alone or is_one_of_few(infected, counted) or deserves_a_look(look):
        return "uncertain"
    hidden = any(notice.code in HIDE_PARASITES for notice in notices)
    return "not countable" if hidden else "none distinguishable"

"""Slides that have stopped growing: a scanner or a copy is done with them."""

import time
from collections.abc import Callable, Sequence

from pipeline.jobs.identity import seen_state
from pipeline.jobs.intake import ListedSlide

__all__ = ["Settling"]


class Settling:
    """Lets slides through once their files have not changed for a while, and again after each later change.

    Time is that of a clock which no one sets.
    """

    def __init__(self, settle_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._settle_s = settle_s
        self._clock = clock
        self._since: dict[str, tuple[str | None, float]] = {}
        self._let_through: dict[str, str | None] = {}

    def settled(self, slides: Sequence[ListedSlide]) -> list[ListedSlide]:
        """Those that have settled and were not let through in this state before."""
        now, ready = self._clock(), []
        for slide in slides:
            name, seen = str(slide.source), seen_state(slide.source)
            if name in self._let_through and self._let_through[name] == seen:
                continue
            if name not in self._since or self._since[name][0] != seen:
                self._since[name] = (seen, now)
            elif now - self._since[name][1] >= self._settle_s:
                self._let_through[name] = seen
                del self._since[name]
                ready.append(slide)
        return ready

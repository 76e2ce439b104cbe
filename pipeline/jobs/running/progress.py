"""How far a night is: slides, cells, cells a second, and the time left from the sizes of what remains."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.jobs.counted import Progressed

__all__ = ["EventKind", "NightEvent", "NightProgress", "Pace", "Report"]


EventKind = Literal["slide", "line", "warning", "progress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NightProgress:
    """How far a run is.

    Attributes
    ----------
    done, total, failed : slides.
    cells : objects found by this run; `cells_per_s` a second of its time.
    left_s : seconds left, by the bytes that remain; None where that cannot be told yet.
    cpu_s_per_1000 : seconds of the processor for 1,000 cells; None where that is not known.
    """

    done: int
    total: int
    failed: int
    cells: int
    cells_per_s: float
    left_s: float | None
    cpu_s_per_1000: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NightEvent:
    """Something to tell a person: a slide that is settled, a line, or how far the run is."""

    kind: EventKind
    text: str
    slide: str | None = None
    state: str | None = None
    progress: NightProgress


Report = Callable[[NightEvent], None]


class Pace:
    """Adds up what a run has done; the clock is one that no one sets."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began_s = clock()
        self._bytes: dict[str, int] = {}
        self._settled: dict[str, bool] = {}
        self._counted_bytes = 0
        self._cells = 0
        self._cpu_s = 0.0
        self._cpu_cells = 0
        self._within: dict[str, Progressed] = {}

    def expect(self, slide: str, size: int) -> None:
        """A slide that is to be settled, and the bytes of its files."""
        self._bytes[slide] = size
        self._settled.pop(slide, None)

    def within(self, told: Progressed) -> None:
        """How far a slide is."""
        self._within[told.slide] = told

    def settle(self, slide: str, *, failed: bool, figures: Mapping[str, object] | None = None) -> None:
        """A slide is settled; its figures where this run counted it."""
        self._within.pop(slide, None)
        self._settled[slide] = failed
        if figures is None:
            return
        self._counted_bytes += self._bytes.get(slide, 0)
        cells, cpu_s = figures.get("detected"), figures.get("cpu_seconds")
        if isinstance(cells, int):
            self._cells += cells
            if isinstance(cpu_s, float):
                self._cpu_s += cpu_s
                self._cpu_cells += cells

    def now(self) -> NightProgress:
        """How far the run is."""
        passed_s = max(self._clock() - self._began_s, 1e-9)
        cells = self._cells + sum(told.cells for told in self._within.values())
        within = sum(
            self._bytes.get(told.slide, 0) * told.done / max(told.total, 1) for told in self._within.values()
        )
        done_bytes = self._counted_bytes + within
        left = sum(size for slide, size in self._bytes.items() if slide not in self._settled) - within
        return NightProgress(
            done=len(self._settled),
            total=len(self._bytes),
            failed=sum(self._settled.values()),
            cells=cells,
            cells_per_s=round(cells / passed_s, 1),
            left_s=round(passed_s / done_bytes * max(left, 0.0), 1) if done_bytes > 0 else None,
            cpu_s_per_1000=round(1000 * self._cpu_s / self._cpu_cells, 3) if self._cpu_cells else None,
        )

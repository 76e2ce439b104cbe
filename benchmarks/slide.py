"""The group `slide`: a slide of over 100,000 cells, by one worker and by two, and whether it stays fast."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measuring.fresh import Cost, cost_of, module
from benchmarks.measuring.records import Group, Measure, Room
from benchmarks.measuring.scans import read_through, rendered_scan

__all__ = ["last_against_first", "measured"]

GIGAPIXELS = 1.0
"""Holds about 100,000 cells, in eighty tiles."""
PARTS = 10
FEWEST_TILES = 4 * PARTS
"""Fewer tiles make parts of one or two, whose rates are chance."""

Moment = tuple[float, int, int]
"""Seconds since the start, tiles done, cells found."""


def measured(room: Room) -> Group:
    """Cells a second of a whole count, start and overlay included, and of the first and the last tiles."""
    scan = rendered_scan(room.scans, GIGAPIXELS)
    read_through(scan)
    one, one_course, cells = _counted(scan, room.folder, 1)
    two, two_course, _ = _counted(scan, room.folder, 2)
    measures = (
        Measure(name="cells a second, 1 worker", value=cells / one.wall_s, unit="per s"),
        Measure(
            name="cells a second, 2 workers",
            value=cells / two.wall_s,
            unit="per s",
            goal=3000.0,
            at_least=True,
            note=f"{cells} cells, start and overlay included",
        ),
        Measure(
            name="  against 1 worker", value=one.wall_s / two.wall_s, unit="times", goal=1.8, at_least=True
        ),
        Measure(name="CPU a cell, 1 worker", value=one.cpu_s / cells * 1e6, unit="µs"),
        *(
            Measure(
                name=f"last tenth of the tiles, {name}",
                value=last_against_first(course, workers),
                unit="times",
                goal=0.9,
                at_least=True,
                note="cells a second, against the first tenth",
            )
            for name, course, workers in (("1 worker", one_course, 1), ("2 workers", two_course, 2))
        ),
    )
    return Group(measures=measures, details={"one_worker": one_course, "two_workers": two_course})


def last_against_first(course: Sequence[Moment], workers: int) -> float | None:
    """Cells a second in the last tenth of the tiles, over those in the first; None of a few tiles.

    The first tile of each worker is in no tenth, for its time holds the start of the worker; nor is the last
    of each worker but the slowest, for then the others have nothing left to do.

    Parameters
    ----------
    course : a moment for each tile that was finished, in the order of time.
    """
    steady = course[workers - 1 : len(course) - workers + 1]
    part = len(steady) // PARTS
    if len(steady) < FEWEST_TILES:
        return None
    first, last = _rate(steady[: part + 1]), _rate(steady[-1 - part :])
    return last / first if first > 0 else None


def _rate(moments: Sequence[Moment]) -> float:
    """Cells a second: the slope of a line through the moments, since workers finish tiles in bunches."""
    return statistics.linear_regression([s for s, _, _ in moments], [cells for _, _, cells in moments]).slope


def _counted(scan: Path, folder: Path, workers: int) -> tuple[Cost, list[Moment], int]:
    """Cost and course of a count in a fresh process, and the cells it found."""
    out, course = folder / f"out-{workers}", folder / f"course-{workers}.json"
    cost = cost_of(module("course", str(scan), str(out), str(workers), str(course)), 1, warm_up=False)
    summary = json.loads((out / scan.stem / "summary.json").read_text(encoding="utf-8"))
    moments = [(float(s), int(done), int(cells)) for s, done, cells in json.loads(course.read_text("utf-8"))]
    return cost, moments, int(summary["detected"])

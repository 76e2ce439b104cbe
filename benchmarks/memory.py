"""The group `memory`: the most that all processes of a count hold together, over the size of the scan."""

from pathlib import Path

from benchmarks.measuring.fresh import cost_of, smearcount
from benchmarks.measuring.processes import TreeWatch
from benchmarks.measuring.records import Group, Measure, Room
from benchmarks.measuring.scans import rendered_scan

__all__ = ["measured"]

WORKERS = 2
GOAL_MB = 1200.0
GOAL_GROWTH_PERCENT = 15.0


def measured(room: Room) -> Group:
    """Peak of each size, and what it grows by from the smallest to the largest."""
    measures: list[Measure] = []
    peaks: list[float] = []
    details: dict[str, object] = {}
    for gigapixels in room.gigapixels:
        scan = rendered_scan(room.scans, gigapixels)
        watch, wall_s = _watched(scan, room.folder / f"out-{gigapixels:g}")
        details[f"{gigapixels:g} gigapixels"] = {"at_peak_mb": watch.at_peak_mb, "wall_s": wall_s}
        if watch.peak_mb == 0.0:
            note = "the memory of a tree of processes is known on Linux only"
            return Group(measures=(), notes=(note,))
        peaks.append(watch.peak_mb)
        name = f"peak memory, {gigapixels:g} gigapixels"
        note = f"{WORKERS} workers and their parent; {wall_s:.0f} s"
        measures.append(Measure(name=name, value=watch.peak_mb, unit="MB", goal=GOAL_MB, note=note))
    if len(peaks) > 1:
        growth = (peaks[-1] / peaks[0] - 1) * 100
        measures.append(
            Measure(name="  from the first to the last", value=growth, unit="%", goal=GOAL_GROWTH_PERCENT)
        )
    note = "Memory: proportional set size (PSS) of all processes together, sampled every 0.2 s."
    return Group(measures=tuple(measures), notes=(note,), details=details)


def _watched(scan: Path, out: Path) -> tuple[TreeWatch, float]:
    watch = TreeWatch()
    command = smearcount("count", str(scan), "-o", str(out), "--workers", str(WORKERS))
    cost = cost_of(command, 1, warm_up=False, wait=watch)
    return watch, cost.wall_s

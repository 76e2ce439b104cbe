"""One batch of many slides, watched: memory of its coordinator, its pace, the time that `status` takes."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.nights.batch_command import CODE, batch_command
from benchmarks.nights.held import held_by
from pipeline.errors import SmearcountError
from pipeline.jobs.rows import read_rows
from pipeline.reports.night import night_totals

__all__ = ["watched_batch"]

_LINES = 20


def watched_batch(slides: Path, out: Path, *, workers: int) -> Iterator[str]:
    """Run the batch to its end; yields a line twenty times on the way, and what it came to."""
    began_s = time.monotonic()
    process = subprocess.Popen(batch_command(slides, out, workers), stdout=subprocess.DEVNULL)
    total = sum(1 for _ in slides.iterdir())
    told = 0
    while process.poll() is None:
        settled = _settled(out)
        if settled - told >= total / _LINES:
            told = settled
            passed_s, held = time.monotonic() - began_s, held_by(process.pid)
            yield f"{settled} slides after {passed_s:.0f} s: {held.text()}; status {_status_s(out)}"
        time.sleep(1.0)
    wall_s = time.monotonic() - began_s
    totals = night_totals(read_rows(out))
    pace = f"{totals.slides / wall_s:.2f} slides/s by the clock"
    yield f"exit code {process.returncode}; {totals.kinds}; {pace}"
    cpu_s = totals.cpu_seconds / max(totals.slides, 1)
    yield (
        f"{cpu_s:.3f} s of the processor a slide in the workers: at most {workers / cpu_s:.2f} slides/s "
        f"where {workers} cores are free for {workers} workers"
    )


def _settled(out: Path) -> int:
    try:
        return sum(row.state not in ("queued", "running") for row in read_rows(out))
    except SmearcountError:  # there is no ledger yet
        return 0


def _status_s(out: Path) -> str:
    """Time of the command `status`, by the clock and of the processor."""
    from benchmarks.measuring.fresh import cost_of

    cost = cost_of([sys.executable, "-c", CODE, "status", str(out)], 1, warm_up=False)
    return f"{cost.wall_s:.2f} s, {cost.cpu_s:.2f} s of the processor"

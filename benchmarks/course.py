"""Counts a slide as `smearcount count` does, and keeps when each tile was finished.

Run as `python -m benchmarks.course SLIDE OUT WORKERS FILE`: FILE takes the course of the count as JSON, a
list of seconds since the start, tiles done and cells found.
"""

import json
import sys
import time
from pathlib import Path

__all__ = ["counted"]


def counted(slide: Path, out: Path, workers: int) -> list[tuple[float, int, int]]:
    """The course of a count: seconds since its start, tiles done and cells found after each tile."""
    from pipeline.batch import count_slides
    from pipeline.settings import CountSettings

    start = time.perf_counter()
    course: list[tuple[float, int, int]] = []

    def progress(_: Path, done: int, _tiles: int, cells: int) -> None:
        course.append((time.perf_counter() - start, done, cells))

    (outcome,) = count_slides([slide], out, CountSettings(workers=workers), progress=progress)
    if outcome.error is not None:
        raise RuntimeError(outcome.error)
    return course


if __name__ == "__main__":
    found = counted(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
    Path(sys.argv[4]).write_text(json.dumps(found), encoding="utf-8")

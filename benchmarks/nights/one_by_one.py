"""What ledger, checkpoints and the morning page cost: a batch against counting its slides one by one.

Run as `python -m benchmarks.nights.one_by_one OUT SLIDE...` it counts the slides in one process.
"""

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring.fresh import cost_of, module
from benchmarks.nights.batch_command import batch_command

__all__ = ["compared", "counted_one_by_one"]

_FEW = 4
"""Slides of the shorter run: what the longer one costs more is that of slides alone, without any start."""


def compared(slides: Path, out: Path, *, pairs: int, workers: int) -> Iterator[str]:
    """Count by turns; yields a line a pair, and what a slide costs more in a batch, in processor time."""
    few = slides.parent / "few"
    for slide in sorted(slides.iterdir())[:_FEW]:
        (few / slide.name).mkdir(parents=True)
        (few / slide.name / "field.png").symlink_to(slide / "field.png")
    number = len(list(slides.iterdir()))
    costs, starts = [], []
    for pair in range(pairs):
        each = []
        for folder in (few, slides):
            place = out / f"{pair}-{folder.name}"
            alone = _cpu_s(
                module("nights.one_by_one", str(place / "alone"), *map(str, sorted(folder.iterdir())))
            )
            each.append((alone, _cpu_s(batch_command(folder, place / "batch", workers))))
        (alone_few, batch_few), (alone, batch) = each
        alone_slide, batch_slide = (
            (alone - alone_few) / (number - _FEW),
            (batch - batch_few) / (number - _FEW),
        )
        costs.append(100 * (batch_slide / alone_slide - 1))
        starts.append(batch_few - _FEW * batch_slide - (alone_few - _FEW * alone_slide))
        yield (
            f"pair {pair + 1}: {number} slides {alone:.1f} s one by one, {batch:.1f} s in a batch; "
            f"a slide {alone_slide:.3f} and {batch_slide:.3f} s of the processor: {costs[-1]:+.1f} %"
        )
    yield (
        f"a slide costs {statistics.median(costs):+.1f} % in a batch, the median of {pairs} pairs; "
        f"its start, a process more for each worker, costs {statistics.median(starts):.1f} s once"
    )


def counted_one_by_one(slides: list[Path], out: Path) -> None:
    """Count in this process, as a worker does, without a ledger."""
    import cv2

    from pipeline.batch import count_and_write
    from pipeline.settings import CountSettings

    cv2.setNumThreads(1)
    for slide in slides:
        count_and_write(slide, out, CountSettings())


def _cpu_s(command: list[str]) -> float:
    return cost_of(command, 1, warm_up=False).cpu_s


if __name__ == "__main__":
    counted_one_by_one([Path(word) for word in sys.argv[2:]], Path(sys.argv[1]))

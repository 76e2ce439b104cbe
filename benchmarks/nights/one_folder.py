"""Many nights into one results folder by one process: what grows but the results."""

import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.nights.held import held_by
from benchmarks.nights.slides import small_slides
from pipeline.jobs.batch import BatchOrder, run_batch
from pipeline.jobs.rows import batch_folder, read_rows
from pipeline.jobs.running.stopping import Stop
from pipeline.output.slides_csv import write_slides_csv
from pipeline.reports.morning import write_morning_page
from pipeline.settings import CountSettings

__all__ = ["many_nights"]


def many_nights(
    folder: Path, nights: int, slides: int, *, workers: int, size: tuple[int, int]
) -> Iterator[str]:
    """Count so many new slides each night, and yield a line on what is held after it.

    Parameters
    ----------
    folder : of the slides, one folder a night; the results stand beside it.
    size : of a field, px.
    """
    out = folder.parent / "out"
    for night in range(nights):
        first = night * slides
        given = folder / f"night-{night:02d}"
        _draw(given, slides, first, size)
        order = BatchOrder(given=(given,), out=out, settings=CountSettings(workers=workers))
        end = run_batch(order, lambda _: None, Stop(), writers=(write_slides_csv, write_morning_page))
        held = held_by(os.getpid())
        yield f"night {night + 1}: {end.text}; {held.text()}; {_kept(out)}"
    results = sum(row.result is not None for row in read_rows(out))
    yield f"{results} results of {nights * slides} slides"


def _draw(folder: Path, slides: int, first: int, size: tuple[int, int]) -> None:
    """Draw the slides of a night in a process of its own: what that takes is none of a batch's."""
    drawing = multiprocessing.get_context("spawn").Process(
        target=small_slides,
        args=(folder, slides),
        kwargs={"width": size[0], "height": size[1], "first": first},
    )
    drawing.start()
    drawing.join()
    if drawing.exitcode:
        raise RuntimeError(f"{folder}: the slides could not be drawn, exit code {drawing.exitcode}")
    drawing.close()


def _kept(out: Path) -> str:
    """What stands in the results folder beside the results."""
    hidden = [path for path in out.iterdir() if path.name.startswith(".")]
    own = sorted(path for path in batch_folder(out).rglob("*") if path.is_file())
    return f"hidden in the folder {len(hidden)}, files of the ledger {len(own)}, {_kb(own)} kB"


def _kb(files: list[Path]) -> int:
    return sum(path.stat().st_size for path in files) // 1000

"""Counts that stand in for the real one; what they do is told by the name of the picture.

A worker process of a test imports this module: what only some counts need is imported where they need it.
"""

import os
import signal
import time
from dataclasses import asdict, replace
from pathlib import Path

from pipeline.errors import EmptySlideError
from pipeline.jobs.counted import SlideTask
from pipeline.settings import Progress

LONG_S = 600.0


def count_by_name(task: SlideTask, progress: Progress | None) -> Path:
    """Die, break off, refuse, dawdle (the first time) or count, as the picture's name begins."""
    if progress is not None:
        progress(1, 4, 0)
    source, name = task.source, task.source.stem
    if name.startswith("kills"):
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith("breaks"):
        raise ZeroDivisionError("a mistake in the program")
    if name.startswith("refuses"):
        raise EmptySlideError(f"{source} holds not one cell; hand in a thin film")
    if name.startswith("slow"):
        _dawdle(source.with_name("begun"))
    if progress is not None:
        progress(4, 4, 0)
    return _written(task)


def _dawdle(begun: Path) -> None:
    if begun.exists():
        return
    begun.touch()
    time.sleep(LONG_S)


def _written(task: SlideTask) -> Path:
    import cv2
    import numpy as np
    import pandas as pd

    from pipeline.counting.result import CountResult
    from pipeline.output.folder import write_result
    from pipeline.records import CELL_COLUMNS
    from tests.pipeline.counting.sample_summary import SUMMARY

    summary = replace(
        SUMMARY,
        slide=task.slide,
        source=str(task.source),
        um_per_px=task.settings.um_per_px or SUMMARY.um_per_px,
    )
    cells = pd.DataFrame({column: pd.Series(dtype=object) for column in CELL_COLUMNS})
    run: dict[str, object] = {"settings": {"report": asdict(task.settings.report)}}
    result = CountResult(summary=summary, parts=(cells,), run=run)
    picture = cv2.imread(str(task.source))
    overlay = np.zeros((48, 64, 3), np.uint8) if picture is None else np.asarray(picture, np.uint8)
    return write_result(result, task.out, overwrite=False, pictures=[("overlay.jpg", overlay)])

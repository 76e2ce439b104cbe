"""Counts that stand in for the real one; what they do is told by the name of the picture.

A worker process of a test imports this module: what only some counts need is imported where they need it.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pipeline.errors import EmptySlideError
from pipeline.settings import CountSettings

LONG_S = 600.0


def count_by_name(
    source: Path,
    out: Path,
    settings: CountSettings,
    *,
    overwrite: bool,
    progress: Callable[[int, int, int], None] | None = None,
) -> tuple[object, Path]:
    """Die, break off, refuse, dawdle (the first time) or count, as the picture's name begins."""
    if progress is not None:
        progress(1, 4, 0)
    name = source.stem
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
    return _written(source, out, settings, overwrite=overwrite)


def _dawdle(begun: Path) -> None:
    if begun.exists():
        return
    begun.touch()
    time.sleep(LONG_S)


def _written(source: Path, out: Path, settings: CountSettings, *, overwrite: bool) -> tuple[object, Path]:
    import cv2
    import numpy as np
    import pandas as pd

    from pipeline.counting.result import CountResult
    from pipeline.output.folder import write_result
    from pipeline.records import CELL_COLUMNS
    from tests.pipeline.counting.sample_summary import SUMMARY

    summary = replace(
        SUMMARY,
        slide=source.stem,
        source=str(source),
        um_per_px=settings.um_per_px or SUMMARY.um_per_px,
    )
    cells = pd.DataFrame({column: pd.Series(dtype=object) for column in CELL_COLUMNS})
    result = CountResult(summary=summary, parts=(cells,), run={})
    picture = cv2.imread(str(source))
    overlay = np.zeros((48, 64, 3), np.uint8) if picture is None else np.asarray(picture, np.uint8)
    return result, write_result(result, out, overwrite=overwrite, pictures=[("overlay.jpg", overlay)])

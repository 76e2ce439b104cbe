"""Counts a set of fields in a warm process, our way or the textbook way; prints seconds and F1 as JSON.

Run as `python -m benchmarks.field_runs WAY SAMPLE FOLDER`: SAMPLE is JSON with the folder of the set and
which of its fields to take; FOLDER is made, and takes the results.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.detection import f1_of, labelled_fields

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.detection import LabelledFields

__all__ = ["ours", "textbook"]

RUNS = {"ours": 3, "ours-2": 3, "textbook": 3, "textbook-single": 1}
"""How often each way is timed: the last takes a minute and more, and its time varies little."""

Run = tuple[Callable[[], None], Callable[[], "pd.DataFrame"]]
"""The first counts and writes the table of cells; the second reads it, with the columns `f1_of` asks for."""


def ours(sample: "LabelledFields", out: Path, networks: Path | None, workers: int) -> Run:
    """The set as one slide, as `smearcount count` counts a folder of photos; counted once already."""
    import pandas as pd

    from pipeline.batch import count_slides
    from pipeline.settings import CountSettings

    settings = CountSettings(workers=workers)
    if networks is not None:
        settings = CountSettings(
            workers=workers,
            detector=networks / "detector.toml",
            classifier=networks / "classifier.toml",
        )

    def count() -> None:
        (outcome,) = count_slides([sample.pictures], out, settings, overwrite=True)
        if outcome.error is not None:
            raise RuntimeError(outcome.error)

    def cells() -> pd.DataFrame:
        table = pd.read_csv(out / sample.pictures.name / "cells.csv", dtype={"field": str})
        return table[table["kind"] == "red_cell"]

    count()  # imports, networks, the file cache
    return count, cells


def textbook(sample: "LabelledFields", out: Path, *, at_once: bool) -> Run:
    """The textbook way, one picture counted already; it is given the size of a cell, which ours finds out."""
    import pandas as pd

    from benchmarks.textbook import count_fields, network

    model = network()
    table, pictures = out / "cells.csv", sorted(sample.pictures.iterdir())
    diameter_px = sample.diameter_px()

    def count() -> None:
        count_fields(pictures, diameter_px, model, table, at_once=at_once)

    count_fields(pictures[:1], diameter_px, model, table, at_once=True)  # imports, and the graph of `predict`
    return count, lambda: pd.read_csv(table, dtype={"field": str})


def _main(way: str, asked: dict[str, Any], folder: Path) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    folder.mkdir()
    out = folder / "out"
    out.mkdir()
    sample = labelled_fields(Path(asked["folder"]), asked["slide"], asked["most"], folder / "pictures")
    if way in {"textbook", "textbook-single"}:
        count, cells = textbook(sample, out, at_once=way == "textbook")
    else:
        networks = None if asked["networks"] is None else Path(asked["networks"])
        count, cells = ours(sample, out, networks, workers=2 if way == "ours-2" else 1)
    seconds = []
    for _ in range(RUNS[way]):
        start = time.perf_counter()
        count()
        seconds.append(time.perf_counter() - start)
    score = f1_of(sample, cells())
    json.dump({"seconds": seconds, **score}, sys.stdout)


if __name__ == "__main__":
    _main(sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3]))

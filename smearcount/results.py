"""The result of one slide as pandas and NumPy know it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.reports.stored import read_stored
from smearcount.given import path_of

__all__ = ["Result", "read_result"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a count found, from a folder that it wrote or from memory.

    Attributes
    ----------
    summary : as in summary.json, see docs/outputs.md: counts, parasitaemia and its interval, verdict, ...
    run : as in run.json: versions, hashes, settings, times.
    folder : of the files that were written; None where none were.
    tables : gives the cells in parts, one row an object, columns as in cells.csv.
    """

    summary: Mapping[str, Any]
    run: Mapping[str, Any]
    folder: Path | None
    tables: Callable[[], Iterable[pd.DataFrame]]

    def parts(self) -> Iterator[pd.DataFrame]:
        """Tables of the cells, one after the other: of a whole slide not all fit into memory."""
        yield from self.tables()

    @property
    def cells(self) -> pd.DataFrame:
        """All cells as one table, columns as in cells.csv; of a million cells this takes about a gigabyte."""
        return pd.concat(list(self.tables()), ignore_index=True)

    @property
    def boxes(self) -> NDArray[np.float64]:
        """float64 (n, 4): x_min, y_min, x_max, y_max of each object, level-0 px of its field."""
        return np.asarray(self.cells[["x_min", "y_min", "x_max", "y_max"]], np.float64)

    @property
    def p_infected(self) -> NDArray[np.float64]:
        """float64 (n,): calibrated probability (0 to 1) that each is infected; NaN where none was given."""
        return np.asarray(pd.to_numeric(self.cells["p_infected"], errors="coerce"), np.float64)


def read_result(folder: str | PathLike[str]) -> Result:
    """The result in a folder that `count` or the command line wrote.

    Raises
    ------
    InputError
        Where the folder holds none, or one of its files is damaged: one line says which and how to mend it.
    """
    stored = read_stored(path_of(folder, "folder"))
    return Result(summary=stored.summary, run=stored.run, folder=stored.folder, tables=stored.parts)

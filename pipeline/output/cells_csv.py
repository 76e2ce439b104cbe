"""Write the table of cells as CSV: fixed decimals, the same bytes for the same cells."""

import csv
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import numpy as np
import pandas as pd

from pipeline.counting.result import TableHead
from pipeline.files import output_errors, staging_place
from pipeline.names import csv_encoding, for_csv
from pipeline.records import CELL_COLUMNS, CELL_TABLE, CellColumn

__all__ = ["CellsFile", "write_cells"]

ROWS_AT_ONCE = 20_000  # cells formatted in one go: about 20 MB of text objects


def write_cells(path: Path, parts: Iterable[pd.DataFrame], names: Iterable[str] = ()) -> None:
    """One row a cell, fixed decimals, flags as 0 and 1, line feeds: the same cells give the same bytes.

    Parameters
    ----------
    parts : tables of cells, one after the other; one at least.
    names : of the slide and its fields, as they stand in the tables.
    """
    with _opened(path, names) as handle:
        for cells in parts:
            _write_part(handle, cells)
        _flush(handle)


class CellsFile:
    """A `PartsReader` that writes cells.csv while the table goes by, as a hidden file until it is taken.

    It goes when the context is left, where `write_result` has not given it its place.
    """

    def __init__(self, out: Path) -> None:
        """`out` is the folder of all results, that the file will be renamed within."""
        self._path = staging_place(out)
        self._handle: TextIO | None = None

    def begin(self, head: TableHead) -> None:
        """See `PartsReader.begin`; OutputError where nothing can be written."""
        with output_errors(self._path.parent):
            self._close()
            self._handle = _opened(self._path, [head.slide, *(field.name for field in head.fields)])

    def add(self, cells: pd.DataFrame) -> None:
        """See `PartsReader.add`; OutputError where the disk is full."""
        if self._handle is not None:
            with output_errors(self._path.parent):
                _write_part(self._handle, cells)

    def finished(self) -> Path | None:
        """The whole file, on the disk; None where no table went by."""
        if self._handle is None:
            return None
        with output_errors(self._path.parent):
            _flush(self._handle)
            self._close()
        return self._path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # a full disk is told once
            self._close()
        self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()


def _opened(path: Path, names: Iterable[str]) -> TextIO:
    """A new file with the names of the columns."""
    handle = path.open("w", encoding=csv_encoding(names), newline="")
    csv.writer(handle, lineterminator="\n").writerow(CELL_COLUMNS)
    return handle


def _write_part(handle: TextIO, cells: pd.DataFrame) -> None:
    lines = csv.writer(handle, lineterminator="\n")
    for start in range(0, len(cells), ROWS_AT_ONCE):
        rows = cells.iloc[start : start + ROWS_AT_ONCE]
        lines.writerows(zip(*(_column_text(column, rows[column.name]) for column in CELL_TABLE), strict=True))


def _flush(handle: TextIO) -> None:
    handle.flush()
    os.fsync(handle.fileno())


def _column_text(column: CellColumn, values: "pd.Series[object]") -> list[str]:
    missing = values.isna().to_numpy(bool)
    if column.decimals is not None:
        numbers = values.to_numpy(float, na_value=np.nan)
        texts = list(map(f"%.{column.decimals}f".__mod__, numbers.tolist()))
        if (numbers < 0).any():
            # -0.00 is a small negative number that was rounded
            texts = [text.lstrip("-") if float(text) == 0 else text for text in texts]
    elif column.dtype == "bool":
        # what is missing is neither, and blank below
        texts = [
            "0" if gone or not v else "1" for v, gone in zip(values.to_list(), missing.tolist(), strict=True)
        ]
    else:
        texts = _safe_texts(values)
    if missing.any():
        texts = ["" if gone else text for text, gone in zip(texts, missing.tolist(), strict=True)]
    return texts


def _safe_texts(values: "pd.Series[object]") -> list[str]:
    """Texts as `names.for_csv` has them: a column holds few that differ, thousands of times."""
    cells = list(map(str, values.to_list()))
    if pd.api.types.is_integer_dtype(values.dtype):
        return cells
    safe = {text: for_csv(text) for text in set(cells)}
    return [safe[text] for text in cells]

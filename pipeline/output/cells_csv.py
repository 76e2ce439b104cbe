"""Write the table of cells as CSV: fixed decimals, the same bytes for the same cells."""

import csv
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.names import csv_encoding, for_csv
from pipeline.records import CELL_COLUMNS, CELL_TABLE, CellColumn

__all__ = ["write_cells"]

ROWS_AT_ONCE = 20_000  # cells formatted in one go: about 20 MB of text objects


def write_cells(path: Path, parts: Iterable[pd.DataFrame], names: Iterable[str] = ()) -> None:
    """One row a cell, fixed decimals, flags as 0 and 1, line feeds: the same cells give the same bytes.

    Parameters
    ----------
    parts : tables of cells, one after the other; one at least.
    names : of the slide and its fields, as they stand in the tables.
    """
    with path.open("w", encoding=csv_encoding(names), newline="") as handle:
        lines = csv.writer(handle, lineterminator="\n")
        lines.writerow(CELL_COLUMNS)
        for rows in _few_at_once(parts):
            lines.writerows(
                zip(*(_column_text(column, rows[column.name]) for column in CELL_TABLE), strict=True)
            )
        handle.flush()
        os.fsync(handle.fileno())


def _few_at_once(parts: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    for cells in parts:
        for start in range(0, max(len(cells), 1), ROWS_AT_ONCE):
            yield cells.iloc[start : start + ROWS_AT_ONCE]


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

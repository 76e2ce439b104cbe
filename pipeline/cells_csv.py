"""Write the table of cells as CSV: fixed decimals, the same bytes for the same cells."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from pipeline.records import CELL_COLUMNS

__all__ = ["write_cells"]

ROWS_AT_ONCE = 20_000  # cells formatted in one go: about 20 MB of text objects
DECIMALS = {
    "x": 1,
    "y": 1,
    "x_min": 1,
    "y_min": 1,
    "x_max": 1,
    "y_max": 1,
    "diameter_um": 3,
    "area_um2": 2,
    "circularity": 3,
    "focus": 3,
    "p_infected": 4,
}
FLAGS = frozenset({"at_border", "overlaps", "infected", "counted"})


def write_cells(path: Path, parts: Iterable[pd.DataFrame]) -> None:
    """One row a cell, fixed decimals, flags as 0 and 1, line feeds: the same cells give the same bytes.

    Parameters
    ----------
    parts : tables of cells, one after the other; one at least.
    """
    with path.open("w", encoding="utf-8", newline="") as handle:
        for number, rows in enumerate(_few_at_once(parts)):
            _as_text(rows).to_csv(handle, header=number == 0, index=False, lineterminator="\n")
        handle.flush()
        os.fsync(handle.fileno())


def _few_at_once(parts: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    for cells in parts:
        for start in range(0, max(len(cells), 1), ROWS_AT_ONCE):
            yield cells.iloc[start : start + ROWS_AT_ONCE]


def _as_text(cells: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {column: _column_text(column, cells[column]) for column in CELL_COLUMNS}, dtype=object
    )


def _column_text(column: str, values: "pd.Series[object]") -> list[str]:
    missing = values.isna().to_list()
    if column in DECIMALS:
        decimals = DECIMALS[column]
        # adding 0.0 turns the -0.0 of a rounded small negative number into 0.0
        return [
            "" if gone else f"{round(float(v), decimals) + 0.0:.{decimals}f}"
            for v, gone in zip(values, missing, strict=True)
        ]
    if column in FLAGS:
        return ["" if gone else str(int(v)) for v, gone in zip(values, missing, strict=True)]
    return ["" if gone else str(v) for v, gone in zip(values, missing, strict=True)]

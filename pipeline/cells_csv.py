"""Write the table of cells as CSV: fixed decimals, the same bytes for the same cells."""

import os
from pathlib import Path

import pandas as pd

from pipeline.records import CELL_COLUMNS

__all__ = ["write_cells"]

ROWS_AT_ONCE = 50_000  # cells formatted in one go: about 50 MB of text objects
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


def write_cells(path: Path, cells: pd.DataFrame) -> None:
    """One row a cell, fixed decimals, flags as 0 and 1, line feeds: the same cells give the same bytes."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        for start in range(0, max(len(cells), 1), ROWS_AT_ONCE):
            rows = cells.iloc[start : start + ROWS_AT_ONCE]
            _as_text(rows).to_csv(handle, header=start == 0, index=False, lineterminator="\n")
        handle.flush()
        os.fsync(handle.fileno())


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

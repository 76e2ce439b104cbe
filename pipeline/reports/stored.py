"""A result read back from its folder: the summary whole, the cells in parts."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.errors import InputError, reason_of
from pipeline.records import CELL_COLUMNS, CELL_TABLE

__all__ = ["StoredResult", "read_stored"]

ROWS_AT_ONCE = 50_000
"""Cells that are held at a time: about 20 MB."""
_KINDS = {"str": "category", "int": "int64", "float": "float64", "bool": "float64"}
_FLAGS = tuple(column.name for column in CELL_TABLE if column.dtype == "bool")
_NUMBERS = tuple(column.name for column in CELL_TABLE if column.dtype in {"float", "bool"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResult:
    """A result folder.

    Attributes
    ----------
    folder : that holds cells.csv, summary.json and run.json.
    summary, run : as they stand in summary.json and run.json, see docs/outputs.md.
    """

    folder: Path
    summary: Mapping[str, Any]
    run: Mapping[str, Any]

    def parts(self) -> Iterator[pd.DataFrame]:
        """Tables of the cells, one after the other, columns CELL_COLUMNS; one at least.

        Words are categories, flags are bool.

        Raises
        ------
        InputError
            Where cells.csv is missing or is none; the row and column of the first fault are named.
        """
        path = self.folder / "cells.csv"
        try:
            reader = pd.read_csv(
                path,
                chunksize=ROWS_AT_ONCE,
                dtype={column.name: _KINDS[column.dtype] for column in CELL_TABLE},
                keep_default_na=False,
                na_values={name: [""] for name in _NUMBERS},
                encoding="utf-8-sig",
            )
            with reader:
                for part in reader:
                    yield _checked(part[list(CELL_COLUMNS)], path)
        except OSError as error:
            raise _unreadable(path, error) from error
        except (KeyError, ValueError) as error:  # pandas tells a parser's error as a ValueError too
            if isinstance(error, InputError):
                raise
            raise InputError(_first_fault(path) or f"{path}: {reason_of(error)}") from error


def read_stored(folder: Path) -> StoredResult:
    """The result in a folder that a count wrote.

    Raises
    ------
    InputError
        Where the folder holds none, or one of its files is damaged.
    """
    if not (folder / "summary.json").is_file():
        raise InputError(
            f"{folder}: holds no summary.json; expected the folder of one slide that `smearcount count` "
            "wrote, such as results/slide; name that one"
        )
    return StoredResult(
        folder=folder, summary=_read_json(folder / "summary.json"), run=_read_json(folder / "run.json")
    )


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unreadable(path, error) from error
    except ValueError as error:
        raise InputError(f"{path}: is no JSON ({error}); count the slide again") from error
    if not isinstance(data, dict):
        raise InputError(f"{path}: holds no object; expected what a count writes; count the slide again")
    return data


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"{path}: cannot be read ({reason_of(error)}); expected a file of a count; count the slide again"
    )


def _checked(part: pd.DataFrame, path: Path) -> pd.DataFrame:
    flags = {name: part[name] == 1 for name in _FLAGS}
    strange = [
        name for name in _FLAGS if not part[name].isin([0.0, 1.0]).where(part[name].notna(), True).all()
    ]
    sides = part[["x", "y", "x_min", "y_min", "x_max", "y_max"]]
    if strange or not (sides.notna() & (sides.abs() < float("inf"))).all(axis=None):
        raise InputError(_first_fault(path) or f"{path}: a cell has no place; count the slide again")
    return part.assign(**flags)


def _first_fault(path: Path) -> str | None:
    """Row, column and text of the first value that is not what its column holds."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
        rows = csv.reader(handle)
        header = next(rows, [])
        missing = [name for name in CELL_COLUMNS if name not in header]
        if missing:
            return f"{path}: has no column {missing[0]}; expected a cells.csv of this version; count again"
        for number, row in enumerate(rows, start=2):
            if len(row) != len(header):
                return f"{path}: row {number} has {len(row)} fields, expected {len(header)}; count again"
            values = dict(zip(header, row, strict=True))
            for column in CELL_TABLE:
                wanted = _wanted(column.name, column.dtype, values[column.name])
                if wanted:
                    return (
                        f"{path}: row {number}, column {column.name}: {values[column.name]!r}, "
                        f"expected {wanted}; mend the row or count the slide again"
                    )
    return None


def _wanted(name: str, kind: str, text: str) -> str | None:
    """What a value should be, where it is not."""
    if kind == "str" or (text == "" and kind in {"float", "bool"} and not name.startswith(("x", "y"))):
        return None
    if kind == "bool":
        return None if text in {"0", "1"} else "0 or 1"
    try:
        good = abs(int(text) if kind == "int" else float(text)) < float("inf")
    except ValueError:
        good = False
    return None if good else "a whole number" if kind == "int" else "a number"

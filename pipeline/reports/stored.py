"""A result read back from its folder: the summary whole, the cells in parts."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pandas as pd

from pipeline.errors import InputError, reason_of
from pipeline.names import CSV_ENCODING, from_csv
from pipeline.records import CELL_COLUMNS, CELL_TABLE, SlideSummary

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
            Where cells.csv is missing, is none or was cut short; the row and column of the first fault are
            named.
        """
        path = self.folder / "cells.csv"
        try:
            reader = pd.read_csv(
                path,
                chunksize=ROWS_AT_ONCE,
                dtype={column.name: _KINDS[column.dtype] for column in CELL_TABLE},
                keep_default_na=False,
                na_values={name: [""] for name in _NUMBERS},
                encoding=CSV_ENCODING,
            )
            read = 0
            with reader:
                for part in reader:
                    read += len(part)
                    yield _checked(part[list(CELL_COLUMNS)], path)
            self._check_whole(read)
        except OSError as error:
            raise _unreadable(path, error) from error
        except (KeyError, ValueError) as error:  # pandas tells a parser's error as a ValueError too
            if isinstance(error, InputError):
                raise
            raise InputError(_first_fault(path) or f"{path}: {reason_of(error)}") from error

    def _check_whole(self, read: int) -> None:
        detected = self.summary["detected"]
        if read != detected:
            raise InputError(
                f"{self.folder / 'cells.csv'}: holds {read} cells, expected the {detected} that summary.json "
                "states; it was cut short or rows were removed: count the slide again"
            )


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
    summary = _read_json(folder / "summary.json")
    fault = _fault(SlideSummary, summary, "")
    if fault:
        raise InputError(
            f"{folder / 'summary.json'}: {fault}; it was cut short, or another version wrote it: "
            "count the slide again"
        )
    return StoredResult(folder=folder, summary=summary, run=_read_json(folder / "run.json"))


def _fault(kind: Any, value: Any, name: str) -> str | None:
    """The first thing in which a value from JSON is not of a record's type; further keys are let be."""
    if is_dataclass(kind) and isinstance(value, dict):
        return _first_fault_of(kind, value, name)
    if get_origin(kind) in (Union, UnionType):
        kinds = [one for one in get_args(kind) if one is not NoneType]
        return None if value is None else _fault(kinds[0], value, name)
    if get_origin(kind) is tuple and isinstance(value, list):
        faults = (_fault(get_args(kind)[0], one, f"{name}[{place}]") for place, one in enumerate(value))
        return next((fault for fault in faults if fault), None)
    if get_origin(kind) is dict and isinstance(value, dict):
        faults = (_fault(get_args(kind)[1], one, f"{name}.{key}") for key, one in value.items())
        return next((fault for fault in faults if fault), None)
    plain = dict if is_dataclass(kind) else get_origin(kind) or kind
    wanted, words = _JSON_TYPES.get(plain, (object, ""))
    good = isinstance(value, wanted) and (kind is bool or not isinstance(value, bool) or wanted is object)
    return None if good else f"`{name}` is {str(value)[:40]!r}, expected {words}"


def _first_fault_of(kind: Any, value: Mapping[str, Any], name: str) -> str | None:
    hints = get_type_hints(kind)
    for field in fields(kind):
        inner = f"{name}.{field.name}" if name else field.name
        if field.name in value:
            fault = _fault(hints[field.name], value[field.name], inner)
        else:
            is_needed = field.default is MISSING and field.default_factory is MISSING
            fault = f"has no `{inner}`" if is_needed else None
        if fault:
            return fault
    return None


_JSON_TYPES: dict[Any, tuple[Any, str]] = {
    str: (str, "text"),
    Literal: (str, "text"),
    int: (int, "a whole number"),
    float: ((int, float), "a number"),
    bool: (bool, "true or false"),
    dict: (dict, "an object"),
    tuple: (list, "a list"),
}
"""What JSON has for a type, and its name for a person; records are objects."""


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
    names = {name: part[name].map(from_csv) for name in ("slide", "field")}
    return part.assign(**flags, **names)


def _first_fault(path: Path) -> str | None:
    """Row, column and text of the first value that is not what its column holds."""
    with path.open(encoding=CSV_ENCODING, errors="replace", newline="") as handle:
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

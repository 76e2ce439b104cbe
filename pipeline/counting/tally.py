"""Counts of a slide's cells, added up over the parts of its table."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.counting.second_look import LogitCounts

__all__ = ["FieldTally", "Tally"]


@dataclass(slots=True, kw_only=True)
class FieldTally:
    """Numbers of one field, or of all: detected == counted + the sum of `excluded`."""

    detected: int = 0
    counted: int = 0
    infected: int = 0
    excluded: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True, kw_only=True)
class Tally:
    """Numbers of a slide.

    Attributes
    ----------
    whole : of the slide. fields : of each field with an object, by its name.
    square_px : side of the squares of each field, level-0 px; a field that is not named is one square.
    squares : infected and counted cells of each square of a field: its name, column and row.
    kinds : objects of each kind. stages : infected cells among the counted, by their stage.
    logits : of the counted cells.
    """

    whole: FieldTally = field(default_factory=FieldTally)
    fields: dict[str, FieldTally] = field(default_factory=dict)
    square_px: Mapping[str, float] = field(default_factory=dict)
    squares: dict[tuple[str, int, int], tuple[int, int]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    logits: LogitCounts = field(default_factory=LogitCounts)

    def add(self, cells: pd.DataFrame) -> None:
        """Add a table of cells, one row an object, columns of records.CELL_COLUMNS.

        Raises
        ------
        ValueError
            Where the table contradicts itself: a cell that is neither counted nor excluded for one reason, or
            a counted object that is no red cell.
        """
        columns = _read(cells)
        _reconcile(columns)
        counted, infected = columns.counted, columns.infected
        _add_squares(self.squares, cells, columns, self.square_px)
        self.kinds.update(columns.kinds.numbers())
        self.stages.update(_coded(cells["stage"]).numbers(infected))
        self.logits.add(cells["p_infected"].to_numpy(np.float64, na_value=np.nan)[counted])
        fields, reasons = columns.fields, columns.reasons
        for code, name in enumerate(fields.names):
            here = fields.codes == code
            excluded = reasons.numbers(here & ~counted)
            for one in (self.whole, self.fields.setdefault(name, FieldTally())):
                one.detected += int(here.sum())
                one.counted += int((here & counted).sum())
                one.infected += int((here & infected).sum())
                one.excluded.update(excluded)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coded:
    """Words of a column: int64 (n,), which of `names` each is, -1 where there is none."""

    codes: NDArray[np.intp]
    names: list[str]

    def numbers(self, chosen: NDArray[np.bool_] | None = None) -> dict[str, int]:
        """How many of the chosen rows hold each word that one of them holds."""
        codes = self.codes if chosen is None else self.codes[chosen]
        numbers = np.bincount(codes[codes >= 0], minlength=len(self.names)).tolist()
        return {name: number for name, number in zip(self.names, numbers, strict=True) if number}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """What is added up of a table; `infected` are those among the counted."""

    counted: NDArray[np.bool_]
    infected: NDArray[np.bool_]
    fields: _Coded
    kinds: _Coded
    reasons: _Coded


def _read(cells: pd.DataFrame) -> _Columns:
    counted = cells["counted"].to_numpy(bool)
    return _Columns(
        counted=counted,
        infected=counted & cells["infected"].fillna(False).to_numpy(bool),
        fields=_coded(cells["field"]),
        kinds=_coded(cells["kind"]),
        reasons=_coded(cells["excluded_because"]),
    )


def _coded(words: "pd.Series[object]") -> _Coded:
    codes, names = pd.factorize(words)
    return _Coded(codes=codes, names=[str(name) for name in names])


def _add_squares(
    squares: dict[tuple[str, int, int], tuple[int, int]],
    cells: pd.DataFrame,
    columns: _Columns,
    square_px: Mapping[str, float],
) -> None:
    counted = np.flatnonzero(columns.counted)
    if not len(counted):
        return
    codes = columns.fields.codes[counted]
    side = np.asarray([square_px.get(name, math.inf) for name in columns.fields.names])[codes]
    column, row = (
        (cells[axis].to_numpy(np.float64)[counted] // side).astype(np.int64) for axis in ("x", "y")
    )
    low = column.min(), row.min()
    wide, high = int(column.max() - low[0]) + 1, int(row.max() - low[1]) + 1
    place = (codes * wide + column - low[0]) * high + row - low[1]
    found, first, which = np.unique(place, return_index=True, return_inverse=True)
    infected = np.bincount(which, columns.infected[counted], len(found)).astype(np.int64)
    numbers = np.bincount(which, minlength=len(found))
    for at, hits, of in zip(first.tolist(), infected.tolist(), numbers.tolist(), strict=True):
        square = columns.fields.names[codes[at]], int(column[at]), int(row[at])
        before = squares.get(square, (0, 0))
        squares[square] = before[0] + hits, before[1] + of


def _reconcile(columns: _Columns) -> None:
    """Check that detected == counted + every reason for exclusion."""
    counted, reasons, kinds = columns.counted, columns.reasons, columns.kinds
    explained = np.asarray([bool(name) for name in reasons.names] + [False])[reasons.codes]
    unexplained = int((counted == explained).sum())
    if unexplained:
        raise ValueError(
            f"{unexplained} of {len(counted)} objects are neither counted nor excluded for one "
            "reason; expected counted cells without a reason and every other with one"
        )
    strangers = sum(number for kind, number in kinds.numbers(counted).items() if kind != "red_cell")
    if strangers:
        raise ValueError(f"{strangers} counted objects are no red cells; expected red cells only")

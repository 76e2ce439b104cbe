"""Counts of a slide's cells, added up over the parts of its table."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

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
        _reconcile(cells)
        counted = cells["counted"].astype(bool)
        infected = counted & cells["infected"].fillna(False).astype(bool)
        _add_squares(self.squares, cells[counted], infected[counted], self.square_px)
        self.kinds.update(cells["kind"].astype(str).value_counts().to_dict())
        self.stages.update(cells.loc[infected, "stage"].astype(str).value_counts().to_dict())
        self.logits.add(cells.loc[counted, "p_infected"].to_numpy(np.float64))
        reasons = cells["excluded_because"].where(~counted).astype(object)
        facts = pd.DataFrame(
            {"field": cells["field"].astype(str), "counted": counted, "infected": infected, "reason": reasons}
        )
        for name, rows in facts.groupby("field", sort=False, observed=True):
            for one in (self.whole, self.fields.setdefault(str(name), FieldTally())):
                one.detected += len(rows)
                one.counted += int(rows["counted"].sum())
                one.infected += int(rows["infected"].sum())
                one.excluded.update(rows["reason"].dropna().astype(str).value_counts().to_dict())


def _add_squares(
    squares: dict[tuple[str, int, int], tuple[int, int]],
    counted: pd.DataFrame,
    infected: pd.Series,
    square_px: Mapping[str, float],
) -> None:
    names = counted["field"].astype(str)
    side = names.map(lambda name: square_px.get(name, math.inf)).astype(float)
    places = pd.DataFrame(
        {"field": names, "column": counted["x"] // side, "row": counted["y"] // side, "infected": infected}
    )
    for (name, column, row), found in places.groupby(["field", "column", "row"], sort=False)["infected"]:
        before = squares.get((str(name), int(column), int(row)), (0, 0))
        squares[str(name), int(column), int(row)] = before[0] + int(found.sum()), before[1] + len(found)


def _reconcile(cells: pd.DataFrame) -> None:
    """Check that detected == counted + every reason for exclusion."""
    counted = cells["counted"].astype(bool)
    reasons = cells["excluded_because"].fillna("").astype(str)
    unexplained = int((counted == (reasons != "")).sum())
    if unexplained:
        raise ValueError(
            f"{unexplained} of {len(cells)} objects are neither counted nor excluded for one "
            "reason; expected counted cells without a reason and every other with one"
        )
    strangers = int((cells.loc[counted, "kind"] != "red_cell").sum())
    if strangers:
        raise ValueError(f"{strangers} counted objects are no red cells; expected red cells only")

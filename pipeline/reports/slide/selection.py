"""Which cells a report shows, chosen in one pass over the table: infected, borderline and clean ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.cell_columns import CELL_TABLE
from pipeline.counting.debris import place_keys

__all__ = [
    "BORDERLINE_WITHIN",
    "SIZE_BINS_UM",
    "SIZE_FINE_UM",
    "CellChoice",
    "Selection",
    "select_cells",
]

INFECTED_SHOWN, BORDERLINE_SHOWN, CLEAN_SHOWN = 40, 20, 20
"""Cells whose pictures are shown: with the rest of the report four pages of A4 hold them."""
PLACES_SHOWN = 1500
"""Infected cells marked on the map of the slide, at most: 60 kB."""
BORDERLINE_WITHIN = 0.25
"""A cell is borderline where its probability lies so near to the threshold."""
LOOKED_AT_FROM = 0.04
"""No person is asked to look at a cell of a lower probability, see `counting.second_look.DOUBTFUL_P`."""
SIZE_FINE_UM = 0.05
SIZE_BINS_UM = (3.0, 14.0)
"""Diameters that are counted red cells, see `pipeline.counting.rules`."""
_PLACE_DECIMALS = 10  # cells.csv holds places to 0.1 px
_DECIMALS = {column.name: column.decimals for column in CELL_TABLE}
_SHOWN = (
    *("cell", "field", "x", "y", "x_min", "y_min", "x_max", "y_max"),
    *("diameter_um", "p_infected", "infected", "stage"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a report shows of the cells.

    Attributes
    ----------
    infected : the most probable infected cells, highest first. borderline : those nearest to the threshold
        that are not among them. clean : a sample of the uninfected ones, drawn by a hash of their places.
    infected_number, borderline_number, clean_number : how many there are of each.
    places : field, x and y of infected cells, level-0 px; drawn by the same hash where they are too many.
    sizes : int64, counted red cells by diameter, in bins of `SIZE_FINE_UM` over `SIZE_BINS_UM`.
    threshold : from which a cell is called infected.
    """

    infected: pd.DataFrame
    borderline: pd.DataFrame
    clean: pd.DataFrame
    infected_number: int
    borderline_number: int
    clean_number: int
    places: pd.DataFrame
    sizes: NDArray[np.int64]
    threshold: float

    @property
    def shown(self) -> pd.DataFrame:
        """All cells whose pictures are shown."""
        return pd.concat([self.infected, self.borderline, self.clean], ignore_index=True)


class CellChoice:
    """Chooses the cells of a report while the parts of the table go by, before the verdict is known.

    Parameters
    ----------
    fields : names of the slide's fields, in its order.
    threshold : from which a cell is called infected, 0 to 1.
    """

    def __init__(self, fields: Sequence[str], threshold: float) -> None:
        self._indices = {name: index for index, name in enumerate(fields)}
        self._threshold = threshold
        self._kept: dict[str, list[_Columns]] = {name: [] for name in _GROUPS}
        self._numbers = dict.fromkeys(_GROUPS, 0)
        self._high: list[NDArray[np.float64]] = []
        self._sizes = np.zeros(_bins(), np.int64)

    def add(self, cells: pd.DataFrame) -> None:
        """Take a table of cells, columns of records.CELL_COLUMNS."""
        counted = np.flatnonzero(cells["counted"].to_numpy(bool))
        self._sizes += _sizes(cells["diameter_um"].to_numpy(float)[counted])
        p_infected = cells["p_infected"].to_numpy(float)[counted]
        ranks = {
            "by_p": -p_infected,
            "by_away": np.abs(p_infected - self._threshold),
            "by_key": _keys(cells, counted, self._indices),
            "by_height": np.abs(p_infected - 1.0),
        }
        self._high.append(ranks["by_height"][p_infected >= LOOKED_AT_FROM])
        called = cells["infected"].to_numpy(bool)[counted]
        members = {
            "infected": called,
            "borderline": ranks["by_away"] <= BORDERLINE_WITHIN,
            "highest": np.ones(len(counted), bool),
            "clean": ~called,
            "places": called,
        }
        best = {name: _first(ranks[rank], members[name], most) for name, (rank, most) in _GROUPS.items()}
        some = np.unique(np.concatenate(list(best.values())))
        columns = _rows(cells, counted[some]) | {name: rank[some] for name, rank in ranks.items()}
        for name, places in best.items():
            self._numbers[name] += int(members[name].sum())
            at = np.searchsorted(some, places)
            self._kept[name].append(_chosen(columns, at))

    def selection(self, look_from: float | None) -> Selection:
        """What was chosen.

        Parameters
        ----------
        look_from : where a person must look at all cells of this probability or more, at least
            `LOOKED_AT_FROM`, they are the borderline ones, highest first; None takes those nearest to the
            threshold.
        """
        merged = {name: _merged(held, name) for name, held in self._kept.items()}
        near, near_number = merged["borderline"], self._numbers["borderline"]
        if look_from is not None:
            near = _chosen(merged["highest"], merged["highest"]["by_height"] <= 1.0 - look_from)
            near_number = sum(int((high <= 1.0 - look_from).sum()) for high in self._high)
        infected = merged["infected"]
        borderline = _first_without(near, infected, BORDERLINE_SHOWN)
        clean = _first_without(merged["clean"], borderline, CLEAN_SHOWN)
        return Selection(
            infected=_table(infected, _SHOWN),
            borderline=_table(borderline, _SHOWN),
            clean=_table(clean, _SHOWN),
            infected_number=self._numbers["infected"],
            borderline_number=near_number,
            clean_number=self._numbers["clean"],
            places=_table(merged["places"], ("field", "x", "y")),
            sizes=self._sizes,
            threshold=self._threshold,
        )


def select_cells(
    parts: Iterable[pd.DataFrame], fields: Sequence[str], threshold: float, look_from: float | None = None
) -> Selection:
    """Choose the cells of a report; the same cells give the same choice. See `CellChoice`.

    Parameters
    ----------
    parts : tables of cells, columns of records.CELL_COLUMNS.
    """
    choice = CellChoice(fields, threshold)
    for cells in parts:
        choice.add(cells)
    return choice.selection(look_from)


_Columns = dict[str, NDArray[Any]]

_GROUPS = {
    "infected": ("by_p", INFECTED_SHOWN),
    # those that the gallery of infected cells shows are taken out afterwards
    "borderline": ("by_away", BORDERLINE_SHOWN + INFECTED_SHOWN),
    "highest": ("by_height", BORDERLINE_SHOWN + INFECTED_SHOWN),
    "clean": ("by_key", CLEAN_SHOWN + BORDERLINE_SHOWN),
    "places": ("by_key", PLACES_SHOWN),
}
"""What a group is ordered by, ascending, and how many of it are kept; ties by the number of the cell."""


def _keys(cells: pd.DataFrame, counted: NDArray[np.intp], indices: Mapping[str, int]) -> NDArray[np.uint64]:
    """A hash of the place of each counted cell, whatever it shows, uint64 (n,)."""
    keys = np.zeros(len(counted), np.uint64)
    codes, names = pd.factorize(cells["field"])
    places = np.rint(cells[["x", "y"]].to_numpy(float)[counted] * _PLACE_DECIMALS)
    for code, name in enumerate(names):
        here = codes[counted] == code
        keys[here] = place_keys(indices[str(name)], places[here])
    return keys


def _first(rank: NDArray[Any], members: NDArray[np.bool_], number: int) -> NDArray[np.intp]:
    """Places of the members that rank lowest, in their order."""
    places = np.flatnonzero(members)
    return places[np.argsort(rank[places], kind="stable")[:number]]


def _rows(cells: pd.DataFrame, rows: NDArray[np.intp]) -> _Columns:
    return {name: _as_stored(name, cells[name].iloc[rows].to_numpy()) for name in _SHOWN}


def _as_stored(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Values as cells.csv has them, so that a report made from it later says the same."""
    decimals = _DECIMALS.get(name)
    return values if decimals is None else np.round(values.astype(float), decimals)


def _merged(parts: list[_Columns], name: str) -> _Columns:
    """The first of a group, from the first of each part."""
    rank, most = _GROUPS[name]
    columns = {column: np.concatenate([part[column] for part in parts]) for column in parts[0]}
    return _chosen(columns, np.lexsort((columns["cell"], columns[rank]))[:most])


def _first_without(cells: _Columns, others: _Columns, number: int) -> _Columns:
    return _chosen(cells, np.flatnonzero(~np.isin(cells["cell"], others["cell"]))[:number])


def _chosen(columns: _Columns, which: NDArray[np.bool_] | NDArray[np.intp]) -> _Columns:
    return {name: values[which] for name, values in columns.items()}


def _table(columns: _Columns, names: Sequence[str]) -> pd.DataFrame:
    """Some columns as a table; words stay objects, which a report reads once."""
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype=object) if values.dtype == object else values
            for name, values in columns.items()
            if name in names
        }
    )


def _bins() -> int:
    low, high = SIZE_BINS_UM
    return round((high - low) / SIZE_FINE_UM)


def _sizes(diameters_um: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.histogram(diameters_um, bins=_bins(), range=SIZE_BINS_UM)[0].astype(np.int64)

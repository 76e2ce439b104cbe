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
    "Selection",
    "select_cells",
]

INFECTED_SHOWN, BORDERLINE_SHOWN, CLEAN_SHOWN = 40, 20, 20
"""Cells whose pictures are shown: with the rest of the report four pages of A4 hold them."""
PLACES_SHOWN = 1500
"""Infected cells marked on the map of the slide, at most: 60 kB."""
BORDERLINE_WITHIN = 0.25
"""A cell is borderline where its probability lies so near to the threshold."""
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


def select_cells(
    parts: Iterable[pd.DataFrame], fields: Sequence[str], threshold: float, look_from: float | None = None
) -> Selection:
    """Choose the cells of a report; the same cells give the same choice.

    Parameters
    ----------
    parts : tables of cells, columns of records.CELL_COLUMNS.
    fields : names of the slide's fields, in its order.
    threshold : from which a cell is called infected, 0 to 1.
    look_from : where a person must look at all cells of this probability or more, they are the borderline
        ones, highest first; None takes those nearest to the threshold.
    """
    indices = {name: index for index, name in enumerate(fields)}
    kept: dict[str, list[pd.DataFrame]] = {"infected": [], "borderline": [], "clean": [], "places": []}
    numbers = dict.fromkeys(kept, 0)
    sizes = np.zeros(_bins(), np.int64)
    for cells in parts:
        counted = np.flatnonzero(cells["counted"].to_numpy(bool))
        sizes += _sizes(cells["diameter_um"].to_numpy(float)[counted])
        p_infected = cells["p_infected"].to_numpy(float)[counted]
        ranks = {
            "p": -p_infected,
            "away": np.abs(p_infected - (threshold if look_from is None else 1.0)),
            "key": _keys(cells, counted, indices),
        }
        called = cells["infected"].to_numpy(bool)[counted]
        near = ranks["away"] <= (BORDERLINE_WITHIN if look_from is None else 1.0 - look_from)
        groups = {"infected": called, "borderline": near, "clean": ~called, "places": called}
        for name, members in groups.items():
            numbers[name] += int(members.sum())
            best = _first(ranks[_ORDER[name][0]], members, _ORDER[name][1])
            kept[name].append(_rows(cells, counted[best], {key: rank[best] for key, rank in ranks.items()}))
    tables = {name: _merged(held, name) for name, held in kept.items()}
    infected = tables["infected"].iloc[:INFECTED_SHOWN]
    borderline = _without(tables["borderline"], infected).iloc[:BORDERLINE_SHOWN]
    clean = _without(tables["clean"], borderline).iloc[:CLEAN_SHOWN]
    return Selection(
        infected=infected,
        borderline=borderline,
        clean=clean,
        infected_number=numbers["infected"],
        borderline_number=numbers["borderline"],
        clean_number=numbers["clean"],
        places=tables["places"][["field", "x", "y"]],
        sizes=sizes,
        threshold=threshold,
    )


_ORDER = {
    "infected": ("p", INFECTED_SHOWN),
    # those that the gallery of infected cells shows are taken out afterwards
    "borderline": ("away", BORDERLINE_SHOWN + INFECTED_SHOWN),
    "clean": ("key", CLEAN_SHOWN + BORDERLINE_SHOWN),
    "places": ("key", PLACES_SHOWN),
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


def _rows(cells: pd.DataFrame, rows: NDArray[np.intp], ranks: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
    chosen = {name: _as_stored(name, cells[name].iloc[rows].to_numpy()) for name in _SHOWN}
    return pd.DataFrame(chosen | {f"by_{name}": rank for name, rank in ranks.items()})


def _as_stored(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Values as cells.csv has them, so that a report made from it later says the same."""
    decimals = _DECIMALS.get(name)
    return values if decimals is None else np.round(values.astype(float), decimals)


def _merged(tables: list[pd.DataFrame], name: str) -> pd.DataFrame:
    """The first of a group, from the first of each part."""
    by, number = _ORDER[name]
    filled = [table for table in tables if len(table)] or tables[:1]
    if len(filled) > 1:
        filled = [pd.concat(filled, ignore_index=True)]
    return filled[0].sort_values([f"by_{by}", "cell"], kind="stable", ignore_index=True).head(number)


def _without(cells: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    return cells[~cells["cell"].isin(others["cell"])]


def _bins() -> int:
    low, high = SIZE_BINS_UM
    return round((high - low) / SIZE_FINE_UM)


def _sizes(diameters_um: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.histogram(diameters_um, bins=_bins(), range=SIZE_BINS_UM)[0].astype(np.int64)

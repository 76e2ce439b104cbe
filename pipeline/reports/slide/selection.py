"""Which cells a report shows, chosen in one pass over the table: infected, borderline and clean ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
    numbers = dict.fromkeys(("infected", "borderline", "clean"), 0)
    sizes = np.zeros(_bins(), np.int64)
    for cells in parts:
        counted = cells[cells["counted"].astype(bool)]
        sizes += _sizes(counted["diameter_um"].to_numpy(float))
        ranked = _ranked(counted, indices, threshold if look_from is None else 1.0)
        called = ranked["infected"].astype(bool)
        near = ranked["away"] <= (BORDERLINE_WITHIN if look_from is None else 1.0 - look_from)
        groups = {"infected": ranked[called], "borderline": ranked[near], "clean": ranked[~called]}
        for name, rows in groups.items():
            numbers[name] += len(rows)
            kept[name] = [_first([*kept[name], rows], name)]
        kept["places"] = [_first([*kept["places"], ranked[called]], "places")]
    tables = {name: _joined(held) for name, held in kept.items()}
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
    "infected": (["p_infected", "cell"], [False, True], INFECTED_SHOWN),
    # those that the gallery of infected cells shows are taken out afterwards
    "borderline": (["away", "cell"], [True, True], BORDERLINE_SHOWN + INFECTED_SHOWN),
    "clean": (["key", "cell"], [True, True], CLEAN_SHOWN + BORDERLINE_SHOWN),
    "places": (["key", "cell"], [True, True], PLACES_SHOWN),
}
"""Columns that a group is ordered by, whether ascending, and how many are kept."""


def _ranked(counted: pd.DataFrame, indices: Mapping[str, int], middle: float) -> pd.DataFrame:
    """The counted cells with what they are ordered by: `away` from a probability, and a `key`."""
    keys = np.zeros(len(counted), np.uint64)
    names = counted["field"].astype(object).to_numpy()
    places = np.rint(counted[["x", "y"]].to_numpy(float) * _PLACE_DECIMALS)
    for name in dict.fromkeys(names.tolist()):
        here = names == name
        keys[here] = place_keys(indices[name], places[here])
    away = (counted["p_infected"].astype(float) - middle).abs()
    return counted[list(_SHOWN)].assign(field=names, away=away, key=keys)


def _first(tables: list[pd.DataFrame], name: str) -> pd.DataFrame:
    by, ascending, number = _ORDER[name]
    return _joined(tables).sort_values(by, ascending=ascending, kind="stable").head(number)


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)] or tables[:1]
    return pd.concat(filled, ignore_index=True)


def _without(cells: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    return cells[~cells["cell"].isin(others["cell"])]


def _bins() -> int:
    low, high = SIZE_BINS_UM
    return round((high - low) / SIZE_FINE_UM)


def _sizes(diameters_um: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.histogram(diameters_um, bins=_bins(), range=SIZE_BINS_UM)[0].astype(np.int64)

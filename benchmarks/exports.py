"""The group `exports`: a million cells as CSV, Parquet and GeoJSON.

Run as `python -m benchmarks.exports FOLDER CELLS`: it writes the result of a count that found so many cells
and prints the seconds that this took as JSON.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring.fresh import Cost, cost_of, module, smearcount
from benchmarks.measuring.records import Group, Measure, Room

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SlideOfCells", "measured", "write_a_result"]

CELLS = 1_000_000
WALL_GOAL_S, PEAK_GOAL_MB = 60.0, 600.0
PART = 20_000
"""Cells of a part, as `pipeline.counting.parts` makes them."""
ACROSS, APART_PX = 200, 110
"""Cells side by side in a row, and level-0 px from one to the next."""


def measured(room: Room) -> Group:
    """Time and memory of each form, each in a fresh process with its start; together against the goal."""
    count = cost_of(module("exports", str(room.folder), str(CELLS)), 1, warm_up=False)
    result = room.folder / "film"
    costs: dict[str, Cost | None] = {"cells.csv, with the count's summary": count}
    for form in ("parquet", "geojson"):
        try:
            out = str(room.folder / form)
            costs[form] = cost_of(
                smearcount("export", str(result), "--to", form, "-o", out), 1, warm_up=False
            )
        except RuntimeError:  # pyarrow is an extra
            costs[form] = None
    known = [cost for cost in costs.values() if cost is not None]
    whole = len(known) == len(costs)
    note = f"{CELLS:,} cells, a fresh process for each form"
    return Group(
        measures=(
            *(
                Measure(name=f"{name}, CPU", value=None if cost is None else cost.cpu_s, unit="s")
                for name, cost in costs.items()
            ),
            Measure(name="  together, CPU", value=sum(cost.cpu_s for cost in known), unit="s"),
            Measure(
                name="  together, wall",
                value=sum(cost.wall_s for cost in known) if whole else None,
                unit="s",
                goal=WALL_GOAL_S,
                note=note,
            ),
            Measure(
                name="  most memory of the three",
                value=max(cost.peak_mb for cost in known),
                unit="MB",
                goal=PEAK_GOAL_MB,
            ),
        ),
        notes=() if whole else ("Parquet needs the extra `parquet`; what it takes is left out.",),
    )


class SlideOfCells:
    """Tables of cells as a count gives them, part by part; can be gone through again and again."""

    def __init__(self, cells: int) -> None:
        self._cells = cells
        self._first = _part(min(cells, PART))

    def __iter__(self) -> Iterator["pd.DataFrame"]:
        """Each part lies below the one before."""
        for start in range(0, self._cells, PART):
            part = self._first.head(self._cells - start)
            down = start // ACROSS * APART_PX
            moved = {name: part[name] + down for name in ("y", "y_min", "y_max")}
            yield part.assign(cell=part["cell"] + start, **moved)


def write_a_result(out: Path, cells: int) -> float:
    """Write a slide `film` of so many cells as a count does; seconds that it took."""
    from pipeline.counting.result import CountResult
    from pipeline.counting.summary import FieldFacts, SlideFacts, summarise
    from pipeline.output.folder import write_result

    slide = SlideOfCells(cells)
    width, height = (ACROSS + 1) * APART_PX, (cells // ACROSS + 2) * APART_PX
    facts = SlideFacts(
        slide="film",
        source="film.tif",
        fields=(FieldFacts(name="film", width=width, height=height, um_per_px=0.1),),
        um_per_px=0.1,
        scale_source="given",
        false_positive_rate=0.002,
        detector="detector",
        classifier="classifier",
    )
    began = time.perf_counter()
    write_result(CountResult(summary=summarise(slide, facts), parts=slide, run={}), out)
    return time.perf_counter() - began


def _part(cells: int) -> "pd.DataFrame":
    """Red cells in rows, one of fifty infected, a few of the others."""
    import numpy as np
    import pandas as pd

    from pipeline.records import CELL_COLUMNS

    random = np.random.default_rng(17)
    number = np.arange(cells)
    middle = np.stack([number % ACROSS, number // ACROSS], 1) * APART_PX + random.uniform(60, 100, (cells, 2))
    half = random.uniform(30, 42, (cells, 2))
    kind = random.choice(["red_cell", "white_cell", "platelet"], cells, p=[0.99, 0.002, 0.008])
    is_red, is_cut = kind == "red_cell", number % ACROSS == 0
    p_infected = np.where(is_red, random.beta(0.2, 4, cells), np.nan)
    infected = is_red & (p_infected > 0.39)
    diameter = half.sum(1) / 10
    columns = {
        "slide": "film", "field": "film", "cell": number + 1, "x": middle[:, 0], "y": middle[:, 1],
        "x_min": middle[:, 0] - half[:, 0], "y_min": middle[:, 1] - half[:, 1],
        "x_max": middle[:, 0] + half[:, 0], "y_max": middle[:, 1] + half[:, 1],
        "diameter_um": diameter, "area_um2": np.pi / 4 * diameter**2,
        "circularity": random.uniform(0.8, 1, cells), "at_border": is_cut, "overlaps": number % 7 == 0,
        "focus": random.uniform(0, 1, cells), "kind": kind, "p_infected": p_infected, "infected": infected,
        "stage": np.where(infected, "ring", ""), "counted": is_red & ~is_cut,
        "excluded_because": np.where(~is_red, kind, np.where(is_cut, "at_border", "")),
        "reviewed_as": "", "model": "classifier",
    }  # fmt: skip
    return pd.DataFrame(columns)[list(CELL_COLUMNS)]


if __name__ == "__main__":
    print(json.dumps(write_a_result(Path(sys.argv[1]), int(sys.argv[2]))))

"""Cells of tiles as a table, with the counting rules applied."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.manifest import Manifest
from pipeline.counting.tile import TileCells, no_cells
from pipeline.planning.field import FieldPlan
from pipeline.records import CELL_COLUMNS
from segmentation.detections import Kind

__all__ = ["FEATURE_COLUMNS", "cell_table", "decided"]

SMALLEST_RED_CELL_UM, LARGEST_RED_CELL_UM = 3.0, 14.0
"""Diameters of a red cell, from a microspherocyte to one stretched by a gametocyte; else an artefact."""
FEATURE_COLUMNS = ("field_index", "kind_number", "score", "red", "green", "blue")
"""What quality control needs of an object beside `CELL_COLUMNS`: its field and kind as numbers, the
detector's score, and the mean colour of its middle, 0 to 255."""
BORDER_DETECTOR_PX = 0.75
"""A box that comes this near to the border of the picture, detector px, is cut by it."""


def cell_table(
    slide: str,
    plans: Sequence[FieldPlan],
    found: Sequence[TileCells],
    classifier: Manifest,
    first_cell: int = 1,
) -> pd.DataFrame:
    """One row an object, `CELL_COLUMNS` and `FEATURE_COLUMNS`, by field, then y, then x, in whatever tiles.

    Parameters
    ----------
    classifier : its threshold, stages and name.
    first_cell : number of the first row within the slide.
    """
    by_index = {plan.index: plan for plan in plans}
    tiles = found or [no_cells(plans[0].index)]
    columns = _in_order(_joined([_columns(by_index[cells.field], cells, classifier) for cells in tiles]))
    names = {plan.index: plan.name for plan in plans}
    table = pd.DataFrame(
        {
            **columns,
            "slide": slide,
            # As objects: a name may hold bytes that are no text.
            "field": pd.Series([names[index] for index in columns["field_index"].tolist()], dtype=object),
            "cell": np.arange(first_cell, first_cell + len(columns["x"])),
            "reviewed_as": "",
            "model": classifier.name,
        }
    )
    return table[[*CELL_COLUMNS, *FEATURE_COLUMNS]]


def decided(
    plan: FieldPlan, cells: TileCells, classifier: Manifest
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Which objects of a tile are red cells of a plausible size, which are infected, which at the border."""
    diameters_um = cells.measured[:, 1]
    plausible = (diameters_um >= SMALLEST_RED_CELL_UM) & (diameters_um <= LARGEST_RED_CELL_UM)
    red = (cells.kinds == Kind.RED_CELL) & plausible
    infected = red & (cells.p_infected.astype(np.float64) >= classifier.threshold)
    return red, infected, _at_border(plan, cells.boxes)


_KIND_NAMES = np.asarray([kind.name.lower() for kind in sorted(Kind)], object)
_ORDER = ("field_index", "y", "x", "kind_number", "x_min", "y_min", "x_max", "y_max")

_Columns = dict[str, NDArray[Any]]


def _columns(plan: FieldPlan, cells: TileCells, classifier: Manifest) -> _Columns:
    """What the table holds of the objects of a tile, in their order."""
    red, infected, at_border = decided(plan, cells, classifier)
    x_min, y_min, x_max, y_max = cells.boxes.T
    area, diameter, circularity, focus = cells.measured.T
    kind = np.where((cells.kinds == Kind.RED_CELL) & ~red, "artefact", _KIND_NAMES[cells.kinds])
    # The last name is what -1 points to.
    stage_names = np.asarray([*(classifier.stages.names if classifier.stages else ()), "unknown"], object)
    channels = dict(zip(("red", "green", "blue"), cells.colours.objects.T, strict=True))
    return channels | {
        "field_index": np.full(len(kind), plan.index),
        "x": (x_min + x_max) / 2,
        "y": (y_min + y_max) / 2,
        "x_min": x_min,
        "y_min": y_min,
        "x_max": x_max,
        "y_max": y_max,
        "area_um2": area,
        "diameter_um": diameter,
        "circularity": circularity,
        "focus": focus,
        "overlaps": cells.overlaps,
        "at_border": at_border,
        "kind": kind,
        "kind_number": cells.kinds,
        "score": cells.scores,
        "p_infected": np.where(red, cells.p_infected.astype(np.float64), np.nan),
        "infected": infected,
        "stage": np.where(infected, stage_names[cells.stages], ""),
        "counted": red & ~at_border,
        "excluded_because": np.where(~red, kind, np.where(at_border, "at_border", "")),
    }


def _joined(tiles: Sequence[_Columns]) -> _Columns:
    """The objects of several tiles, one after the other."""
    return {name: np.concatenate([tile[name] for tile in tiles]) for name in tiles[0]}


def _in_order(columns: _Columns) -> _Columns:
    """The objects in an order that does not depend on the tiles."""
    order = np.lexsort([columns[name] for name in reversed(_ORDER)])
    return {name: values[order] for name, values in columns.items()}


def _at_border(plan: FieldPlan, boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Cut by the border of the picture, the edge of the bright view or what is drawn over it."""
    near = BORDER_DETECTOR_PX * plan.step
    size = np.asarray((plan.width, plan.height))
    cut = ((boxes[:, :2] < near) | (boxes[:, 2:] > size - near)).any(axis=1)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)) / 2
    for edge in (plan.light.view, plan.light.drawn):
        if edge is not None:
            distance = edge.distance_at(centre[:, 0].astype(np.float32), centre[:, 1].astype(np.float32))
            cut |= distance < half + near
    return np.asarray(cut, bool)

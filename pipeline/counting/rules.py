"""Cells of tiles as a table, with the counting rules applied."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.manifest import Manifest
from pipeline.counting.tile import TileCells
from pipeline.planning.field import FieldPlan
from pipeline.records import CELL_COLUMNS
from segmentation.detections import Kind

__all__ = ["FEATURE_COLUMNS", "cell_table"]

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
    parts = [_rows(by_index[cells.field], cells) for cells in found]
    empty = pd.DataFrame({name: pd.Series(dtype="float64") for name in (*_NUMBERS, *FEATURE_COLUMNS)})
    table = pd.concat(parts or [empty], ignore_index=True)
    order = ["field_index", "y", "x", "kind_number", "x_min", "y_min", "x_max", "y_max"]
    table = table.sort_values(order, kind="stable", ignore_index=True)
    names = {plan.index: plan.name for plan in plans}
    red_shape = table["diameter_um"].between(SMALLEST_RED_CELL_UM, LARGEST_RED_CELL_UM)
    kind = pd.Series(_KIND_NAMES[table["kind_number"].to_numpy(np.int64)], index=table.index)
    kind = kind.mask((kind == "red_cell") & ~red_shape, "artefact")
    at_border = table["at_border"].astype(bool)
    red = kind == "red_cell"
    # The last one is what -1 points to.
    stage_names = np.asarray([*(classifier.stages.names if classifier.stages else ()), "unknown"], object)
    infected = red & (table["p_infected"] >= classifier.threshold)
    table = table.assign(
        slide=slide,
        field=table["field_index"].map(names).astype(object),
        cell=np.arange(first_cell, first_cell + len(table)),
        kind=kind,
        overlaps=table["overlaps"].astype(bool),
        at_border=at_border,
        p_infected=table["p_infected"].where(red),
        infected=infected,
        stage=np.where(infected, stage_names[table["stage_number"].to_numpy(np.int64)], ""),
        counted=red & ~at_border,
        excluded_because=np.where(~red, kind, np.where(at_border, "at_border", "")),
        reviewed_as="",
        model=classifier.name,
    )
    return table[[*CELL_COLUMNS, *FEATURE_COLUMNS]]


_KIND_NAMES = np.asarray([kind.name.lower() for kind in sorted(Kind)], object)
_NUMBERS = (
    *("x", "y", "x_min", "y_min", "x_max", "y_max"),
    *("area_um2", "diameter_um", "circularity", "focus", "overlaps"),
    *("p_infected", "stage_number", "at_border"),
)


def _rows(plan: FieldPlan, cells: TileCells) -> pd.DataFrame:
    x_min, y_min, x_max, y_max = cells.boxes.T
    area, diameter, circularity, focus = cells.measured.T
    red, green, blue = cells.colours.objects.T
    return pd.DataFrame(
        {
            "field_index": plan.index,
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
            "p_infected": cells.p_infected.astype(np.float64),
            "stage_number": cells.stages,
            "kind_number": cells.kinds,
            "score": cells.scores,
            "red": red,
            "green": green,
            "blue": blue,
            "at_border": _at_border(plan, cells.boxes),
        }
    )


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

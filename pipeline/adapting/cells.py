"""Cuts labelled cells from their slides again, as the count cut them, and asks for their features."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.crops import object_crops
from classifier.last_layer import LabelledCells, as_seen
from classifier.stain import even_stain
from pipeline.counting.tile import FAINTEST_PEAK
from pipeline.counting.tiling import tile_at
from pipeline.errors import InputError
from pipeline.networks import Classifier, Detector
from pipeline.planning.field import FieldPlan, field_light, plan_field, read_window
from pipeline.planning.probes import closer_light
from pipeline.provenance import describe_input
from pipeline.reader.field import Field
from pipeline.reader.slide import open_slide
from pipeline.reports.stored import StoredResult, read_stored
from pipeline.tables.labels import CellLabel
from segmentation.segment import segment

__all__ = ["SiteCells", "labelled_cells"]

TILE_PX = 64
"""Side of the tile a cell is cut in anew, detector px: a count gives the same for any."""
SAME_CELL = 0.1
"""A cell found anew is the one that was counted where its centre is nearer than this share of its width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCells:
    """Labelled cells, and the group of each.

    Attributes
    ----------
    slides, fields : str (n,), names of the slide and of the field of each.
    lost : labelled cells that were not found again.
    """

    cells: LabelledCells
    slides: NDArray[np.str_]
    fields: NDArray[np.str_]
    lost: int


def labelled_cells(labels: Sequence[CellLabel], networks: tuple[Detector, Classifier]) -> SiteCells:
    """Features and logits of the labelled cells.

    Raises
    ------
    InputError
        Where a slide has changed or gone since it was counted, or a row names a cell that was not counted.
    ModelError
        Where the classifier gives no features.
    """
    detector, classifier = networks
    crops: list[NDArray[np.uint8]] = []
    rows: list[tuple[bool, str, str]] = []
    for folder in dict.fromkeys(label.folder for label in labels):
        own = [label for label in labels if label.folder == folder]
        result = read_stored(folder)
        table = _table(result, own)
        with open_slide(_source(result)) as slide:
            for number, field in enumerate(slide.fields):
                for cell in table[table["field"] == field.name].to_dict("records"):
                    found = _crop(field, _plan(number, field, result.summary), cell, detector)
                    if found is not None:
                        crops.append(found)
                        rows.append((bool(cell["truth"]), folder.name, field.name))
    if not crops:
        raise InputError(f"none of the {len(labels)} labelled cells was found again; count the slides anew")
    infected, slides, fields = zip(*rows, strict=True)
    cells = as_seen(np.stack(crops), np.asarray(infected, bool), classifier.network)
    return SiteCells(
        cells=cells, slides=np.asarray(slides), fields=np.asarray(fields), lost=len(labels) - len(crops)
    )


def _source(result: StoredResult) -> Path:
    """The slide of a result, the same as when it was counted."""
    try:
        described = result.run["input"]
        source, files = Path(described["path"]), described["files"]
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{result.folder / 'run.json'}: does not tell which slide was counted; count it again"
        ) from error
    if describe_input(source)["files"] != files:
        raise InputError(f"{source}: was changed since {result.folder} was counted; count it again")
    return source


def _table(result: StoredResult, labels: Sequence[CellLabel]) -> pd.DataFrame:
    """The rows of cells.csv that are labelled, and in the column `truth` whether they are infected."""
    wanted = {label.cell: label for label in labels}
    parts = [part[part["cell"].isin(wanted)] for part in result.parts()]
    table = pd.concat(parts, ignore_index=True)
    red = set(table.loc[table["p_infected"].notna(), "cell"].tolist())
    for number, label in wanted.items():
        if number not in red:
            raise InputError(
                f"{label.place}, column cell: {number} is no red cell in "
                f"{result.folder / 'cells.csv'}; mend the row"
            )
    return table.assign(field=table["field"].astype(str), truth=[wanted[n].infected for n in table["cell"]])


def _plan(number: int, field: Field, summary: Mapping[str, Any]) -> FieldPlan:
    counted = next((each for each in summary["fields"] if each["name"] == field.name), None)
    if counted is None or "cell_absorbance" not in counted:
        raise InputError(
            f"{field.name}: the summary of {summary['slide']} does not tell how it was counted; count it "
            "again"
        )
    light = closer_light(field, field_light(field))
    absorbance = counted["cell_absorbance"]
    return plan_field(number, field, counted["um_per_px"], light, absorbance=absorbance and tuple(absorbance))


def _crop(
    field: Field, plan: FieldPlan, cell: Mapping[Any, Any], detector: Detector
) -> NDArray[np.uint8] | None:
    """The crop of a counted cell, cut anew in a small tile; None where it is not found."""
    x, y = float(cell["x"]) / plan.step, float(cell["y"]) / plan.step
    # A cell on the edge of a tile may fall to the next one: cells.csv holds its place to 0.1 px.
    corner = (int(x) // TILE_PX * TILE_PX, int(y) // TILE_PX * TILE_PX)
    tile = tile_at(plan.index, plan.grid, corner, TILE_PX)
    x0, y0, x1, y1 = tile.outer
    picture = read_window(field, plan.grid, plan.light, (2 * x0, 2 * y0, 2 * (x1 - x0), 2 * (y1 - y0)))
    core, least = (0, 0, x1 - x0, y1 - y0), detector.manifest.threshold
    cells = segment(picture, core, detector.network, least, faintest=FAINTEST_PEAK)
    if not len(cells.found):
        return None
    away = np.linalg.norm(cells.found.centres - np.asarray((x - x0, y - y0)), axis=1)
    which = np.zeros(len(away), bool)
    which[int(np.argmin(away))] = True
    width = (float(cell["x_max"]) - float(cell["x_min"])) / plan.step
    evened = even_stain(picture, plan.absorbance)
    return object_crops(evened, cells, which)[0] if away.min() <= SAME_CELL * width else None

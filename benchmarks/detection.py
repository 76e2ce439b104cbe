"""Detection in labelled fields: which fields, their red cells, and the F1 of boxes at IoU 0.5."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.evaluation.matching.cells import Places

__all__ = ["LabelledFields", "f1_of", "labelled_fields"]

LABEL_BOX = ["xmin", "ymin", "xmax", "ymax"]
FOUND_BOX = ["x_min", "y_min", "x_max", "y_max"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledFields:
    """Some completely labelled fields.

    Attributes
    ----------
    pictures : folder that holds their pictures and nothing else.
    red_cells : field (name of its picture), xmin, ymin, xmax, ymax, px.
    sizes : width and height of each field's picture, px.
    """

    pictures: Path
    red_cells: "pd.DataFrame"
    sizes: dict[str, tuple[int, int]]

    def diameter_px(self) -> float:
        """Median of the labelled boxes' mean side, px."""
        box = self.red_cells
        return float(((box["xmax"] - box["xmin"] + box["ymax"] - box["ymin"]) / 2).median())


def labelled_fields(folder: Path, slide: str | None, most: int | None, pictures: Path) -> LabelledFields:
    """Fields of a set, with copies of their pictures in a folder of their own.

    Parameters
    ----------
    slide : only fields of this one. most : so many, evenly from the list; None takes all.
    pictures : folder to make.
    """
    import pandas as pd
    from PIL import Image

    from pipeline.evaluation.labelled import RED_CELL_LABELS, read_field_set

    field_set = read_field_set(folder)
    fields = field_set.fields[field_set.fields["complete"]]
    if slide is not None:
        fields = fields[fields["slide"] == slide]
    names = list(fields["field"])
    every = 1 if most is None else max(1, len(names) // most)
    pictures.mkdir()
    sizes, tables = {}, []
    for name in names[::every][:most]:
        source = field_set.image_path(name)
        shutil.copy(source, pictures / source.name)
        with Image.open(source) as picture:
            sizes[source.stem] = picture.size
        cells = field_set.cells_of(name)
        tables.append(cells[cells["label"].isin(RED_CELL_LABELS)].assign(field=source.stem))
    return LabelledFields(
        pictures=pictures, red_cells=pd.concat(tables, ignore_index=True)[["field", *LABEL_BOX]], sizes=sizes
    )


def f1_of(sample: LabelledFields, found: "pd.DataFrame") -> dict[str, float]:
    """Pairs, missed and extra cells over all fields, and their F1; cells cut by the border are in none.

    Parameters
    ----------
    found : columns field (name of its picture), x_min, y_min, x_max, y_max, px.
    """
    from pipeline.evaluation.matching.cells import Frame, match_cells

    paired = missed = extra = 0
    diameter_px = sample.diameter_px()
    for field, (width, height) in sample.sizes.items():
        truth = _places(sample.red_cells, field, LABEL_BOX)
        matched = match_cells(
            truth, _places(found, field, FOUND_BOX), Frame(width=width, height=height), diameter_px
        )
        paired += len(matched.pairs)
        missed += len(matched.missed)
        extra += len(matched.extra)
    errors = missed + extra
    f1 = 2 * paired / (2 * paired + errors) if paired + errors else float("nan")
    return {"paired": paired, "missed": missed, "extra": extra, "f1": f1}


def _places(cells: "pd.DataFrame", field: str, columns: list[str]) -> "Places":
    import numpy as np

    from pipeline.evaluation.matching.cells import Places

    boxes = cells.loc[cells["field"] == field, columns].to_numpy(np.float64)
    return Places(centres=(boxes[:, :2] + boxes[:, 2:]) / 2, boxes=boxes, cut=np.zeros(len(boxes), np.bool_))

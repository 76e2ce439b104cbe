"""The columns of the table of cells: cells.csv and docs/outputs.md are made from these."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["CELL_COLUMNS", "CELL_TABLE", "CellColumn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellColumn:
    """One column of the table of cells: cells.csv and docs/outputs.md are made from these.

    Attributes
    ----------
    dtype : of its values: 'str', 'int', 'float', or 'bool', which cells.csv writes as 0 and 1.
    unit : of a number; empty where it has none.
    decimals : of a float in cells.csv.
    text : what it means, for a person.
    """

    name: str
    dtype: Literal["str", "int", "float", "bool"]
    text: str
    unit: str = ""
    decimals: int | None = None


def _px(name: str, text: str) -> CellColumn:
    return CellColumn(name=name, dtype="float", unit="px", decimals=1, text=text)


CELL_TABLE: tuple[CellColumn, ...] = (
    CellColumn(name="slide", dtype="str", text="name of the slide"),
    CellColumn(name="field", dtype="str", text="name of the photo within the slide"),
    CellColumn(
        name="cell", dtype="int", text="running number within the slide, from 1, by field, then y, then x"
    ),
    _px("x", "centre, level-0 px of the picture as displayed"),
    _px("y", "centre"),
    _px("x_min", "left side of the bounding box"),
    _px("y_min", "upper side"),
    _px("x_max", "right side"),
    _px("y_max", "lower side"),
    CellColumn(
        name="diameter_um", dtype="float", unit="µm", decimals=3, text="of the circle with the cell's area"
    ),
    CellColumn(name="area_um2", dtype="float", unit="µm²", decimals=2, text="area of the cell"),
    CellColumn(name="circularity", dtype="float", decimals=3, text="4π area / perimeter², 1 for a circle"),
    CellColumn(
        name="at_border",
        dtype="bool",
        text="cut by the border, the rim of the round view, or a margin, scale bar, text or mark drawn on it",
    ),
    CellColumn(name="overlaps", dtype="bool", text="touches or overlaps a neighbour"),
    CellColumn(
        name="focus", dtype="float", decimals=3, text="sharpness of the edge, 0 (blurred) to 1 (sharp)"
    ),
    CellColumn(name="kind", dtype="str", text="red_cell, white_cell, platelet, artefact"),
    CellColumn(
        name="p_infected",
        dtype="float",
        decimals=4,
        text="calibrated probability of a red cell to be infected; empty for all else",
    ),
    CellColumn(name="infected", dtype="bool", text="p_infected reaches the network's threshold"),
    CellColumn(
        name="stage",
        dtype="str",
        text="life stage of the parasite: `ring`, `trophozoite`, `schizont`, `gametocyte`, or `unknown` "
        "where it is not sure enough; empty where not infected",
    ),
    CellColumn(name="counted", dtype="bool", text="in the denominator"),
    CellColumn(
        name="excluded_because",
        dtype="str",
        text="why not: at_border, white_cell, platelet, artefact; empty where counted",
    ),
    CellColumn(
        name="reviewed_as",
        dtype="str",
        text="empty, for what a person sees: `infected` or `uninfected`; `smearcount adapt` reads it",
    ),
    CellColumn(name="model", dtype="str", text="name of the network that decided"),
)
CELL_COLUMNS: tuple[str, ...] = tuple(column.name for column in CELL_TABLE)

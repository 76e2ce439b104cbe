"""What other programs call each cell of a result, and its colour there."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["CELL_CLASSES", "CellClass", "class_numbers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellClass:
    """A class of cells.

    Attributes
    ----------
    name : for a person. colour : RGB, of Okabe and Ito, Color Universal Design (2008).
    """

    name: str
    colour: tuple[int, int, int]


CELL_CLASSES = (
    CellClass(name="Infected red cell", colour=(213, 94, 0)),
    CellClass(name="Uninfected red cell", colour=(0, 158, 115)),
    CellClass(name="Red cell, not counted", colour=(110, 110, 110)),
    CellClass(name="White cell", colour=(0, 114, 178)),
    CellClass(name="Platelet", colour=(240, 228, 66)),
    CellClass(name="Artefact", colour=(0, 0, 0)),
)
_BY_KIND = {"red_cell": 2, "white_cell": 3, "platelet": 4, "artefact": 5}


def class_numbers(cells: pd.DataFrame) -> NDArray[np.int64]:
    """Index into `CELL_CLASSES` of each row, int64 (n,): infected and uninfected are the counted ones.

    Parameters
    ----------
    cells : columns of records.CELL_COLUMNS.
    """
    numbers = cells["kind"].astype(object).map(_BY_KIND).fillna(5).to_numpy(np.int64, copy=True)
    counted = cells["counted"].to_numpy(bool)
    numbers[counted] = np.where(cells["infected"].to_numpy(bool)[counted], 0, 1)
    return np.asarray(numbers, np.int64)

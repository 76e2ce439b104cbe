"""Labels that a person gave to cells of counted slides: a CSV of slide, cell and label."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.names import from_csv
from pipeline.tables.given import GivenRow, read_given_table

__all__ = ["LABELS", "CellLabel", "read_labels"]

COLUMNS = ("slide", "cell", "label")
LABELS = {"infected": True, "uninfected": False}
"""What a label may be."""
_ALSO = {
    **dict.fromkeys(("parasitized", "ring", "trophozoite", "schizont", "gametocyte"), True),
    "clean": False,
}
"""What is understood as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellLabel:
    """One labelled cell.

    Attributes
    ----------
    folder : the result of its slide. cell : its number in cells.csv.
    place : file and row, for errors.
    """

    folder: Path
    cell: int
    infected: bool
    place: str


def read_labels(tables: Sequence[Path], results: Path | None) -> list[CellLabel]:
    """The labels of several tables; a cell that stands twice must have one label.

    Parameters
    ----------
    results : folder of the results, one folder a slide; None: the one that each table lies in.

    Raises
    ------
    InputError
        Where a table cannot be read or a row is wrong: file, row and column are named.
    """
    found: dict[tuple[Path, int], CellLabel] = {}
    for table in tables:
        for row in read_given_table(table, COLUMNS):
            label = _label(row, results or table.parent)
            earlier = found.setdefault((label.folder, label.cell), label)
            if earlier.infected != label.infected:
                raise InputError(
                    f"{label.place}, column label: cell {label.cell} of {label.folder.name} has another "
                    f"label in {earlier.place}; keep one of them"
                )
    if not found:
        raise InputError(
            f"{', '.join(map(str, tables))}: no cell is labelled; expected rows of slide, cell, label"
        )
    return list(found.values())


def _label(row: GivenRow, results: Path) -> CellLabel:
    place = row.place
    slide, cell, label = (row.texts[name] for name in COLUMNS)
    known = LABELS | _ALSO
    if label.lower() not in known:
        raise InputError(f"{place}, column label: {label!r}, expected {', '.join(LABELS)}; mend the row")
    if not cell.isdecimal() or int(cell) < 1:
        raise InputError(
            f"{place}, column cell: {cell!r}, expected the number of a cell in cells.csv; mend the row"
        )
    folder = results / from_csv(slide)
    if not slide or not (folder / "summary.json").is_file():
        raise InputError(
            f"{place}, column slide: {slide!r} has no result in {results}; expected the name of a counted "
            "slide; count it first or pass --results"
        )
    return CellLabel(folder=folder, cell=int(cell), infected=known[label.lower()], place=place)

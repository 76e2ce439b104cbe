"""Labels that a person gave to cells of counted slides: a CSV of slide, cell and label, or a `cells.csv`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.names import from_csv
from pipeline.tables.given import GivenRow, read_given_table

__all__ = ["LABEL", "LABELS", "CellLabel", "read_labels"]

PLACE = ("slide", "cell")
LABEL = ("label", "reviewed_as")
"""Columns that may hold the label; the second is that of `cells.csv`, filled in where a person looked."""
LABELS = {"infected": True, "uninfected": False}
"""What a label may be."""
_ALSO = {
    **dict.fromkeys(("parasitized", "parasitised", "positive", "yes", "1"), True),
    **dict.fromkeys(("ring", "trophozoite", "schizont", "gametocyte"), True),
    **dict.fromkeys(("clean", "healthy", "negative", "not infected", "non-infected", "no", "0"), False),
}
"""What is understood as well."""
_CELL = re.compile(r"0*([1-9][0-9]{0,17})(\.0*)?")  # pandas writes 7.0 where the column had a gap


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
    is_gametocyte: bool
    place: str


def read_labels(tables: Sequence[Path], results: Path | None) -> list[CellLabel]:
    """The labels of several tables; a cell that stands twice must have one label, one without is passed over.

    Parameters
    ----------
    results : folder of the results, one folder a slide; None: the one that each table lies in. It may be
        the folder of the slide itself, as for its `cells.csv`.

    Raises
    ------
    InputError
        Where a table cannot be read or a row is wrong: file, row and column are named.
    """
    found: dict[tuple[Path, int], CellLabel] = {}
    for table in tables:
        for row in read_given_table(table, PLACE, LABEL):
            label = _label(row, _label_column(row, table), results or table.parent)
            if label is None:
                continue
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


def _label_column(row: GivenRow, table: Path) -> str:
    for column in LABEL:
        if column in row.texts:
            return column
    raise InputError(
        f"{table}, row 1: has no column `label`, nor `reviewed_as` as cells.csv has; add one that says "
        f"{' or '.join(LABELS)}"
    )


def _label(row: GivenRow, column: str, results: Path) -> CellLabel | None:
    """The label of a row; None where it has none."""
    place = row.place
    slide, cell = (row.texts[name] for name in PLACE)
    label = row.texts[column]
    known = LABELS | _ALSO
    if not label:
        return None
    if label.lower() not in known:
        raise InputError(f"{place}, column {column}: {label!r}, expected {' or '.join(LABELS)}; mend the row")
    number = _CELL.fullmatch(cell)
    if number is None:
        raise InputError(
            f"{place}, column cell: {cell!r}, expected the number of a cell in cells.csv; mend the row"
        )
    own = results.resolve().name == from_csv(slide)  # the table lies in the result of its slide
    folder = results if own and (results / "summary.json").is_file() else results / from_csv(slide)
    if not slide or not (folder / "summary.json").is_file():
        raise InputError(
            f"{place}, column slide: {slide!r} has no result in {results}; expected the name of a counted "
            "slide; count it first or pass --results"
        )
    return CellLabel(
        folder=folder.resolve(),
        cell=int(number[1]),
        infected=known[label.lower()],
        is_gametocyte=label.lower() == "gametocyte",
        place=place,
    )

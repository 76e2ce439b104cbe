"""Reads a CSV that a person wrote, in a spreadsheet or by hand; what is wrong is told with its row."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError, reason_of
from pipeline.names import CSV_ENCODING

__all__ = ["GivenRow", "read_given_table"]

_MORE = "\0more"
"""Key of what a row holds beyond its last column; no column is called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRow:
    """One row: its file and line in words, for errors, and its texts by the column's name, trimmed."""

    place: str
    texts: Mapping[str, str]


def read_given_table(path: Path, needed: Sequence[str], known: Sequence[str] = ()) -> list[GivenRow]:
    """All rows of a table in UTF-8, with commas or semicolons, with or without Excel's mark at its beginning.

    Parameters
    ----------
    needed : columns that it must have. known : others that are looked for. Of all these capital letters and
        blanks around them are no matter.

    Raises
    ------
    InputError
        Where it cannot be read, lacks a column or has one twice, or a row has more values than columns.
    """
    try:
        text = path.read_text(encoding=CSV_ENCODING)
    except (OSError, UnicodeError) as error:
        raise InputError(
            f"{path}: cannot be read ({reason_of(error)}); expected a CSV table in UTF-8"
        ) from error
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    rows = csv.DictReader(io.StringIO(text, newline=""), restkey=_MORE, delimiter=delimiter)
    try:
        rows.fieldnames = _columns(path, rows.fieldnames or (), needed, known)
        return [_row(path, rows.line_num, row, len(rows.fieldnames)) for row in rows]
    except csv.Error as error:
        raise InputError(f"{path}, row {rows.line_num}: is no row of a CSV ({error}); mend it") from error


def _columns(path: Path, found: Sequence[str], needed: Sequence[str], known: Sequence[str]) -> list[str]:
    expected = {*needed, *known}
    names = [name.strip().lower() if name.strip().lower() in expected else name.strip() for name in found]
    wanted = f"expected {', '.join(needed)}; mend the header"
    for column in needed:
        if column not in names:
            raise InputError(f"{path}, row 1: has no column `{column}`; {wanted}")
    for column in names:
        if column and names.count(column) > 1:
            raise InputError(f"{path}, row 1: has more than one column `{column}`; {wanted}")
    return names


def _row(path: Path, number: int, row: dict[str, str | None], columns: int) -> GivenRow:
    place = f"{path}, row {number}"
    if any(row.pop(_MORE, None) or ()):
        raise InputError(
            f"{place}: has more values than the {columns} columns; mend the row, and write no comma within "
            "a number"
        )
    return GivenRow(place=place, texts={name: (text or "").strip() for name, text in row.items() if name})

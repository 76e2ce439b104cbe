"""Reads a CSV that a person wrote, in a spreadsheet or by hand; what is wrong is told with its row."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError, reason_of
from pipeline.names import CSV_ENCODING

__all__ = ["GivenRow", "given_columns", "header_of", "open_table", "read_given_table"]

_DELIMITERS = (",", ";", "\t")
_SEPARATOR = re.compile(r"sep=(.)\r?\n")
"""First line by which Excel is told what parts the values."""
_MORE = "\0more"
"""Key of what a row holds beyond its last column; no column is called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRow:
    """One row: its file and line in words, for errors, and its texts by the column's name, trimmed."""

    place: str
    texts: Mapping[str, str]


def read_given_table(path: Path, needed: Sequence[str], known: Sequence[str] = ()) -> list[GivenRow]:
    """All rows of a table in UTF-8 that hold something.

    Commas, semicolons or tabs part its values; Excel's mark at its beginning, and its line that names the
    separator, may be there.

    Parameters
    ----------
    needed : columns that it must have. known : others that are looked for. Of all these capital letters and
        blanks around them are no matter.

    Raises
    ------
    InputError
        Where it cannot be read, lacks a column or has one twice, or a row has more values than columns.
    """
    rows, before = open_table(path)
    try:
        rows.fieldnames = _columns(f"{path}, row {1 + before}", rows.fieldnames or (), needed, known)
        read = [_row(f"{path}, row {rows.line_num + before}", row, len(rows.fieldnames)) for row in rows]
    except csv.Error as error:
        place = f"{path}, row {rows.line_num + before}"
        raise InputError(f"{place}: is no row of a CSV ({error}); mend it") from error
    return [row for row in read if any(row.texts.values())]


def given_columns(path: Path) -> frozenset[str]:
    """Names of the columns of a table, in small letters; InputError where it cannot be read."""
    rows, _ = open_table(path)
    try:
        return frozenset(name.strip().lower() for name in rows.fieldnames or ())
    except csv.Error as error:
        raise InputError(f"{path}, row 1: is no row of a CSV ({error}); mend it") from error


def header_of(path: Path) -> tuple[str, ...]:
    """Names of a table's columns as they stand, by its first lines alone, in whatever encoding the rest is.

    Raises
    ------
    OSError
        Where the file cannot be read.
    """
    with path.open(encoding=CSV_ENCODING, errors="replace", newline="") as handle:
        first = handle.readline()
        named = _SEPARATOR.match(first)
        head = handle.readline() if named else first
    return tuple(next(csv.reader([head], delimiter=_delimiter(named, head)), ()))


def open_table(path: Path) -> tuple["csv.DictReader[str]", int]:
    """The table, whatever parts its values, and the lines before its header; InputError if it is no text."""
    try:
        text = path.read_text(encoding=CSV_ENCODING)
    except UnicodeError as error:
        raise InputError(
            f"{path}: is no text in UTF-8; expected a CSV table, which a spreadsheet may write in another "
            "encoding: save it as CSV UTF-8"
        ) from error
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({reason_of(error)}); expected a CSV table in UTF-8"
        ) from error
    if "\0" in text:
        raise InputError(
            f"{path}: holds null characters, which no text does; save the table anew as CSV UTF-8"
        )
    named, text = _SEPARATOR.match(text), _SEPARATOR.sub("", text, count=1)
    delimiter = _delimiter(named, text.partition("\n")[0])
    rows = csv.DictReader(io.StringIO(text, newline=""), restkey=_MORE, delimiter=delimiter, strict=True)
    return rows, int(named is not None)


def _delimiter(named: "re.Match[str] | None", head: str) -> str:
    """What parts the values: what the line before the header names, else what is most often in that."""
    return named[1] if named else max(_DELIMITERS, key=head.count)


def _columns(place: str, found: Sequence[str], needed: Sequence[str], known: Sequence[str]) -> list[str]:
    expected = {*needed, *known}
    names = [name.strip().lower() if name.strip().lower() in expected else name.strip() for name in found]
    wanted = f"expected {', '.join(needed)}; mend the header"
    for column in needed:
        if column not in names:
            raise InputError(f"{place}: has no column `{column}`; {wanted}")
    for column in names:
        if column and names.count(column) > 1:
            raise InputError(f"{place}: has more than one column `{column}`; {wanted}")
    return names


def _row(place: str, row: dict[str, str | None], columns: int) -> GivenRow:
    if any(row.pop(_MORE, None) or ()):
        raise InputError(
            f"{place}: has more values than the {columns} columns; mend the row, and write no comma within "
            "a number"
        )
    return GivenRow(place=place, texts={name: (text or "").strip() for name, text in row.items() if name})

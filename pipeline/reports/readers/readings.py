"""What each reader saw: summaries of this tool, or tables of manual counts."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.names import CSV_ENCODING

__all__ = ["Reader", "Reading", "read_reader"]

_COLUMNS = ("slide", "infected", "counted")
_MORE = "\0more"
"""Key of what a row holds beyond its last column; no column is called so."""
_COUNTED_STATES = frozenset({"", "done", "partial", "exists"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One slide as one reader saw it: infected cells (asexual stages alone) and all red cells counted."""

    infected: int
    counted: int

    @property
    def fraction(self) -> float:
        """Parasitaemia, 0 to 1."""
        return self.infected / self.counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A reader's name and readings by slide; slides that gave no count are not in them."""

    name: str
    readings: Mapping[str, Reading]


def read_reader(path: Path) -> Reader:
    """A result folder, a results folder, a summary.json, or a CSV with the columns slide, infected, counted.

    Raises
    ------
    InputError
        Where it is none of these; of a table the row and the column are named.
    """
    name = path.stem if path.suffix else path.name
    if path.is_dir():
        table, summary = path / "slides.csv", path / "summary.json"
        path = table if table.is_file() else summary
        if not path.is_file():
            raise InputError(
                f"{path.parent} holds neither slides.csv nor summary.json; give a counted folder"
            )
    elif path.name in ("slides.csv", "summary.json"):
        name = path.absolute().parent.name
    readings = _of_summary(path) if path.suffix == ".json" else _of_table(path)
    if not readings:
        raise InputError(f"{path} holds no slide that was counted; give one with a count")
    return Reader(name=name, readings=readings)


def _of_summary(path: Path) -> dict[str, Reading]:
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
        slide, counted, headline = str(summary["slide"]), int(summary["counted"]), summary.get("headline")
        infected = int((headline or summary)["infected"])
        if summary["verdict"] == "not countable" or not counted:
            return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no summary of a count ({error}); give a summary.json") from error
    return {slide: Reading(infected=infected, counted=counted)}


def _of_table(path: Path) -> dict[str, Reading]:
    try:
        text = path.read_text(encoding=CSV_ENCODING)
    except (OSError, UnicodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); expected a CSV table in UTF-8") from error
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    rows = csv.DictReader(io.StringIO(text, newline=""), restkey=_MORE, delimiter=delimiter)
    try:
        return _readings(path, rows)
    except csv.Error as error:
        raise InputError(f"{path}, row {rows.line_num}: is no row of a CSV ({error}); mend it") from error


def _readings(path: Path, rows: "csv.DictReader[str]") -> dict[str, Reading]:
    names = [name.strip().lower() for name in rows.fieldnames or ()]
    for column in _COLUMNS:
        if names.count(column) != 1:
            found = "has no column" if column not in names else "has more than one column"
            raise InputError(f"{path}, row 1: {found} `{column}`; expected {', '.join(_COLUMNS)}")
    rows.fieldnames = names
    readings: dict[str, Reading] = {}
    for row in rows:
        number = rows.line_num
        if any(row.get(_MORE) or ()):
            raise InputError(
                f"{path}, row {number}: has more values than the {len(names)} columns; "
                "mend the row, and write no comma within a number"
            )
        slide = (row["slide"] or "").strip()
        if not slide:
            raise InputError(f"{path}, row {number}, column slide: is empty, expected the name of a slide")
        if slide in readings:
            raise InputError(f"{path}, row {number}, column slide: {slide} stands twice; keep one row")
        if (row.get("state") or "") in _COUNTED_STATES and row.get("verdict") != "not countable":
            readings[slide] = _of_row(path, number, row)
    return readings


def _of_row(path: Path, number: int, row: Mapping[str, Any]) -> Reading:
    counted = _whole(path, number, "counted", row["counted"], least=1)
    infected = _whole(path, number, "infected", row["infected"], most=counted)
    sexual = row.get("gametocytes") or "0"
    return Reading(
        infected=infected - _whole(path, number, "gametocytes", sexual, most=infected), counted=counted
    )


def _whole(path: Path, number: int, column: str, text: str | None, least: int = 0, most: int = 10**9) -> int:
    try:
        value = int((text or "").strip())
    except ValueError:
        value = -1
    if not least <= value <= most:
        raise InputError(
            f"{path}, row {number}, column {column}: {text!r} is no number of cells, "
            f"expected {least} to {most}"
        )
    return value

"""What each reader saw: summaries of this tool, reviewed ones, or tables of manual counts."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.errors import InputError
from pipeline.names import from_csv
from pipeline.reports.readers.reading import Reading
from pipeline.reports.readers.reviewed import reviewed_readings
from pipeline.tables.given import GivenRow, given_columns, read_given_table
from pipeline.tables.labels import LABEL

__all__ = ["Reader", "read_reader", "read_readers"]

_COLUMNS = ("slide", "infected", "counted")
_ALSO = ("state", "verdict", "gametocytes")
_WHOLE = re.compile(r"\d{1,12}([.,]0)?")
"""A number of cells; some programs write whole numbers with a decimal. Not 1.000, which may be a thousand."""
_COUNTED_STATES = frozenset({"", "done", "partial", "exists"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A reader's name and readings by slide; slides that gave no count are not in them."""

    name: str
    readings: Mapping[str, Reading]


def read_readers(paths: Sequence[Path]) -> list[Reader]:
    """All readers; those of one name are told apart by their folders, or else by their place in the list.

    Raises
    ------
    InputError
        As `read_reader`.
    """
    readers = [read_reader(path) for path in paths]
    names = [reader.name for reader in readers]
    wider = [
        f"{_parent(path)}/{name}" if names.count(name) > 1 else name
        for path, name in zip(paths, names, strict=True)
    ]
    apart = [
        f"{name} ({place})" if wider.count(name) > 1 else name for place, name in enumerate(wider, start=1)
    ]
    return [replace(reader, name=name) for reader, name in zip(readers, apart, strict=True)]


def _parent(path: Path) -> str:
    """Folder above the one, or the file, that names a reader."""
    absolute = path.absolute()
    named_by_folder = absolute.name in ("slides.csv", "summary.json")
    return absolute.parent.parent.name if named_by_folder else absolute.parent.name


def read_reader(path: Path) -> Reader:
    """A result folder, a results folder, a summary.json, or a CSV.

    A CSV has the columns slide, infected, counted; or, of a count that a person reviewed, slide, cell, label.

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
    columns = given_columns(path)
    if "cell" in columns and columns & set(LABEL):
        return reviewed_readings(path)
    readings: dict[str, Reading] = {}
    for row in read_given_table(path, _COLUMNS, _ALSO):
        slide = from_csv(row.texts["slide"])
        if not slide:
            raise InputError(f"{row.place}, column slide: is empty, expected the name of a slide")
        if slide in readings:
            raise InputError(f"{row.place}, column slide: {slide} stands twice; keep one row")
        if row.texts.get("state", "") in _COUNTED_STATES and row.texts.get("verdict") != "not countable":
            readings[slide] = _of_row(row)
    return readings


def _of_row(row: GivenRow) -> Reading:
    counted = _whole(row.place, "counted", row.texts["counted"], least=1)
    infected = _whole(row.place, "infected", row.texts["infected"], most=counted)
    sexual = row.texts.get("gametocytes") or "0"
    return Reading(
        infected=infected - _whole(row.place, "gametocytes", sexual, most=infected), counted=counted
    )


def _whole(place: str, column: str, text: str, least: int = 0, most: int = 10**9) -> int:
    value = int(re.split("[.,]", text)[0]) if _WHOLE.fullmatch(text) else -1
    if not least <= value <= most:
        raise InputError(
            f"{place}, column {column}: {text!r} is no number of cells, expected {least} to {most}"
        )
    return value

"""Joins the slides.csv of several results folders into one table, each slide once."""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.errors import InputError, OutputExistsError
from pipeline.files import write_whole
from pipeline.names import CSV_ENCODING, csv_encoding, for_csv, from_csv
from pipeline.tables.given import open_table

__all__ = ["NIGHT_COLUMN", "Merged", "merge_nights"]

NIGHT_COLUMN = "night"
"""First column of the joined table: the results folder that the row is from."""
_NEEDED = {"slide", "source", "state"}
_COUNTED = {"done", "partial"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What was joined.

    Attributes
    ----------
    rows : of the table, without its heading.
    remarks : a line for each slide that stood in two folders, and for each name that two slides share.
    """

    rows: int
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _NightRow:
    """A row of a slides.csv; `keys` are equal where another row is of the same slide."""

    night: Path
    values: dict[str, str]
    keys: frozenset[str]
    is_counted: bool
    time_s: float

    @property
    def slide(self) -> str:
        return from_csv(self.values["slide"])


def merge_nights(nights: Sequence[Path], table: Path) -> Merged:
    """Write the rows of OUT/slides.csv of all `nights` into one table, in the order given.

    The same slide (the same files by their SHA-256, or the same path under one name) in two folders: the
    newer count is kept, and a count rather than a failure.

    Raises
    ------
    InputError
        Where a folder has no slides.csv or one of another kind.
    OutputExistsError
        Where `table` is there already and is no table that was joined so.
    """
    _check_replaceable(table)
    columns: dict[str, None] = {NIGHT_COLUMN: None}
    kept: list[_NightRow | None] = []
    places: dict[str, int] = {}
    remarks: list[str] = []
    for night in dict.fromkeys(nights):
        header, rows = _read(night)
        columns.update(dict.fromkeys(header))
        earlier = dict(places)
        for row in rows:
            place = next((earlier[key] for key in sorted(row.keys) if key in earlier), None)
            other = None if place is None else kept[place]
            if place is None or other is None:
                place = len(kept)
                kept.append(row)
            else:
                kept[place] = _newer(other, row)
                remarks.append(_twice(other, row, kept[place]))
            places.update(dict.fromkeys(row.keys, place))
    final = [row for row in kept if row is not None]
    write_whole(table, _csv(list(columns), final))
    return Merged(rows=len(final), remarks=(*remarks, *_shared_names(final)))


def _newer(one: _NightRow, other: _NightRow) -> _NightRow:
    return max((one, other), key=lambda row: (row.is_counted, row.time_s))


def _twice(one: _NightRow, other: _NightRow, kept: "_NightRow | None") -> str:
    chosen = one if kept is one else other
    why = "the newer" if one.is_counted == other.is_counted else "the one that was counted"
    return f"{chosen.slide} is in {one.night} and in {other.night}: {why}, of {chosen.night}, is kept"


def _shared_names(rows: Sequence[_NightRow]) -> list[str]:
    names = Counter(row.slide for row in rows)
    return [
        f"{name} is the name of {number} different slides; all are kept, see the column {NIGHT_COLUMN}"
        for name, number in names.items()
        if number > 1
    ]


def _read(night: Path) -> tuple[list[str], list[_NightRow]]:
    path = night / "slides.csv"
    try:
        changed_s = path.stat().st_mtime
        reader, _ = open_table(path)
        header = list(reader.fieldnames or ())
        rows = [{name: row.get(name) or "" for name in header} for row in reader]
    except FileNotFoundError as error:
        raise InputError(
            f"{night} holds no slides.csv; expected the -o folder of a count; check the path"
        ) from error
    except csv.Error as error:
        raise InputError(f"{path} is no table of slides ({error}); expected the one of a count") from error
    if not set(header) >= _NEEDED or NIGHT_COLUMN in header:
        raise InputError(
            f"{path} has the columns {', '.join(header[:6])}; expected the slides.csv of one count, "
            f"with {', '.join(sorted(_NEEDED))}; name its -o folder"
        )
    return header, [_night_row(night, row, changed_s) for row in rows]


def _night_row(night: Path, values: dict[str, str], changed_s: float) -> _NightRow:
    name, source = from_csv(values["slide"]), from_csv(values["source"])
    keys, time_s = {f"path {name} {source}"}, changed_s
    try:
        run = json.loads(
            (night / (from_csv(values.get("result", "")) or name) / "run.json").read_text("utf-8")
        )
        time_s = datetime.fromisoformat(run["started_utc"]).timestamp()
        hashes = [file["sha256"] for file in run["input"]["files"]]
        keys.add(f"files {' '.join(sorted(hashes))}")
    except (OSError, ValueError, KeyError, TypeError):  # a failed slide, or one of which only the row is left
        pass
    return _NightRow(
        night=night,
        values=values,
        keys=frozenset(keys),
        is_counted=values["state"] in _COUNTED,
        time_s=time_s,
    )


def _check_replaceable(table: Path) -> None:
    """Leave alone whatever is no table that was joined here, such as the slides.csv of a night."""
    try:
        with table.open(encoding=CSV_ENCODING, errors="replace") as handle:
            first = handle.readline()
    except FileNotFoundError:
        return
    if not first.startswith(f"{NIGHT_COLUMN},"):
        raise OutputExistsError(f"{table}: is no joined table and is kept; choose another name with -o")


def _csv(columns: Sequence[str], rows: Sequence[_NightRow]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        values = {**row.values, NIGHT_COLUMN: for_csv(row.night)}
        writer.writerow([values.get(column, "") for column in columns])
    return text.getvalue().encode(csv_encoding([text.getvalue()]))

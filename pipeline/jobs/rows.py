"""The rows of a results folder as its ledger holds them, also while a run writes them."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from pipeline.batch_row import BatchRow
from pipeline.errors import InputError
from pipeline.files import STAGING_PREFIX
from pipeline.jobs.schema import from_stored, ledger_errors, read_database

__all__ = ["BatchRow", "LedgerRows", "batch_folder", "ledger_path", "read_rows", "row_of"]

FIGURES = (
    "verdict",
    "counted",
    "infected",
    "parasitaemia",
    "low",
    "high",
    "detected",
    "seconds",
    "cpu_seconds",
    "cells_per_s",
    "refusal",
    "look_at",
    "gametocytes",
    "parasites_per_ul",
)
"""What a finished slide's row takes over from its result."""


def batch_folder(out: Path) -> Path:
    """The hidden folder of a results folder's ledger and lock."""
    return out / f"{STAGING_PREFIX}batch"


def ledger_path(out: Path) -> Path:
    """The SQLite file of a results folder."""
    return batch_folder(out) / "ledger.sqlite3"


class LedgerRows(Collection[BatchRow]):
    """Every slide of a ledger, in the order in which they came.

    They are read anew, one by one, each time they are gone through: those of many nights take much memory.

    Raises
    ------
    OutputError
        Where the ledger cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[BatchRow]:
        with closing(read_database(self._path)) as connection:
            yield from _each(connection, self._path)

    def __len__(self) -> int:
        with closing(read_database(self._path)) as connection, ledger_errors(self._path, "read"):
            return int(connection.execute("SELECT count(*) FROM slides").fetchone()[0])

    def __contains__(self, row: object) -> bool:
        return any(row == each for each in self)


def read_rows(out: Path) -> list[BatchRow]:
    """Every slide that the ledger of a results folder knows, in the order in which they came.

    Raises
    ------
    InputError
        Where the folder has no ledger.
    OutputError
        Where it cannot be read.
    """
    path = ledger_path(out)
    if not path.is_file():
        raise InputError(f"{out} holds no ledger of counted slides; expected the -o folder of a batch")
    return list(LedgerRows(path))


def _each(connection: sqlite3.Connection, path: Path) -> Iterator[BatchRow]:
    with ledger_errors(path, "read"):
        for row in connection.execute("SELECT * FROM slides ORDER BY sequence"):
            yield row_of(row)


def row_of(row: sqlite3.Row) -> BatchRow:
    """A row of the table `slides` as a record."""
    figures: Mapping[str, Any] = json.loads(row["figures"])
    return BatchRow(
        slide=from_stored(row["slide"]),
        source=from_stored(row["source"]),
        error=from_stored(row["error"]),
        result=from_stored(row["result"]),
        state=row["state"],
        attempts=row["attempts"],
        done_tiles=row["done_tiles"],
        all_tiles=row["all_tiles"],
        size_bytes=row["bytes"],
        extra=json.loads(row["extra"]),
        updated_at=row["updated_utc"],
        codes=tuple(figures.get("codes", ())),
        **{name: figures.get(name) for name in FIGURES},
    )

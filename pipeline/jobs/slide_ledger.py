"""The ledger's table of slides: what was asked of each slide of a results folder, and what became of it."""

import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from pipeline.batch_row import BatchRow, BatchState
from pipeline.jobs.identity import ResultKey
from pipeline.jobs.rows import LedgerRows, row_of
from pipeline.jobs.schema import from_stored, ledger_errors, open_database, to_stored

__all__ = ["LedgerSlide", "SlideLedger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSlide:
    """A row of the table, as far as a run needs it.

    Attributes
    ----------
    slide, source : its name, and its path as it was handed in.
    seen : sizes and times of its files when it was counted last, as one hash.
    pixels, settings, models : of the result, see `pipeline.jobs.identity.ResultKey`.
    um_per_px : µm per px for this slide alone, as a slides.csv gave it.
    extra : its further columns, as JSON.
    attempts : times a worker took it up since it was queued.
    result : folder of the result, relative to the results folder.
    """

    slide: str
    source: str
    state: BatchState
    seen: str | None
    pixels: str | None
    settings: str | None
    models: str | None
    um_per_px: float | None
    extra: str
    bytes: int
    attempts: int
    error: str | None
    result: str | None

    @property
    def key(self) -> ResultKey | None:
        """The key of the slide's result; None before its pixels were read."""
        if self.pixels is None or self.settings is None or self.models is None:
            return None
        return ResultKey(pixels=self.pixels, settings=self.settings, models=self.models)


_COLUMNS = ", ".join(LedgerSlide.__dataclass_fields__)


class SlideLedger:
    """The slides of one results folder; for the one process that holds it.

    Every write is one transaction, on the disk when it returns; OutputError where that fails.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path = path
        self._connection = open_database(path)

    def enlist(
        self, slide: str, source: str, *, size: int, um_per_px: float | None, extra: Mapping[str, str]
    ) -> LedgerSlide:
        """The row of a slide, queued where it is new; its source, scale and columns brought up to date."""
        now = _now_utc()
        values = (slide, source, size, um_per_px, json.dumps(dict(extra), ensure_ascii=True), now, now)
        return self._write(
            "INSERT INTO slides (slide, source, bytes, um_per_px, extra, created_utc, updated_utc) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (slide) DO UPDATE SET source = excluded.source, "
            "bytes = excluded.bytes, um_per_px = excluded.um_per_px, extra = excluded.extra",
            values,
        )[0]

    def requeue_running(self) -> tuple[LedgerSlide, ...]:
        """Queue the slides that a run which was cut short was at; for who holds the folder."""
        return self._write(
            "UPDATE slides SET state = 'queued', done_tiles = 0, all_tiles = 0 WHERE state = 'running'", ()
        )

    def queue(self, slide: str) -> None:
        """Queue a slide anew, all its tries before it."""
        self._set(slide, "state = 'queued', attempts = 0, error = NULL")

    def begin(self, slide: str, key: ResultKey, seen: str | None) -> None:
        """A worker takes the slide up."""
        self._set(
            slide,
            "state = 'running', pixels = ?, settings = ?, models = ?, seen = ?, attempts = attempts + 1, "
            "started_utc = ?, error = NULL, result = NULL, done_tiles = 0, all_tiles = 0, figures = '{}'",
            (key.pixels, key.settings, key.models, seen, _now_utc()),
        )

    def progress(self, slide: str, done_tiles: int, all_tiles: int) -> None:
        """Note how far a running slide is."""
        self._set(slide, "done_tiles = ?, all_tiles = ?", (done_tiles, all_tiles))

    def give_back(self, slide: str) -> None:
        """Queue a slide whose count was stopped on purpose; the attempt does not count."""
        self._set(slide, "state = 'queued', attempts = max(attempts - 1, 0)")

    def try_again(self, slide: str, error: str) -> None:
        """Queue a slide whose worker died; the attempt counts."""
        self._set(slide, "state = 'queued', error = ?", (error,))

    def finish(self, slide: str, state: BatchState, result: str, figures: Mapping[str, object]) -> None:
        """The slide's result is in place."""
        self._set(
            slide,
            "state = ?, result = ?, figures = ?, error = NULL, finished_utc = ?",
            (state, result, json.dumps(figures, ensure_ascii=True), _now_utc()),
        )

    def adopt(self, slide: str, key: ResultKey, seen: str | None) -> None:
        """Note what the result in place is of; it was counted by a run that could not reach the ledger."""
        self._set(
            slide,
            "pixels = ?, settings = ?, models = ?, seen = ?, attempts = max(attempts, 1)",
            (key.pixels, key.settings, key.models, seen),
        )

    def fail(self, slide: str, error: str) -> None:
        """The slide cannot be counted, and why."""
        self._set(slide, "state = 'failed', error = ?, figures = '{}', finished_utc = ?", (error, _now_utc()))

    def pass_over(self, slide: str, reason: str, result: str | None, seen: str | None) -> None:
        """The slide is not counted, and why; the result of what it is a copy of."""
        self._set(
            slide,
            "state = 'passed_over', error = ?, result = ?, seen = ?, figures = '{}', finished_utc = ?",
            (reason, result, seen, _now_utc()),
        )

    def forget(self, slide: str) -> None:
        """Take the slide's row off."""
        self._write("DELETE FROM slides WHERE slide = ?", (slide,))

    def find(self, slide: str) -> LedgerSlide | None:
        """The slide of that name."""
        return next(iter(self._read("WHERE slide = ?", (slide,))), None)

    def same_result(self, key: ResultKey, slide: str) -> LedgerSlide | None:
        """Another slide, counted or being counted, whose result is that of `key`."""
        rows = self._read(
            "WHERE pixels = ? AND settings = ? AND models = ? AND slide <> ? "
            "AND state IN ('running', 'done', 'partial') ORDER BY sequence",
            (key.pixels, key.settings, key.models, slide),
        )
        return next(iter(rows), None)

    def sources(self, states: Sequence[BatchState] = get_args(BatchState)) -> dict[str, str]:
        """The source of every slide in one of the states by its name, in the order in which they came."""
        marks = ", ".join("?" for _ in states)
        with ledger_errors(self._path, "read"), self._lock:
            found = self._connection.execute(
                f"SELECT slide, source FROM slides WHERE state IN ({marks}) ORDER BY sequence", states
            )
            return {from_stored(slide): from_stored(source) for slide, source in found}

    def row(self, slide: str) -> BatchRow:
        """The row of a slide that is there."""
        with ledger_errors(self._path, "read"), self._lock:
            found = self._connection.execute("SELECT * FROM slides WHERE slide = ?", (to_stored(slide),))
            return row_of(found.fetchone())

    def rows(self) -> LedgerRows:
        """Every slide, in the order in which they came, as they are when they are gone through."""
        return LedgerRows(self._path)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _set(self, slide: str, change: str, values: tuple[object, ...] = ()) -> None:
        self._write(
            f"UPDATE slides SET {change}, updated_utc = ? WHERE slide = ?", (*values, _now_utc(), slide)
        )

    def _write(self, statement: str, values: tuple[object, ...]) -> tuple[LedgerSlide, ...]:
        with ledger_errors(self._path, "written"), self._lock:
            rows = self._connection.execute(
                f"{statement} RETURNING {_COLUMNS}", tuple(map(to_stored, values))
            ).fetchall()
        return tuple(map(_slide, rows))

    def _read(self, condition: str, values: tuple[object, ...]) -> tuple[LedgerSlide, ...]:
        with ledger_errors(self._path, "read"), self._lock:
            rows = self._connection.execute(
                f"SELECT {_COLUMNS} FROM slides {condition}", tuple(map(to_stored, values))
            ).fetchall()
        return tuple(map(_slide, rows))


def _slide(row: sqlite3.Row) -> LedgerSlide:
    facts = dict(row)
    texts = {name: from_stored(value) for name, value in facts.items() if isinstance(value, str)}
    return LedgerSlide(**(facts | texts))


def _now_utc() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")

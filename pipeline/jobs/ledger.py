"""The ledger of jobs: which slide is queued, running, done or failed; in SQLite, so a power cut loses none.

Every write is one transaction, synced to the disk before it returns.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pipeline.errors import OutputError
from pipeline.jobs.schema import database_mend, open_database

__all__ = ["MAX_ATTEMPTS", "Job", "JobState", "Ledger", "sole_worker"]

JobState = Literal["queued", "running", "done", "failed"]

MAX_ATTEMPTS = 2
"""Times a job may take its worker process down with it before it is given up: once may be bad luck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row of the ledger.

    Attributes
    ----------
    name : what the person called the slide.
    source, result : the picture and the folder of the result (None until done); relative to the data folder.
    um_per_px : µm per level-0 px as given with the upload; None lets the count find it.
    sample : number of the sample, for the report; empty where none was given.
    done_tiles, all_tiles : progress; all_tiles is 0 until it is known.
    attempts : times a worker took it up.
    worker : token of the worker that took it up last.
    error : one line, where it failed.
    created_utc, started_utc, finished_utc : ISO 8601, milliseconds, UTC.
    """

    sequence: int
    id: str
    name: str
    source: str
    um_per_px: float | None
    sample: str
    state: JobState
    done_tiles: int
    all_tiles: int
    attempts: int
    worker: str | None
    result: str | None
    error: str | None
    created_utc: str
    started_utc: str | None
    finished_utc: str | None


_COLUMNS = ", ".join(field.name for field in fields(Job))


class Ledger:
    """The jobs of one data folder; may be used from several threads and processes at once.

    Parameters
    ----------
    path : the SQLite file; made where it is missing. Not on a network drive, where SQLite cannot lock.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = open_database(path)

    def add(
        self, job_id: str, *, name: str, source: str, um_per_px: float | None = None, sample: str = ""
    ) -> Job:
        """Queue a new job at the end and return it."""
        rows = self._write(
            "INSERT INTO jobs (id, name, source, um_per_px, sample, created_utc) VALUES (?, ?, ?, ?, ?, ?)",
            (job_id, name, source, um_per_px, sample, _now_utc()),
        )
        return rows[0]

    def get(self, job_id: str) -> Job | None:
        """The job of that id, or None."""
        rows = self._read("WHERE id = ?", (job_id,))
        return rows[0] if rows else None

    def newest(self, limit: int) -> tuple[Job, ...]:
        """At most `limit` jobs, the newest first."""
        return self._read("ORDER BY sequence DESC LIMIT ?", (limit,))

    def waiting(self) -> int:
        """How many jobs are queued or running."""
        with self._lock:
            found = self._connection.execute("SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')")
            return int(found.fetchone()[0])

    def take(self, worker: str) -> Job | None:
        """Hand the oldest queued job to a worker, or None.

        A job that was begun before comes after those that were not, so that one which brings the whole
        machine down does not keep the others waiting for ever.
        """
        rows = self._write(
            "UPDATE jobs SET state = 'running', worker = ?, attempts = attempts + 1, started_utc = ?, "
            "done_tiles = 0, all_tiles = 0 WHERE sequence = (SELECT sequence FROM jobs "
            "WHERE state = 'queued' ORDER BY attempts, sequence LIMIT 1)",
            (worker, _now_utc()),
        )
        return rows[0] if rows else None

    def progress(self, job: Job, done_tiles: int, all_tiles: int) -> None:
        """Note how far a running job is; does nothing where it is no longer this worker's."""
        self._write(
            "UPDATE jobs SET done_tiles = ?, all_tiles = ? WHERE id = ? AND worker = ? AND state = 'running'",
            (done_tiles, all_tiles, job.id, job.worker),
        )

    def finish(self, job: Job, result: str) -> bool:
        """Mark a running job done; False where it is no longer this worker's."""
        rows = self._write(
            "UPDATE jobs SET state = 'done', result = ?, error = NULL, finished_utc = ? "
            "WHERE id = ? AND worker = ? AND state = 'running'",
            (result, _now_utc(), job.id, job.worker),
        )
        return bool(rows)

    def under_way(self, worker: str) -> Job | None:
        """The job that a worker counts now; None where it counts none."""
        rows = self._read("WHERE worker = ? AND state = 'running'", (worker,))
        return rows[0] if rows else None

    def fail(self, job: Job, error: str) -> bool:
        """Mark a running job failed, with one line why; False where it is no longer this worker's."""
        rows = self._write(
            "UPDATE jobs SET state = 'failed', error = ?, finished_utc = ? "
            "WHERE id = ? AND worker = ? AND state = 'running'",
            (error, _now_utc(), job.id, job.worker),
        )
        return bool(rows)

    def give_back(self, worker: str) -> None:
        """Queue the job of a worker that was stopped on purpose again; the attempt does not count."""
        self._write(
            "UPDATE jobs SET state = 'queued', attempts = attempts - 1 "
            "WHERE worker = ? AND state = 'running'",
            (worker,),
        )

    def record_crash(self, worker: str, error: str) -> tuple[Job, ...]:
        """Queue the job of a worker that died again, or fail it after MAX_ATTEMPTS; return it."""
        return self._write(
            "UPDATE jobs SET state = iif(attempts < ?1, 'queued', 'failed'), "
            "error = iif(attempts < ?1, NULL, ?2), finished_utc = iif(attempts < ?1, NULL, ?3) "
            "WHERE worker = ?4 AND state = 'running'",
            (MAX_ATTEMPTS, error, _now_utc(), worker),
        )

    def requeue_running(self) -> tuple[Job, ...]:
        """Queue every running job again; only for the sole worker, who knows that the others are dead."""
        return self._write("UPDATE jobs SET state = 'queued' WHERE state = 'running'", ())

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _write(self, statement: str, values: tuple[object, ...]) -> tuple[Job, ...]:
        with self._lock:
            rows = self._connection.execute(f"{statement} RETURNING {_COLUMNS}", values).fetchall()
        return tuple(Job(**dict(row)) for row in rows)

    def _read(self, condition: str, values: tuple[object, ...]) -> tuple[Job, ...]:
        with self._lock:
            rows = self._connection.execute(f"SELECT {_COLUMNS} FROM jobs {condition}", values).fetchall()
        return tuple(Job(**dict(row)) for row in rows)


@contextmanager
def sole_worker(lock: Path) -> Iterator[None]:
    """Wait until no other process works on this data folder, then keep the others waiting.

    The lock is SQLite's own: it works on every system and ends with the process, however that dies.
    """
    connection = sqlite3.connect(lock, timeout=0.5, isolation_level=None)
    try:
        while True:
            try:
                connection.execute("BEGIN EXCLUSIVE")
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise OutputError(
                        f"cannot lock {lock} ({error}); {database_mend(error, lock)}"
                    ) from error
        yield
    finally:
        connection.close()


def _now_utc() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")

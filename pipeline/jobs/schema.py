"""The SQLite file of the ledger: how it is opened, its tables, and how an older file becomes a newer one."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from pipeline.errors import OutputError
from pipeline.files import output_errors

__all__ = [
    "VERSION",
    "database_mend",
    "from_stored",
    "is_path_too_long",
    "ledger_errors",
    "open_database",
    "read_database",
    "to_stored",
]

_JOBS = """
CREATE TABLE IF NOT EXISTS jobs (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    um_per_px REAL,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
    done_tiles INTEGER NOT NULL DEFAULT 0,
    all_tiles INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    worker TEXT,
    result TEXT,
    error TEXT,
    created_utc TEXT NOT NULL,
    started_utc TEXT,
    finished_utc TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_by_turn ON jobs (state, attempts, sequence);
"""
_SLIDES = """
CREATE TABLE slides (
    sequence INTEGER PRIMARY KEY,
    slide TEXT NOT NULL UNIQUE COLLATE NOCASE,
    source TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'running', 'done', 'partial', 'failed', 'passed_over')),
    seen TEXT,
    pixels TEXT,
    settings TEXT,
    models TEXT,
    um_per_px REAL,
    bytes INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    done_tiles INTEGER NOT NULL DEFAULT 0,
    all_tiles INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    result TEXT,
    figures TEXT NOT NULL DEFAULT '{}',
    extra TEXT NOT NULL DEFAULT '{}',
    created_utc TEXT NOT NULL,
    started_utc TEXT,
    finished_utc TEXT,
    updated_utc TEXT NOT NULL
) STRICT;
CREATE INDEX slides_by_turn ON slides (state, attempts, sequence);
CREATE INDEX slides_by_source ON slides (source);
CREATE INDEX slides_by_pixels ON slides (pixels);
"""
_SAMPLES = "ALTER TABLE jobs ADD COLUMN sample TEXT NOT NULL DEFAULT ''"
_MIGRATIONS = (_JOBS, _SLIDES, _SAMPLES)
"""What makes version N of version N - 1; only ever added to."""
VERSION = len(_MIGRATIONS)
"""Version of a ledger that this smearcount writes: SQLite's `user_version`."""
_SMALL_CACHE = "PRAGMA cache_size = -256"
"""kB of the file that a connection keeps in memory; of the usual 2 MB a ledger fills more each night."""
_NO_ROOM_BESIDE = frozenset(
    {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL}
)
"""What SQLite says where it may not write beside a ledger that it is to read."""
_PATH_BYTES_MAX = 500
"""Longest path that SQLite opens: 512 bytes (MAX_PATHNAME of os_unix.c), less the endings it adds."""
_BYTES = range(0x80, 0x100)
_TO_STORED = {0xDC00 + byte: 0x10FF00 + byte for byte in _BYTES}
_FROM_STORED = {stored: byte for byte, stored in _TO_STORED.items()}


def to_stored(value: object) -> object:
    """A value as it is stored: bytes of a path that are no text become private characters."""
    return value.translate(_TO_STORED) if isinstance(value, str) else value


def from_stored(value: str | None) -> Any:
    """What `to_stored` was given."""
    return None if value is None else value.translate(_FROM_STORED)


def open_database(path: Path) -> sqlite3.Connection:
    """Open the ledger in `path`, made or brought to `VERSION` where that is needed.

    Each write is on the disk when it returns (WAL, synchronous FULL).

    Raises
    ------
    OutputError
        Where the file cannot be used, or a newer smearcount wrote it.
    """
    with ledger_errors(path, "used"):
        connection = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        try:
            _prepare(connection, path)
        except (sqlite3.Error, OutputError):
            connection.close()
            raise
    return connection


def read_database(path: Path) -> sqlite3.Connection:
    """Open the ledger in `path` for reading alone, also while a run writes; errors as `open_database`."""
    with ledger_errors(path, "read"):
        connection = _connected_to_read(path)
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version != VERSION:
        connection.close()
        raise OutputError(
            f"{path} is a ledger of version {version}, expected {VERSION}; count into its folder once more"
        )
    return connection


@contextmanager
def ledger_errors(path: Path, act: Literal["read", "written", "used"]) -> Iterator[None]:
    """Tell what SQLite refused in one line."""
    try:
        yield
    except sqlite3.Error as error:
        raise OutputError(
            f"the ledger {path} cannot be {act} ({error}); {database_mend(error, path)}"
        ) from error


def _connected_to_read(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=10.0, uri=True)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("PRAGMA user_version").fetchone()
            connection.execute(_SMALL_CACHE)
        except sqlite3.Error:
            connection.close()
            raise
    except sqlite3.OperationalError as error:
        if _code(error) not in _NO_ROOM_BESIDE or not path.is_file():
            raise
        return _copied(path)
    return connection


def _copied(path: Path) -> sqlite3.Connection:
    """The ledger in memory: a disk that is full or read-only has no room for what SQLite reads it by."""
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    with TemporaryDirectory() as folder, output_errors(path):
        copy = Path(folder) / path.name
        for end in ("", "-wal"):
            source = path.with_name(f"{path.name}{end}")
            if source.exists():
                shutil.copyfile(source, copy.with_name(f"{copy.name}{end}"))
        with closing(sqlite3.connect(copy)) as file:
            file.backup(connection)
    return connection


def is_path_too_long(path: Path) -> bool:
    """Whether SQLite opens no file of that path, however the disk is."""
    return len(os.fsencode(path.absolute())) > _PATH_BYTES_MAX


def database_mend(error: sqlite3.Error, path: Path) -> str:
    """What to do where SQLite refused to open, read or write a file."""
    code = _code(error)
    if code == sqlite3.SQLITE_CANTOPEN and is_path_too_long(path):
        return (
            f"choose a folder with a shorter path: SQLite opens no path of more than {_PATH_BYTES_MAX} bytes"
        )
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return "move it away to start a new one"
    if code == sqlite3.SQLITE_FULL:
        return "free space there"
    return "is its disk full, read-only or away, or the right to write there missing?"


def _code(error: sqlite3.Error) -> int:
    """What SQLite refused, without its finer shades; 0 where it does not tell."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(_SMALL_CACHE)
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > VERSION:
            raise OutputError(
                f"{path} is a ledger of version {version}, this smearcount knows up to {VERSION}; "
                "use a newer smearcount"
            )
        for migration in _MIGRATIONS[version:]:
            for statement in migration.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except (sqlite3.Error, OutputError):
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise

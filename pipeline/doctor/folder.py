"""Checks of the folder of the results: whether it can be written, its space, its speed, a ledger in it."""

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pipeline.doctor.finding import Finding, graded, passed
from pipeline.errors import reason_of
from pipeline.files import STAGING_PREFIX, flush_folder, write_synced
from pipeline.names import for_line

__all__ = ["check_folder", "check_ledger", "check_space", "check_speed"]

SPACE_GB = (1.0, 10.0)
"""Below the first the disk may soon be full; the second is for a night: a result takes 1 to 10 MB."""
SPEED_MB_S = (0.2, 5.0)  # a result of 5 MB then takes 25 s, and 1 s
_WRITTEN_BYTES = 8_000_000
_ANOTHER = "choose another folder with --out"


def check_folder(out: Path) -> Finding:
    """A file can be written, renamed and removed."""
    found = for_line(out.absolute())
    try:
        with _inside(out) as folder:
            write_synced(folder / "a", b"smearcount")
            (folder / "a").rename(folder / "b")
            flush_folder(folder)
            if (folder / "b").read_bytes() != b"smearcount":
                raise OSError("what was written reads back otherwise")
    except OSError as error:
        return _refused("folder", out, error)
    return passed("folder", f"{found} can be written")


def check_space(out: Path) -> Finding:
    """Free space on the disk of the results."""
    free = shutil.disk_usage(_nearest(out)).free / 1e9
    mend = f"Remove what is not needed, or {_ANOTHER}; a slide's result takes 1 to 10 MB."
    return graded("disk space", free, SPACE_GB, f"{free:.1f} GB free", mend)


def check_speed(out: Path) -> Finding:
    """Time until 8 MB are on the disk for certain."""
    data = os.urandom(_WRITTEN_BYTES)  # a disk that compresses must not look faster
    try:
        with _inside(out) as folder:
            began = time.perf_counter()
            write_synced(folder / "data", data)
            flush_folder(folder)
            took_s = time.perf_counter() - began
    except OSError as error:
        return _refused("write speed", out, error)
    speed = _WRITTEN_BYTES / 1e6 / max(took_s, 1e-6)
    mend = f"Use a disk of this computer in place of a network drive or a slow card: {_ANOTHER}."
    return graded("write speed", speed, SPEED_MB_S, f"{speed:,.0f} MB/s", mend)


def check_ledger(out: Path) -> Finding:
    """SQLite can lock and write in the folder; on some network drives it cannot."""
    try:
        with (
            _inside(out) as folder,
            closing(sqlite3.connect(folder / "ledger.sqlite3", timeout=2.0, isolation_level=None)) as one,
        ):
            mode = one.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            one.execute("CREATE TABLE slides (slide TEXT NOT NULL) STRICT")
            one.execute("INSERT INTO slides VALUES ('a')")
            one.execute("BEGIN IMMEDIATE")
            is_alone = _is_locked(folder / "ledger.sqlite3")
            one.execute("COMMIT")
    except (OSError, sqlite3.Error) as error:
        return _refused("ledger", out, error)
    if str(mode).lower() == "wal" and is_alone:
        return passed("ledger", f"SQLite {sqlite3.sqlite_version} locks and writes here")
    what = "does not lock" if not is_alone else f"writes in the mode {mode}, not in WAL"
    return Finding(
        name="ledger",
        state="FAIL",
        found=f"SQLite {what} in this folder",
        mend=f"Use a disk of this computer, no network drive: {_ANOTHER}.",
    )


def _is_locked(database: Path) -> bool:
    with closing(sqlite3.connect(database, timeout=0.0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False


@contextmanager
def _inside(out: Path) -> Iterator[Path]:
    """A hidden folder in the results folder, or in the nearest one above it; removed afterwards."""
    with tempfile.TemporaryDirectory(
        prefix=f"{STAGING_PREFIX}doctor-", dir=_nearest(out), ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


def _nearest(out: Path) -> Path:
    place = out.absolute()
    while not place.is_dir() and place != place.parent:
        if place.exists():
            raise NotADirectoryError(f"{for_line(place)} is a file, expected a folder; {_ANOTHER}")
        place = place.parent
    return place


def _refused(name: str, out: Path, error: Exception) -> Finding:
    return Finding(
        name=name,
        state="FAIL",
        found=for_line(f"{out.absolute()} cannot be written: {reason_of(error)}"),
        mend=f"Free space there or change its permissions, or {_ANOTHER}.",
    )

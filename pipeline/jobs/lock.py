"""One run at a time over a results folder, and who holds it; a run that was cut short holds it no more."""

import json
import math
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import OutputError, SmearcountError
from pipeline.execution.slides import SEEN_FILES
from pipeline.files import STAGING_PREFIX, output_errors, write_json
from pipeline.jobs.rows import batch_folder
from pipeline.jobs.schema import database_mend
from pipeline.output.place import put_back_all, remove_half_written, remove_settled_tiles

__all__ = ["HeldError", "Holder", "hold", "holder"]


_WAIT_S = 1.0
"""For who only looks whether a run holds the folder, as `status` does, and is slow about it."""


class HeldError(SmearcountError, BlockingIOError):
    """Another run works on the results folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The run that holds a results folder: its computer, its process id, and since when (ISO 8601, UTC)."""

    host: str
    pid: int
    since_utc: str

    def text(self) -> str:
        """Who that is, for a person."""
        return f"process {self.pid} on {self.host}, since {self.since_utc}"


@contextmanager
def hold(out: Path) -> Iterator[Holder | None]:
    """Keep other runs from a results folder, which is made where it is missing.

    The lock is SQLite's own: it works on every system and ends with the process, however that dies. What a
    run that was cut short had half written is removed, and what it had set aside put back; finished tiles of
    slides without a result stay.

    Yields
    ------
    The run that held the folder last, where that was cut short; else None.

    Raises
    ------
    HeldError
        Where another run holds it.
    OutputError
        Where the folder cannot be written.
    """
    folder = batch_folder(out)
    with output_errors(out):
        folder.mkdir(parents=True, exist_ok=True)
    with closing(_connect(folder / "lock")) as connection:
        if not _locked(connection, folder):
            found = _holder(folder)
            who = found.text() if found else "another process"
            raise HeldError(f"{out} is held by {who}; wait for that run, stop it, or choose another -o")
        earlier = _holder(folder)
        _clear(out, folder, is_cut_short=earlier is not None)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        me = Holder(host=socket.gethostname(), pid=os.getpid(), since_utc=since)
        try:
            write_json(folder / "holder.json", asdict(me))
            yield earlier
        finally:
            with suppress(OSError):  # of a disk that went away or is read-only
                (folder / "holder.json").unlink(missing_ok=True)


def holder(out: Path) -> Holder | None:
    """The run that works on a results folder now; None where there is none."""
    folder = batch_folder(out)
    if not (folder / "lock").is_file():
        return None
    with closing(_connect(folder / "lock", wait_s=0.0)) as connection:
        return None if _locked(connection, folder) else _holder(folder)


def _clear(out: Path, folder: Path, *, is_cut_short: bool) -> None:
    """Put in order what earlier runs left; what lies in the hidden folder is of those that held it."""
    for left in folder.glob(f"{STAGING_PREFIX}*"):
        with suppress(OSError):
            left.unlink()
    if not is_cut_short:
        return
    remove_half_written(out, older_than_s=-math.inf)
    put_back_all(out)
    remove_settled_tiles(out)
    for seen in out.glob(SEEN_FILES):
        with suppress(OSError):
            seen.unlink()


def _connect(lock: Path, wait_s: float = _WAIT_S) -> sqlite3.Connection:
    try:
        return sqlite3.connect(lock, timeout=wait_s, isolation_level=None)
    except sqlite3.Error as error:
        raise OutputError(f"cannot lock {lock} ({error}); {database_mend(error, lock)}") from error


def _locked(connection: sqlite3.Connection, folder: Path) -> bool:
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return False
        raise OutputError(
            f"cannot lock {folder} ({error}); {database_mend(error, folder / 'lock')}"
        ) from error
    return True


def _holder(folder: Path) -> Holder | None:
    try:
        facts = json.loads((folder / "holder.json").read_text(encoding="utf-8"))
        return Holder(host=facts["host"], pid=facts["pid"], since_utc=facts["since_utc"])
    except (OSError, ValueError, KeyError, TypeError):
        return None

"""Whether a run can write its results and read its slides: a full disk, or a folder that went away."""

import errno
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pipeline.errors import OutputError, reason_of
from pipeline.files import STAGING_PREFIX
from pipeline.jobs.rows import batch_folder, ledger_path
from pipeline.jobs.running.stopping import Interrupted, Stop
from pipeline.jobs.schema import is_path_too_long

__all__ = ["Patience", "StorageError", "is_there", "may_pass", "storage_trouble"]

_PROBE_BYTES = 2_000_000
"""What has to find room: the result of one photo, and the ledger."""
_LONGEST_PAUSE_S = 30.0
_PASSING = frozenset(
    getattr(errno, name)
    for name in (
        *("ENOSPC", "EDQUOT", "EROFS", "EIO", "EBUSY", "ENODEV", "ENXIO", "ENOMEDIUM", "EREMOTEIO"),
        *("ESTALE", "ENOTCONN", "ETIMEDOUT", "EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH"),
    )
    if hasattr(errno, name)
)
"""What the system says of a disk that is full, read-only or away; each goes away without a change of ours."""
_LASTING = frozenset({errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL})
"""What the system says of a path that no disk which comes back makes another."""
_PASSING_OF_SQLITE = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
)


class StorageError(OutputError):
    """A run waited for a disk or a folder and stopped; the same command resumes it."""


class Patience:
    """Waits for a disk or a folder, for so long in all since something was last written.

    Parameters
    ----------
    limit_s : longest wait; StorageError after it.
    say : called with the kind of a line, 'warning' or 'line', and its text.
    stop : asked whether to go on; Interrupted where not.
    """

    def __init__(
        self, limit_s: float, say: Callable[[Literal["warning", "line"], str], object], stop: Stop
    ) -> None:
        self._limit_s, self._say, self._stop = limit_s, say, stop
        self._waited_s = 0.0

    def renew(self) -> None:
        """Something was written: the next wait may be as long as the first."""
        self._waited_s = 0.0

    def wait(self, text: str, trouble: Callable[[], str | None]) -> None:
        """Wait until there is no more `trouble`, which was told in `text`.

        Raises
        ------
        StorageError
            Where that takes too long.
        """
        left_s, pause_s = self._limit_s - self._waited_s, 1.0
        self._say("warning", f"{text}; waiting for it up to {left_s:.0f} s")
        while self._waited_s < self._limit_s:
            self._sleep(min(pause_s, self._limit_s - self._waited_s))
            if trouble() is None:
                self._say("line", "results can be written again; going on")
                return
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        raise StorageError(
            f"{text}; stopped after waiting {self._limit_s:.0f} s, results are intact and the same command "
            "resumes"
        )

    def _sleep(self, seconds: float) -> None:
        ends_s = time.monotonic() + seconds
        self._waited_s += seconds
        while time.monotonic() < ends_s:
            if self._stop.by is not None:
                raise Interrupted
            time.sleep(0.1)


def is_there(path: Path) -> bool:
    """Whether a file or folder is there, as far as its disk answers; not, where that may be away."""
    try:
        path.stat()
    except OSError as error:
        return error.errno in _LASTING
    return True


def may_pass(error: OSError, out: Path) -> bool:
    """Whether what could not be written is of a disk that is full, read-only or away.

    Parameters
    ----------
    out : folder of the results; where its rights are missing nothing changes by waiting.
    """
    cause = error if error.errno is not None else error.__cause__
    if isinstance(cause, OSError):
        return cause.errno in _PASSING
    code = getattr(cause, "sqlite_errorcode", None)
    passes = code is not None and code & 0xFF in _PASSING_OF_SQLITE
    return passes and not _is_forbidden(out) and not is_path_too_long(ledger_path(out))


def _is_forbidden(out: Path) -> bool:
    """Whether this user has no right to write what is there; a disk that is read-only forbids nothing."""
    folder = batch_folder(out)
    with suppress(OSError):
        if hasattr(os, "statvfs") and os.statvfs(folder).f_flag & os.ST_RDONLY:
            return False
        return not all(os.access(path, os.W_OK) for path in (folder, *folder.iterdir()))
    return False


def storage_trouble(out: Path, roots: Sequence[Path]) -> str | None:
    """What is wrong with the results folder or the folders of the slides, one line; None where nothing is.

    Parameters
    ----------
    roots : files and folders that were handed in.
    """
    if not is_there(out):
        return f"{out}: the folder of the results is gone"
    if not is_there(ledger_path(out)):
        return f"{out}: the ledger in the folder of the results is gone"
    probe = batch_folder(out) / f"{STAGING_PREFIX}probe-{secrets.token_hex(4)}"
    try:
        with probe.open("wb") as handle:
            handle.write(bytes(_PROBE_BYTES))
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as error:
        return f"{out}: cannot be written ({reason_of(error)})"
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    gone = next((root for root in roots if not is_there(root)), None)
    return None if gone is None else f"{gone}: the folder of the slides is gone"

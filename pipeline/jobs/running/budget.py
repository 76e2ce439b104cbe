"""The budget of time and memory of one slide, and the end of what exceeds it."""

import os
import signal
import sys
import time
from contextlib import suppress
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Literal

__all__ = ["Excess", "duration_text", "exceeded", "kill_group", "resident_mb"]

Excess = Literal["time", "memory"]
_MB = 1_000_000


def exceeded(
    pid: int | None, began_s: float, *, memory_limit_mb: float, time_limit_s: float
) -> Excess | None:
    """What of its budget a slide has passed; None where it has passed none.

    Parameters
    ----------
    pid : of the process that counts it.
    began_s : when it was begun, by the monotonic clock.
    """
    if time.monotonic() - began_s > time_limit_s:
        return "time"
    return "memory" if resident_mb(pid) > memory_limit_mb else None


def duration_text(seconds: float) -> str:
    """A limit of time in words."""
    if seconds < 120:
        return f"{seconds:g} s"
    if seconds < 7200:
        return f"{seconds / 60:.4g} minutes"
    return f"{seconds / 3600:.4g} hours"


def resident_mb(pid: int | None) -> float:
    """Memory that a process has in use, MB; 0 where the system does not tell it."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / _MB


def kill_group(process: SpawnProcess) -> None:
    """End a worker, where it lives, and every process that counts for it."""
    if sys.platform != "win32" and process.pid is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()

"""What a worker process does about itself: it ends with its parent, and the system bounds its memory."""

import os
import signal
import sys
import threading
from multiprocessing import connection, parent_process
from types import FrameType

__all__ = ["exit_with_parent", "limit_memory"]

_MB = 1_000_000
_ADDRESSED_MB = 1_000
"""What a process may ask of the system above its limit: what it asks for is never all in use."""


def exit_with_parent() -> None:
    """Leave Ctrl-C to the parent, turn SIGTERM into SystemExit, and watch for the parent's death."""
    if sys.platform != "win32":
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def limit_memory(memory_limit_mb: float) -> None:
    """Let the system refuse what is far above the limit: faster than anyone could look."""
    if sys.platform == "linux":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        most = int((memory_limit_mb + _ADDRESSED_MB) * _MB)
        within = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (within, hard))


def _leave(signal_number: int, frame: FrameType | None) -> None:
    sys.exit(0)


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    if sys.platform != "win32":
        os.killpg(0, signal.SIGKILL)  # this process and those that count for it
    os._exit(1)

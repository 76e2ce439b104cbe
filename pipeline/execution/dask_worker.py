"""What a worker process of a cluster holds during one run: its state, and what answers tasks."""

import os
import pickle
import platform
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin, get_worker

from pipeline.errors import ClusterError, error_line
from pipeline.execution.processes import WorkerDiedError
from pipeline.provenance import versions

__all__ = ["Order", "answer", "deciding_versions", "notice"]

IDLE_S = 600.0
"""A run that handed in no task for so long may have lost its caller; the next run drops its state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the caller asks of every worker process.

    Attributes
    ----------
    make_worker, arguments : what is called once in each process; gives what answers a task.
    expected : versions in the caller's process, as `deciding_versions` gives them.
    readable : files and folders that each process must be able to read.
    """

    make_worker: Callable[..., Callable[[Any], Any]]
    arguments: tuple[Any, ...]
    expected: Mapping[str, str]
    readable: tuple[Path, ...]


def notice(order: Order) -> WorkerPlugin:
    """The order as it is posted in every worker process.

    A plugin of dask's own class: a worker without smearcount can read it too, and its first task says what it
    lacks. One that cannot read a plugin hangs half started, with tasks, for minutes.
    """
    posted = WorkerPlugin()
    vars(posted)["order"] = pickle.dumps(order)
    return posted


def answer(run: str, task: bytes) -> bytes:
    """The pickled answer to a pickled task, made with this process's state of that run."""
    worker = get_worker()
    posted = vars(worker.plugins[run])
    if "state" not in posted:
        _clear_idle(worker.plugins)
    state: _RunState = posted.setdefault("state", _RunState(worker.address, posted["order"]))
    return pickle.dumps(state.answer(pickle.loads(task)))


def deciding_versions() -> dict[str, str]:
    """Versions that decide a count. Of Python only what changes its language: 3.11 of 3.11.7."""
    major, minor, _ = platform.python_version_tuple()
    return versions() | {"python": f"{major}.{minor}"}


class _RunState:
    """Keeps what one process made for a run: made with the first task, gone with the run's notice.

    A process of several threads works on one task at a time: an open slide and an interpreter are
    not thread-safe.
    """

    def __init__(self, address: str, order: bytes) -> None:
        self._address = address
        self._order = order
        self._lock = threading.Lock()
        self._work: Callable[[Any], Any] | None = None
        self.used_s = time.monotonic()

    def answer(self, task: object) -> object:
        """What the worker answers; WorkerDiedError where it fails at this task, so that the others go on."""
        with self._lock:
            work = self._work = self._work or self._make()
            try:
                return work(task)
            except Exception as error:  # whatever one task raises must not end the run
                return WorkerDiedError(f"its worker failed: {error_line(error)}")
            finally:
                self.used_s = time.monotonic()

    def _make(self) -> Callable[[Any], Any]:
        order: Order = pickle.loads(self._order)
        here = deciding_versions()
        for name, wanted in order.expected.items():
            if here[name] != wanted:
                raise ClusterError(
                    f"worker {self._address} runs {name} {here[name]}, expected {wanted} as here; "
                    "install the same requirements on every machine"
                )
        for path in order.readable:
            if not os.access(path, os.R_OK):
                raise ClusterError(
                    f"worker {self._address} cannot read {path}, expected a file system that all machines "
                    "share; mount it there under the same path"
                )
        return order.make_worker(*order.arguments)


def _clear_idle(plugins: Mapping[str, WorkerPlugin]) -> None:
    """Drop the states of runs whose caller is gone."""
    now_s = time.monotonic()
    for posted in list(plugins.values()):
        state = vars(posted).get("state")
        if isinstance(state, _RunState) and now_s - state.used_s > IDLE_S:
            vars(posted).pop("state", None)

"""Runs tasks on the workers of a dask.distributed cluster, in the shape of `processes.run_in_processes`."""

import pickle
import queue
import secrets
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.errors import ClusterError
from pipeline.execution.dask_client import WorkerPool, connected
from pipeline.execution.processes import WorkerDiedError

if TYPE_CHECKING:
    from distributed import Client, Future

    from pipeline.execution.dask_worker import Order

__all__ = ["run_on_cluster", "worker_processes"]

Task = TypeVar("Task")
Answer = TypeVar("Answer")

DIED = "its worker processes died every time; is memory short?"
PATIENCE_S = 60.0
"""How long a run waits while there is no worker at all."""
TASKS_EACH = 3
"""Tasks handed to each worker process: it works on one, the others wait beside it."""
WAKE_S = 1.0
"""How often the workers are counted again while no answer comes."""
FETCH_S = 10.0
"""How long the others wait for an answer that is worked out again because its worker died after it."""
TRIES = 2
"""How often a task is given up by dask, whose tries are four workers each, before it is given up here."""
POST_TRIES = 3
"""Each fails only where a worker dies in that very moment."""


def run_on_cluster(
    make_worker: Callable[..., Callable[[Task], Answer]],
    arguments: tuple[Any, ...],
    tasks: Iterable[Task],
    scheduler: str,
    *,
    readable: tuple[Path, ...] = (),
    patience_s: float = PATIENCE_S,
) -> Generator[tuple[Task, Answer | WorkerDiedError]]:
    """Each task with its answer, in the order they are ready, worked on by the workers of a cluster.

    Parameters
    ----------
    make_worker : top-level function, called once in each process with `arguments`; gives what answers a task.
    tasks : taken as there is room for them, so that there may be millions.
    scheduler : its address, such as 'tcp://host:8786'.
    readable : absolute paths that every worker must be able to read.
    patience_s : how long to wait while there is no worker at all.

    Raises
    ------
    ClusterError
        Where the scheduler cannot be reached or is lost, no worker is there for `patience_s`, or a worker
        runs other versions or cannot read a file.
    """
    rest = iter(tasks)
    first = list(islice(rest, 1))
    if not first:
        return
    with connected(scheduler) as client:
        pool = WorkerPool(client, scheduler, patience_s)
        pool.gather()
        from pipeline.execution.dask_worker import Order, deciding_versions

        order = Order(
            make_worker=make_worker, arguments=arguments, expected=deciding_versions(), readable=readable
        )
        with _posted(client, pool, order) as run:
            yield from _Run(client, pool, run).answers(chain(first, rest))


def worker_processes(scheduler: str) -> int:
    """How many worker processes a cluster has, at least one; errors as `run_on_cluster`."""
    with connected(scheduler) as client:
        pool = WorkerPool(client, scheduler, PATIENCE_S)
        pool.gather()
        return pool.processes


@contextmanager
def _posted(client: "Client", pool: WorkerPool, order: "Order") -> Iterator[str]:
    """The name of a new run, whose order is posted in every worker process, also in those that join later."""
    from pipeline.execution.dask_worker import notice

    run = f"smearcount-{secrets.token_hex(8)}"
    try:
        for _ in range(POST_TRIES):
            try:
                client.register_plugin(notice(order), name=run)
                break
            except OSError:
                pool.refresh()
        else:
            raise ClusterError("the workers came and went and could not be started; see their logs")
        yield run
    finally:
        if not pool.is_lost:
            # A worker that dies in this moment takes its run state along.
            with suppress(OSError, ValueError, KeyError):
                client.unregister_worker_plugin(run)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flight:
    """A task that was handed in, how often, and the future of its answer."""

    task: Any
    tries: int
    future: "Future[bytes]"


class _Run:
    """The tasks of one run: a bounded number of them is handed in, and more as answers come back."""

    def __init__(self, client: "Client", pool: WorkerPool, name: str) -> None:
        self._client = client
        self._pool = pool
        self._name = name
        self._flying: dict[object, _Flight] = {}
        self._suspects: deque[Any] = deque()
        self._ready: queue.SimpleQueue[Future[bytes]] = queue.SimpleQueue()

    def answers(self, tasks: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
        """Each task with its answer; what is under way where the caller stops halfway is cancelled."""
        try:
            while self._hand_in(tasks):
                self._pool.refresh_if_due()
                try:
                    future = self._ready.get(timeout=WAKE_S)
                except queue.Empty:
                    continue
                yield from self._answered(future)
        finally:
            if self._flying and not self._pool.is_lost:
                self._client.cancel([flight.future for flight in self._flying.values()])

    def _hand_in(self, tasks: Iterator[Any]) -> bool:
        """Hand in what there is room for; False where nothing is left to wait for."""
        room = TASKS_EACH * max(self._pool.processes, 1) - len(self._flying)
        for task in islice(tasks, max(room, 0)):
            self._submit(task, 1)
        if not self._flying and self._suspects:
            # What waited beside a task that kills its worker is suspected too: each gets its last try alone.
            self._submit(self._suspects.popleft(), TRIES)
        return bool(self._flying)

    def _submit(self, task: object, tries: int) -> None:
        from pipeline.execution.dask_worker import answer

        key = f"{self._name}-{secrets.token_hex(8)}"
        try:
            future = self._client.submit(answer, self._name, pickle.dumps(task), key=key, pure=False)
        except OSError as error:
            raise self._pool.lost() from error
        self._await(_Flight(task=task, tries=tries, future=future))

    def _answered(self, future: "Future[bytes]") -> list[tuple[Any, Any]]:
        """The task and its answer; nothing where it is worked on again."""
        from distributed import KilledWorker

        flight = self._flying.pop(future.key)
        try:
            return [(flight.task, pickle.loads(future.result(timeout=FETCH_S)))]
        except KilledWorker:
            if flight.tries >= TRIES:
                return [(flight.task, WorkerDiedError(DIED))]
            self._suspects.append(flight.task)
        except CancelledError as error:
            raise self._pool.lost() from error
        except ImportError as error:
            raise ClusterError(
                f"a worker cannot import what it needs ({error}); "
                "install the same requirements on every machine"
            ) from error
        except OSError as error:
            if future.status == "error":
                raise  # it comes from the worker, such as a slide that cannot be opened
            if not isinstance(error, TimeoutError):
                raise self._pool.lost() from error
            self._await(flight)
        return []

    def _await(self, flight: _Flight) -> None:
        self._flying[flight.future.key] = flight
        flight.future.add_done_callback(self._ready.put)

"""Runs tasks here or in a pool of processes; a worker that dies is replaced and its task done again."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar, cast

__all__ = ["WorkerDiedError", "run_here", "run_in_processes"]

Task = TypeVar("Task")
Answer = TypeVar("Answer")

TRIES = 2
"""How often a task is given to a worker before it is given up: it may be what kills them."""


class WorkerDiedError(RuntimeError):
    """A task ended its worker process every time."""


def run_here(work: Callable[[Task], Answer], tasks: Iterable[Task]) -> Iterator[tuple[Task, Answer]]:
    """Each task with its answer, one after the other, in this process."""
    for task in tasks:
        yield task, work(task)


def run_in_processes(
    make_worker: Callable[..., Callable[[Task], Answer]],
    arguments: tuple[Any, ...],
    tasks: Iterable[Task],
    workers: int,
) -> Generator[tuple[Task, Answer | WorkerDiedError]]:
    """Each task with its answer, in the order they are ready, worked on by `workers` processes.

    Parameters
    ----------
    make_worker : top-level function, called once in each process with `arguments`; gives what answers a task.
    """
    pool = _Pool(make_worker, arguments)
    try:
        yield from pool.run(deque((task, 1) for task in tasks), workers)
    finally:
        pool.stop()


class _Pool:
    def __init__(self, make_worker: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._order = (make_worker, arguments)
        self._processes: dict[Connection, Any] = {}

    def run(self, waiting: deque[tuple[Any, int]], workers: int) -> Iterator[tuple[Any, Any]]:
        busy: dict[Connection, tuple[Any, int]] = {}
        for _ in range(min(workers, len(waiting))):
            self._hand_out(self._start(), waiting, busy)
        while busy:
            for ready in wait(list(busy)):
                line = cast("Connection", ready)  # only Connections are waited for
                task, tries = busy.pop(line)
                try:
                    answer = line.recv()
                except (EOFError, OSError):
                    line = self._replace(line)
                    if tries < TRIES:
                        waiting.appendleft((task, tries + 1))
                    else:
                        reason = f"its worker process died {tries} times; is memory short?"
                        yield task, WorkerDiedError(reason)
                else:
                    if isinstance(answer, BaseException):
                        raise answer
                    yield task, answer
                self._hand_out(line, waiting, busy)

    def stop(self) -> None:
        for line, process in self._processes.items():
            line.close()
            process.join(timeout=1)
            if process.is_alive():
                process.terminate()
                process.join()
        self._processes.clear()

    def _start(self) -> Connection:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, *self._order), daemon=True)
        process.start()
        theirs.close()
        self._processes[ours] = process
        return ours

    def _replace(self, line: Connection) -> Connection:
        self._processes.pop(line).join()
        line.close()
        return self._start()

    @staticmethod
    def _hand_out(line: Connection, waiting: deque[Any], busy: dict[Connection, Any]) -> None:
        if waiting:
            busy[line] = waiting.popleft()
            try:
                line.send(busy[line][0])
            except OSError:
                # The worker is gone already; its end of the line reads as closed and the task is done again.
                return


def _serve(
    line: Connection, make_worker: Callable[..., Callable[[Any], Any]], arguments: tuple[Any, ...]
) -> None:
    """Answer tasks until the line is closed; what goes wrong while starting is the first answer."""
    # Ctrl-C reaches every process of the terminal; the one that asked closes the line.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        work = make_worker(*arguments)
    except Exception as error:  # whatever it is belongs to the process that asked
        line.send(error)
        return
    while True:
        try:
            task = line.recv()
        except (EOFError, OSError):
            return
        answer = work(task)
        try:
            line.send(answer)
        except OSError:  # who asked is gone
            return

"""Worker processes that count one slide after the other: each slide with a limit of memory and of time.

What one slide does to its worker, the others do not feel: a worker that dies, or is ended for taking too
much, is replaced. A worker keeps its imports from slide to slide.
"""

import multiprocessing
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Literal, cast

from pipeline.files import remove_staged_by
from pipeline.jobs.counted import Answer, CountTask, Progressed, SlideTask, count_task, count_threads
from pipeline.jobs.running.budget import duration_text, exceeded, kill_group
from pipeline.jobs.running.process import exit_with_parent, limit_memory
from pipeline.output.place import put_back
from pipeline.settings import BatchSettings

__all__ = ["SlideWorkers"]

Word = Literal["stop"]
_LOOK_S = 0.25
"""How often memory and time are held against their limits."""
_LEAVE_S = 2.0


@dataclass(slots=True, kw_only=True)
class _Worker:
    """A worker process, the line to it, and the slide it is at."""

    process: SpawnProcess
    line: Connection
    task: SlideTask | None = None
    began_s: float = 0.0
    ended_for: str | None = field(default=None)


class SlideWorkers:
    """At most so many worker processes, started as they are needed.

    Parameters
    ----------
    count : what counts a slide; a function at the top level of a module.
    """

    def __init__(self, workers: int, limits: BatchSettings, count: CountTask) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._most = workers
        self._limits = limits
        self._count = count
        self._workers: list[_Worker] = []

    @property
    def running(self) -> tuple[str, ...]:
        """Names of the slides under way."""
        return tuple(worker.task.slide for worker in self._workers if worker.task is not None)

    @property
    def room(self) -> bool:
        """Whether a worker is free, or may be started."""
        return len(self.running) < self._most

    def start(self, task: SlideTask) -> None:
        """Hand a slide to a free worker."""
        worker = next((each for each in self._workers if each.task is None), None) or self._new()
        worker.task, worker.began_s = task, time.monotonic()
        with suppress(OSError):  # of a worker that is gone already: its line reads as closed
            worker.line.send(task)

    def events(self, timeout_s: float = _LOOK_S) -> list[Answer | Progressed]:
        """What the workers told within that time; nothing where they told nothing."""
        busy = {worker.line: worker for worker in self._workers if worker.task is not None}
        if not busy:
            time.sleep(timeout_s)
            return []
        told: list[Answer | Progressed] = []
        for ready in wait(list(busy), timeout_s):
            worker = busy[cast("Connection", ready)]  # only Connections are waited for
            try:
                event = worker.line.recv()
            except (EOFError, OSError):
                told.append(self._died(worker))
                continue
            told.append(event)
            if isinstance(event, Answer):
                worker.task = None
        for worker in self._workers:
            self._hold_to_limits(worker)
        return told

    def ask_to_stop(self) -> None:
        """Ask every worker to stop after the tile in hand, where its tiles are kept; else after its slide."""
        for worker in self._workers:
            with suppress(OSError):
                worker.line.send("stop")

    def kill(self) -> None:
        """End every worker at once, and what counts for it."""
        for worker in self._workers:
            kill_group(worker.process)

    def close(self) -> None:
        """Let the workers go; those that do not leave are ended."""
        for worker in self._workers:
            worker.line.close()
        for worker in self._workers:
            worker.process.join(0 if worker.task is not None else _LEAVE_S)
            kill_group(worker.process)
            worker.process.join()
            _clear_after(worker)
        self._workers.clear()

    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers."""
        return tuple(worker.process.pid for worker in self._workers if worker.process.pid is not None)

    def _new(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_serve,
            args=(theirs, self._limits.memory_limit_mb, self._count),
            name="smearcount slide worker",
        )
        process.start()
        theirs.close()
        worker = _Worker(process=process, line=ours)
        self._workers.append(worker)
        return worker

    def _died(self, worker: _Worker) -> Answer:
        self._workers.remove(worker)
        worker.line.close()
        worker.process.join(_LEAVE_S)
        kill_group(worker.process)
        worker.process.join()
        _clear_after(worker)
        slide = worker.task.slide if worker.task is not None else ""
        if worker.ended_for is not None:
            return Answer(slide=slide, kind="exceeded", text=worker.ended_for)
        return Answer(slide=slide, kind="died", text=_death(worker.process.exitcode or 0))

    def _hold_to_limits(self, worker: _Worker) -> None:
        if worker.task is None or worker.ended_for is not None:
            return
        limits, source = self._limits, worker.task.source
        excess = exceeded(
            worker.process.pid,
            worker.began_s,
            memory_limit_mb=limits.memory_limit_mb,
            time_limit_s=limits.time_limit_s,
        )
        if excess == "time":
            worker.ended_for = (
                f"{source} took longer than {duration_text(limits.time_limit_s)}, the limit for one slide; "
                "raise --time-limit, or hand in a smaller part of it"
            )
        elif excess == "memory":
            worker.ended_for = (
                f"{source} needed more than {limits.memory_limit_mb} MB of memory, the limit for one slide; "
                "raise --memory-limit, or hand in a smaller part of it"
            )
        if worker.ended_for is not None:
            kill_group(worker.process)


def _clear_after(worker: _Worker) -> None:
    """Remove what a worker that is dead had half written of its slide, and put back what it had set aside."""
    if worker.task is None or worker.process.pid is None:
        return
    remove_staged_by(worker.process.pid, worker.task.out)
    with suppress(OSError):  # of a disk that is full or away; the next run does it
        put_back(worker.task.out / worker.task.slide)


def _serve(line: Connection, memory_limit_mb: int, count: CountTask) -> None:
    """Count the slides that come over the line until it is closed."""
    exit_with_parent()
    limit_memory(memory_limit_mb)
    started = False
    while True:
        try:
            word: SlideTask | Word = line.recv()
            if isinstance(word, str):
                return
            if not started:
                count_threads()
                started = True
            line.send(count_task(word, line, count))
        except (EOFError, OSError):
            return


def _death(exit_code: int) -> str:
    if exit_code < 0:
        return f"its worker process was ended by signal {-exit_code}; is memory short?"
    return f"its worker process ended with exit code {exit_code}"

"""What a worker does with one slide of a batch, and what it answers."""

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

from pipeline.errors import OutputError, OutputExistsError, SmearcountError, error_line
from pipeline.settings import CountSettings, Progress

__all__ = [
    "Answer",
    "CountTask",
    "Progressed",
    "SlideTask",
    "count_named",
    "count_task",
    "count_threads",
    "is_of_memory",
    "make_cluster_worker",
]

_OF_MEMORY = (
    "insufficient memory",
    "cannot allocate",
    "failed to allocate",
    "unable to allocate",
    "bad_alloc",
)
_TELL_S = 0.5  # shortest time between two words of progress
_KEPT_FROM_TILES = 9
"""A slide of fewer tiles keeps none: it is soon done, and stopping in the middle would lose it all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideTask:
    """One slide to be counted into the folder `out`."""

    slide: str
    source: Path
    out: Path
    settings: CountSettings


CountTask = Callable[[SlideTask, Progress | None], Path]
"""Counts a slide and writes its folder, as `pipeline.batch.count_and_write` does; gives the folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a slide.

    Attributes
    ----------
    kind : 'done'; 'failed' by its own fault; 'exceeded', where it took more time or memory than it may;
        'output', where its result could not be written; 'stopped', where that was asked for; 'died', where
        its worker did.
    text : one line where it is not done.
    cpu_s : seconds of the processor.
    """

    slide: str
    kind: Literal["done", "failed", "exceeded", "output", "stopped", "died"]
    text: str | None = None
    cpu_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    """How far a slide is: tiles done, all tiles, red cells found."""

    slide: str
    done: int
    total: int
    cells: int


class _Stopped(BaseException):
    """The caller asked to stop; it passes by what catches errors of a slide."""


def count_named(task: SlideTask, progress: Progress | None) -> Path:
    """`pipeline.batch.count_and_write`, imported by the worker only: who starts it does without."""
    from pipeline.batch import count_and_write

    return count_and_write(task.source, task.out, task.settings, name=task.slide, progress=progress)[1]


def count_threads() -> None:
    """One thread for OpenCV: the workers share the cores."""
    import cv2

    cv2.setNumThreads(1)


def count_task(task: SlideTask, line: Connection | None, count: CountTask) -> Answer:
    """Count a slide and write its folder; whatever it raises is told."""
    began_s = _cpu_s()
    tell = None if line is None else _teller(task.slide, line)
    answer = partial(Answer, slide=task.slide)
    try:
        if not task.out.is_dir():
            raise OutputError(f"{task.out}: the folder of the results is gone; is its disk still there?")
        count(task, tell)
    except _Stopped:
        return answer(kind="stopped")
    except OutputExistsError as error:
        return answer(kind="failed", text=error_line(error))
    except OutputError as error:
        return answer(kind="output", text=error_line(error))
    except SmearcountError as error:
        return answer(kind="failed", text=error_line(error))
    except Exception as error:  # whatever a slide raises is told, and the slides after it are counted
        if is_of_memory(error):
            return answer(kind="exceeded", text=_of_memory_text(task, on_cluster=line is None))
        return answer(kind="failed", text=f"{task.source}: {error_line(error)}")
    return answer(kind="done", cpu_s=_cpu_s() - began_s)


def make_cluster_worker() -> Callable[[SlideTask], Answer]:
    """A worker in a process of a cluster: counts one slide after the other, alone and with one thread."""
    count_threads()
    return _count_there


def _count_there(task: SlideTask) -> Answer:
    return count_task(task, None, count_named)


def _of_memory_text(task: SlideTask, *, on_cluster: bool) -> str:
    if on_cluster:
        what, mend = "its worker has", "give the workers of the scheduler more"
    else:
        what, mend = "one slide may take", "raise --memory-limit"
    return f"{task.source} needs more memory than {what}; {mend}, or hand in a smaller part of it"


def is_of_memory(error: BaseException | None) -> bool:
    """Whether memory was refused; libraries tell that in many ways, some by an error they forget to set."""
    while error is not None:
        if isinstance(error, MemoryError | SystemError) or getattr(error, "errno", None) == errno.ENOMEM:
            return True
        if any(words in str(error).lower() for words in _OF_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


def _teller(slide: str, line: Connection) -> Progress:
    last_s = float("-inf")
    is_asked = False

    def tell(done: int, total: int, cells: int) -> None:
        nonlocal last_s, is_asked
        if not is_asked and line.poll():
            line.recv()
            is_asked = True
        if is_asked and total >= _KEPT_FROM_TILES and done < total:
            raise _Stopped
        now_s = time.monotonic()
        if now_s - last_s >= _TELL_S:
            last_s = now_s
            line.send(Progressed(slide=slide, done=done, total=total, cells=cells))

    return tell


def _cpu_s() -> float:
    """Seconds of the processor, of this process and of those that counted for it."""
    return sum(os.times()[:4])

"""Shares out the whole slides of a batch among workers: each counts one at a time and writes its folder."""

import tempfile
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from pipeline.execution.processes import WorkerDiedError, run_in_processes
from pipeline.settings import CountSettings, with_absolute_paths

__all__ = [
    "SEEN_FILES",
    "CountOne",
    "make_slide_worker",
    "share_slides",
    "slides_are_shared",
    "tasks_on_cluster",
]

_SEEN = (".smearcount-seen-", ".probe")
SEEN_FILES = "*".join(_SEEN)
"""Files in the folder of the results by which workers show that they see it; a killed command leaves one."""

Outcome = TypeVar("Outcome")
Task = TypeVar("Task")
Answer = TypeVar("Answer")
CountOne = Callable[[Path, Path, CountSettings], Outcome]
"""Top-level function that counts a slide into a folder and returns what became of it, errors included."""


def slides_are_shared(slides: int, settings: CountSettings) -> bool:
    """Whether each worker gets whole slides: there are enough for all. Else they share one slide's tiles.

    Raises
    ------
    ClusterError
        Where the settings name a scheduler that cannot be reached or has no worker.
    """
    if slides < 2:
        return False
    if settings.scheduler is None:
        return 1 < settings.workers <= slides
    from pipeline.execution.dask import worker_processes

    return worker_processes(settings.scheduler) <= slides


def share_slides(
    count: CountOne[Outcome], sources: Sequence[Path], out: Path, settings: CountSettings
) -> Generator[tuple[Path, Outcome | WorkerDiedError]]:
    """Each slide with what became of it, in the order they are ready.

    A slide whose worker died is counted again, and so may find its own result there already: `count` has to
    replace it. What was there before the batch is the caller's to keep.

    Parameters
    ----------
    out : folder of all results; it exists. On a cluster it and the slides lie where all machines see them.

    Raises
    ------
    ClusterError
        As `pipeline.execution.dask.run_on_cluster`; also where a worker cannot see `out` or a folder of
        the slides.
    """
    if settings.scheduler is None:
        yield from run_in_processes(make_slide_worker, (count, out, settings), sources, settings.workers)
        return
    named = {source.absolute(): source for source in sources}
    order = (count, out.absolute(), with_absolute_paths(settings))
    folders = {source.parent for source in named}
    make = partial(make_slide_worker, *order)
    for source, answer in tasks_on_cluster(make, named, settings.scheduler, out, sorted(folders)):
        yield named[source], answer


def tasks_on_cluster(
    make_worker: Callable[[], Callable[[Task], Answer]],
    tasks: Iterable[Task],
    scheduler: str,
    out: Path,
    folders: Sequence[Path],
) -> Generator[tuple[Task, Answer | WorkerDiedError]]:
    """Tasks that read slides and write into `out`, answered by the workers of a cluster; as `share_slides`.

    Parameters
    ----------
    folders : of the slides.
    """
    from pipeline.execution.dask import run_on_cluster

    # A worker that cannot see the files would fail slide after slide, and faster than the others count.
    # A folder of the same name on its own disk would do as little: it has to see a file that was just made.
    with tempfile.NamedTemporaryFile(dir=out.absolute(), prefix=_SEEN[0], suffix=_SEEN[1]) as seen:
        readable = (Path(seen.name), *(folder.absolute() for folder in folders))
        yield from run_on_cluster(make_worker, (), tasks, scheduler, readable=readable)


def make_slide_worker(
    count: CountOne[Outcome], out: Path, settings: CountSettings
) -> Callable[[Path], Outcome]:
    """A worker in a new process: counts one slide after the other, alone and with one thread."""
    import cv2

    cv2.setNumThreads(1)
    return partial(_count, count, out, replace(settings, workers=1, scheduler=None))


def _count(count: CountOne[Outcome], out: Path, settings: CountSettings, source: Path) -> Outcome:
    return count(source, out, settings)

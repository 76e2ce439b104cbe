"""The worker process of the service: takes the oldest queued job from the ledger, counts it, takes the next.

It ends with the process that started it. A job that fails with an error smearcount knows is marked failed
and the next one begins; anything else ends the process, and whoever started it records the crash and starts
another.
"""

import logging
import shutil
import sqlite3
import time
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.errors import SmearcountError, error_line
from pipeline.jobs.counted import CountTask, SlideTask, is_of_memory
from pipeline.jobs.data_folder import DataFolder
from pipeline.jobs.ledger import Job, Ledger, sole_worker
from pipeline.jobs.running.process import exit_with_parent, limit_memory
from pipeline.names import for_line
from pipeline.reader.source import slide_name
from pipeline.settings import TILES_SUFFIX, CountSettings, Progress

__all__ = [
    "WorkerOrders",
    "run_worker",
    "work_once",
]

_LOG = logging.getLogger(__name__)
_POLL_S = 0.2  # how long a new job may lie unseen
_PROGRESS_S = 0.25  # shortest time between two notes of progress: each is a synced write


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOrders:
    """What a worker process is started with.

    Attributes
    ----------
    data : the folder of the ledger, the uploads and the results.
    token : names this process in the ledger; never used twice.
    settings : for every count; the pixel size given with a slide goes before its `um_per_px`.
    count : what counts a slide; a function at the top level of a module, so that a new process can import it.
    memory_limit_mb : MB that the process may take; None lets it take what there is.
    """

    data: DataFolder
    token: str
    settings: CountSettings
    count: CountTask
    memory_limit_mb: float | None = None


def run_worker(orders: WorkerOrders) -> None:
    """Work until stopped; the main function of the worker process, which leads a process group of its own.

    Waits until no other process works on the data folder; jobs that one left running are queued again.
    SIGTERM ends it as soon as Python handles the signal, with what a count leaves behind cleaned up.
    """
    exit_with_parent()
    if orders.memory_limit_mb is not None:
        limit_memory(orders.memory_limit_mb)
    with sole_worker(orders.data.lock):
        ledger = Ledger(orders.data.ledger)
        try:
            ledger.requeue_running()
            while True:
                if not work_once(ledger, orders):
                    time.sleep(_POLL_S)
        finally:
            ledger.close()


def work_once(ledger: Ledger, orders: WorkerOrders) -> bool:
    """Take one job and count it; False where none is queued."""
    job = ledger.take(orders.token)
    if job is None:
        return False
    root = orders.data.root
    source, out = root / job.source, orders.data.results / job.id
    settings = replace(
        orders.settings,
        um_per_px=orders.settings.um_per_px if job.um_per_px is None else job.um_per_px,
        report=replace(orders.settings.report, sample=job.sample),
    )
    try:
        out.mkdir(parents=True, exist_ok=True)
        _clear(out)
        task = SlideTask(slide=slide_name(source), source=source, out=out, settings=settings)
        folder = orders.count(task, _reporter(ledger, job))
    except Exception as error:  # memory is refused by errors of many kinds
        if not isinstance(error, SmearcountError | OSError) and not is_of_memory(error):
            raise
        ledger.fail(job, _one_line(error, source, job.name))
    else:
        ledger.finish(job, folder.relative_to(root).as_posix())
    return True


def _clear(out: Path) -> None:
    """Remove what an attempt that was cut short may have left, but the tiles that it had finished."""
    for entry in out.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.suffix != TILES_SUFFIX:
            entry.unlink(missing_ok=True)


def _reporter(ledger: Ledger, job: Job) -> Progress:
    last_s = float("-inf")

    def report(done: int, total: int, cells: int) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        if done >= total or now_s - last_s >= _PROGRESS_S:
            last_s = now_s
            try:
                ledger.progress(job, done, total)
            except sqlite3.Error as error:  # a count goes on where it cannot be noted how far it is
                _LOG.warning("the ledger cannot be written (%s)", error)

    return report


def _one_line(error: Exception, source: Path, name: str) -> str:
    """The error's message for a person, with the uploaded name in place of the path on the server."""
    if not isinstance(error, SmearcountError) and is_of_memory(error):
        return (
            f"{name} needs more memory than one slide may take here; hand in fewer photos or a smaller part "
            "of the scan"
        )
    return error_line(error).replace(for_line(source), name).replace(for_line(source.parent), name)

"""Keep one worker process alive: start it, start another when it dies, end it with the service.

A ledger that cannot be read or written for a while ends neither the supervision nor the budget of a slide.
"""

import asyncio
import logging
import multiprocessing
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable
from multiprocessing.context import SpawnProcess

from pipeline.jobs.counted import CountTask
from pipeline.jobs.data_folder import DataFolder
from pipeline.jobs.ledger import Job, Ledger
from pipeline.jobs.running.budget import Excess, duration_text, exceeded, kill_group
from pipeline.jobs.worker import WorkerOrders, run_worker
from pipeline.settings import BatchSettings, CountSettings

__all__ = ["Supervisor"]

_LOG = logging.getLogger(__name__)
_LOOK_S = 0.2  # how long a death may go unseen
_PAUSE_S = 0.5  # before another is started; doubled where that one dies early too
_LONGEST_PAUSE_S = 30.0
_EARLY_S = 60.0  # a worker that lived longer did not die of starting
_PATIENCE_S = 5.0  # given to a worker that was asked to stop
_SETTING = {
    "time": "SMEARCOUNT_SLIDE_TIME_LIMIT_S allows more",
    "memory": "SMEARCOUNT_SLIDE_MEMORY_LIMIT_MB allows more",
}
"""Told to who keeps the service, in its log."""


class Supervisor:
    """Runs the worker process of a service.

    Parameters
    ----------
    count : what counts a slide in the worker; a function at the top level of a module.
    limits : of time and memory for one slide.
    """

    def __init__(
        self,
        *,
        data: DataFolder,
        ledger: Ledger,
        settings: CountSettings,
        count: CountTask,
        limits: BatchSettings,
    ) -> None:
        self._data = data
        self._ledger = ledger
        self._settings = settings
        self._count = count
        self._limits = limits
        self._under_way: Job | None = None
        self._began_s = 0.0
        self._ended: tuple[Job, str] | None = None
        self._process: SpawnProcess | None = None
        self._token = ""

    @property
    def pid(self) -> int | None:
        """Process id of the worker; None while there is none."""
        process = self._process
        return process.pid if process is not None and process.is_alive() else None

    async def run(self) -> None:
        """Keep a worker alive until cancelled, then end it and queue its job again."""
        pause_s = _PAUSE_S
        try:
            while True:
                born_s = time.monotonic()
                await _done(self._start)
                while self.pid is not None:
                    await asyncio.sleep(_LOOK_S)
                    await _in_thread(self._hold_to_limits)
                await _done(self._record_crash)
                lived_long = time.monotonic() - born_s > _EARLY_S or self._ended is not None
                pause_s = _PAUSE_S if lived_long else min(2 * pause_s, _LONGEST_PAUSE_S)
                await asyncio.sleep(pause_s)
        finally:
            await asyncio.to_thread(self._stop)

    def _start(self) -> None:
        self._under_way = self._ended = None
        self._token = secrets.token_hex(8)
        orders = WorkerOrders(
            data=self._data,
            token=self._token,
            settings=self._settings,
            count=self._count,
            memory_limit_mb=self._limits.memory_limit_mb,
        )
        process = multiprocessing.get_context("spawn").Process(
            target=run_worker, args=(orders,), name="smearcount worker"
        )
        process.start()
        self._process = process  # only now: one that could not be started cannot be ended either

    def _hold_to_limits(self) -> None:
        """End the worker whose slide has passed its budget, and mark the slide failed: others wait for it."""
        self._see_what_is_under_way()
        job, process, limits = self._under_way, self._process, self._limits
        if job is None or process is None or self._ended is not None:
            return
        excess = exceeded(
            process.pid,
            self._began_s,
            memory_limit_mb=limits.memory_limit_mb,
            time_limit_s=limits.time_limit_s,
        )
        if excess is None:
            return
        text = _excess_text(job.name, excess, limits)
        try:
            if not self._ledger.fail(job, text):
                return  # it was finished this moment
        except sqlite3.Error as error:  # it is marked once the ledger can be written
            _LOG.warning("the ledger cannot be written (%s)", error)
        _LOG.warning("%s took more %s than a slide may, and was ended; %s", job.id, excess, _SETTING[excess])
        self._ended = job, text
        kill_group(process)

    def _see_what_is_under_way(self) -> None:
        """Ask the ledger which slide is counted; where it does not answer, that of the last look is."""
        try:
            job = self._ledger.under_way(self._token)
        except sqlite3.Error as error:
            _LOG.warning("the ledger cannot be read (%s)", error)
            return
        known = self._under_way
        if job is None or known is None or (known.id, known.attempts) != (job.id, job.attempts):
            self._began_s = time.monotonic()
        self._under_way = job

    def _record_crash(self) -> None:
        process = self._process
        if process is None:
            return
        process.join()
        kill_group(process)
        code = process.exitcode or 0
        if self._ended is not None:
            job, text = self._ended
            self._ledger.fail(job, text)
            found = self._ledger.get(job.id)
            if found is not None and found.state == "failed":  # else it was finished this moment
                self._forget(job)
        for job in self._ledger.record_crash(self._token, _crash_text(code)):
            _LOG.warning("worker ended with code %d while counting %s, now %s", code, job.id, job.state)
            if job.state == "failed":
                self._forget(job)

    def _forget(self, job: Job) -> None:
        """Remove what was half written of a slide that is given up."""
        shutil.rmtree(self._data.results / job.id, ignore_errors=True)

    def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        process.terminate()
        process.join(_PATIENCE_S)
        kill_group(process)
        process.join()
        try:
            self._ledger.give_back(self._token)
        except sqlite3.Error as error:  # the next worker does it
            _LOG.warning("the ledger cannot be written (%s)", error)


async def _done(act: Callable[[], None]) -> None:
    """Do what needs the ledger or a new process, in a thread, as often as it takes."""
    pause_s = _PAUSE_S
    while True:
        try:
            return await _in_thread(act)
        except (sqlite3.Error, OSError) as error:
            _LOG.warning("the worker cannot be replaced yet (%s); trying again", error)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


async def _in_thread(act: Callable[[], None]) -> None:
    """Do it in a thread and wait for its end, though cancelled: a worker that starts later would stay."""
    doing = asyncio.ensure_future(asyncio.to_thread(act))
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.gather(doing, return_exceptions=True)
        raise


def _excess_text(name: str, excess: Excess, limits: BatchSettings) -> str:
    """Why a slide was ended, for who handed it in."""
    if excess == "time":
        taken, more = f"took longer than {duration_text(limits.time_limit_s)}", "time"
    else:
        taken, more = f"needed more than {limits.memory_limit_mb / 1000:g} GB of memory", "memory"
    return (
        f"{name} {taken}, the most that this service gives one slide, and was stopped; hand in fewer photos "
        f"or a smaller part of the scan, or ask who runs the service to allow more {more}"
    )


def _crash_text(exit_code: int) -> str:
    """Why a job was given up: the worker ended twice while it counted this slide."""
    if exit_code < 0:
        return (
            f"counting was killed twice (signal {-exit_code}), perhaps for want of memory; "
            "hand in a smaller part of the slide"
        )
    return "counting ended twice with an unexpected error; see the service's log on the server"

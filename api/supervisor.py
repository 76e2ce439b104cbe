"""Keep one worker process alive: start it, start another when it dies, end it with the service."""

import asyncio
import logging
import multiprocessing
import secrets
import time
from multiprocessing.context import SpawnProcess

from pipeline.jobs.counted import CountTask
from pipeline.jobs.data_folder import DataFolder
from pipeline.jobs.ledger import Job, Ledger
from pipeline.jobs.running.budget import Excess, exceeded, kill_group
from pipeline.jobs.worker import WorkerOrders, run_worker
from pipeline.settings import BatchSettings, CountSettings

__all__ = ["Supervisor"]

_LOG = logging.getLogger(__name__)
_LOOK_S = 0.2  # how long a death may go unseen
_PAUSE_S = 0.5  # before another is started; doubled where that one dies early too
_LONGEST_PAUSE_S = 30.0
_EARLY_S = 60.0  # a worker that lived longer did not die of starting
_PATIENCE_S = 5.0  # given to a worker that was asked to stop


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
        self._was_ended = False
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
                self._start()
                while self.pid is not None:
                    await asyncio.sleep(_LOOK_S)
                    await asyncio.to_thread(self._hold_to_limits)
                await asyncio.to_thread(self._record_crash)
                lived_long = time.monotonic() - born_s > _EARLY_S or self._was_ended
                pause_s = _PAUSE_S if lived_long else min(2 * pause_s, _LONGEST_PAUSE_S)
                await asyncio.sleep(pause_s)
        finally:
            await asyncio.to_thread(self._stop)

    def _start(self) -> None:
        self._was_ended = False
        self._token = secrets.token_hex(8)
        orders = WorkerOrders(data=self._data, token=self._token, settings=self._settings, count=self._count)
        self._process = multiprocessing.get_context("spawn").Process(
            target=run_worker, args=(orders,), name="smearcount worker"
        )
        self._process.start()

    def _hold_to_limits(self) -> None:
        """End the worker whose slide has passed its budget, and mark the slide failed: others wait for it."""
        job, process = self._ledger.under_way(self._token), self._process
        if job is None or process is None:
            self._under_way = None
            return
        known = self._under_way
        if known is None or (known.id, known.attempts) != (job.id, job.attempts):
            self._under_way, self._began_s = job, time.monotonic()
        limits = self._limits
        excess = exceeded(
            process.pid,
            self._began_s,
            memory_limit_mb=limits.memory_limit_mb,
            time_limit_s=limits.time_limit_s,
        )
        if excess is not None and self._ledger.fail(job, _excess_text(job.name, excess, limits)):
            _LOG.warning("%s took more %s than a slide may, and was ended", job.id, excess)
            self._was_ended = True
            kill_group(process)

    def _record_crash(self) -> None:
        process = self._process
        if process is None:
            return
        process.join()
        kill_group(process)
        code = process.exitcode or 0
        for job in self._ledger.record_crash(self._token, _crash_text(code)):
            _LOG.warning("worker ended with code %d while counting %s, now %s", code, job.id, job.state)

    def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        process.terminate()
        process.join(_PATIENCE_S)
        kill_group(process)
        process.join()
        self._ledger.give_back(self._token)


def _excess_text(name: str, excess: Excess, limits: BatchSettings) -> str:
    """Why a slide was ended."""
    if excess == "time":
        taken = f"took longer than {limits.time_limit_s:g} s"
    else:
        taken = f"needed more than {limits.memory_limit_mb} MB of memory"
    return f"{name} {taken}, the limit for one slide; hand in a smaller part of the slide"


def _crash_text(exit_code: int) -> str:
    """Why a job was given up: the worker ended twice while it counted this slide."""
    if exit_code < 0:
        return (
            f"counting was killed twice (signal {-exit_code}), perhaps for want of memory; "
            "hand in a smaller part of the slide"
        )
    return "counting ended twice with an unexpected error; see the service's log on the server"

"""A night's batch: every slide gets its result or its reason; cut short, the same command resumes it."""

import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from functools import partial

from pipeline.batch_row import BatchRow
from pipeline.errors import InputError, OutputError, error_line
from pipeline.execution.slides import slides_are_shared, tasks_on_cluster
from pipeline.jobs.choice import Chooser
from pipeline.jobs.counted import Answer, CountTask, SlideTask, count_named, make_cluster_worker
from pipeline.jobs.intake import plain_path
from pipeline.jobs.lock import HeldError, Holder, hold
from pipeline.jobs.rows import ledger_path
from pipeline.jobs.running.isolated import SlideWorkers
from pipeline.jobs.running.night import BatchOrder, Night
from pipeline.jobs.running.progress import EventKind, NightEvent, NightProgress, Pace, Report
from pipeline.jobs.running.published import Publisher, Write
from pipeline.jobs.running.stopping import Interrupted, Stop
from pipeline.jobs.running.storage import Patience, StorageError, may_pass
from pipeline.jobs.slide_ledger import SlideLedger
from pipeline.output.slides_csv import check_slides_csv

__all__ = ["BatchEnd", "BatchOrder", "run_batch"]

_GRACE_S = 7.0
"""How long the tiles in hand may take when a run is stopped: 10 s with all that comes after."""
_LOOK_S = 2.0
"""How often a watched folder is looked into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEnd:
    """How a run ended.

    Attributes
    ----------
    is_settled : every slide has its result or its reason; False where the run was stopped before.
    rows : of the ledger, read as they are gone through.
    """

    is_settled: bool
    rows: Collection[BatchRow]

    @property
    def to_mind(self) -> int:
        """Slides that failed, are partial, or refused by quality control."""
        return sum(row.state in ("failed", "partial") or row.refusal is not None for row in self.rows)

    @property
    def text(self) -> str:
        """How many slides are in which state, one line."""
        states = Counter(row.state.replace("_", " ") for row in self.rows)
        refused = sum(row.refusal is not None for row in self.rows)
        each = ", ".join(f"{number} {state}" for state, number in states.most_common())
        return f"{len(self.rows)} slides: {each or 'none'}" + (f"; {refused} refused" if refused else "")


def run_batch(
    order: BatchOrder,
    tell: Report,
    stop: Stop,
    *,
    writers: tuple[Write, ...] = (),
    at_end: tuple[Write, ...] = (),
    count: CountTask = count_named,
) -> BatchEnd:
    """Count every slide that was handed in, and write its folder; those that are counted stay.

    Parameters
    ----------
    tell : called with what a person should know.
    stop : asked whether to go on.
    writers : write what people read of the folder, called as slides finish.
    at_end : write the rest of it, called once.
    count : what counts a slide; a function at the top level of a module.

    Returns
    -------
    How it ended.

    Raises
    ------
    InputError
        Where the results are to go into the very folder of the slides.
    HeldError
        Where another run holds the folder of the results.
    StorageError
        Where the disk stayed full, or a folder away, for too long.
    ClusterError
        Where the scheduler cannot be reached or is lost.
    """
    if plain_path(order.out) in map(plain_path, order.given):
        raise InputError(f"{order.out} is the folder of the slides and of the results; choose another -o")
    with ExitStack() as held:
        try:
            earlier, ledger = _opened(order, tell, stop, held)
        except Interrupted:
            return BatchEnd(is_settled=False, rows=())
        publisher = Publisher(order.out, ledger, writers, at_end)
        night = Night(order, ledger, publisher, tell, stop)
        if earlier is not None:
            night.say("line", f"going on where {earlier.text()}, was cut short")
        is_settled = False
        try:
            is_settled = _settled(night, order, publisher, count)
        finally:
            if not is_settled:
                with suppress(OutputError):  # of a disk that is full or gone; the next run writes them
                    publisher.publish_last()
            night.say("progress", "")
        return BatchEnd(is_settled=is_settled, rows=ledger.rows())


def _opened(
    order: BatchOrder, tell: Report, stop: Stop, held: ExitStack
) -> tuple[Holder | None, SlideLedger]:
    """Hold the results folder and open its ledger, until `held` ends; waits where the disk cannot be used.

    Returns
    -------
    Also the run that held the folder last, where that was cut short: what it had half written is removed.
    """
    earlier_runs: list[Holder | None] = []
    ledgers: list[SlideLedger] = []

    def trouble() -> str | None:
        try:
            with ExitStack() as attempt:
                check_slides_csv(order.out)
                earlier_runs.append(attempt.enter_context(hold(order.out)))
                ledger = attempt.enter_context(closing(SlideLedger(ledger_path(order.out))))
                ledger.requeue_running()
                held.push(attempt.pop_all())
        except HeldError:
            raise
        except OSError as error:
            if not may_pass(error, order.out):
                raise
            return error_line(error)
        ledgers.append(ledger)
        return None

    text = trouble()
    if text is not None:
        say = partial(_say, tell, Pace().now())
        Patience(order.limits.storage_wait_s, say, stop).wait(text, trouble)
    return earlier_runs[0], ledgers[0]


def _say(tell: Report, progress: NightProgress, kind: EventKind, text: str) -> None:
    tell(NightEvent(kind=kind, text=text, progress=progress))


def _settled(night: Night, order: BatchOrder, publisher: Publisher, count: CountTask) -> bool:
    """Count all slides and write what people read of them; False where that was stopped."""
    try:
        if not _counted(night, order, count):
            return False
        night.guarded(publisher.publish_last)
    except Interrupted:
        return False
    return True


def _counted(night: Night, order: BatchOrder, count: CountTask) -> bool:
    if not order.watch:
        night.take_in()
    settings, slides = order.settings, max(len(night.waiting), 1)
    if settings.scheduler is not None and slides_are_shared(slides, settings):
        night.choose_by(_chooser(night, order, workers=1, scheduler=None))
        return _count_on_cluster(night, order)
    at_once = 1 if settings.scheduler is not None else settings.workers
    each = 1 if order.watch else max(at_once // slides, 1)
    night.choose_by(_chooser(night, order, workers=each, scheduler=settings.scheduler))
    workers = SlideWorkers(max(at_once // each, 1), order.limits, count)
    night.stop.end_now = workers.kill
    try:
        return _count_here(night, order, workers)
    finally:
        workers.close()


def _chooser(night: Night, order: BatchOrder, *, workers: int, scheduler: str | None) -> Chooser:
    settings = replace(order.settings, workers=workers, scheduler=scheduler)
    return Chooser(night.ledger, order.out, settings, recount=order.recount, retry_failed=order.retry_failed)


def _count_here(night: Night, order: BatchOrder, workers: SlideWorkers) -> bool:
    looked_s = float("-inf")
    try:
        while night.stop.by is None:
            if order.watch and time.monotonic() - looked_s >= _LOOK_S:
                night.take_in()
                looked_s = time.monotonic()
            while workers.room and (task := night.next_task()) is not None:
                workers.start(task)
            if not (workers.running or night.waiting or order.watch):
                return True
            for event in workers.events():
                night.take(event)
            night.tick()
    except Interrupted:
        pass
    except StorageError:
        _wind_down(night, workers)
        raise
    night.say("line", "stopping: what is in hand is finished first; a second signal stops at once")
    _wind_down(night, workers)
    return False


def _wind_down(night: Night, workers: SlideWorkers) -> None:
    """Let the workers finish the tiles in hand; what takes longer is given back, its tiles are kept."""
    workers.ask_to_stop()
    ends_s = time.monotonic() + _GRACE_S
    with suppress(StorageError, Interrupted):
        while workers.running and time.monotonic() < ends_s:
            for event in workers.events():
                night.take(event)
    left = workers.running
    workers.kill()
    for slide in left:
        night.give_back(slide)


def _count_on_cluster(night: Night, order: BatchOrder) -> bool:
    """The same on the workers of a scheduler, which write the results themselves."""
    night.stop.raises = True
    under_way: set[str] = set()
    try:
        while night.waiting:
            _one_round(night, order, under_way)
            time.sleep(0.1)
        return True
    except Interrupted:
        return False
    finally:
        night.stop.raises = False
        for slide in under_way:
            night.give_back(slide)


def _one_round(night: Night, order: BatchOrder, under_way: set[str]) -> None:
    """Hand out what waits now; a slide that is to be tried again comes in the next round."""

    def tasks() -> Iterator[SlideTask]:
        while (task := night.next_task()) is not None:
            under_way.add(task.slide)
            yield task

    for task, answer in tasks_on_cluster(
        make_cluster_worker, tasks(), order.settings.scheduler or "", order.out, night.roots
    ):
        under_way.discard(task.slide)
        died = Answer(slide=task.slide, kind="died", text=str(answer))
        night.take(answer if isinstance(answer, Answer) else died)
        night.tick()

"""The state of a running batch: which slides wait, what becomes of each, and waiting for a full disk."""

import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from pipeline.errors import OutputError, error_line
from pipeline.jobs.choice import Choice, Chooser
from pipeline.jobs.counted import Answer, Progressed, SlideTask
from pipeline.jobs.intake import ListedSlide, find_slides, plain_path, unique_name
from pipeline.jobs.running.gone import gone_slides
from pipeline.jobs.running.progress import EventKind, NightEvent, Pace, Report
from pipeline.jobs.running.published import Publisher
from pipeline.jobs.running.stopping import Stop
from pipeline.jobs.running.storage import Patience, StorageError, is_there, storage_trouble
from pipeline.jobs.running.watch import Settling
from pipeline.jobs.slide_ledger import LedgerSlide, SlideLedger
from pipeline.names import one_of_folder
from pipeline.settings import BatchSettings, CountSettings
from pipeline.wording import verdict_text

__all__ = ["BatchOrder", "Night"]

Given = TypeVar("Given")

_TELL_S = 1.0
_LATER_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOrder:
    """What a batch is asked to do.

    Attributes
    ----------
    given : folders and files.
    out : folder of the results.
    settings : of the counts; `workers` slides are counted at a time, or on the `scheduler`'s workers.
    limits : of the batch.
    listing : slides of a table.
    retry_failed, recount : count slides again that failed; count copies too.
    watch : go on looking for slides until stopped.
    """

    given: tuple[Path, ...]
    out: Path
    settings: CountSettings
    limits: BatchSettings = field(default_factory=BatchSettings)
    listing: tuple[ListedSlide, ...] = ()
    retry_failed: bool = False
    recount: bool = False
    watch: bool = False


class Night:
    """The slides of a running batch, from the moment they are found to their row in the ledger.

    Attributes
    ----------
    waiting : slides, each with the moment before which it is not to be tried.
    roots : folders that hold the slides.
    """

    def __init__(
        self, order: BatchOrder, ledger: SlideLedger, publisher: Publisher, tell: Report, stop: Stop
    ) -> None:
        self._order, self._tell = order, tell
        self._publisher = publisher
        self._choose: Callable[[str], Choice]
        self._adopt: Callable[[str, float | None], bool]
        self.ledger = ledger
        self.stop = stop
        self.waiting: deque[tuple[float, str]] = deque()
        self.pace = Pace()
        self._crashes: Counter[str] = Counter()
        self._settling = Settling(order.limits.settle_s) if order.watch else None
        self._passed_over = -1
        self._told_s = 0.0
        self._progressed: dict[str, float] = {}
        self.roots = sorted({path.parent if _is_file(path) else path for path in order.given})
        self.patience = Patience(order.limits.storage_wait_s, self.say, stop)

    def choose_by(self, chooser: Chooser) -> None:
        """Let `chooser` decide what is to be done with each slide."""
        self._choose, self._adopt = chooser.choose, chooser.adopt

    def take_in(self) -> None:
        """Look for slides, and queue those that are new or, of a watched folder, have settled."""
        order = self._order
        found = self.guarded(lambda: find_slides(order.given, order.out, order.listing))
        if found.passed_over > self._passed_over:
            self._passed_over = found.passed_over
            if found.passed_over:
                files = (
                    "1 file that is no picture"
                    if found.passed_over == 1
                    else f"{found.passed_over} files that are no pictures"
                )
                self.say("line", f"passed over {files}")
        if not found.slides and self._settling is None:
            given = ", ".join(map(str, order.given)) or "the table"
            self.say("warning", f"no slide in {given}; expected photos or whole-slide scans; check the path")
        self._forget_gone({slide.source for slide in found.slides})
        slides = found.slides if self._settling is None else self._settling.settled(found.slides)
        if not slides:
            return
        sources = self.guarded(self.ledger.sources)
        names = {source: name for name, source in sources.items()}
        taken = {one_of_folder(name): source for name, source in sources.items()}
        fresh = [self._enlisted(slide, names.get(str(slide.source)), taken) for slide in slides]
        # What a run that was cut short had begun comes last: it may be what brought the machine down.
        for row in sorted(fresh, key=lambda row: row.attempts if row.state == "queued" else 0):
            self.pace.expect(row.slide, row.bytes)
            self.waiting.append((0.0, row.slide))

    def next_task(self) -> SlideTask | None:
        """The next slide that has to be counted; those before it that need not be are settled."""
        now_s = time.monotonic()
        for _ in range(len(self.waiting)):
            if self.stop.by is not None:
                return None
            not_before_s, slide = self.waiting.popleft()
            if not_before_s > now_s:
                self.waiting.append((not_before_s, slide))
                continue
            choice = self.guarded(partial(self._choose, slide))
            if choice.what == "count":
                return choice.task
            if choice.what == "later":
                self.waiting.append((now_s + _LATER_S, slide))
            else:
                self._chosen(slide, choice)
        return None

    def take(self, event: Answer | Progressed) -> None:
        """Take what a worker told."""
        if isinstance(event, Progressed):
            self.pace.within(event)
            now_s = time.monotonic()
            if now_s - self._progressed.get(event.slide, 0.0) >= _TELL_S:
                self._progressed[event.slide] = now_s
                self.guarded(lambda: self.ledger.progress(event.slide, event.done, event.total))
            return
        self._progressed.pop(event.slide, None)
        self.guarded(lambda: self._answered(event))

    def tick(self) -> None:
        """Write what people read, and tell how far the run is, where that is due."""
        self.guarded(self._publisher.publish)
        now_s = time.monotonic()
        if now_s - self._told_s >= _TELL_S:
            self._told_s = now_s
            self.say("progress", "")

    def give_back(self, slide: str) -> None:
        """Queue a slide that was stopped; where that cannot be written, the next run does it."""
        with suppress(OutputError):
            self.ledger.give_back(slide)

    def say(self, kind: EventKind, text: str, slide: str | None = None, state: str | None = None) -> None:
        """Tell a person something."""
        self._tell(NightEvent(kind=kind, text=text, slide=slide, state=state, progress=self.pace.now()))

    def _forget_gone(self, found: Collection[Path]) -> None:
        """Take off the rows of slides without a result whose files are gone: no run could settle them."""
        uncounted = self.guarded(lambda: self.ledger.sources(("queued", "failed")))
        given = [plain_path(path) for path in self._order.given]
        for slide in gone_slides(uncounted, found, given):
            self.guarded(partial(self.ledger.forget, slide))
            self.say("line", f"{slide}: is no longer there and was not counted; its row is taken off")

    def _enlisted(self, slide: ListedSlide, known: str | None, taken: dict[str, str]) -> LedgerSlide:
        name = known if known is not None else unique_name(slide, taken)
        taken[one_of_folder(name)] = str(slide.source)
        size = _size(slide.source)
        return self.guarded(
            lambda: self.ledger.enlist(
                name, str(slide.source), size=size, um_per_px=slide.um_per_px, extra=slide.extra
            )
        )

    def _chosen(self, slide: str, choice: Choice) -> None:
        if choice.what == "failed" and self._is_gone(slide):
            return
        self._settle(slide, failed=choice.what == "failed")
        if choice.what != "exists":
            state = {"failed": "failed", "copy": "passed_over"}.get(choice.what, "done")
            self.say("slide", choice.text or "finished by an earlier run", slide, state)

    def _is_gone(self, slide: str) -> bool:
        """Whether a slide failed because its folder went away; it waits then for that to come back."""
        trouble = next((root for root in self.roots if not is_there(root)), None)
        if trouble is None:
            return False
        self.ledger.queue(slide)
        self._pause(f"{trouble}: the folder of the slides is gone")
        self.waiting.append((0.0, slide))
        return True

    def _answered(self, answer: Answer) -> None:
        slide = answer.slide
        if answer.kind == "stopped":
            self.ledger.give_back(slide)
            return
        # A result that is in place counts, whatever became of its worker afterwards.
        if self._adopt(slide, answer.cpu_s or None):
            self.patience.renew()
            row = self.ledger.row(slide)
            figures = {"detected": row.detected, "cpu_seconds": row.cpu_seconds}
            self._settle(slide, failed=False, figures=figures)
            self.say("slide", row.refusal or verdict_text(row.verdict, row.look_at), slide, row.state)
        elif answer.kind in ("output", "done"):
            text = answer.text or f"{self._order.out / slide}: the result is gone"
            self.ledger.give_back(slide)
            self._pause(text)
            self.waiting.append((time.monotonic() + _LATER_S, slide))
        elif answer.kind == "died":
            self._crashed(slide, answer.text or "")
        elif answer.kind == "exceeded":
            self._fail(slide, f"{answer.text}; pass --retry-failed to count it then")
        elif not self._is_gone(slide):
            self._fail(slide, answer.text or "")

    def _crashed(self, slide: str, text: str) -> None:
        limits = self._order.limits
        self._crashes[slide] += 1
        tries = self._crashes[slide]
        if tries >= limits.attempts:
            self._fail(slide, f"{slide}: {text} (tried {tries} times); pass --retry-failed to try it again")
            return
        self.ledger.try_again(slide, text)
        pause_s = limits.retry_pause_s * 3 ** (tries - 1)
        self.say("warning", f"{slide}: {text}; trying it again in {pause_s:.0f} s")
        self.waiting.append((time.monotonic() + pause_s, slide))

    def _fail(self, slide: str, text: str) -> None:
        self.ledger.fail(slide, text)
        self._settle(slide, failed=True)
        self.say("slide", text, slide, "failed")

    def _settle(self, slide: str, *, failed: bool, figures: Mapping[str, object] | None = None) -> None:
        self.pace.settle(slide, failed=failed, figures=figures)
        self._publisher.changed()

    def guarded(self, act: Callable[[], Given]) -> Given:
        """Do what writes; where it cannot, wait for the disk and do it again."""
        while True:
            try:
                return act()
            except StorageError:
                raise
            except OSError as error:  # an OutputError, or a folder of slides that cannot be looked into
                self._pause(error_line(error))

    def _pause(self, text: str) -> None:
        """Wait until results can be written and slides read again; StorageError where that takes too long."""
        self.patience.wait(text, lambda: storage_trouble(self._order.out, self.roots))


def _is_file(path: Path) -> bool:
    """Whether a path is a file, or nothing on a disk that answers: its folder is what may go away."""
    try:
        return not path.is_dir()
    except OSError:
        return False


def _size(source: Path) -> int:
    """Bytes of a slide's files; 0 where they cannot be seen."""
    with suppress(OSError):
        files = source.iterdir() if source.is_dir() else (source,)
        return sum(file.stat().st_size for file in files if file.is_file())
    return 0

"""The small tool over the same ledger: counts one slide or a few in this process, and keeps what is done."""

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pipeline.errors import SmearcountError
from pipeline.jobs.identity import key_of, models_of
from pipeline.jobs.lock import hold
from pipeline.jobs.results import read_result, read_summary
from pipeline.jobs.rows import ledger_path
from pipeline.jobs.running.within import count_within, free_places
from pipeline.jobs.slide_ledger import SlideLedger
from pipeline.output.outcome import SlideOutcome
from pipeline.output.place import check_names
from pipeline.output.slides_csv import check_slides_csv, write_slides_csv
from pipeline.reader.source import slide_name
from pipeline.records import SlideSummary
from pipeline.settings import BatchSettings, CountSettings, SlideProgress

__all__ = ["Told", "count_few"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who is told how a count goes on.

    Attributes
    ----------
    progress : called with the slide, tiles done, all its tiles, and the red cells found.
    on_done : called after each slide.
    """

    progress: SlideProgress | None = None
    on_done: Callable[[SlideOutcome], None] | None = None


def count_few(
    sources: Sequence[Path],
    out: Path,
    settings: CountSettings,
    *,
    limits: BatchSettings | None = None,
    overwrite: bool = False,
    told: Told | None = None,
) -> tuple[SlideOutcome, ...]:
    """Count slides as `pipeline.batch.count_slides` does, but for those whose result is in place already.

    The ledger and slides.csv then tell of every slide whose result is in the folder, whoever counted it.

    Parameters
    ----------
    limits : of time and memory for each slide, which a worker process then counts, see
        `pipeline.jobs.running.within`; None counts in this process without one. Not with a scheduler.
    told : who is told how it goes on.

    Raises
    ------
    HeldError
        Where another run holds the folder.
    InputError, ClusterError, OutputError
        As `pipeline.batch.count_slides`; OutputError also where OUT holds a slides.csv of another kind.
    """
    told = told or Told()
    check_names(sources)
    check_slides_csv(out)
    with hold(out), closing(SlideLedger(ledger_path(out))) as ledger:
        ledger.requeue_running()
        few = _Few(ledger, out, settings, told.on_done)
        few.enlist_placed()
        there = {} if overwrite else few.there(sources)
        for outcome in there.values():
            few.take(outcome)
        left = [source for source in sources if source not in there]
        done = dict(there)
        if limits is None or settings.scheduler is not None:
            from pipeline.batch import count_slides  # a worker imports it, where one counts

            counted = count_slides(left, out, settings, overwrite=overwrite, progress=told.progress)
        else:
            free, refused = free_places(left, out, overwrite=overwrite)
            counted = chain(refused, count_within(free, out, settings, limits, progress=told.progress))
        for outcome in counted:
            done[outcome.source] = outcome
            few.take(outcome)
        few.publish()
    return tuple(done[source] for source in sources)


class _Few:
    """The slides of one command, and the ledger that is told of each."""

    def __init__(
        self,
        ledger: SlideLedger,
        out: Path,
        settings: CountSettings,
        on_done: Callable[[SlideOutcome], None] | None,
    ) -> None:
        self._ledger, self._out, self._settings, self._on_done = ledger, out, settings, on_done
        self._existing: set[str] = set()

    def enlist_placed(self) -> None:
        """Enlist results in place that the ledger lacks: of an earlier version, or after a kill."""
        known = self._ledger.sources().keys()
        for folder in sorted(self._out.iterdir()):
            if folder.name not in known and not folder.name.startswith(".") and "~" not in folder.name:
                self._note(folder.name, None)

    def there(self, sources: Sequence[Path]) -> dict[Path, SlideOutcome]:
        """Slides whose result is in place, of the same pixels, settings and networks."""
        folders = {source: self._out / slide_name(source) for source in sources}
        placed = {source: held for source in sources if (held := read_result(folders[source])) is not None}
        if not placed:
            return {}
        try:
            models = models_of(self._settings)
        except SmearcountError:  # the count tells it of each slide
            return {}
        found: dict[Path, SlideOutcome] = {}
        for source, held in placed.items():
            with suppress(SmearcountError):  # the count tells it
                summary = read_summary(folders[source])
                if held.key == key_of(source, self._settings, models):
                    found[source] = _existing(source, folders[source], summary)
        return found

    def take(self, outcome: SlideOutcome) -> None:
        """Tell the ledger, slides.csv and the caller what became of a slide."""
        if outcome.exists:
            self._existing.add(outcome.slide)
        if not self._note(outcome.slide, str(outcome.source)):
            self._note_failure(outcome)
        self.publish()
        if self._on_done is not None:
            self._on_done(outcome)

    def publish(self) -> None:
        """Write slides.csv."""
        rows = [row for row in self._ledger.rows() if row.state not in ("queued", "running")]
        write_slides_csv(self._out, rows, self._existing)

    def _note(self, slide: str, source: str | None) -> bool:
        """Tell the ledger of a result in place; False where there is none. A row of it keeps its source.

        Where `source` is None, it is that of which the result says it is.
        """
        placed = read_result(self._out / slide)
        if placed is None:
            return False
        row = self._ledger.find(slide)
        if row is None or row.key is None or row.key != placed.key:
            self._enlist(slide, source or placed.source or str(self._out / slide))
            if placed.key is not None:
                self._ledger.adopt(slide, placed.key, None)
        self._ledger.finish(slide, placed.state, slide, placed.figures)
        return True

    def _note_failure(self, outcome: SlideOutcome) -> None:
        row = self._ledger.find(outcome.slide)
        if row is not None and row.slide != outcome.slide:
            return  # the row is of another slide, whose name differs in the size of letters
        self._enlist(outcome.slide, str(outcome.source))
        self._ledger.fail(outcome.slide, outcome.error or "its result is gone")

    def _enlist(self, slide: str, source: str) -> None:
        self._ledger.enlist(slide, source, size=0, um_per_px=None, extra={})


def _existing(source: Path, folder: Path, summary: SlideSummary) -> SlideOutcome:
    return SlideOutcome(
        slide=folder.name, source=source, folder=folder, summary=summary, error=None, exists=True
    )

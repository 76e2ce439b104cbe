"""What is to be done with a slide before a worker gets it: count it, or see that its result is there."""

import json
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pipeline.errors import SmearcountError, error_line
from pipeline.files import output_errors
from pipeline.jobs.counted import SlideTask
from pipeline.jobs.identity import ResultKey, key_of, models_of, seen_state, settings_of
from pipeline.jobs.results import next_to, read_result
from pipeline.jobs.slide_ledger import LedgerSlide, SlideLedger
from pipeline.output.place import held_in, put_back
from pipeline.settings import CountSettings, with_absolute_paths

__all__ = ["Choice", "Chooser"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to do with a slide.

    Attributes
    ----------
    what : 'count' it by `task`; 'later', while what it may be a copy of is counted; else it is settled: its
        result 'exists', it was found finished ('adopted'), 'failed', or is a 'copy'.
    text : one line for what is settled badly.
    """

    what: Literal["count", "later", "exists", "adopted", "failed", "copy"]
    task: SlideTask | None = None
    text: str | None = None


class Chooser:
    """Holds each slide against the ledger and the results folder.

    Parameters
    ----------
    recount : count copies of a slide too.
    retry_failed : count slides again that failed before.
    """

    def __init__(
        self, ledger: SlideLedger, out: Path, settings: CountSettings, *, recount: bool, retry_failed: bool
    ) -> None:
        self._ledger, self._out = ledger, out
        self._settings = with_absolute_paths(settings)
        self._models = models_of(settings)
        self._recount, self._retry_failed = recount, retry_failed

    def choose(self, slide: str) -> Choice:
        """What to do with a slide of the ledger; OutputError where the ledger or folder cannot be written."""
        row = self._ledger.find(slide)
        if row is None:
            raise LookupError(slide)
        source, seen = Path(row.source), seen_state(Path(row.source))
        settings = self._settings_of(row)
        try:
            key = self._known_key(row, seen, settings) or key_of(source, settings, self._models)
        except SmearcountError as error:
            self._ledger.fail(slide, error_line(error))
            return Choice(what="failed", text=error_line(error))
        settled = self._settled(row, key, seen)
        if settled is not None:
            return settled
        return self._to_count(row, key, seen, settings)

    def _settings_of(self, row: LedgerSlide) -> CountSettings:
        """The settings of all slides, with what the slides.csv gave for this one."""
        columns = json.loads(row.extra)
        per_ul = columns.get("rbc_per_ul")
        report = self._settings.report
        return replace(
            self._settings,
            um_per_px=row.um_per_px or self._settings.um_per_px,
            red_cells_per_ul=float(per_ul.replace(",", ".")) if per_ul else self._settings.red_cells_per_ul,
            report=replace(report, sample=columns.get("sample", report.sample)),
        )

    def adopt(self, slide: str, cpu_s: float | None = None) -> bool:
        """Tell the ledger of a result that is in place; False where there is none of what was asked for."""
        row = self._ledger.find(slide)
        placed = read_result(self._out / slide, cpu_s)
        if row is None or placed is None or placed.key != row.key:
            return False
        self._ledger.finish(slide, placed.state, slide, placed.figures)
        return True

    def _known_key(self, row: LedgerSlide, seen: str | None, settings: CountSettings) -> ResultKey | None:
        """The key without reading the slide's files, where they are those of the last time."""
        if row.pixels is None or seen is None or row.seen != seen:
            return None
        return ResultKey(pixels=row.pixels, settings=settings_of(settings), models=self._models)

    def _settled(self, row: LedgerSlide, key: ResultKey, seen: str | None) -> Choice | None:
        put_back(self._out / row.slide)
        placed = read_result(self._out / row.slide)
        if placed is not None and placed.key == key:
            if row.state in ("done", "partial") and row.key == key:
                return Choice(what="exists")
            self._ledger.adopt(row.slide, key, seen)
            self._ledger.finish(row.slide, placed.state, row.slide, placed.figures)
            return Choice(what="adopted")
        if row.state == "failed" and row.key == key and not self._retry_failed:
            return Choice(what="failed", text=row.error)
        return None if self._recount else self._copied(row, key, seen)

    def _copied(self, row: LedgerSlide, key: ResultKey, seen: str | None) -> Choice | None:
        other = self._ledger.same_result(key, row.slide)
        if other is None:
            return None
        if other.state == "running":
            return Choice(what="later")
        if read_result(self._out / other.slide) is None:
            return None
        reason = f"holds the same pixels as {other.slide}, which is counted; pass --recount to count it too"
        self._ledger.pass_over(row.slide, reason, other.result, seen)
        return Choice(what="copy", text=reason)

    def _to_count(
        self, row: LedgerSlide, key: ResultKey, seen: str | None, settings: CountSettings
    ) -> Choice:
        folder = self._out / row.slide
        if os.path.lexists(folder):
            if _holds_something_else(folder):
                text = f"{folder}: holds something else than a result; move it away, or choose another -o"
                self._ledger.fail(row.slide, text)
                return Choice(what="failed", text=text)
            with output_errors(folder), suppress(FileNotFoundError):
                folder.rename(next_to(folder))
        self._ledger.begin(row.slide, key, seen)
        return Choice(
            what="count",
            task=SlideTask(slide=row.slide, source=Path(row.source), out=self._out, settings=settings),
        )


def _holds_something_else(folder: Path) -> bool:
    """Whether a person's files lie there; not where a killed run's worker replaces its result this moment."""
    try:
        held = held_in(folder)
    except FileNotFoundError:
        return False
    return held is None or "summary.json" not in held

"""What a person sees in a terminal: results on stdout, progress and errors on stderr."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol

from pipeline.names import for_line

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.output.outcome import SlideOutcome
    from pipeline.records import SlideSummary

__all__ = ["outcomes_json", "print_calls", "print_outcomes", "print_rows", "say", "shown_progress"]

LINE_EVERY_S = 10.0  # of progress where stderr is no terminal, so that a log stays short
PIPE_WIDTH = 1000  # letters; a line is as long as its table needs


class Progress(Protocol):
    """Shows how far a piece of work is."""

    def __call__(self, name: str, done: int, total: int, cells: int | None = None) -> None:
        """Show the steps done of all, and the cells found where cells are counted."""


def say(line: str) -> None:
    """One line on stderr, after the program's name."""
    sys.stderr.write(f"smearcount: {for_line(line)}\n")
    sys.stderr.flush()


@contextmanager
def shown_progress(*, quiet: bool = False) -> Iterator[tuple[Progress, Callable[[str], None]]]:
    """Show progress on stderr: a bar in a terminal, else a plain line now and then; none of it if quiet.

    Yields
    ------
    progress : to be called with a name, the steps done and all steps.
    report : writes a line on stderr without breaking the bar.
    """
    if quiet or not sys.stderr.isatty():
        yield _no_progress if quiet else _plain_progress(), say
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    text, found = TextColumn("{task.description}", markup=False), TextColumn("{task.fields[found]}")
    columns = (text, BarColumn(), MofNCompleteColumn(), found, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        began: dict[str, _Pace] = {}

        def progress(name: str, done: int, total: int, cells: int | None = None) -> None:
            if name not in began:
                for earlier in list(bars.task_ids):
                    bars.remove_task(earlier)
                bars.add_task(for_line(name), found="")
                began[name] = _Pace(time.monotonic(), done, cells or 0)
            if bars.task_ids:
                pace = began[name].told(time.monotonic(), done, total, cells)[0]
                bars.update(bars.task_ids[-1], completed=done, total=total, found=pace)

        yield (
            progress,
            lambda line: bars.console.print(f"smearcount: {for_line(line)}", markup=False, soft_wrap=True),
        )


def print_outcomes(outcomes: "Sequence[SlideOutcome]") -> None:
    """The counts as a table on stdout: one slide in full, several a row each, with warnings below."""
    if len(outcomes) == 1 and outcomes[0].summary is not None:
        print_rows((), _slide_rows(outcomes[0].summary, str(outcomes[0].folder)))
    elif len(outcomes) > 1:
        headings = ("slide", "infected", "red cells", "asexual", "95% interval", "verdict", "state")
        print_rows(headings, [_outcome_row(outcome) for outcome in outcomes])
    for outcome in outcomes:
        for line in _remarks(outcome):
            said = line if len(outcomes) == 1 else f"{outcome.slide}: {line}"
            sys.stdout.write(f"{for_line(said)}\n")


def outcomes_json(outcomes: "Sequence[SlideOutcome]") -> str:
    """The summary of the one slide, or a list of all, failed ones included; nothing where the one failed."""
    from pipeline.files import to_json

    entries: list[dict[str, object]] = []
    for outcome in outcomes:
        if outcome.summary is not None:
            entries.append(asdict(outcome.summary))
        elif len(outcomes) > 1:
            failed = {"slide": outcome.slide, "source": for_line(outcome.source), "status": "failed"}
            entries.append(failed | {"error": outcome.error})
    return "" if not entries else to_json(entries if len(outcomes) > 1 else entries[0])


def print_calls(answers: "pd.DataFrame") -> None:
    """The calls of single cells as a table on stdout; why one is not called on stderr."""
    rows = []
    for row in answers.itertuples(index=False):
        call = str(row.notice) or ("infected" if row.infected else "uninfected")
        if row.notice:
            say(f"{row.crop}: {row.notice}: {row.reason}")
        rows.append((str(row.crop), "" if row.notice else f"{row.p_infected:.4f}", call, str(row.model)))
    print_rows(("crop", "p_infected", "call", "model"), rows)


def print_rows(
    headings: Sequence[str], rows: Sequence[Sequence[str]], styles: Mapping[str, str] | None = None
) -> None:
    """A table on stdout, with or without headings; `styles` colours cells of these words in a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_header=bool(headings), pad_edge=False)
    for column in range(len(rows[0]) if rows else len(headings)):
        table.add_column(headings[column] if headings else "", overflow="fold")
    for row in rows:
        table.add_row(*(Text(for_line(cell), style=(styles or {}).get(cell, "")) for cell in row))
    Console(highlight=False, soft_wrap=not sys.stdout.isatty(), width=_width()).print(table)


def _width() -> int | None:
    """None asks the terminal; a pipe gets lines as long as the table needs."""
    return None if sys.stdout.isatty() else PIPE_WIDTH


class _Pace:
    """Speed of a piece of work since its first report; what was done before that does not count."""

    __slots__ = ("_cells", "_done", "_start_s")

    def __init__(self, start_s: float, done: int, cells: int) -> None:
        self._start_s, self._done, self._cells = start_s, done, cells

    def told(self, now_s: float, done: int, total: int, cells: int | None) -> tuple[str, str]:
        """Cells found and cells a second, and the time left; empty where that is not known yet."""
        passed_s, new = now_s - self._start_s, done - self._done
        found = "" if cells is None else f"{cells:,} cells"
        if passed_s <= 0 or new <= 0:
            return found, ""
        if cells is not None:
            found += f", {(cells - self._cells) / passed_s:,.0f}/s"
        left_s = round(passed_s / new * (total - done))
        return found, f"{left_s // 3600}:{left_s // 60 % 60:02d}:{left_s % 60:02d} left"


def _no_progress(name: str, done: int, total: int, cells: int | None = None) -> None:
    """Show nothing."""


def _plain_progress() -> Progress:
    last: dict[str, float] = {}
    began: dict[str, _Pace] = {}

    def progress(name: str, done: int, total: int, cells: int | None = None) -> None:
        now = time.monotonic()
        if name not in last:
            last[name] = now
            began[name] = _Pace(now, done, cells or 0)
            say(f"{name} ...")
        elif now - last[name] >= LINE_EVERY_S:
            last[name] = now
            told = began[name].told(now, done, total, cells)
            say(", ".join(part for part in (f"{name}: {done} of {total}", *told) if part))

    return progress


def _slide_rows(summary: "SlideSummary", folder: str) -> list[tuple[str, str]]:
    from pipeline.wording import percent_text

    excluded = sum(summary.excluded.values())
    each = ", ".join(f"{number} {reason.replace('_', ' ')}" for reason, number in summary.excluded.items())
    reasons = f" ({each})" if each else ""
    size = "unknown" if summary.um_per_px is None else f"{summary.um_per_px:.4g} µm per px"
    verdict = _verdict(summary)
    if summary.verdict in ("uncertain", "none distinguishable"):
        high = summary.headline.high if summary.headline else summary.high
        verdict += f"; up to {percent_text(high)} cannot be ruled out"
    limit = summary.limit_of_detection
    told = f"{percent_text(limit)} at this number of cells" if limit is not None else "none: too few cells"
    told += f"; limit of blank {percent_text(summary.limit_of_blank)}"
    return [
        ("slide", summary.slide),
        ("verdict", verdict),
        *_headline(summary),
        ("infected", f"{summary.infected} of {summary.counted} red cells{_stages(summary.stages)}"),
        ("detected", f"{summary.detected} = {summary.counted} counted + {excluded} not{reasons}"),
        ("limit of detection", told),
        *_asked_for(summary),
        *_photos(summary),
        ("scale", f"{size} ({summary.scale_source})"),
        *_area(summary),
        ("results", folder),
    ]


def _verdict(summary: "SlideSummary") -> str:
    from pipeline.wording import verdict_text

    look = summary.second_look
    if summary.verdict != "uncertain" or look is None:
        return verdict_text(summary.verdict, None)
    return f"{verdict_text('uncertain', look.cells)} (p_infected from {look.least_p:.2f} in cells.csv)"


def _photos(summary: "SlideSummary") -> list[tuple[str, str]]:
    """How many photos were counted, where that is not all of them."""
    from collections import Counter

    codes = Counter(one.code for one in summary.excluded_fields)
    if not codes:
        return []
    photos = len(summary.fields) + sum(codes.values())
    each = ", ".join(f"{number} {code.replace('_', ' ')}" for code, number in codes.items())
    return [("photos", f"{len(summary.fields)} of {photos} counted (not: {each})")]


def _asked_for(summary: "SlideSummary") -> list[tuple[str, str]]:
    """What a protocol asked for, and what is missing of it."""
    goal = summary.goal
    if goal is None:
        return []
    if goal.fields:
        return [("asked for", f"{goal.fields} fields")]
    short = f"{goal.missing} more are needed" if goal.missing else "reached"
    return [("asked for", f"{goal.wanted} red cells ({goal.name}): {short}")]


def _area(summary: "SlideSummary") -> list[tuple[str, str]]:
    """What part of the slide was counted, where that is not all of it."""
    counted = summary.area_mm2.get("counted", 0.0)
    others = {name: size for name, size in summary.area_mm2.items() if name != "counted"}
    if not others:
        return []
    each = ", ".join(f"{size:.3g} {name.replace('_', ' ')}" for name, size in others.items())
    whole = counted + sum(others.values())
    return [("area", f"{counted:.3g} of {whole:.3g} mm² counted (not: {each})")]


def _stages(stages: dict[str, int]) -> str:
    """Life stages in brackets; empty where the network predicts none."""
    if not set(stages) - {"unknown"}:
        return ""
    told = (f"{number} {'stage unknown' if name == 'unknown' else name}" for name, number in stages.items())
    return f" ({', '.join(told)})"


def _headline(summary: "SlideSummary") -> list[tuple[str, str]]:
    """The asexual parasitaemia with its interval, gametocytes beside it, parasites per µL."""
    from pipeline.wording import per_ul_text, percent_text

    found = summary.headline
    if found is None:
        return [("parasitaemia", percent_text(None))]
    name = "asexual parasitaemia" if found.kind == "asexual" else "parasitaemia"
    fixed = f"{percent_text(found.low)} to {percent_text(found.high)}"
    if found.corrected is not None:
        fixed += f"; corrected {percent_text(found.corrected)}{' (clipped)' if found.clipped else ''}"
    rows = [(name, f"{percent_text(found.parasitaemia)} as called"), ("95% interval", fixed)]
    if found.gametocytes is not None:
        present = f"present, {found.gametocytes}" if found.gametocytes else "none seen"
        rows.append(("gametocytes", present))
    density, cells = per_ul_text(found)
    return [*rows, ("parasites per µL", density), ("red cells per µL", cells)]


def _outcome_row(outcome: "SlideOutcome") -> tuple[str, ...]:
    from pipeline.wording import percent_text, verdict_text

    summary = outcome.summary
    if summary is None:
        return outcome.slide, "", "", "", "", "", outcome.state
    found = summary.headline
    return (
        outcome.slide,
        str(summary.infected),
        str(summary.counted),
        percent_text(found.parasitaemia if found else None),
        f"{percent_text(found.low)} to {percent_text(found.high)}" if found else "-",
        verdict_text(summary.verdict, None if summary.second_look is None else summary.second_look.cells),
        outcome.state,
    )


def _remarks(outcome: "SlideOutcome") -> list[str]:
    """What a person must know beside the numbers; a refusal is printed on stderr."""
    summary = outcome.summary
    if summary is None:
        return []
    partial = ["PARTIAL COUNT: a part of the slide could not be read."] if summary.status == "partial" else []
    warned = [f"warning: {notice.text}" for notice in summary.notices if notice.severity == "warn"]
    return partial + list(summary.notes) + warned

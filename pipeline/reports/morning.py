"""The morning page of a results folder: what became of every slide, on one page that needs no network."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from os import fsencode
from pathlib import Path
from urllib.parse import quote

from pipeline.batch_row import BatchRow
from pipeline.files import whole_file
from pipeline.names import for_line
from pipeline.quality.reasons import REASONS
from pipeline.reports.interval_chart import interval_chart
from pipeline.reports.night import (
    KIND_WORDS,
    Kind,
    NightTotals,
    as_read,
    duration_text,
    kind_of,
    night_totals,
    reason_and_mend,
)
from pipeline.reports.page import page_template
from pipeline.reports.thumbnails import thumbnails
from pipeline.wording import percent_text, verdict_text

__all__ = ["CODE_WORDS", "PAGE_NAME", "morning_page", "write_morning_page"]

PAGE_NAME = "index.html"
MARKS: dict[Kind, str] = {
    "failed": "✕",
    "refused": "△",
    "partial": "◐",
    "seen": "●",
    "uncertain": "◎",
    "none": "○",
    "running": "▸",
    "queued": "…",
    "passed_over": "=",
}
"""Distinguishes the kinds without colour."""
CODE_WORDS: dict[str, str] = {reason.code: reason.words for reason in REASONS}
REPORT_FILE = "report.html"
_PIECES_AT_ONCE = 200
_LINKED = ("overlay.jpg", "cells.csv", "summary.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A row of the table: every text ready but for escaping, and what each column is sorted by."""

    name: str
    folder: str
    files: tuple[str, ...]
    thumbnail: str
    kind: Kind
    verdict: str
    share: str
    interval: str
    counted: str
    infected: str
    time: str
    reason: str
    mend: str
    codes: tuple[str, ...]
    extra: tuple[tuple[str, str], ...]
    done: str
    keys: tuple[float, ...]


def write_morning_page(out: Path, rows: Collection[BatchRow], *, patience_s: float = 0.3) -> Path:
    """Write OUT/index.html, whole or not at all, and return its path.

    Parameters
    ----------
    rows : every slide of the results folder, in any order; gone through several times, one by one.
    patience_s : most time for new thumbnails; the rest of them come with the next page. `math.inf` makes all.

    Raises
    ------
    OutputError
        Where it cannot be written; an earlier page stays as it was.
    """
    pictures = thumbnails(out, (row.result for row in rows if row.result is not None), patience_s)
    with whole_file(out / PAGE_NAME) as page:
        for piece in _pieces(rows, pictures, lambda result: (out / result / REPORT_FILE).is_file()):
            page.write(piece.encode())
    return out / PAGE_NAME


def morning_page(
    rows: Collection[BatchRow], pictures: Mapping[str, str], reported: Collection[str] = ()
) -> str:
    """The page as HTML.

    Parameters
    ----------
    pictures : address of each result's thumbnail, by its folder. reported : folders that hold a report.
    """
    return "".join(_pieces(rows, pictures, lambda result: result in reported))


def _pieces(
    rows: Collection[BatchRow], pictures: Mapping[str, str], is_reported: Callable[[str], bool]
) -> Iterator[str]:
    """The page piece by piece: as a whole, its pictures in it, it would be several MB of memory each time."""
    totals = night_totals(rows)
    codes = sorted({code for row in rows for code in row.codes})
    page = page_template("morning.html").stream(
        totals=totals,
        kinds=[(MARKS[kind], number, KIND_WORDS[kind]) for kind, number in totals.kinds.items()],
        figures=_figures(totals),
        updated=f"{totals.updated_at[:16].replace('T', ' ')} UTC" if totals.updated_at else "",
        rows=(_shown(row, pictures, is_reported) for row in as_read(rows)),
        marks=MARKS,
        chart=interval_chart(rows),
        codes=[(for_line(code), CODE_WORDS.get(code, "")) for code in codes],
    )
    page.enable_buffering(_PIECES_AT_ONCE)
    yield from page


def _figures(totals: NightTotals) -> list[tuple[str, str]]:
    figures = [
        ("red cells counted", f"{totals.counted:,}"),
        ("time of counting", duration_text(totals.seconds)),
    ]
    if totals.cpu_s_per_1000 is not None:
        figures.append(("CPU time for 1,000 cells", duration_text(totals.cpu_s_per_1000)))
    if totals.seconds_left is not None:
        figures.append(("time left, at this pace", duration_text(totals.seconds_left)))
    return figures


def _shown(row: BatchRow, pictures: Mapping[str, str], is_reported: Callable[[str], bool]) -> _Shown:
    kind = kind_of(row)
    claimed = kind in ("seen", "uncertain", "none", "partial") and row.parasitaemia is not None
    verdict = KIND_WORDS[kind]
    if kind == "partial":
        verdict = f"partial count: {verdict_text(row.verdict, row.look_at)}"
    elif kind == "uncertain":
        verdict = verdict_text(row.verdict, row.look_at)
    reason, mend = _why(row, kind)
    return _Shown(
        name=for_line(row.slide),
        folder="" if row.result is None else _address(row.result),
        files=() if row.result is None else _linked(row.result, is_reported),
        thumbnail="" if row.result is None else pictures.get(row.result, ""),
        kind=kind,
        verdict=verdict,
        share=percent_text(row.parasitaemia) if claimed else "",
        interval=f"{percent_text(row.low)} to {percent_text(row.high)}" if claimed else "",
        counted="" if row.counted is None else f"{row.counted:,}",
        infected=_infected(row) if claimed else "",
        time="" if row.seconds is None else duration_text(row.seconds),
        reason=reason,
        mend=mend,
        codes=tuple(for_line(code) for code in row.codes),
        extra=tuple((for_line(name), for_line(text)) for name, text in row.extra.items() if text),
        done=f"{row.done_tiles} of {row.all_tiles} parts" if kind == "running" and row.all_tiles else "",
        keys=(
            list(KIND_WORDS).index(kind),
            row.parasitaemia if claimed and row.parasitaemia is not None else -1.0,
            -1 if row.counted is None else row.counted,
            len(row.codes),
            -1.0 if row.seconds is None else round(row.seconds, 3),
        ),
    )


def _infected(row: BatchRow) -> str:
    """Infected cells; gametocytes apart, which the parasitaemia leaves out."""
    if row.infected is None:
        return ""
    return f"{row.infected:,} infected" + (f", {row.gametocytes:,} gametocytes" if row.gametocytes else "")


def _linked(result: str, is_reported: Callable[[str], bool]) -> tuple[str, ...]:
    """Files of a result that its row links to."""
    return (REPORT_FILE, *_LINKED) if is_reported(result) else _LINKED


def _address(result: str) -> str:
    return f"./{quote(fsencode(result), safe='/')}"


def _why(row: BatchRow, kind: Kind) -> tuple[str, str]:
    """Why a slide has no usable count, and what to do."""
    if kind == "failed":
        return reason_and_mend(for_line(row.error or "no reason was written down"))
    if kind == "refused":
        return reason_and_mend(for_line(row.refusal or "no red cell was counted; take the picture again"))
    if kind == "partial":
        return "A part of the slide could not be read; only the rest is counted.", (
            "Copy the slide again and count it anew."
        )
    return (for_line(row.error), "") if kind == "passed_over" and row.error else ("", "")

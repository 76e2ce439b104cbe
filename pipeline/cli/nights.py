"""The commands on the results of a night: where it stands, and several nights as one table."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperCommand

from pipeline.cli.terminal import say
from pipeline.names import for_line

if TYPE_CHECKING:
    from pipeline.batch_row import BatchRow
    from pipeline.jobs.lock import Holder
    from pipeline.reports.night import NightTotals

__all__ = ["merge", "status", "status_app"]

NAME_WIDTH_MAX = 40  # of the column of names; a longer one moves only its own row
REMARKS_SHOWN_MAX = 20


class _PathsOnly(TyperCommand):
    """A command whose values are all paths: typer's check of them would import pydantic, which takes long."""

    def __init__(self, *pieces: Any, **options: Any) -> None:
        super().__init__(*pieces, **options)
        for parameter in cast("list[Any]", self.params):
            parameter.get_runtime_param = _AsPath


class _AsPath:
    """Stands for what typer makes of a value."""

    def coerce(self, value: str | None, **_: object) -> Path | None:
        return None if value is None else Path(value)


status_app = typer.Typer(add_completion=False)


@status_app.command("status", cls=_PathsOnly)
def status(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The -o folder of a batch.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON on stdout in place of a table.")
    ] = False,
) -> None:
    """Show where the slides of a results folder stand, also while a batch runs."""
    from pipeline.jobs.rows import read_rows
    from pipeline.reports.night import as_read, night_totals

    rows = list(as_read(read_rows(out)))
    totals, holder = night_totals(rows), _holder(out)
    if as_json:
        sys.stdout.write(_as_json(rows, totals, holder))
        return
    table = [("slide", "verdict", "infected (95% interval)", "red cells", "time", "remarks")]
    lines = _aligned(table + [_cells(row) for row in rows]) if rows else []
    sys.stdout.writelines(f"{line}\n" for line in [*lines, *_summary(totals, holder)])


def merge(
    nights: Annotated[list[Path], typer.Argument(metavar="OUT...", help="The -o folders of several counts.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="CSV", help="Table to write, such as all.csv.")],
) -> None:
    """Join the slides.csv of several results folders into one table."""
    from pipeline.reports.merge import merge_nights

    merged = merge_nights(nights, out)
    for remark in merged.remarks[:REMARKS_SHOWN_MAX]:
        say(remark)
    if len(merged.remarks) > REMARKS_SHOWN_MAX:
        say(f"{len(merged.remarks) - REMARKS_SHOWN_MAX} more of these")
    sys.stdout.write(f"{for_line(out)}: {merged.rows:,} slides of {len(set(nights))} folders\n")


def _holder(out: Path) -> "Holder | None":
    """The run that is at it; None also where that is unknown, as on a read-only disk."""
    from pipeline.errors import OutputError
    from pipeline.jobs.lock import holder

    try:
        return holder(out)
    except OutputError:
        return None


def _cells(row: "BatchRow") -> tuple[str, ...]:
    from pipeline.reports.night import KIND_WORDS, duration_text, kind_of
    from pipeline.wording import percent_text, verdict_text

    kind = kind_of(row)
    told = verdict_text(row.verdict, row.look_at)
    verdict = f"partial count, {told}" if kind == "partial" else KIND_WORDS[kind]
    if kind == "uncertain":
        verdict = told
    if kind == "running" and row.all_tiles:
        verdict += f", {row.done_tiles} of {row.all_tiles} parts"
    share = ""
    if kind in ("seen", "uncertain", "none", "partial") and row.parasitaemia is not None:
        low, high = percent_text(row.low), percent_text(row.high)
        share = f"{percent_text(row.parasitaemia)} ({low} to {high})"
    return (
        row.slide,
        verdict,
        share,
        "" if row.counted is None else f"{row.counted:,}",
        "" if row.seconds is None else duration_text(row.seconds),
        row.error or row.refusal or " ".join(row.codes),
    )


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """The rows in columns. Rich's own table takes a second for 1,000 rows, this one a hundredth."""
    from rich.cells import cell_len

    texts = [[for_line(cell) for cell in row] for row in rows]
    widths = [min(max(map(cell_len, column)), NAME_WIDTH_MAX) for column in zip(*texts, strict=True)]
    return [
        "  ".join(
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in texts
    ]


def _summary(totals: "NightTotals", holder: "Holder | None") -> list[str]:
    from pipeline.reports.night import KIND_WORDS, duration_text

    kinds = ", ".join(f"{number:,} {KIND_WORDS[kind]}" for kind, number in totals.kinds.items())
    lines = ["", f"{totals.slides:,} slides: {kinds}" if totals.slides else "no slide yet"]
    figures = [f"{totals.counted:,} red cells in {duration_text(totals.seconds)}"]
    if totals.cpu_s_per_1000 is not None:
        figures.append(f"{totals.cpu_s_per_1000:.2f} CPU s for 1,000 cells")
    if totals.seconds_left is not None:
        figures.append(f"about {duration_text(totals.seconds_left)} left")
    lines.append(", ".join(figures))
    if holder is not None:
        lines.append(f"being counted by {for_line(holder.text())}")
    elif totals.remaining:
        lines.append("no run is at it: give the same batch command again and it resumes")
    if totals.kinds.get("failed"):
        lines.append(
            "failed slides: mend what the remark says, then the same batch command with --retry-failed"
        )
    return lines


def _as_json(rows: "Sequence[BatchRow]", totals: "NightTotals", holder: "Holder | None") -> str:
    from dataclasses import asdict

    from pipeline.files import to_json
    from pipeline.reports.night import kind_of

    return to_json(
        {
            "totals": asdict(totals) | {"remaining": totals.remaining},
            "running": None if holder is None else asdict(holder),
            "slides": [{"kind": kind_of(row)} | asdict(row) for row in rows],
        }
    )

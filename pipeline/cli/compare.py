"""The command that compares readers of the same slides."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.reports.readers.agreement import Comparison, PairOfReaders, ReadSlide

__all__ = ["compare"]


def compare(
    readers: Annotated[
        list[Path],
        typer.Argument(
            metavar="A B...", help="Counted folders, summary.json files, or CSVs: slide, infected, counted."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="CSV", help="Write a row for each slide, and the plot as PNG."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw difference against mean: .png or .svg.")
    ] = None,
) -> None:
    """Compare two readers or more: agreement, and which slides a third must read."""
    from pipeline.cli.terminal import print_rows
    from pipeline.files import write_whole
    from pipeline.reports.readers.agreement import WITHIN, compared
    from pipeline.reports.readers.agreement_chart import check_plot_name, write_plot
    from pipeline.reports.readers.readings import read_readers

    if plot is not None:
        check_plot_name(plot)
    found = compared(read_readers(readers))
    headings = ("slide", *found.readers, "readings", "mean")
    print_rows(headings, [_slide_row(slide) for slide in found.slides])
    headings = (
        "pair",
        "slides",
        "mean difference",
        "95% limits",
        f"within {WITHIN:.0%}",
        "discordant",
        "one sees none",
    )
    print_rows(headings, [_pair_row(pair) for pair in found.pairs])
    needed = sum(slide.third_needed for slide in found.slides)
    sys.stdout.write(f"{needed} of {len(found.slides)} slides need a third reader.\n")
    if out is not None:
        write_whole(out, _table(found))
        plot = plot or out.with_name(f"{out.stem}-agreement.png")
    if plot is not None:
        write_plot(plot, found)
        sys.stdout.write(f"{plot}\n")


def _slide_row(slide: "ReadSlide") -> tuple[str, ...]:
    from pipeline.wording import percent_text

    seen = (
        "-" if one is None else f"{percent_text(one.fraction)} of {one.counted:,}" for one in slide.readings
    )
    return (slide.slide, *seen, _judged(slide), percent_text(slide.final))


def _judged(slide: "ReadSlide") -> str:
    words = "one sees none" if slide.opposed else "discordant" if slide.discordant else "agree"
    return f"{words}: third reader needed" if slide.third_needed else words


def _pair_row(pair: "PairOfReaders") -> tuple[str, ...]:
    limits = "-" if pair.low is None else f"{pair.low:+.2f} to {pair.high:+.2f}"
    return (
        f"{pair.second} minus {pair.first}",
        str(pair.slides),
        f"{pair.bias:+.2f} points",
        limits,
        f"{pair.within} of {pair.of}",
        str(pair.discordant),
        str(pair.opposed),
    )


def _table(found: "Comparison") -> bytes:
    import csv
    import io

    from pipeline.names import csv_encoding, for_csv

    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    head = [f"{name} {part}" for name in found.readers for part in ("infected", "counted")]
    table.writerow(map(for_csv, ("slide", *head, "discordant", "one_sees_none", "third_needed", "mean")))
    for slide in found.slides:
        cells = [("", "") if one is None else (one.infected, one.counted) for one in slide.readings]
        judged = (int(slide.discordant), int(slide.opposed), int(slide.third_needed))
        final = "" if slide.final is None else f"{slide.final:.6f}"
        table.writerow(
            map(for_csv, (slide.slide, *(part for both in cells for part in both), *judged, final))
        )
    return text.getvalue().encode(csv_encoding([text.getvalue()]))

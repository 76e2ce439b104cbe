"""The commands on finished results: the report and the exports."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.count import NoteOption, SampleOption, notes_of

__all__ = ["export", "report"]

ResultArgument = Annotated[
    Path, typer.Argument(metavar="RESULT", help="Folder of one slide that `count` wrote.")
]


def export(
    result: ResultArgument,
    to: Annotated[
        str,
        typer.Option("--to", metavar="A,B", help="Forms: parquet, geojson, geojson.gz, coco, fhir, dicom."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder to write into; else RESULT-export beside it.")
    ] = None,
    sample: SampleOption = "",
) -> None:
    """Write a counted slide's cells and count in the forms that other programs read."""
    from pipeline.reports.export import export_result

    names = [name.strip() for name in to.split(",") if name.strip()]
    for path in export_result(result, names, out, sample=sample):
        sys.stdout.write(f"{path}\n")


def report(
    result: ResultArgument,
    slide: Annotated[
        Path | None,
        typer.Option(metavar="SLIDE", help="Where the slide lies now; else where it was counted."),
    ] = None,
    sample: SampleOption = "",
    note: NoteOption = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Write report.pdf too.")] = False,
    pictures: Annotated[
        str, typer.Option(metavar="SIZE", help="Pictures of cells: full, or small for a smaller file.")
    ] = "full",
) -> None:
    """Write the report of a counted slide into its result folder, anew or for the first time."""
    from pipeline.cli.terminal import say
    from pipeline.reports.slide.found_slide import find_slide
    from pipeline.reports.slide.pdf import write_pdf
    from pipeline.reports.slide.report import report_settings_of, write_report
    from pipeline.reports.stored import read_stored

    if pictures not in ("full", "small"):
        raise typer.BadParameter(f"{pictures!r}: expected full or small", param_hint="--pictures")
    stored = read_stored(result)
    source = find_slide(stored, slide)
    if source is None:
        say(
            "the slide is not where it was counted, or changed since; its pictures are cut from the overlay; "
            "pass --slide to say where it lies"
        )
    settings = report_settings_of(stored, sample=sample, notes=notes_of(note))
    path = write_report(result, source, settings, is_small=pictures == "small")
    sys.stdout.write(f"{path}\n")
    if pdf:
        sys.stdout.write(f"{write_pdf(path)}\n")

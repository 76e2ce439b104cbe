"""The commands on finished results: the report and the exports."""

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["export"]

ResultArgument = Annotated[
    Path, typer.Argument(metavar="RESULT", help="Folder of one slide that `count` wrote.")
]
SampleOption = Annotated[
    str, typer.Option(metavar="TEXT", help="Number of the sample, no name of a person; not kept in a log.")
]


def export(
    result: ResultArgument,
    to: Annotated[
        str, typer.Option("--to", metavar="A,B", help="Forms: parquet, geojson, geojson.gz, coco, fhir.")
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

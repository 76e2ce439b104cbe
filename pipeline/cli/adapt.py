"""The command that teaches the classifier with a person's labels."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.count import ClassifierOption, DetectorOption
from pipeline.names import for_line

__all__ = ["adapt"]


def adapt(
    reviewed: Annotated[
        list[Path],
        typer.Argument(
            metavar="REVIEWED...",
            help="CSV of slide, cell, label: infected or uninfected; or cells.csv, reviewed_as filled in.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="TOML", help="Site file to write.")],
    results: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The -o folder of the counts; else that of each CSV."),
    ] = None,
    detector: DetectorOption = None,
    classifier: ClassifierOption = None,
) -> None:
    """Fit the classifier's last layer to labelled cells of this site's slides, where that helps."""
    from pipeline.adapting.site import adapt as fit
    from pipeline.adapting.site import figures_text
    from pipeline.settings import CountSettings

    done = fit(reviewed, out, CountSettings(detector=detector, classifier=classifier), results)
    layer = done.layer
    lost = f"; {done.lost} labelled cells were not found again" if done.lost else ""
    file = for_line(done.file)
    sys.stdout.write(f"{file}: {figures_text(layer.figures, layer.cells)}{lost}; count with --site {file}\n")

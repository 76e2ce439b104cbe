"""The commands that measure accuracy on labelled sets."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Protocol

import typer

from pipeline.cli_count import ClassifierOption, DetectorOption, WorkersOption

__all__ = ["app", "crops", "fields"]

app = typer.Typer(help="Measure the accuracy on a labelled set.", no_args_is_help=True)

FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the labelled set.")]
JsonFileOption = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the measures as JSON to this file too.")
]


class _Report(Protocol):
    def to_json(self) -> Mapping[str, object]: ...

    def to_text(self) -> str: ...


@app.command()
def fields(
    folder: FolderArgument,
    json_file: JsonFileOption = None,
    slides: Annotated[
        str | None, typer.Option(metavar="A,B", help="Only these slides, by the names in fields.csv.")
    ] = None,
    detector: DetectorOption = None,
    classifier: ClassifierOption = None,
    workers: WorkersOption = 1,
) -> None:
    """Count labelled fields and hold detection, classification and parasitaemia against the labels."""
    from pipeline.evaluate import evaluate_fields
    from pipeline.settings import CountSettings
    from pipeline.terminal import shown_progress

    settings = CountSettings(detector=detector, classifier=classifier, workers=workers)
    chosen = None if slides is None else [name.strip() for name in slides.split(",") if name.strip()]
    with shown_progress() as (show, _):
        report = evaluate_fields(
            folder, settings, slides=chosen, progress=lambda done, every: show("fields", done, every)
        )
    _give(report, json_file)


@app.command()
def crops(
    folder: FolderArgument,
    json_file: JsonFileOption = None,
    predictions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the probability of every crop to this CSV file."),
    ] = None,
    classifier: ClassifierOption = None,
) -> None:
    """Classify labelled crops of single cells and hold the answers against the labels."""
    from pipeline.evaluate import evaluate_crops
    from pipeline.settings import CountSettings
    from pipeline.terminal import shown_progress

    with shown_progress() as (show, _):
        report = evaluate_crops(
            folder,
            CountSettings(classifier=classifier),
            predictions_path=predictions,
            progress=lambda done, every: show("crops", done, every),
        )
    _give(report, json_file)


def _give(report: _Report, json_file: Path | None) -> None:
    sys.stdout.write(report.to_text().rstrip("\n") + "\n")
    if json_file is not None:
        from pipeline.evaluate import write_json

        write_json(json_file, report.to_json())

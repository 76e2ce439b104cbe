"""The commands that measure accuracy on labelled sets."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Protocol

import typer

from pipeline.cli.count import ClassifierOption, DetectorOption, QuietOption, WorkersOption

__all__ = ["app", "card", "crops", "errors", "fields"]

app = typer.Typer(help="Measure the accuracy on a labelled set.", no_args_is_help=True, add_completion=False)

FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the labelled set.")]
JsonFileOption = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the measures as JSON to this file too.")
]


PicturesOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Write plots, a table by slide or patient, and galleries of the worst errors into this folder.",
    ),
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
    by_slide: Annotated[
        bool, typer.Option("--by-slide", help="Count all pictures of a slide together, as one folder.")
    ] = False,
    detector: DetectorOption = None,
    classifier: ClassifierOption = None,
    workers: WorkersOption = 1,
    pictures: PicturesOption = None,
    quiet: QuietOption = False,
) -> None:
    """Count labelled fields and compare detection, classification and parasitaemia with the labels."""
    from pipeline.cli.terminal import shown_progress
    from pipeline.evaluation.fields import count_fields
    from pipeline.settings import CountSettings

    settings = CountSettings(detector=detector, classifier=classifier, workers=workers)
    _claim(pictures)
    chosen = None if slides is None else [name.strip() for name in slides.split(",") if name.strip()]
    with shown_progress(quiet=quiet) as (show, _):
        counted = count_fields(
            folder,
            settings,
            slides=chosen,
            progress=lambda done, total: show("fields", done, total),
            by_slide=by_slide,
        )
    _give(counted.report(), json_file)
    if pictures is not None:
        from pipeline.evaluation.figures import draw_field_pictures

        draw_field_pictures(pictures, counted, settings)


@app.command()
def crops(
    folder: FolderArgument,
    json_file: JsonFileOption = None,
    predictions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the probability of every crop to this CSV file."),
    ] = None,
    classifier: ClassifierOption = None,
    pictures: PicturesOption = None,
    quiet: QuietOption = False,
) -> None:
    """Classify labelled crops of single cells and compare the answers with the labels."""
    from pipeline.cli.terminal import shown_progress
    from pipeline.evaluation.crops import classify_crops
    from pipeline.settings import CountSettings

    settings = CountSettings(classifier=classifier)
    _claim(pictures)
    with shown_progress(quiet=quiet) as (show, _):
        classified = classify_crops(
            folder,
            settings,
            predictions_path=predictions,
            progress=lambda done, total: show("crops", done, total),
        )
    _give(classified.report(), json_file)
    if pictures is not None:
        from pipeline.evaluation.figures import draw_crop_pictures

        draw_crop_pictures(pictures, classified, settings)


@app.command()
def card(
    manifest: Annotated[Path, typer.Argument(metavar="TOML", help="Manifest of the network.")],
    results: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Folder that --pictures wrote; may be repeated."),
    ] = None,
) -> None:
    """Write a network's model card anew, with results by source and patient and links to the plots."""
    from pipeline.training.card_files import write_card

    sys.stdout.write(f"{write_card(manifest, results or [])}\n")


@app.command()
def errors(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Folder of the labelled sets.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where slide_errors.toml goes.")],
    left_out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Networks that never saw some slides; by default the shipped pair."),
    ] = None,
    stands_for: Annotated[
        Path | None,
        typer.Option(metavar="TOML", help="Classifier trained alike on every slide; by default the shipped."),
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Fit how sensitivity and false calls differ from slide to slide, for the intervals of a count."""
    from models.manifest import shipped
    from pipeline.cli.terminal import print_rows, shown_progress
    from pipeline.evaluation.slide_errors import (
        cross_checked,
        fit_slide_errors,
        measured_slides,
        write_slide_errors,
    )
    from pipeline.evaluation.text import rate_text

    whole = stands_for or shipped("classifier")
    pair = left_out or shipped("classifier").parent / "left_out"
    with shown_progress(quiet=quiet) as (show, _):
        slides = measured_slides(data, pair, progress=lambda done, total: show("fields", done, total))
    made_by = "smearcount evaluate errors ../shared/data -o models/slide_errors.toml"
    write_slide_errors(out, fit_slide_errors(slides, pair / "classifier.toml", whole, made_by))
    check = cross_checked(slides)
    rates = {
        "uninfected, parasites claimed": check.uninfected_seen,
        "infected, parasites claimed": check.infected_seen,
        "interval holds the fraction": check.interval_holds,
    }
    sys.stdout.write(f"{out}: {len(slides)} slides, each judged by all others:\n")
    print_rows((), [(name, rate_text(rate, percent=True)) for name, rate in rates.items()])


def _claim(pictures: Path | None) -> None:
    """Refuse an unusable folder before the work, not after it."""
    if pictures is not None:
        from pipeline.evaluation.figures import claim_pictures

        claim_pictures(pictures)


def _give(report: _Report, json_file: Path | None) -> None:
    sys.stdout.write(report.to_text().rstrip("\n") + "\n")
    if json_file is not None:
        from pipeline.files import write_json

        write_json(json_file, report.to_json())

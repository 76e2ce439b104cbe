"""The commands that train the networks; they need the extra `train`."""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.count import DetectorOption
from pipeline.cli.terminal import say

if TYPE_CHECKING:
    from pipeline.training.order import TrainingOrder

__all__ = ["app", "baseline", "calibrate", "classifier", "detector", "folds", "novelty", "sources"]

app = typer.Typer(
    help="Train a network and write its weights, manifest and card.",
    no_args_is_help=True,
    add_completion=False,
)

Data = Annotated[Path, typer.Option(metavar="DIR", help="Folder of the labelled sets.")]
Out = Annotated[
    Path,
    typer.Option(
        "--out", "-o", metavar="DIR", help="Folder of the network; an interrupted training resumes there."
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of every random choice.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Steps in all; else those of the shipped network.")]
LeaveOut = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Set, slide or patient kept out of the training; may be repeated."),
]
StartFrom = Annotated[
    Path | None, typer.Option(metavar="KERAS", help="A finished network to train further, at a low rate.")
]


@app.command()
def detector(
    data: Data,
    out: Out,
    seed: Seed = 1,
    steps: Steps = None,
    leave_out: LeaveOut = None,
    start_from: StartFrom = None,
) -> None:
    """Train the network that finds the cells."""
    from pipeline.training.detector import train_detector
    from pipeline.training.order import TrainingOrder

    order = TrainingOrder(
        data=data, out=out, leave_out=tuple(leave_out or ()), seed=seed, steps=steps, start_from=start_from
    )
    sys.stdout.write(f"{train_detector(order, say)}\n")


@app.command()
def classifier(
    data: Data,
    out: Out,
    seed: Seed = 1,
    steps: Steps = None,
    measured_by: Annotated[
        Path | None,
        typer.Option(
            metavar="TOML",
            help="Manifest of the same training with something left out; its figures are kept.",
        ),
    ] = None,
    leave_out: LeaveOut = None,
    start_from: StartFrom = None,
    detector: DetectorOption = None,
    suspect_labels: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="List of suspect labels (of train folds); they are not trained on."),
    ] = None,
    hard_negatives_from: Annotated[
        Path | None,
        typer.Option(
            metavar="TOML",
            help="Manifest of a finished classifier; its near false positives are drawn more often.",
        ),
    ] = None,
) -> None:
    """Train the network that classifies cells as infected or not."""
    from pipeline.training.classifier import train_classifier
    from pipeline.training.order import TrainingOrder

    order = TrainingOrder(
        data=data,
        out=out,
        leave_out=tuple(leave_out or ()),
        seed=seed,
        steps=steps,
        start_from=start_from,
        measured_by=measured_by,
        detector=detector,
        suspect_labels=suspect_labels,
        hard_negatives_from=hard_negatives_from,
    )
    sys.stdout.write(f"{train_classifier(order, say)}\n")


@app.command()
def calibrate(
    manifest: Annotated[Path, typer.Argument(metavar="TOML", help="Manifest of a trained classifier.")],
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the labelled sets that it is measured on.")
    ] = None,
    measured_by: Annotated[
        Path | None,
        typer.Option(
            metavar="TOML",
            help="Manifest of the same training with something left out; its figures are taken.",
        ),
    ] = None,
    detector: DetectorOption = None,
) -> None:
    """Write a trained classifier's calibration, threshold and figures anew; its network stays as it is."""
    from pipeline.training.calibration import calibrate_classifier, take_figures

    if data is not None and measured_by is None:
        done = calibrate_classifier(manifest, data, detector)
    elif measured_by is not None and data is None:
        done = take_figures(manifest, measured_by)
    else:
        raise typer.BadParameter(
            "pass --data to measure, or --measured-by to take figures over: one of the two"
        )
    sys.stdout.write(f"{done}\n")


@app.command()
def novelty(
    data: Data,
    out: Out,
    seed: Seed = 1,
    fields: Annotated[
        int | None, typer.Option(min=1, help="At most so many fields of a labelled set; by default all.")
    ] = None,
    others: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Further pictures that are no thin film: a folder for each kind."),
    ] = None,
    detector: DetectorOption = None,
) -> None:
    """Fit what tells thin films from other pictures, measure it on kinds left out, write novelty.toml."""
    from pipeline.training.novelty.train import NoveltyOrder, train_novelty

    order = NoveltyOrder(data=data, out=out, others=others, seed=seed, fields=fields, detector=detector)
    sys.stdout.write(f"{train_novelty(order, say)}\n")


@app.command()
def folds(data: Data, out: Out, seed: Seed = 1, steps: Steps = None, detector: DetectorOption = None) -> None:
    """Measure the classifier in five folds by patient and slide, and list labels that it contradicts."""
    from pipeline.training.order import TrainingOrder

    order = TrainingOrder(data=data, out=out, seed=seed, steps=steps, detector=detector)
    _cross_validate(order, "patients")


@app.command()
def sources(
    data: Data,
    out: Out,
    seed: Seed = 1,
    steps: Steps = None,
    detector: DetectorOption = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Leave out this source only, not each in turn; may be repeated."),
    ] = None,
) -> None:
    """Measure the classifier on each whole source, trained on all others."""
    from pipeline.training.order import TrainingOrder

    order = TrainingOrder(
        data=data, out=out, leave_out=tuple(leave_out or ()), seed=seed, steps=steps, detector=detector
    )
    _cross_validate(order, "sources")


@app.command()
def baseline(data: Data, out: Out, seed: Seed = 1) -> None:
    """Measure the earlier work's network, split at random and split by patient."""
    from pipeline.training.baseline import baseline_scores
    from pipeline.training.order import TrainingOrder

    scores = baseline_scores(TrainingOrder(data=data, out=out, seed=seed), say)
    _write_scores({score.split: asdict(score) for score in scores}, out)


def _cross_validate(order: "TrainingOrder", split: Literal["patients", "sources"]) -> None:
    from pipeline.training.validation.cross_validation import cross_validate

    scores = cross_validate(order, split, say)
    _write_scores({score.source: asdict(score) for score in scores}, order.out)


def _write_scores(scores: Mapping[str, object], out: Path) -> None:
    from pipeline.files import write_json

    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "scores.json", scores)
    sys.stdout.write(f"{out / 'scores.json'}\n")

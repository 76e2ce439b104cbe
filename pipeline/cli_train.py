"""The commands that train the networks; they need the extra `train`."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app", "classifier", "detector"]

app = typer.Typer(help="Train a network and write its weights, manifest and card.", no_args_is_help=True)

DataOption = Annotated[Path, typer.Option(metavar="DIR", help="Folder of the labelled sets.")]
OutOption = Annotated[
    Path,
    typer.Option(
        "--out", "-o", metavar="DIR", help="Folder of the network; an interrupted training goes on there."
    ),
]
SeedOption = Annotated[int, typer.Option(min=0, help="Of every random choice.")]
LeaveOutOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Slide, patient or set kept out of training; may be repeated."),
]


@app.command()
def detector(
    data: DataOption,
    out: OutOption,
    seed: SeedOption = 0,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes; else as shipped.")] = None,
    leave_out: LeaveOutOption = None,
) -> None:
    """Train the network that finds the cells."""
    from pipeline.train import TrainSettings, train_detector

    train_detector(data, out, TrainSettings(seed=seed, epochs=epochs, leave_out=tuple(leave_out or ())))


@app.command()
def classifier(
    data: DataOption,
    out: OutOption,
    seed: SeedOption = 0,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes; else as shipped.")] = None,
    leave_out: LeaveOutOption = None,
) -> None:
    """Train the network that tells infected cells."""
    from pipeline.train import TrainSettings, train_classifier

    train_classifier(data, out, TrainSettings(seed=seed, epochs=epochs, leave_out=tuple(leave_out or ())))

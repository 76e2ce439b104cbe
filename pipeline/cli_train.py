"""The commands that train the networks; they need the extra `train`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.terminal import say

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
StepsOption = Annotated[
    int | None, typer.Option(min=1, help="Steps in all; else those of the shipped network.")
]
LeaveOutOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Set, slide or patient kept out of the training; may be repeated."),
]
StartFromOption = Annotated[
    Path | None, typer.Option(metavar="KERAS", help="A finished network to go on from, at a low rate.")
]


@app.command()
def detector(
    data: DataOption,
    out: OutOption,
    seed: SeedOption = 1,
    steps: StepsOption = None,
    leave_out: LeaveOutOption = None,
    start_from: StartFromOption = None,
) -> None:
    """Train the network that finds the cells."""
    from pipeline.train import TrainingOrder, train_detector

    order = TrainingOrder(
        data=data, out=out, leave_out=tuple(leave_out or ()), seed=seed, steps=steps, start_from=start_from
    )
    sys.stdout.write(f"{train_detector(order, say)}\n")


@app.command()
def classifier(
    data: DataOption,
    out: OutOption,
    seed: SeedOption = 1,
    steps: StepsOption = None,
    leave_out: LeaveOutOption = None,
    start_from: StartFromOption = None,
) -> None:
    """Train the network that tells infected cells."""
    from pipeline.train import TrainingOrder, train_classifier

    order = TrainingOrder(
        data=data, out=out, leave_out=tuple(leave_out or ()), seed=seed, steps=steps, start_from=start_from
    )
    sys.stdout.write(f"{train_classifier(order, say)}\n")

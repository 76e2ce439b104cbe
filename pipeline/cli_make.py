"""The commands that render smears, show a count and start the service."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["demo", "render", "serve"]

FIELD_PX_MIN = 64  # no field of a microscope is smaller; the reader refuses less
FIELD_PX_MAX = 20_000  # a rendered field is in memory whole
SERVICE = "api.app:create_app"  # by name only: this package stands below the service
GRACE_S = 10  # for the answers under way once the service is told to stop


def render(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to make; it must not exist, or be empty.")],
    width: Annotated[int, typer.Option(min=FIELD_PX_MIN, max=FIELD_PX_MAX, help="Of a field, px.")] = 1280,
    height: Annotated[int, typer.Option(min=FIELD_PX_MIN, max=FIELD_PX_MAX, help="Of a field, px.")] = 960,
    parasitaemia: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Fraction of the red cells that are infected.")
    ] = 0.05,
    seed: Annotated[int, typer.Option(min=0, help="Of every random choice.")] = 0,
    fields: Annotated[int, typer.Option(min=1, help="Fields of the slide.")] = 1,
    um_per_px: Annotated[float, typer.Option(min=0.02, max=0.5, help="Size of a pixel, µm.")] = 0.11,
    round_view: Annotated[
        bool, typer.Option("--round-view", help="A round view on black, as a phone on an eyepiece gives.")
    ] = False,
) -> None:
    """Draw a smear with its exact truth, in the form of a labelled set."""
    from pipeline.synthetic import RenderSettings, render_set

    settings = RenderSettings(
        width=width,
        height=height,
        um_per_px=um_per_px,
        round_view=round_view,
        parasitaemia=parasitaemia,
        fields=fields,
        seed=seed,
    )
    sys.stdout.write(f"{render_set(settings, out)}\n")


def demo(
    slide: Annotated[
        Path | None, typer.Argument(metavar="[SLIDE]", help="A slide to count; else a smear is rendered.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the smear and the results.")] = Path(
        "demo"
    ),
) -> None:
    """Count a rendered smear, print the count beside the truth; or count SLIDE."""
    from pipeline.demo import run_demo
    from pipeline.terminal import print_outcomes, print_rows, say, shown_progress

    with shown_progress() as (show, _):
        shown = run_demo(slide, out, progress=lambda path, done, every: show(str(path), done, every))
    print_outcomes([shown.outcome])
    if shown.outcome.refusal is not None:
        say(f"{shown.outcome.source}: {shown.outcome.refusal}")
    if shown.comparison:
        print_rows(("", "truth", "counted"), shown.comparison)
    if shown.outcome.state != "done" or shown.outcome.refusal is not None:
        raise typer.Exit(1)


def serve(
    host: Annotated[
        str, typer.Option(envvar="SMEARCOUNT_HOST", help="Address to listen on; 127.0.0.1 is this computer.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, envvar="SMEARCOUNT_PORT", help="TCP port.")] = 8000,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", envvar="SMEARCOUNT_DATA_DIR", help="Folder of uploads, results and jobs."
        ),
    ] = None,
) -> None:
    """Start the web service and its page."""
    import uvicorn

    # The service reads its settings from the environment, also in the processes it starts.
    os.environ["SMEARCOUNT_HOST"], os.environ["SMEARCOUNT_PORT"] = host, str(port)
    if data is not None:
        os.environ["SMEARCOUNT_DATA_DIR"] = str(data.resolve())
    sys.stderr.write(f"smearcount: serving on http://{host}:{port} (Ctrl-C ends it)\n")
    uvicorn.run(
        SERVICE,
        factory=True,
        host=host,
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
    )

"""The commands that render smears, show a count and start the service."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.count import QuietOption
from pipeline.cli.exit_codes import ExitCode
from pipeline.settings import UM_PER_PX_MIN

__all__ = ["demo", "render"]

FIELD_PX_MIN = 64  # no field of a microscope is smaller; the reader refuses less
SCAN_PX_MAX = 262_144  # 5 cm, the length of a film, at 0.2 µm; a field has less
SCAN_JPEG_QUALITY = 88  # as scanners have it


def render(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to make; it must not exist, or be empty.")],
    width: Annotated[
        int, typer.Option(min=FIELD_PX_MIN, max=SCAN_PX_MAX, help="Of a field or scan, px.")
    ] = 1280,
    height: Annotated[
        int, typer.Option(min=FIELD_PX_MIN, max=SCAN_PX_MAX, help="Of a field or scan, px.")
    ] = 960,
    parasitaemia: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Fraction of the red cells that are infected.")
    ] = 0.05,
    density: Annotated[
        float, typer.Option(min=0.0, max=2.0, help="Area of the red cells, as a fraction of the film's.")
    ] = 0.45,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every random choice.")] = 0,
    fields: Annotated[int, typer.Option(min=1, help="Fields of the slide.")] = 1,
    um_per_px: Annotated[float, typer.Option(min=UM_PER_PX_MIN, max=0.5, help="Size of a pixel, µm.")] = 0.11,
    round_view: Annotated[
        bool, typer.Option("--round-view", help="A round view on black, as a phone on an eyepiece gives.")
    ] = False,
    scan: Annotated[
        bool, typer.Option("--scan", help="One whole-slide scan, a pyramidal TIFF, in place of fields.")
    ] = False,
    film: Annotated[
        bool, typer.Option("--film", help="Of a scan: thick end, monolayer, feathered edge, glass around.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes that draw a scan.")] = 1,
) -> None:
    """Draw a smear with its exact truth, in the form of a labelled set."""
    from pipeline.synthetic.field import FIELD_PX_MAX, Optics, RenderSettings, render_set
    from pipeline.synthetic.scan.film import even_film, outlined_film
    from pipeline.synthetic.scan.slide import render_scan

    if scan and (fields > 1 or round_view):
        raise typer.BadParameter("a scan is one picture without a round view; leave these options out")
    if not scan and (film or workers > 1):
        raise typer.BadParameter("--film and --workers are for a scan; add --scan")
    if not scan and max(width, height) > FIELD_PX_MAX:
        raise typer.BadParameter(
            f"a field has at most {FIELD_PX_MAX} px a side; add --scan for a larger picture"
        )
    settings = RenderSettings(
        width=width,
        height=height,
        um_per_px=um_per_px,
        round_view=round_view,
        density=density,
        parasitaemia=parasitaemia,
        optics=Optics(jpeg_quality=SCAN_JPEG_QUALITY) if scan else Optics(),
        fields=fields,
        seed=seed,
    )
    if scan:
        drawn = render_scan(outlined_film(settings) if film else even_film(settings), out, workers=workers)
    else:
        drawn = render_set(settings, out)
    sys.stdout.write(f"{drawn}\n")


def demo(
    slide: Annotated[
        Path | None, typer.Argument(metavar="[SLIDE]", help="A slide to count; else a smear is rendered.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the smear and the results.")] = Path(
        "demo"
    ),
    quiet: QuietOption = False,
) -> None:
    """Count a rendered smear, print the count beside the truth; or count SLIDE."""
    from pipeline.cli.terminal import print_outcomes, print_rows, say, shown_progress
    from pipeline.demo import run_demo

    with shown_progress(quiet=quiet) as (show, _):
        shown = run_demo(slide, out, progress=lambda path, *told: show(str(path), *told))
    print_outcomes([shown.outcome])
    if shown.outcome.refusal is not None:
        say(f"{shown.outcome.source}: {shown.outcome.refusal}")
    if shown.comparison:
        print_rows(("", "truth", "counted"), shown.comparison)
    if shown.outcome.state != "done" or shown.outcome.refusal is not None:
        raise typer.Exit(ExitCode.FAILED)

"""The commands that count slides and classify single cells."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.exit_codes import ExitCode
from pipeline.settings import (
    RBC_PER_UL_MAX,
    RBC_PER_UL_MIN,
    TILE_PX_MAX,
    TILE_PX_MIN,
    UM_PER_PX_MAX,
    UM_PER_PX_MIN,
    BatchSettings,
    CountSettings,
    ReportSettings,
)

if TYPE_CHECKING:
    from pipeline.output.outcome import SlideOutcome

__all__ = [
    "ClassifierOption",
    "DetectorOption",
    "FieldsOption",
    "JsonOption",
    "MaxCellsOption",
    "MemoryLimitOption",
    "NoteOption",
    "ProtocolOption",
    "QuietOption",
    "RedCellsPerUlOption",
    "SampleOption",
    "SiteOption",
    "TimeLimitOption",
    "WorkersOption",
    "budget_of",
    "classify",
    "count",
    "notes_of",
]

TILE_PX_STEP = 8  # the detector's stride
_DEFAULTS = CountSettings()

DetectorOption = Annotated[
    Path | None, typer.Option(metavar="TOML", help="Manifest of another detector than the shipped one.")
]
ClassifierOption = Annotated[
    Path | None, typer.Option(metavar="TOML", help="Manifest of another classifier than the shipped one.")
]
SiteOption = Annotated[
    Path | None, typer.Option(metavar="TOML", help="Site file of `smearcount adapt`: this site's last layer.")
]
WorkersOption = Annotated[int, typer.Option(min=1, help="Processes that work on the tiles.")]
ProtocolOption = Annotated[
    str | None,
    typer.Option(help="Stop after the red cells that cdc, bsh, research, who or nvp asks for."),
]
MaxCellsOption = Annotated[int | None, typer.Option(min=1, help="Stop after so many red cells.")]
FieldsOption = Annotated[
    int | None, typer.Option(min=1, help="Count so many photos of a folder, or views of a scan.")
]
RedCellsPerUlOption = Annotated[
    float | None,
    typer.Option(min=RBC_PER_UL_MIN, max=RBC_PER_UL_MAX, help="Red cells per µL; else 5,000,000."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout in place of a table.")]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Show no progress; results and errors are still printed.")
]
MemoryLimitOption = Annotated[
    int | None, typer.Option(min=500, help="MB that a slide may take, usually 4000; not with --scheduler.")
]
TimeLimitOption = Annotated[
    float | None,
    typer.Option(min=1.0, help="Seconds that a slide may take, usually 3600; not with --scheduler."),
]
SampleOption = Annotated[
    str, typer.Option(metavar="TEXT", help="Number of the sample, no name of a person; in no log.")
]
NoteOption = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help="A further line for the head of the report; may be repeated."),
]


def notes_of(given: list[str] | None) -> tuple[tuple[str, str], ...]:
    """The notes of `--note`; what they say is not repeated in an error, for it may be of a person."""
    notes = []
    for place, note in enumerate(given or (), start=1):
        name, equals, text = (part.strip() for part in note.partition("="))
        if not equals or not name:
            raise typer.BadParameter(
                f"number {place} is no note; expected KEY=VALUE, such as ward=3", param_hint="--note"
            )
        notes.append((name, text))
    return tuple(notes)


def _region(text: str | None) -> tuple[int, int, int, int] | None:
    """The region of `--region`, level-0 px."""
    if text is None:
        return None
    sides = text.replace(" ", "").split(",")
    if len(sides) != 4 or not all(side.isdecimal() for side in sides) or "0" in sides[2:]:
        raise typer.BadParameter(
            f"{text!r} is no region; expected x,y,width,height in px, such as 0,0,4000,3000",
            param_hint="--region",
        )
    x, y, width, height = (int(side) for side in sides)
    return x, y, width, height


def _check_tile_px(value: int) -> int:
    if not TILE_PX_MIN <= value <= TILE_PX_MAX or value % TILE_PX_STEP:
        raise typer.BadParameter(
            f"{value}: expected a multiple of {TILE_PX_STEP}, {TILE_PX_MIN} to {TILE_PX_MAX}"
        )
    return value


def count(
    slides: Annotated[
        list[Path],
        typer.Argument(metavar="SLIDE...", readable=False, help="Photo, folder of photos, or slide scan."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the results, one folder a slide.")],
    um_per_px: Annotated[
        float | None,
        typer.Option(
            min=UM_PER_PX_MIN,
            max=UM_PER_PX_MAX,
            help="Pixel size, µm; by default from the file or the cells.",
        ),
    ] = None,
    workers: WorkersOption = _DEFAULTS.workers,
    tile_px: Annotated[
        int, typer.Option(callback=_check_tile_px, help="Side of a tile, px of 0.375 µm; changes no result.")
    ] = _DEFAULTS.tile_px,
    detector: DetectorOption = None,
    classifier: ClassifierOption = None,
    site: SiteOption = None,
    region: Annotated[
        str | None,
        typer.Option(metavar="X,Y,W,H", help="Count only cells whose centre lies here, px of the picture."),
    ] = None,
    protocol: ProtocolOption = None,
    max_cells: MaxCellsOption = None,
    fields: FieldsOption = None,
    rbc_per_ul: RedCellsPerUlOption = None,
    whole_film: Annotated[
        bool, typer.Option("--whole-film", help="Count a scan also where the film is too thick or too thin.")
    ] = False,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Work on the workers of this dask scheduler.")
    ] = None,
    memory_limit: MemoryLimitOption = None,
    time_limit: TimeLimitOption = None,
    sample: SampleOption = "",
    note: NoteOption = None,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html.")] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace earlier results.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Count the red cells of slides and how many of them are infected."""
    from pipeline.cli.terminal import outcomes_json, print_outcomes
    from pipeline.planning.protocols import goal_of

    goal_of(protocol, max_cells, fields)  # one that cannot be is no slide's fault
    settings = CountSettings(
        um_per_px=um_per_px,
        detector=detector,
        classifier=classifier,
        site=site,
        tile_px=tile_px,
        workers=workers,
        region=_region(region),
        protocol=protocol,
        max_cells=max_cells,
        fields=fields,
        red_cells_per_ul=rbc_per_ul,
        whole_film=whole_film,
        scheduler=scheduler,
        report=ReportSettings(is_written=report, sample=sample, notes=notes_of(note)),
    )
    slides = _without_results(slides)
    budget = budget_of(memory_limit, time_limit, scheduler)
    limits = budget if len(slides) > 1 or memory_limit or time_limit else None
    outcomes = _count(slides, out, settings, limits, overwrite=overwrite, quiet=quiet)
    if as_json:
        sys.stdout.write(outcomes_json(outcomes))
    else:
        print_outcomes(outcomes)
    if any(outcome.state not in ("done", "exists") or outcome.refusal is not None for outcome in outcomes):
        raise typer.Exit(ExitCode.FAILED)


def budget_of(
    memory_limit_mb: int | None, time_limit_s: float | None, scheduler: str | None
) -> BatchSettings:
    """What a slide may take, so that the others need not wait for it; None stands for the usual."""
    if scheduler is not None and (memory_limit_mb or time_limit_s):
        raise typer.BadParameter(
            "--memory-limit and --time-limit bind no worker of a --scheduler; leave them out, and start each "
            "with `dask worker --memory-limit`"
        )
    usual = BatchSettings()
    return replace(
        usual,
        memory_limit_mb=memory_limit_mb or usual.memory_limit_mb,
        time_limit_s=time_limit_s or usual.time_limit_s,
    )


def _without_results(slides: list[Path]) -> list[Path]:
    """The slides without results of earlier counts, which a pattern such as FOLDER/* names too."""
    from pipeline.cli.terminal import say
    from pipeline.reader.source import is_own_result

    own = {slide for slide in slides if is_own_result(slide)}
    if not own or len(own) == len(slides):  # alone it is an error, which the reader reports
        return slides
    say(f"passed over, because they are results of earlier counts: {', '.join(sorted(map(str, own)))}")
    return [slide for slide in slides if slide not in own]


def classify(
    crops: Annotated[
        list[Path], typer.Argument(metavar="CROP...", readable=False, help="Pictures of one red cell.")
    ],
    um_per_px: Annotated[
        float | None,
        typer.Option(
            min=UM_PER_PX_MIN,
            max=UM_PER_PX_MAX,
            help="Size of a pixel, µm; else each is one usual cell wide.",
        ),
    ] = None,
    detector: DetectorOption = None,
    classifier: ClassifierOption = None,
    as_json: JsonOption = False,
) -> None:
    """Classify pictures of single, cut-out red cells as infected or not."""
    from pipeline.classify import classify_files, readable
    from pipeline.cli.terminal import print_calls, say

    good, errors = readable(crops)
    for error in errors:
        say(error)
    answers = classify_files(
        good, CountSettings(um_per_px=um_per_px, detector=detector, classifier=classifier)
    )
    if as_json:
        text = answers.to_json(orient="records", indent=2, double_precision=6, force_ascii=False)
        sys.stdout.write(f"{text}\n")
    else:
        print_calls(answers)
    if errors:
        raise typer.Exit(ExitCode.FAILED)


def _count(
    slides: list[Path],
    out: Path,
    settings: CountSettings,
    limits: BatchSettings | None,
    *,
    overwrite: bool,
    quiet: bool,
) -> "tuple[SlideOutcome, ...]":
    from pipeline.cli.terminal import shown_progress
    from pipeline.jobs.few import Told, count_few

    with shown_progress(quiet=quiet) as (show, report):
        within: set[Path] = set()
        done: list[str] = []

        def progress(slide: Path, tiles: int, total: int, cells: int) -> None:
            within.add(slide)
            show(str(slide), tiles, total, cells)

        def on_done(outcome: "SlideOutcome") -> None:
            done.append(outcome.slide)
            if len(slides) > 1 and not within:  # whole slides are shared out: their tiles are not reported
                show(f"{len(slides)} slides", len(done), len(slides))
            if outcome.error is not None:
                report(outcome.error)
            if outcome.refusal is not None:
                report(f"{outcome.source}: {outcome.refusal}")

        told = Told(progress=progress, on_done=on_done)
        return count_few(slides, out, settings, limits=limits, overwrite=overwrite, told=told)

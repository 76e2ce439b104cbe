"""The command that counts a night's slides."""

import math
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.count import (
    ClassifierOption,
    DetectorOption,
    FieldsOption,
    MaxCellsOption,
    MemoryLimitOption,
    ProtocolOption,
    QuietOption,
    RedCellsPerUlOption,
    SiteOption,
    TimeLimitOption,
    budget_of,
)
from pipeline.cli.exit_codes import ExitCode
from pipeline.settings import UM_PER_PX_MAX, UM_PER_PX_MIN, BatchSettings, CountSettings, ReportSettings

if TYPE_CHECKING:
    from pipeline.jobs.batch import BatchOrder

__all__ = ["batch"]

_DEFAULTS = BatchSettings()


def batch(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the results, one folder a slide.")],
    given: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FOLDER_OR_FILES...", readable=False, help="Folders of slides, scans and photos."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Slides that are counted at a time.")
    ] = CountSettings().workers,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Count on the workers of this dask scheduler.")
    ] = None,
    protocol: ProtocolOption = None,
    max_cells: MaxCellsOption = None,
    fields: FieldsOption = None,
    rbc_per_ul: RedCellsPerUlOption = None,
    um_per_px: Annotated[
        float | None,
        typer.Option(min=UM_PER_PX_MIN, max=UM_PER_PX_MAX, help="Size of a pixel of every slide, µm."),
    ] = None,
    slides: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Table: path, slide, um_per_px and any more columns.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Count slides again that failed before.")
    ] = False,
    recount: Annotated[
        bool, typer.Option("--recount", help="Count a slide under each of its names.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on and take slides as they come, until stopped.")
    ] = False,
    memory_limit: MemoryLimitOption = None,
    time_limit: TimeLimitOption = None,
    storage_wait: Annotated[
        float, typer.Option(min=0.0, help="Seconds to wait for a full disk or a folder that is away.")
    ] = _DEFAULTS.storage_wait_s,
    settle: Annotated[
        float, typer.Option(min=0.0, help="Seconds that a watched file must not have grown.")
    ] = _DEFAULTS.settle_s,
    detector: DetectorOption = None,
    classifier: ClassifierOption = None,
    site: SiteOption = None,
    report: Annotated[
        bool, typer.Option("--report/--no-report", help="Write report.html for each slide.")
    ] = True,
    log_json: Annotated[bool, typer.Option("--log-json", help="Write each line on stderr as JSON.")] = False,
    quiet: QuietOption = False,
) -> None:
    """Count many slides, overnight: cut short, the same command goes on where it was."""
    from pipeline.jobs.batch import BatchOrder
    from pipeline.jobs.intake import read_listing
    from pipeline.planning.protocols import goal_of

    if not given and slides is None:
        raise typer.BadParameter("nothing to count; name folders or files, or a table with --slides")
    goal_of(protocol, max_cells, fields)  # one that cannot be is no slide's fault
    order = BatchOrder(
        given=tuple(given or ()),
        out=out.absolute(),
        settings=CountSettings(
            um_per_px=um_per_px,
            detector=detector,
            classifier=classifier,
            site=site,
            workers=workers,
            protocol=protocol,
            max_cells=max_cells,
            fields=fields,
            red_cells_per_ul=rbc_per_ul,
            scheduler=scheduler,
            report=ReportSettings(is_written=report),
        ),
        limits=replace(
            budget_of(memory_limit, time_limit, scheduler), storage_wait_s=storage_wait, settle_s=settle
        ),
        listing=() if slides is None else tuple(read_listing(slides)),
        retry_failed=retry_failed,
        recount=recount,
        watch=watch,
    )
    raise typer.Exit(_run(order, log_json=log_json, quiet=quiet))


def _run(order: "BatchOrder", *, log_json: bool, quiet: bool) -> int:
    from pipeline.cli.night_log import night_log
    from pipeline.cli.terminal import say
    from pipeline.jobs.batch import run_batch
    from pipeline.jobs.lock import HeldError
    from pipeline.jobs.running.stopping import stop_by_signals
    from pipeline.jobs.running.storage import StorageError
    from pipeline.output.slides_csv import write_slides_csv
    from pipeline.reports.morning import write_morning_page

    with stop_by_signals() as stop:
        try:
            tell = night_log(as_json=log_json, quiet=quiet)
            end = run_batch(
                order,
                tell,
                stop,
                writers=(write_slides_csv, write_morning_page),
                at_end=(partial(write_morning_page, patience_s=math.inf),),
            )
        except (HeldError, StorageError) as error:
            say(str(error))
            return ExitCode.TRY_AGAIN
    sys.stdout.write(f"{end.text}\n")
    if not end.is_settled:
        if not (quiet or order.watch):
            say("stopped before the end: the same command resumes it")
        return stop.exit_code
    return ExitCode.FAILED if end.to_mind else ExitCode.DONE

"""Count slides and write their results; a slide that fails does not stop the others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pipeline.count import count_slide
from pipeline.counting.result import CountResult, PartsReader
from pipeline.counting.tile_store import Checkpoint
from pipeline.errors import SmearcountError, error_line
from pipeline.execution.slides import share_slides, slides_are_shared
from pipeline.files import STAGING_PREFIX
from pipeline.output.cells_csv import CellsFile
from pipeline.output.folder import write_result
from pipeline.output.marked_cells import MarkedCells
from pipeline.output.outcome import SlideOutcome
from pipeline.output.overlay import overlays
from pipeline.output.place import check_destination, check_names
from pipeline.reader.source import slide_name
from pipeline.reports.slide.counted_report import CountedReport
from pipeline.settings import TILES_SUFFIX, CountSettings, Progress, SlideProgress

__all__ = ["count_and_write", "count_slides", "write_counted"]


def count_slides(
    sources: Sequence[Path],
    out: Path,
    settings: CountSettings,
    *,
    overwrite: bool = False,
    progress: SlideProgress | None = None,
) -> Iterator[SlideOutcome]:
    """Count slides, and write the folder of each: outcomes as they come, each counted when it is asked for.

    One after another, their tiles shared among the workers; or, where there are as many slides as workers,
    each slide by one worker, and no progress is reported within a slide.

    Parameters
    ----------
    progress : called with the slide, tiles done, all its tiles, and the red cells found.

    Raises
    ------
    InputError
        Where two slides would be written under one name; nothing was counted then.
    ClusterError
        Where the settings name a scheduler that cannot be reached, is lost, or has no worker that fits.
    OutputError
        Where OUT cannot be written.
    """
    check_names(sources)
    if slides_are_shared(len(sources), settings):
        return _each_by_one_worker(sources, out, settings, overwrite=overwrite)
    return _one_after_another(sources, out, settings, overwrite=overwrite, progress=progress)


def count_and_write(
    source: Path,
    out: Path,
    settings: CountSettings,
    *,
    name: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> tuple[CountResult, Path]:
    """Count one slide and write OUT/<slide>/.

    The finished tiles of a large slide are kept in OUT until its result is written: a count that was cut
    short resumes when it is run again.

    Parameters
    ----------
    name : of the slide and its folder; None takes that of its file or folder.

    Returns
    -------
    The result, and the folder it was written to.

    Raises
    ------
    SmearcountError
        Where the slide cannot be counted or the result cannot be written; nothing is written then.
    """
    given, name = name, name or slide_name(source)
    check_destination(out, name, overwrite=overwrite)
    with Checkpoint(out / f"{STAGING_PREFIX}{name}{TILES_SUFFIX}") as checkpoint, CellsFile(out) as cells:
        report = CountedReport(source) if settings.report.is_written else None
        read = _Read(cells=cells, marked=MarkedCells(), report=report)
        result = count_slide(source, settings, progress, checkpoint, given, read.readers)
        folder = write_counted(result, source, out, settings, overwrite=overwrite, read=read)
        checkpoint.remove()
    return result, folder


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What is made of the table of cells while it goes by; `report` is None where none is written."""

    cells: CellsFile
    marked: MarkedCells
    report: CountedReport | None

    @property
    def readers(self) -> Sequence[PartsReader]:
        """All that take its parts."""
        return [self.marked, self.cells, *([self.report] if self.report else [])]


def write_counted(
    result: CountResult,
    source: Path,
    out: Path,
    settings: CountSettings,
    *,
    overwrite: bool = False,
    read: _Read | None = None,
) -> Path:
    """Write OUT/<slide>/ of a slide that was counted, with its overlays and its report; returns the folder.

    Parameters
    ----------
    read : what was made of its table while it went by; None goes through it now.

    Raises
    ------
    SmearcountError
        Where the slide cannot be drawn or the result cannot be written; nothing is written then.
    """
    report = read.report if read else CountedReport(source) if settings.report.is_written else None
    if report is not None:
        report.draft(result)
    return write_result(
        result,
        out,
        overwrite=overwrite,
        pictures=overlays(
            source, result, report.see if report else None, read.marked.table() if read else None
        ),
        finish=report.write if report else None,
        cells=read.cells.finished() if read else None,
    )


def _one_after_another(
    sources: Sequence[Path],
    out: Path,
    settings: CountSettings,
    *,
    overwrite: bool,
    progress: SlideProgress | None,
) -> Iterator[SlideOutcome]:
    for source in sources:
        report = None if progress is None else partial(progress, source)
        yield _outcome(source, out, settings, overwrite=overwrite, progress=report)


def _each_by_one_worker(
    sources: Sequence[Path], out: Path, settings: CountSettings, *, overwrite: bool
) -> Iterator[SlideOutcome]:
    free = []
    for source in sources:
        try:
            check_destination(out, slide_name(source), overwrite=overwrite)
            free.append(source)
        except SmearcountError as error:
            yield _failed(source, error_line(error))
    for source, answer in share_slides(_outcome_over, free, out, settings):
        if isinstance(answer, SlideOutcome):
            yield replace(answer, source=source)
        else:
            yield _failed(source, str(answer))


def _outcome_over(source: Path, out: Path, settings: CountSettings) -> SlideOutcome:
    """In a worker: what is there was left by an interrupted attempt; the place was free before."""
    return _outcome(source, out, settings, overwrite=True, progress=None)


def _failed(source: Path, error: str) -> SlideOutcome:
    return SlideOutcome(slide=slide_name(source), source=source, folder=None, summary=None, error=error)


def _outcome(
    source: Path,
    out: Path,
    settings: CountSettings,
    *,
    overwrite: bool,
    progress: Progress | None,
) -> SlideOutcome:
    try:
        result, folder = count_and_write(source, out, settings, overwrite=overwrite, progress=progress)
    except Exception as error:  # whatever a slide raises is reported, and the slides after it are counted
        return _failed(source, error_line(error))
    return SlideOutcome(slide=folder.name, source=source, folder=folder, summary=result.summary, error=None)

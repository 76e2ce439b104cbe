"""Counts one slide: what is estimated once, the tiles, the table of cells, the summary."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from pipeline.cell_table import cell_table
from pipeline.errors import EmptySlideError, InputError, SmearcountError
from pipeline.executors import WorkerDiedError, run_here, run_in_processes
from pipeline.familiar import FieldLooks, familiarity, read_familiar
from pipeline.field_plan import FieldLight, field_light, plan_field
from pipeline.networks import Classifier, Detector, describe, load_classifier, load_detector
from pipeline.provenance import run_record
from pipeline.quality import SlideMeasures, check
from pipeline.quality_measures import looks_of, slide_measures
from pipeline.reader import Slide, open_slide
from pipeline.records import CountResult, FailedTile, SlideSummary
from pipeline.settings import CountSettings
from pipeline.slide_scale import SlideScale, find_scale
from pipeline.summary import FieldFacts, SlideFacts, summarise
from pipeline.tile_work import TileCells, TileWorker, failed_tile, make_tile_worker
from pipeline.tiling import Tile, tiles
from segmentation.detector import ALIGNMENT_PX

__all__ = ["count_slide", "look_at"]

Progress = Callable[[int, int], None]
SMALLEST_UM_PER_PX, LARGEST_UM_PER_PX = 0.02, 1.0
"""Pixel sizes at which a red cell is 375 to 7.5 px across."""
SMALLEST_TILE_PX, LARGEST_TILE_PX = 128, 4096
"""Tile sides: smaller ones are mostly halo, larger ones pass what OpenCV addresses in one picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the tiles of a slide gave; `failed` also names photos that could not be read."""

    cells: list[TileCells]
    failed: list[FailedTile]
    tiles: int


def count_slide(source: Path, settings: CountSettings, progress: Progress | None = None) -> CountResult:
    """Find and decide every red cell of a slide.

    Parameters
    ----------
    source : a photo, a folder of photos, or a whole-slide scan.
    progress : called with (tiles done, tiles in all) after each tile.

    Raises
    ------
    SmearcountError
        Where the slide cannot be opened or a network cannot be trusted. Broken tiles and broken photos of a
        folder do not raise: they are listed in the summary, whose status is then 'partial'.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    _check(settings)
    detector, classifier = load_detector(settings), load_classifier(settings)
    with open_slide(source) as slide:
        lights, broken = _lights(slide, source)
        scale = find_scale(slide, lights, settings, detector)
        worker = _worker(slide, lights, scale, detector, classifier)
        prepared = time.perf_counter()
        found = _find(source, settings, worker, broken, progress)
    summary, cells = _summarise(source, worker, scale, found)
    run = run_record(
        settings,
        source,
        models={
            "detector": describe(detector.manifest, settings.detector),
            "classifier": describe(classifier.manifest, settings.classifier),
        },
        seed=None,
        started=started,
        seconds={"prepare": prepared - clock, "count": time.perf_counter() - prepared},
    )
    return CountResult(summary=summary, cells=cells, run=run)


def look_at(source: Path, settings: CountSettings) -> list[FieldLooks]:
    """What the fields of a slide with red cells look like to quality control; errors as `count_slide`."""
    _check(settings)
    detector, classifier = load_detector(settings), load_classifier(settings)
    with open_slide(source) as slide:
        lights, broken = _lights(slide, source)
        scale = find_scale(slide, lights, settings, detector)
        worker = _worker(slide, lights, scale, detector, classifier)
        found = _find(source, settings, worker, broken, None)
    return looks_of(_tabled(worker, scale, found)[1])


def _check(settings: CountSettings) -> None:
    size = settings.um_per_px
    if size is not None and not SMALLEST_UM_PER_PX <= size <= LARGEST_UM_PER_PX:
        raise InputError(
            f"pixel size is {size} µm, expected {SMALLEST_UM_PER_PX} to {LARGEST_UM_PER_PX} µm; "
            "pass another --um-per-px, or none to take it from the file or the cells"
        )
    if settings.workers < 1:
        raise InputError(f"workers is {settings.workers}, expected at least 1; pass another --workers")
    if not SMALLEST_TILE_PX <= settings.tile_px <= LARGEST_TILE_PX or settings.tile_px % ALIGNMENT_PX:
        raise InputError(
            f"tile side is {settings.tile_px} px, expected a multiple of {ALIGNMENT_PX}, "
            f"{SMALLEST_TILE_PX} to {LARGEST_TILE_PX}; pass another --tile-px"
        )


def _lights(slide: Slide, source: Path) -> tuple[dict[int, FieldLight], list[FailedTile]]:
    """Light of each field that can be read, and the others."""
    lights: dict[int, FieldLight] = {}
    broken = [
        FailedTile(field=photo.name, x=0, y=0, width=0, height=0, reason=photo.reason)
        for photo in slide.broken
    ]
    for index, field in enumerate(slide.fields):
        try:
            lights[index] = field_light(field)
        except SmearcountError as error:
            if len(slide.fields) + len(slide.broken) == 1:
                raise
            broken.append(
                FailedTile(
                    field=field.name, x=0, y=0, width=field.width, height=field.height, reason=str(error)
                )
            )
    if not lights:
        reason = broken[0].reason if broken else "it is empty"
        raise EmptySlideError(f"{source}: none of its photos can be read ({reason}); copy them again")
    return lights, broken


def _worker(
    slide: Slide, lights: dict[int, FieldLight], scale: SlideScale, detector: Detector, classifier: Classifier
) -> TileWorker:
    plans = {
        index: plan_field(index, slide.fields[index], scale.of_field(slide.fields[index]), light)
        for index, light in lights.items()
    }
    return TileWorker(slide=slide, plans=plans, detector=detector, classifier=classifier)


def _find(
    source: Path,
    settings: CountSettings,
    worker: TileWorker,
    broken: list[FailedTile],
    progress: Progress | None,
) -> _Found:
    todo = [tile for plan in worker.plans.values() for tile in tiles(plan.index, plan.grid, settings.tile_px)]
    found = _Found(cells=[], failed=list(broken), tiles=len(todo) + len(broken))
    answers: Iterator[tuple[Tile, TileCells | FailedTile | WorkerDiedError]]
    if settings.workers > 1 and len(todo) > 1:
        answers = run_in_processes(make_tile_worker, (source, settings, worker.plans), todo, settings.workers)
    else:
        answers = run_here(worker, todo)
    for done, (tile, answer) in enumerate(answers, start=1):
        if isinstance(answer, TileCells):
            found.cells.append(answer)
        elif isinstance(answer, FailedTile):
            found.failed.append(answer)
        else:
            found.failed.append(failed_tile(tile, worker.plans[tile.field], answer))
        if progress is not None:
            progress(done, len(todo))
    return found


def _tabled(worker: TileWorker, scale: SlideScale, found: _Found) -> tuple[pd.DataFrame, SlideMeasures]:
    """The table of cells, and what quality control is told of it."""
    plans = list(worker.plans.values())
    table = cell_table(worker.slide.name, plans, found.cells, worker.classifier.manifest)
    return table, slide_measures(table, plans, found.cells, scale, (len(found.failed), found.tiles))


def _summarise(
    source: Path, worker: TileWorker, scale: SlideScale, found: _Found
) -> tuple[SlideSummary, pd.DataFrame]:
    plans = list(worker.plans.values())
    manifest = worker.classifier.manifest
    table, measures = _tabled(worker, scale, found)
    failed = sorted(found.failed, key=lambda tile: (tile.field, tile.y, tile.x))
    familiar = familiarity(looks_of(measures), read_familiar())
    facts = SlideFacts(
        slide=worker.slide.name,
        source=str(source),
        fields=tuple(
            FieldFacts(name=plan.name, width=plan.width, height=plan.height, um_per_px=plan.um_per_px)
            for plan in plans
        ),
        um_per_px=scale.um_per_px,
        scale_source=scale.source,
        false_positive_rate=worker.classifier.measured.false_positive_rate,
        tells_stages=manifest.stages is not None,
        sensitivity=worker.classifier.measured.sensitivity,
        detector=worker.detector.manifest.name,
        classifier=manifest.name,
        failed_tiles=tuple(failed),
        notices=check(measures, familiar),
        familiar=familiar,
    )
    return summarise(table, facts), table

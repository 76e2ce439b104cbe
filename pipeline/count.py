"""Counts one slide: what is estimated once, the tiles, the table of cells, the summary."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from models.manifest import Manifest
from pipeline.counting.checkpoint_key import CheckpointKey
from pipeline.counting.debris import debris_control, joined_samples
from pipeline.counting.intervals.measured import slide_errors_of
from pipeline.counting.parts import CellParts
from pipeline.counting.result import CountResult, infected_cells
from pipeline.counting.run import Found, TileJob, run_tiles, tiles_to_do
from pipeline.counting.summary import SQUARE_UM, FieldFacts, SlideFacts, summary_of
from pipeline.counting.tally import Tally
from pipeline.counting.tile import FailedPart, TileWorker
from pipeline.counting.tile_store import Checkpoint, MemoryStore, TileStore
from pipeline.errors import InputError, SlideError
from pipeline.names import for_line
from pipeline.networks import Classifier, Detector, describe_all, load_classifier, load_detector
from pipeline.planning.field import FieldPlan
from pipeline.planning.protocols import goal_of
from pipeline.planning.slide import SlidePlan, plan_slide
from pipeline.provenance import SourceState, describe_input, run_record, source_state
from pipeline.quality.checks import SlideMeasures, check
from pipeline.quality.measures import SlideSums, features_of
from pipeline.quality.novelty import FieldFeatures, measure_novelty, read_novelty
from pipeline.quality.shift import shift_notice
from pipeline.reader.slide import Slide, open_slide
from pipeline.records import DebrisControl, FailedTile, Notice, Novelty
from pipeline.settings import TILE_PX_MAX, TILE_PX_MIN, UM_PER_PX_MAX, UM_PER_PX_MIN, CountSettings, Progress
from segmentation.detector import ALIGNMENT_PX

__all__ = ["count_slide", "measure_features"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """A slide whose tiles are worked on."""

    job: TileJob
    plan: SlidePlan
    found: Found
    store: TileStore

    def parts(self) -> CellParts:
        worker = self.job.worker
        plans = list(worker.plans.values())
        return CellParts(worker.slide.name, plans, self.found.tiles, self.store, worker.classifier.manifest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Added:
    """What one pass over the parts of a slide's table adds up to.

    Attributes
    ----------
    pixels : detector px of each part of each field, by its index.
    infected : what is drawn of the infected cells.
    """

    tally: Tally
    measures: SlideMeasures
    pixels: Mapping[int, Mapping[str, int]]
    infected: pd.DataFrame


def count_slide(
    source: Path,
    settings: CountSettings,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
    name: str | None = None,
) -> CountResult:
    """Find and decide every red cell of a slide, or as many as a protocol asks for.

    Parameters
    ----------
    source : a photo, a folder of photos, or a whole-slide scan.
    progress : called with the tiles done, all tiles and the red cells found, after each tile.
    checkpoint : keeps the finished tiles of a large slide, and gives back those of a count that was cut
        short; to be left open until the result's parts are no longer needed.
    name : of the slide; None takes that of its file or folder.

    Raises
    ------
    SmearcountError
        Where the slide cannot be opened or a network cannot be trusted. Broken tiles and broken photos of a
        folder do not raise: they are listed in the summary, whose status is then 'partial'.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    _check(settings)
    detector, classifier = load_detector(settings), load_classifier(settings)
    models = describe_all(detector, classifier, settings)
    with open_slide(source) as slide:
        slide.name = name or slide.name
        described, state = describe_input(source), source_state(source)
        plan = plan_slide(slide, source, settings, detector)
        prepared = time.perf_counter()
        job = _job(source, settings, _worker(slide, plan, detector, classifier))
        todo = tiles_to_do(job)
        store: TileStore = MemoryStore()
        if checkpoint is not None:
            key = CheckpointKey(state=state, settings=settings, models=models)
            store = checkpoint.store(key.line(), len(todo))
        found = run_tiles(job, todo, store, progress)
    counted = _as_read(_Counted(job=job, plan=plan, found=found, store=store), source, state)
    parts = counted.parts()
    added = _added(counted, parts)
    kept = joined_samples(store.load(tile).control for tile in found.tiles)
    summary = summary_of(added.tally, _facts(source, counted, added, debris_control(kept, classifier)))
    summary = replace(summary, site=models.get("site"))
    seconds = {"prepare": prepared - clock, "count": time.perf_counter() - prepared}
    run = run_record(settings, described, models=models, seed=None, started=started, seconds=seconds)
    areas = {field.name: field.area for field in plan.fields.values() if field.area.is_chosen}
    drawn = added.infected
    return CountResult(summary=summary, parts=parts, run=run, areas=areas, infected=drawn, specks=kept.passed)


def measure_features(source: Path, settings: CountSettings) -> list[FieldFeatures]:
    """Features of the fields of a slide that hold red cells; errors as `count_slide`."""
    _check(settings)
    detector, classifier = load_detector(settings), load_classifier(settings)
    with open_slide(source) as slide:
        plan = plan_slide(slide, source, settings, detector)
        job = _job(source, settings, _worker(slide, plan, detector, classifier))
        store = MemoryStore()
        found = run_tiles(job, tiles_to_do(job), store, None)
    counted = _Counted(job=job, plan=plan, found=found, store=store)
    return features_of(_added(counted, counted.parts()).measures)


def _check(settings: CountSettings) -> None:
    size = settings.um_per_px
    if size is not None and not UM_PER_PX_MIN <= size <= UM_PER_PX_MAX:
        raise InputError(
            f"pixel size is {size} µm, expected {UM_PER_PX_MIN} to {UM_PER_PX_MAX} µm; "
            "pass another --um-per-px, or none to take it from the file or the cells"
        )
    if settings.workers < 1:
        raise InputError(f"workers is {settings.workers}, expected at least 1; pass another --workers")
    if not TILE_PX_MIN <= settings.tile_px <= TILE_PX_MAX or settings.tile_px % ALIGNMENT_PX:
        raise InputError(
            f"tile side is {settings.tile_px} px, expected a multiple of {ALIGNMENT_PX}, "
            f"{TILE_PX_MIN} to {TILE_PX_MAX}; pass another --tile-px"
        )
    goal_of(settings.protocol, settings.max_cells, settings.fields)


def _as_read(counted: _Counted, source: Path, state: SourceState) -> _Counted:
    """The same, with a part that failed more where the slide's files are no longer those that were opened."""
    try:
        same = source_state(source) == state
    except SlideError:
        same = False
    if same:
        return counted
    reason = "its files changed or went away while they were read; count the slide again"
    changed = FailedTile(field=counted.job.worker.slide.name, x=0, y=0, width=0, height=0, reason=reason)
    plan = replace(counted.plan, broken=(*counted.plan.broken, changed))
    return replace(counted, plan=plan)


def _worker(slide: Slide, plan: SlidePlan, detector: Detector, classifier: Classifier) -> TileWorker:
    return TileWorker(slide=slide, plans=plan.fields, detector=detector, classifier=classifier)


def _job(source: Path, settings: CountSettings, worker: TileWorker) -> TileJob:
    goal = goal_of(settings.protocol, settings.max_cells, settings.fields)
    return TileJob(source=source, settings=settings, worker=worker, goal=goal)


def _added(counted: _Counted, parts: CellParts) -> _Added:
    """Go through the cells of a slide once, for all that is reported of them."""
    squares = {plan.name: SQUARE_UM / plan.um_per_px for plan in counted.job.plans.values()}
    sums, tally, infected = SlideSums(parts.seen), Tally(square_px=squares), []
    for cells in parts.with_features():
        sums.add(cells)
        tally.add(cells)
        infected.append(infected_cells(cells))
    pixels = _pixels_by_part(counted)
    shares = {index: by_part["counted"] / max(sum(by_part.values()), 1) for index, by_part in pixels.items()}
    seen = {index: replace(field, share=shares[index]) for index, field in parts.seen.items()}
    failed = len(counted.found.failed) + len(counted.plan.broken)
    measures = sums.measures(counted.job.plans.values(), seen, counted.plan.scale, failed)
    drawn = pd.concat(infected, ignore_index=True)
    return _Added(tally=tally, measures=measures, pixels=pixels, infected=drawn)


def _pixels_by_part(counted: _Counted) -> dict[int, dict[str, int]]:
    """Detector px of each part of each field, by its index."""
    parts = {}
    for index, plan in counted.job.plans.items():
        failed = [part.core for field, part in counted.found.failed if field == index]
        reached = None if counted.job.goal is None else counted.found.reached(plan)
        parts[index] = plan.area.pixels_by_part(failed, reached)
    return parts


def _failed(plan: FieldPlan, part: FailedPart) -> FailedTile:
    """Record of a part that could not be worked on, level-0 px."""
    x0, y0, x1, y1 = (round(side * plan.step) for side in part.core)
    width, height = min(x1, plan.width) - x0, min(y1, plan.height) - y0
    return FailedTile(field=plan.name, x=x0, y=y0, width=width, height=height, reason=part.reason)


def _facts_of(plan: FieldPlan, parts_px: Mapping[str, int]) -> FieldFacts:
    return FieldFacts(
        name=plan.name, width=plan.width, height=plan.height, um_per_px=plan.um_per_px, parts_px=parts_px
    )


def _facts(source: Path, counted: _Counted, added: _Added, debris: DebrisControl) -> SlideFacts:
    """What is known of the slide beside its cells."""
    worker, scale = counted.job.worker, counted.plan.scale
    manifest, measured = worker.classifier.manifest, worker.classifier.measured
    novelty = measure_novelty(features_of(added.measures), read_novelty())
    failed = list(counted.plan.broken)
    failed += [_failed(worker.plans[index], part) for index, part in counted.found.failed]
    return SlideFacts(
        slide=worker.slide.name,
        source=for_line(source),
        fields=tuple(_facts_of(plan, added.pixels[index]) for index, plan in worker.plans.items()),
        um_per_px=scale.um_per_px,
        scale_source=scale.source,
        false_positive_rate=measured.false_positive_rate,
        tells_stages=manifest.stages is not None,
        goal=counted.job.goal,
        sensitivity=measured.sensitivity,
        errors=slide_errors_of(manifest),
        red_cells_per_ul=counted.job.settings.red_cells_per_ul,
        detector=worker.detector.manifest.name,
        classifier=manifest.name,
        failed_tiles=tuple(sorted(failed, key=lambda tile: (tile.field, tile.y, tile.x))),
        notices=(*_notices(added, novelty, manifest), *worker.slide.notices),
        novelty=novelty,
        debris=debris,
    )


def _notices(added: _Added, novelty: Novelty | None, manifest: Manifest) -> tuple[Notice, ...]:
    """What quality control finds; of a picture that is no smear that alone."""
    found = check(added.measures, novelty)
    if any(notice.code == "not_a_smear" for notice in found):
        return found
    logits = added.tally.logits
    middle = logits.quantile(0.5) if logits.cells else None
    return found + shift_notice(middle, logits.cells, manifest.middles)

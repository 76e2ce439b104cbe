"""Counts one slide: what is estimated once, the tiles, the table of cells, the summary."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from models.manifest import Manifest
from pipeline.counted_slide import (
    AddedUp,
    CountedSlide,
    add_up,
    field_facts,
    of_fit_fields,
    without_strangers,
)
from pipeline.counting.checkpoint_key import CheckpointKey
from pipeline.counting.debris import DebrisSample, debris_control, lay_specks
from pipeline.counting.headline import site_notes
from pipeline.counting.intervals.measured import familiar_slides, slide_errors_of
from pipeline.counting.own_layer.gate import fitted_to_slide
from pipeline.counting.own_layer.store import OwnLayerStore
from pipeline.counting.own_layer.surer import are_surer
from pipeline.counting.result import CountResult, PartsReader
from pipeline.counting.run import TileJob, run_tiles, tiles_to_do
from pipeline.counting.second_look import logit_of
from pipeline.counting.summary import SlideFacts, summary_of
from pipeline.counting.tally import FieldTally
from pipeline.counting.tile import FailedPart, TileWorker
from pipeline.counting.tile_store import Checkpoint, MemoryStore, TileStore
from pipeline.errors import InputError, SlideError
from pipeline.names import for_line
from pipeline.networks import Classifier, Detector, describe_all, load_classifier, load_detector
from pipeline.planning.field import FieldPlan
from pipeline.planning.protocols import goal_of
from pipeline.planning.slide import SlidePlan, plan_slide
from pipeline.planning.view_notices import Overlap, overlap_notice
from pipeline.provenance import SourceState, describe_input, run_record, source_state
from pipeline.quality.checks import check
from pipeline.quality.each_field import excluded_notices
from pipeline.quality.measures import features_of
from pipeline.quality.novelty import FieldFeatures, measure_novelty, read_novelty
from pipeline.quality.shift import doubtful_notice, lift_of, shift_notice
from pipeline.reader.slide import Slide, open_slide
from pipeline.records import DebrisControl, ExcludedField, FailedTile, Notice, Novelty
from pipeline.settings import TILE_PX_MAX, TILE_PX_MIN, UM_PER_PX_MAX, UM_PER_PX_MIN, CountSettings, Progress
from segmentation.detector import ALIGNMENT_PX

__all__ = ["count_slide", "measure_features"]


def count_slide(
    source: Path,
    settings: CountSettings,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
    name: str | None = None,
    readers: Sequence[PartsReader] = (),
) -> CountResult:
    """Find and decide every red cell of a slide, or as many as a protocol asks for.

    Parameters
    ----------
    source : a photo, a folder of photos, or a whole-slide scan.
    progress : called with the tiles done, all tiles and the red cells found, after each tile.
    checkpoint : keeps the finished tiles of a large slide, and gives back those of a count that was cut
        short; to be left open until the result's parts are no longer needed.
    name : of the slide; None takes that of its file or folder.
    readers : take the parts of the table of cells as they are made, so that it is built once.

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
        plan = without_strangers(plan, _job(source, settings, _worker(slide, plan, detector, classifier)))
        job = _job(source, settings, _worker(slide, plan, detector, classifier))
        todo = tiles_to_do(job)
        store: TileStore = MemoryStore()
        if checkpoint is not None:
            key = CheckpointKey(state=state, settings=settings, models=models)
            store = checkpoint.store(key.line(), len(todo))
        found = run_tiles(job, todo, store, progress)
        counted = of_fit_fields(CountedSlide.of(job, plan, found, store), progress, readers)
    kept = counted.parts.control
    counted, debris = _controlled(_as_read(counted, source, state), kept)
    added = counted.added or add_up(counted, readers)
    summary = summary_of(added.tally, _facts(source, counted, added, debris))
    site = models.get("site")
    summary = replace(summary, site=site, notes=(*summary.notes, *site_notes(site)))
    seconds = {"prepare": prepared - clock, "count": time.perf_counter() - prepared}
    run = run_record(settings, described, models=models, seed=None, started=started, seconds=seconds)
    areas = {plan.name: plan.area for plan in counted.job.plans.values() if plan.area.is_chosen}
    return CountResult(summary=summary, parts=counted.parts, run=run, areas=areas, specks=kept.passed)


def measure_features(source: Path, settings: CountSettings) -> list[FieldFeatures]:
    """Features of the fields of a slide that hold red cells; errors as `count_slide`."""
    _check(settings)
    detector, classifier = load_detector(settings), load_classifier(settings)
    with open_slide(source) as slide:
        plan = plan_slide(slide, source, settings, detector)
        job = _job(source, settings, _worker(slide, plan, detector, classifier))
        store = MemoryStore()
        found = run_tiles(job, tiles_to_do(job), store, None)
    return features_of(add_up(CountedSlide.of(job, plan, found, store)).measures)


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


def _as_read(counted: CountedSlide, source: Path, state: SourceState) -> CountedSlide:
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
    return replace(counted, plan=plan, added=None)


def _controlled(counted: CountedSlide, kept: DebrisSample) -> tuple[CountedSlide, DebrisControl]:
    """The slide as its own last layer decides it, where it gets one, and its debris control."""
    classifier, store = counted.job.worker.classifier, counted.store
    laid = lay_specks(kept, classifier)
    tiles = counted.found.tiles
    surer = are_surer(laid, (store.load(tile) for tile in tiles))
    own = fitted_to_slide(kept, laid, (store.load(tile) for tile in tiles), classifier)
    if own is None:
        return counted, debris_control(kept, laid, surer=surer)
    decided = counted.from_store(OwnLayerStore(store=store, layer=own.layer))
    return decided, debris_control(kept, own.layer.laid, own.record, surer=surer)


def _worker(slide: Slide, plan: SlidePlan, detector: Detector, classifier: Classifier) -> TileWorker:
    return TileWorker(slide=slide, plans=plan.fields, detector=detector, classifier=classifier)


def _job(source: Path, settings: CountSettings, worker: TileWorker) -> TileJob:
    goal = goal_of(settings.protocol, settings.max_cells, settings.fields)
    return TileJob(source=source, settings=settings, worker=worker, goal=goal)


def _failed(plan: FieldPlan, part: FailedPart) -> FailedTile:
    """Record of a part that could not be worked on, level-0 px."""
    x0, y0, x1, y1 = (round(side * plan.step) for side in part.core)
    width, height = min(x1, plan.width) - x0, min(y1, plan.height) - y0
    return FailedTile(field=plan.name, x=x0, y=y0, width=width, height=height, reason=part.reason)


def _facts(source: Path, counted: CountedSlide, added: AddedUp, debris: DebrisControl) -> SlideFacts:
    """What is known of the slide beside its cells."""
    worker, scale = counted.job.worker, counted.plan.scale
    manifest, measured = worker.classifier.manifest, worker.classifier.measured
    novelty = measure_novelty(features_of(added.measures), read_novelty())
    failed = list(counted.plan.broken)
    failed += [_failed(worker.plans[index], part) for index, part in counted.found.failed]
    as_shipped = worker.classifier.site is None and debris.own_layer is None
    clean = added.tally.logits.clean_quartile(logit_of(manifest.threshold)) if as_shipped else None
    notices = _notices(counted, added, novelty, manifest, clean)
    return SlideFacts(
        slide=worker.slide.name,
        source=for_line(source),
        fields=tuple(field_facts(plan, added.pixels[index]) for index, plan in counted.job.plans.items()),
        um_per_px=_um_per_px(counted),
        scale_source=scale.source,
        false_positive_rate=measured.false_positive_rate,
        tells_stages=manifest.stages is not None,
        goal=counted.job.goal,
        sensitivity=measured.sensitivity,
        errors=slide_errors_of(manifest, clean),
        clean_quartile=clean,
        red_cells_per_ul=counted.job.settings.red_cells_per_ul,
        detector=worker.detector.manifest.name,
        classifier=manifest.name,
        failed_tiles=tuple(sorted(failed, key=lambda tile: (tile.field, tile.y, tile.x))),
        notices=notices,
        novelty=novelty,
        debris=debris,
        lifted=added.tally.logits.between(logit_of(manifest.threshold), lift_of(notices)),
        excluded_fields=_excluded(counted),
    )


def _um_per_px(counted: CountedSlide) -> float:
    """Of the slide, or, where all fields of its scale are left out, of those that are left."""
    scale, plans = counted.plan.scale, counted.job.plans
    if set(plans) - set(scale.others):
        return scale.um_per_px
    return float(np.median([plan.um_per_px for plan in plans.values()]))


def _notices(
    counted: CountedSlide, added: AddedUp, novelty: Novelty | None, manifest: Manifest, clean: float | None
) -> tuple[Notice, ...]:
    """What is said of the slide, refusals first."""
    found, refusal = check(added.measures, novelty), counted.judged.refusal
    if refusal is not None and all(notice.severity != "refuse" for notice in found):
        found = (refusal, *found)
    if all(notice.code != "not_a_smear" for notice in found):
        logits = added.tally.logits
        middle = logits.middle_below(logit_of(manifest.threshold)) if logits.cells else None
        found += shift_notice(middle, logits.cells, manifest.middles)
        familiar = familiar_slides(manifest)
        if familiar is not None:
            found += doubtful_notice(clean, familiar.below, familiar.number)
    slide, plans = counted.job.worker.slide, counted.job.plans
    overlaps = overlap_notice(_overlaps(counted, added))
    excluded = _excluded(counted)
    left_out = excluded_notices(excluded, len(plans) + len(excluded))
    return (*found, *left_out, *counted.plan.notices, *overlaps, *slide.notices)


def _overlaps(counted: CountedSlide, added: AddedUp) -> list[Overlap]:
    """Pairs of the fields that are counted of which one shows a part of the other."""
    names = {index: plan.name for index, plan in counted.job.plans.items()}
    cells = {index: added.tally.fields.get(name, FieldTally()).counted for index, name in names.items()}
    return [
        Overlap(
            names=(names[one], names[other]),
            cells=min(shared.of_one * cells[one], shared.of_other * cells[other]),
        )
        for (one, other), shared in counted.plan.overlaps.items()
        if {one, other} <= names.keys()
    ]


def _excluded(counted: CountedSlide) -> tuple[ExcludedField, ...]:
    """The photos that are left out, by name."""
    every = [*counted.judged.excluded.values(), *counted.plan.excluded]
    return tuple(sorted(every, key=lambda one: one.name))

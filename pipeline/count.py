"""Counts one slide: what is estimated once, the tiles, the table of cells, the summary."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pipeline.counting.debris import debris_control, joined_samples
from pipeline.counting.parts import CellParts
from pipeline.counting.result import CountResult
from pipeline.counting.run import Found, Progress, run_tiles, tiles_to_do
from pipeline.counting.summary import FieldFacts, SlideFacts, summarise
from pipeline.counting.tile import FailedPart, TileWorker
from pipeline.counting.tile_store import Checkpoint, MemoryStore, TileStore
from pipeline.errors import InputError, SlideError
from pipeline.names import for_line
from pipeline.networks import Classifier, Detector, describe, load_classifier, load_detector
from pipeline.planning.field import FieldPlan
from pipeline.planning.protocols import Goal, goal_of
from pipeline.planning.slide import SlidePlan, area_of, plan_slide
from pipeline.provenance import SourceState, describe_input, run_record, source_state, versions
from pipeline.quality.checks import SlideMeasures, check
from pipeline.quality.measures import FieldSeen, features_of, slide_measures
from pipeline.quality.novelty import FieldFeatures, measure_novelty, read_novelty
from pipeline.reader.slide import Slide, open_slide
from pipeline.records import DebrisControl, FailedTile, SlideSummary
from pipeline.settings import CountSettings
from segmentation.colours import LEVELS
from segmentation.detector import ALIGNMENT_PX

__all__ = ["count_slide", "measure_features"]

SMALLEST_UM_PER_PX, LARGEST_UM_PER_PX = 0.02, 1.0
"""Pixel sizes at which a red cell is 375 to 7.5 px across."""
SMALLEST_TILE_PX, LARGEST_TILE_PX = 128, 4096
"""Tile sides: smaller ones are mostly halo, larger ones pass what OpenCV addresses in one picture."""
_SAME_CELLS = frozenset({"workers", "scheduler"})
"""Settings that change nothing of what a tile holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """A slide whose tiles are worked on."""

    worker: TileWorker
    plan: SlidePlan
    goal: Goal | None
    found: Found
    store: TileStore

    def parts(self) -> CellParts:
        plans = list(self.worker.plans.values())
        manifest = self.worker.classifier.manifest
        return CellParts(self.worker.slide.name, plans, self.found.tiles, self.store, manifest)


def count_slide(
    source: Path,
    settings: CountSettings,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
) -> CountResult:
    """Find and decide every red cell of a slide, or as many as a protocol asks for.

    Parameters
    ----------
    source : a photo, a folder of photos, or a whole-slide scan.
    progress : called with the tiles done, all tiles and the red cells found, after each tile.
    checkpoint : keeps the finished tiles of a large slide, and gives back those of a count that was cut
        short; to be left open until the result's parts are no longer needed.

    Raises
    ------
    SmearcountError
        Where the slide cannot be opened or a network cannot be trusted. Broken tiles and broken photos of a
        folder do not raise: they are listed in the summary, whose status is then 'partial'.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    _check(settings)
    detector, classifier = load_detector(settings), load_classifier(settings)
    models = {
        "detector": describe(detector.manifest, settings.detector),
        "classifier": describe(classifier.manifest, settings.classifier),
    }
    with open_slide(source) as slide:
        described, state = describe_input(source), source_state(source)
        plan = plan_slide(slide, source, settings, detector)
        prepared = time.perf_counter()
        key = "" if checkpoint is None else _key(state, settings, models)
        worker = _worker(slide, plan, detector, classifier)
        counted = _count((source, settings, worker), plan, (checkpoint, key), progress)
    counted = _as_read(counted, source, state)
    parts = counted.parts()
    summary = _summarise(source, counted, parts)
    seconds = {"prepare": prepared - clock, "count": time.perf_counter() - prepared}
    run = run_record(settings, described, models=models, seed=None, started=started, seconds=seconds)
    areas = {field.name: field.area for field in plan.fields.values() if field.area is not None}
    return CountResult(summary=summary, parts=parts, run=run, areas=areas)


def measure_features(source: Path, settings: CountSettings) -> list[FieldFeatures]:
    """What the fields of a slide with red cells look like to quality control; errors as `count_slide`."""
    _check(settings)
    detector, classifier = load_detector(settings), load_classifier(settings)
    with open_slide(source) as slide:
        plan = plan_slide(slide, source, settings, detector)
        worker = _worker(slide, plan, detector, classifier)
        counted = _count((source, settings, worker), plan, (None, ""), None)
    return features_of(_measures(counted, counted.parts(), _pixels_by_part(counted)))


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
    goal_of(settings.protocol, settings.max_cells)


def _as_read(counted: _Counted, source: Path, state: SourceState) -> _Counted:
    """The same, with a part that failed more where the slide's files are no longer those that were opened."""
    try:
        same = source_state(source) == state
    except SlideError:
        same = False
    if same:
        return counted
    reason = "its files changed or went away while they were read; count the slide again"
    changed = FailedTile(field=counted.worker.slide.name, x=0, y=0, width=0, height=0, reason=reason)
    plan = replace(counted.plan, broken=(*counted.plan.broken, changed))
    return replace(counted, plan=plan)


def _key(state: SourceState, settings: CountSettings, models: Mapping[str, object]) -> str:
    """One line that tells all that decides what the tiles of a slide hold."""
    decides = {name: str(getattr(settings, name)) for name in settings.__slots__ if name not in _SAME_CELLS}
    facts = [state, decides, models, versions()]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def _worker(slide: Slide, plan: SlidePlan, detector: Detector, classifier: Classifier) -> TileWorker:
    return TileWorker(slide=slide, plans=plan.fields, detector=detector, classifier=classifier)


def _count(
    order: tuple[Path, CountSettings, TileWorker],
    plan: SlidePlan,
    kept: tuple[Checkpoint | None, str],
    progress: Progress | None,
) -> _Counted:
    _, settings, worker = order
    goal = goal_of(settings.protocol, settings.max_cells)
    todo = tiles_to_do(worker.plans, settings.tile_px, goal)
    checkpoint, key = kept
    store = MemoryStore() if checkpoint is None else checkpoint.store(key, len(todo))
    found = run_tiles(order, todo, goal, store, progress)
    return _Counted(worker=worker, plan=plan, goal=goal, found=found, store=store)


def _pixels_by_part(counted: _Counted) -> dict[int, dict[str, int]]:
    """Detector px of each part of each field, by its index."""
    parts = {}
    for index, plan in counted.worker.plans.items():
        failed = [part.core for field, part in counted.found.failed if field == index]
        reached = None if counted.goal is None else counted.found.reached(plan)
        parts[index] = area_of(plan).pixels_by_part(failed, reached)
    return parts


def _measures(counted: _Counted, parts: CellParts, pixels: Mapping[int, Mapping[str, int]]) -> SlideMeasures:
    """What quality control is told of a slide."""
    plans, found = counted.worker.plans, counted.found
    objects, depths = dict.fromkeys(plans, 0), {index: np.zeros(LEVELS, np.int64) for index in plans}
    for tile in found.tiles:
        cells = counted.store.load(tile)
        objects[tile.field] += len(cells.kinds)
        depths[tile.field] += cells.colours.depths
    seen = {
        index: FieldSeen(
            objects=objects[index],
            depths=depths[index],
            share=pixels[index]["counted"] / max(sum(pixels[index].values()), 1),
        )
        for index in plans
    }
    failed = len(found.failed) + len(counted.plan.broken)
    return slide_measures(parts.with_features(), list(plans.values()), seen, counted.plan.scale, failed)


def _failed(plan: FieldPlan, part: FailedPart) -> FailedTile:
    """Record of a part that could not be worked on, level-0 px."""
    x0, y0, x1, y1 = (round(side * plan.step) for side in part.core)
    width, height = min(x1, plan.width) - x0, min(y1, plan.height) - y0
    return FailedTile(field=plan.name, x=x0, y=y0, width=width, height=height, reason=part.reason)


def _facts_of(plan: FieldPlan, parts_px: Mapping[str, int]) -> FieldFacts:
    return FieldFacts(
        name=plan.name, width=plan.width, height=plan.height, um_per_px=plan.um_per_px, parts_px=parts_px
    )


def _summarise(source: Path, counted: _Counted, parts: CellParts) -> SlideSummary:
    worker, scale = counted.worker, counted.plan.scale
    manifest, measured = worker.classifier.manifest, worker.classifier.measured
    pixels = _pixels_by_part(counted)
    measures = _measures(counted, parts, pixels)
    novelty = measure_novelty(features_of(measures), read_novelty())
    failed = list(counted.plan.broken)
    failed += [_failed(worker.plans[index], part) for index, part in counted.found.failed]
    facts = SlideFacts(
        slide=worker.slide.name,
        source=for_line(source),
        fields=tuple(_facts_of(plan, pixels[index]) for index, plan in worker.plans.items()),
        um_per_px=scale.um_per_px,
        scale_source=scale.source,
        false_positive_rate=measured.false_positive_rate,
        tells_stages=manifest.stages is not None,
        goal=counted.goal,
        sensitivity=measured.sensitivity,
        detector=worker.detector.manifest.name,
        classifier=manifest.name,
        failed_tiles=tuple(sorted(failed, key=lambda tile: (tile.field, tile.y, tile.x))),
        notices=(*check(measures, novelty), *worker.slide.notices),
        novelty=novelty,
        debris=_debris(counted),
    )
    return summarise(parts, facts)


def _debris(counted: _Counted) -> DebrisControl:
    """The slide's own negative control, from what its tiles kept."""
    kept = joined_samples(counted.store.load(tile).control for tile in counted.found.tiles)
    return debris_control(kept, counted.worker.classifier)

"""A slide whose tiles are worked on: what its cells add up to, and which of its photos are left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from pipeline.counting.parts import CellParts
from pipeline.counting.result import infected_cells
from pipeline.counting.run import Found, TileJob, run_tiles, tiles_to_do
from pipeline.counting.summary import SQUARE_UM
from pipeline.counting.tally import Tally
from pipeline.counting.tile_store import MemoryStore, TileStore
from pipeline.planning.field import FieldPlan
from pipeline.planning.slide import SlidePlan
from pipeline.quality.checks import SlideMeasures
from pipeline.quality.each_field import JudgedAs, JudgedFields, judge_fields, refused_alone
from pipeline.quality.measures import SlideSums
from pipeline.quality.novelty import read_novelty
from pipeline.records import ExcludedField
from pipeline.settings import Progress

__all__ = ["AddedUp", "CountedSlide", "add_up", "of_fit_fields", "without_strangers"]

PROBE_PX = 1024
"""Side of the middle of a field of another scale that is looked at first, detector px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedSlide:
    """A slide whose tiles are worked on; `judged` says which of its fields are left out."""

    job: TileJob
    plan: SlidePlan
    found: Found
    store: TileStore
    judged: JudgedFields = field(default_factory=JudgedFields)

    def parts(self) -> CellParts:
        """Its cells, those of the fields that are left out not among them."""
        worker, plans = self.job.worker, list(self.job.plans.values())
        return CellParts(worker.slide.name, plans, self.found.tiles, self.store, worker.classifier.manifest)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedUp:
    """What one pass over the parts of a slide's table adds up to.

    Attributes
    ----------
    pixels : detector px of each part of each field, by its index.
    shares : of what can be seen of it, how much was counted, 0 to 1.
    infected : what is drawn of the infected cells.
    """

    tally: Tally
    measures: SlideMeasures
    pixels: Mapping[int, Mapping[str, int]]
    shares: Mapping[int, float]
    infected: pd.DataFrame


def without_strangers(plan: SlidePlan, job: TileJob) -> SlidePlan:
    """The plan without the fields of another scale that are no smear either, by what their middles show.

    At a scale that is taken from what are no cells a photo may be many times as large as the others.
    """
    known, strange = read_novelty(), {}
    for index in sorted(set(plan.scale.others) & set(plan.fields)):
        field_plan = _middle_of(plan.fields[index])
        worker = replace(job.worker, plans={index: field_plan})
        settings = replace(job.settings, workers=1, scheduler=None)
        probe, store = replace(job, worker=worker, settings=settings, goal=None), MemoryStore()
        found = run_tiles(probe, tiles_to_do(probe), store, None)
        seen = CountedSlide(job=probe, plan=plan, found=found, store=store)
        measures = add_up(seen, seen.parts()).measures
        refusal = refused_alone(measures, measures.fields[0], field_plan.um_per_px, known)
        if refusal is not None:
            strange[index] = ExcludedField(name=field_plan.name, code=refusal.code, text=refusal.text)
    if len(strange) == len(plan.fields):
        return plan
    fields = {index: kept for index, kept in plan.fields.items() if index not in strange}
    return replace(plan, fields=fields, excluded=(*plan.excluded, *strange.values()))


def of_fit_fields(counted: CountedSlide, progress: Progress | None) -> CountedSlide:
    """The same without the fields that are left out; with a goal, others are counted in their place."""
    while len(counted.job.plans) > 1:
        added = add_up(counted, counted.parts())
        fields = {
            index: JudgedAs(name=plan.name, um_per_px=plan.um_per_px, share=added.shares[index])
            for index, plan in counted.job.plans.items()
        }
        judged = judge_fields(added.measures, fields, counted.plan.scale, read_novelty())
        excluded = {**counted.judged.excluded, **judged.excluded}
        counted = replace(counted, judged=replace(judged, excluded=excluded))
        if not judged.excluded:
            break
        job = replace(counted.job, left_out=frozenset(excluded))
        if job.goal is None:
            return replace(counted, job=job, found=counted.found.without(job.left_out))
        found = run_tiles(job, tiles_to_do(job), counted.store, progress)
        counted = replace(counted, job=job, found=found)
    return counted


def add_up(counted: CountedSlide, parts: CellParts) -> AddedUp:
    """Go through the cells of a slide once, for all that is reported of them."""
    squares = {plan.name: SQUARE_UM / plan.um_per_px for plan in counted.job.plans.values()}
    sums, tally, infected = SlideSums(parts.seen), Tally(square_px=squares), []
    for cells in parts.with_features():
        sums.add(cells)
        tally.add(cells)
        infected.append(infected_cells(cells))
    pixels = _pixels_by_part(counted)
    shares = {index: _share_counted(by_part) for index, by_part in pixels.items()}
    seen = {index: replace(one, share=shares[index]) for index, one in parts.seen.items()}
    failed = len(counted.found.failed) + len(counted.plan.broken)
    measures = sums.measures(counted.job.plans.values(), seen, counted.plan.scale, failed)
    drawn = pd.concat(infected, ignore_index=True)
    return AddedUp(tally=tally, measures=measures, pixels=pixels, shares=shares, infected=drawn)


def _share_counted(by_part: Mapping[str, int]) -> float:
    """Of the film in sight, how much was counted."""
    return by_part["counted"] / max(sum(by_part.values()) - by_part.get("outside_view", 0), 1)


def _middle_of(plan: FieldPlan) -> FieldPlan:
    """The same, of which only the middle is counted."""
    width, height = plan.area.width, plan.area.height
    left, top = max(0, (width - PROBE_PX) // 2), max(0, (height - PROBE_PX) // 2)
    region = left, top, min(width, left + PROBE_PX), min(height, top + PROBE_PX)
    return replace(plan, area=replace(plan.area, region=region, is_chosen=True))


def _pixels_by_part(counted: CountedSlide) -> dict[int, dict[str, int]]:
    """Detector px of each part of each field, by its index."""
    parts = {}
    for index, plan in counted.job.plans.items():
        failed = [part.core for failed_in, part in counted.found.failed if failed_in == index]
        reached = None if counted.job.goal is None else counted.found.reached(plan)
        parts[index] = plan.area.pixels_by_part(failed, reached)
    return parts

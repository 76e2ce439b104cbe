"""A slide whose tiles are worked on: what its cells add up to, and which of its photos are left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.counting.parts import CellParts
from pipeline.counting.result import PartsReader, TableHead
from pipeline.counting.run import Found, TileJob, run_tiles, tiles_to_do
from pipeline.counting.summary import SQUARE_UM, FieldFacts
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

__all__ = [
    "AddedUp",
    "CountedSlide",
    "add_up",
    "field_facts",
    "of_fit_fields",
    "without_strangers",
]

PROBE_PX = 1024
"""Side of the middle of a field of another scale that is looked at first, detector px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedUp:
    """What one pass over the parts of a slide's table adds up to.

    Attributes
    ----------
    pixels : detector px of each part of each field, by its index.
    shares : of what can be seen of it, how much was counted, 0 to 1.
    """

    tally: Tally
    measures: SlideMeasures
    pixels: Mapping[int, Mapping[str, int]]
    shares: Mapping[int, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedSlide:
    """A slide whose tiles are worked on.

    Attributes
    ----------
    parts : the table of its cells, those of the fields that are left out not among them.
    judged : which of its fields are left out.
    added : what the table adds up to, where it was gone through; None where it has changed since.
    """

    job: TileJob
    plan: SlidePlan
    found: Found
    store: TileStore
    parts: CellParts
    judged: JudgedFields = field(default_factory=JudgedFields)
    added: AddedUp | None = None

    @classmethod
    def of(cls, job: TileJob, plan: SlidePlan, found: Found, store: TileStore) -> "CountedSlide":
        """All of a slide whose tiles the store holds."""
        return cls(job=job, plan=plan, found=found, store=store, parts=_parts(job, found, store))

    def from_store(self, store: TileStore) -> "CountedSlide":
        """The same of a store that differs in what is decided of the cells alone."""
        return replace(self, store=store, parts=self.parts.from_store(store), added=None)

    def head(self) -> TableHead:
        """What is known of the table of its cells before the rows."""
        worker = self.job.worker
        return TableHead(
            slide=worker.slide.name,
            fields=tuple(field_facts(plan, {}) for plan in self.job.plans.values()),
            threshold=worker.classifier.manifest.threshold,
        )


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
        measures = add_up(CountedSlide.of(probe, plan, found, store)).measures
        refusal = refused_alone(measures, measures.fields[0], field_plan.um_per_px, known)
        if refusal is not None:
            strange[index] = ExcludedField(name=field_plan.name, code=refusal.code, text=refusal.text)
    if len(strange) == len(plan.fields):
        return plan
    fields = {index: kept for index, kept in plan.fields.items() if index not in strange}
    return replace(plan, fields=fields, excluded=(*plan.excluded, *strange.values()))


def of_fit_fields(
    counted: CountedSlide, progress: Progress | None, readers: Sequence[PartsReader] = ()
) -> CountedSlide:
    """The same without the fields that are left out; with a goal, others are counted in their place.

    A slide of several fields is added up for this, and the readers with it. Where fields are left out, a
    table that fits into one part is not built again.
    """
    while len(counted.job.plans) > 1:
        added = add_up(counted, readers)
        fields = {
            index: JudgedAs(name=plan.name, um_per_px=plan.um_per_px, share=added.shares[index])
            for index, plan in counted.job.plans.items()
        }
        judged = judge_fields(added.measures, fields, counted.plan.scale, read_novelty())
        excluded = {**counted.judged.excluded, **judged.excluded}
        counted = replace(counted, judged=replace(judged, excluded=excluded), added=added)
        if not judged.excluded:
            break
        job = replace(counted.job, left_out=frozenset(excluded))
        if job.goal is None:
            found = counted.found.without(job.left_out)
            parts = counted.parts.without(job.left_out, found.tiles)
            return replace(counted, job=job, found=found, parts=parts, added=None)
        found = run_tiles(job, tiles_to_do(job), counted.store, progress)
        parts = _parts(job, found, counted.store)
        counted = replace(counted, job=job, found=found, parts=parts, added=None)
    return counted


def add_up(counted: CountedSlide, readers: Sequence[PartsReader] = ()) -> AddedUp:
    """Go through the cells of a slide once, for all that is reported of them.

    Parameters
    ----------
    readers : take each part as it comes.
    """
    squares = {plan.name: SQUARE_UM / plan.um_per_px for plan in counted.job.plans.values()}
    sums, tally = SlideSums(counted.parts.seen), Tally(square_px=squares)
    for reader in readers:
        reader.begin(counted.head())
    for cells in counted.parts.with_features():
        sums.add(cells)
        tally.add(cells)
        for reader in readers:
            reader.add(cells)
    pixels = _pixels_by_part(counted)
    shares = {index: _share_counted(by_part) for index, by_part in pixels.items()}
    seen = {index: replace(one, share=shares[index]) for index, one in counted.parts.seen.items()}
    failed = len(counted.found.failed) + len(counted.plan.broken)
    measures = sums.measures(counted.job.plans.values(), seen, counted.plan.scale, failed)
    return AddedUp(tally=tally, measures=measures, pixels=pixels, shares=shares)


def _parts(job: TileJob, found: Found, store: TileStore) -> CellParts:
    worker = job.worker
    plans = list(job.plans.values())
    return CellParts(worker.slide.name, plans, found.tiles, store, worker.classifier.manifest)


def _share_counted(by_part: Mapping[str, int]) -> float:
    """Of the film in sight, how much was counted."""
    return by_part["counted"] / max(sum(by_part.values()) - by_part.get("outside_view", 0), 1)


def field_facts(plan: FieldPlan, parts_px: Mapping[str, int]) -> FieldFacts:
    """What a summary says of a field."""
    return FieldFacts(
        name=plan.name,
        width=plan.width,
        height=plan.height,
        um_per_px=plan.um_per_px,
        parts_px=parts_px,
        absorbance=plan.absorbance,
    )


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

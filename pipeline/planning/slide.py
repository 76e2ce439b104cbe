"""What is estimated once a slide before its tiles are worked on: light, scale, and where it is counted."""

import dataclasses
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.errors import EmptySlideError, InputError, OwnPictureError, SmearcountError
from pipeline.networks import Detector
from pipeline.planning.area import CountedArea
from pipeline.planning.field import FieldLight, FieldPlan, field_light, plan_field
from pipeline.planning.film_map import map_film, needs_map
from pipeline.planning.probes import closer_light
from pipeline.planning.scale import SlideScale, find_scale
from pipeline.planning.sketch import Sketch, sketch_of
from pipeline.planning.view_notices import copies_notice, copy_of, scales_notice
from pipeline.planning.views import Shared, contained, overlapping, same_views
from pipeline.reader.field import BrokenField, Field
from pipeline.reader.slide import Slide
from pipeline.records import ExcludedField, FailedTile, Notice
from pipeline.settings import CountSettings

__all__ = ["SlidePlan", "plan_slide"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlidePlan:
    """Plan of a slide.

    Attributes
    ----------
    fields : plan of each readable field, by its index.
    broken : the fields that cannot be read.
    excluded : these, and those that are left out because another one shows the same view.
    notices : what is said of these.
    overlaps : indices of the pairs of fields of which one shows a part of the other, and what they share.
    """

    fields: dict[int, FieldPlan]
    scale: SlideScale
    broken: tuple[FailedTile, ...]
    excluded: tuple[ExcludedField, ...] = ()
    notices: tuple[Notice, ...] = ()
    overlaps: Mapping[tuple[int, int], Shared] = dataclasses.field(default_factory=dict)


def plan_slide(slide: Slide, source: Path, settings: CountSettings, detector: Detector) -> SlidePlan:
    """Plan of a slide.

    Raises
    ------
    SmearcountError
        Where no field can be read, no scale is found, or the region lies outside of every field.
    """
    seen = _seen(slide, source)
    copies, overlaps = _shown_twice(seen.sketches)
    lights = {index: light for index, light in seen.lights.items() if index not in copies}
    scale = find_scale(slide, lights, settings, detector)
    plans = {}
    for index, light in lights.items():
        field = slide.fields[index]
        own = None if scale.source == "given" else scale.others.get(index)
        plan = plan_field(
            index,
            field,
            own or scale.of_field(field),
            light,
            absorbance=scale.absorbance_of(index) or light.film,
        )
        plans[index] = replace(plan, area=_counted(field, plan, settings))
    names = [field.name for field in slide.fields]
    return SlidePlan(
        fields=plans,
        scale=scale,
        broken=tuple(seen.broken),
        excluded=(
            *(copy_of(names[index], names[best]) for index, best in sorted(copies.items())),
            *_damaged(seen.broken, {names[index] for index in lights}),
            *seen.own,
        ),
        notices=(
            *copies_notice({names[index]: names[best] for index, best in sorted(copies.items())}),
            *scales_notice([plan.um_per_px for index, plan in plans.items() if index not in scale.others]),
        ),
        overlaps=overlaps,
    )


def _shown_twice(sketches: Mapping[int, Sketch]) -> tuple[dict[int, int], dict[tuple[int, int], Shared]]:
    """Fields that show the view of another or a part of it, each with that one; pairs that overlap."""
    copies = same_views(sketches)
    others = {index: sketch for index, sketch in sketches.items() if index not in copies}
    pairs = overlapping(others)
    inside = contained(others, pairs)
    copies = {index: inside.get(best, best) for index, best in copies.items()} | inside
    return copies, {pair: shared for pair, shared in pairs.items() if not inside.keys() & set(pair)}


def _damaged(broken: Sequence[FailedTile], read: Set[str]) -> list[ExcludedField]:
    """The photos of which nothing can be read; `read` are the names of the others."""
    return [
        ExcludedField(name=tile.field, code="damaged", text=tile.reason)
        for tile in broken
        if tile.field not in read
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What was seen of each field that can be read, by its index, what cannot be read, and overlays."""

    lights: Mapping[int, FieldLight]
    sketches: Mapping[int, Sketch]
    broken: Sequence[FailedTile]
    own: Sequence[ExcludedField]


def _seen(slide: Slide, source: Path) -> _Seen:
    """Light and sketch of each field that can be read, and the others; a single field needs no sketch."""
    lights: dict[int, FieldLight] = {}
    sketches: dict[int, Sketch | None] = {}
    broken = [_lost(photo) for photo in slide.broken]
    own: list[ExcludedField] = []
    for index, field in enumerate(slide.fields):
        try:
            lights[index] = closer_light(field, field_light(field))
            sketches[index] = sketch_of(field, lights[index]) if len(slide.fields) > 1 else None
        except SmearcountError as error:
            if len(slide.fields) + len(slide.broken) == 1:
                raise
            if isinstance(error, OwnPictureError):
                own.append(ExcludedField(name=field.name, code="own_pictures", text=str(error)))
                continue
            broken.append(
                FailedTile(
                    field=field.name, x=0, y=0, width=field.width, height=field.height, reason=str(error)
                )
            )
    if not lights:
        reason = broken[0].reason if broken else own[0].text if own else "it is empty"
        raise EmptySlideError(f"{source}: none of its photos can be read ({reason}); copy them again")
    drawn = {index: sketch for index, sketch in sketches.items() if sketch is not None}
    return _Seen(lights=lights, sketches=drawn, broken=broken, own=own)


def _lost(part: BrokenField) -> FailedTile:
    x, y, width, height = part.box
    return FailedTile(field=part.name, x=x, y=y, width=width, height=height, reason=part.reason)


def _counted(field: Field, plan: FieldPlan, settings: CountSettings) -> CountedArea:
    """What is counted of a field."""
    area = plan.area
    if settings.region is not None:
        area = replace(area, region=_region(plan, settings.region), is_chosen=True)
    if needs_map(plan) and not settings.whole_film:
        area = replace(area, areas=map_film(field, plan), is_chosen=True)
    return area


def _region(plan: FieldPlan, region: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """A region given in level-0 px as whole detector px within the field."""
    x, y, width, height = region
    sides = (plan.grid.width // 2, plan.grid.height // 2)
    left, right = (int(np.clip(round(edge / plan.step), 0, sides[0])) for edge in (x, x + width))
    top, bottom = (int(np.clip(round(edge / plan.step), 0, sides[1])) for edge in (y, y + height))
    if right <= left or bottom <= top:
        raise InputError(
            f"region {x},{y},{width},{height} lies outside of {plan.name}, which is {plan.width} x"
            f" {plan.height} px; expected x,y,width,height within it; pass another --region"
        )
    return left, top, right, bottom

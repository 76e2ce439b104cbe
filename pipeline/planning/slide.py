"""What is estimated once a slide before its tiles are worked on: light, scale, and where it is counted."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.errors import EmptySlideError, InputError, SmearcountError
from pipeline.networks import Detector
from pipeline.planning.area import CountedArea
from pipeline.planning.field import FieldLight, FieldPlan, field_light, plan_field
from pipeline.planning.film_map import map_film, needs_map
from pipeline.planning.probes import closer_light
from pipeline.planning.scale import SlideScale, find_scale
from pipeline.reader.field import BrokenField, Field
from pipeline.reader.slide import Slide
from pipeline.records import FailedTile
from pipeline.settings import CountSettings

__all__ = ["SlidePlan", "plan_slide"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlidePlan:
    """Plan of a slide.

    Attributes
    ----------
    fields : plan of each readable field, by its index.
    broken : the fields that cannot be read.
    """

    fields: dict[int, FieldPlan]
    scale: SlideScale
    broken: tuple[FailedTile, ...]


def plan_slide(slide: Slide, source: Path, settings: CountSettings, detector: Detector) -> SlidePlan:
    """Plan of a slide.

    Raises
    ------
    SmearcountError
        Where no field can be read, no scale is found, or the region lies outside of every field.
    """
    lights, broken = _lights(slide, source)
    scale = find_scale(slide, lights, settings, detector)
    plans = {}
    for index, light in lights.items():
        field = slide.fields[index]
        plan = plan_field(index, field, scale.of_field(field), light)
        plans[index] = replace(plan, area=_counted(field, plan, settings))
    return SlidePlan(fields=plans, scale=scale, broken=tuple(broken))


def _lights(slide: Slide, source: Path) -> tuple[dict[int, FieldLight], list[FailedTile]]:
    """Light of each field that can be read, and the others."""
    lights: dict[int, FieldLight] = {}
    broken = [_lost(photo) for photo in slide.broken]
    for index, field in enumerate(slide.fields):
        try:
            lights[index] = closer_light(field, field_light(field))
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

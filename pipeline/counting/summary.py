"""From the table of cells to the count of a slide: pooled fraction, reconciled denominator, verdict."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from pipeline.counting.statistics import INTERVAL_METHOD, distinguishable, limit_of_detection, wilson
from pipeline.counting.tally import FieldTally, Tally
from pipeline.planning.area import area_mm2
from pipeline.planning.protocols import Goal
from pipeline.records import (
    DebrisControl,
    FailedTile,
    FieldResult,
    GoalResult,
    Notice,
    Novelty,
    ScaleSource,
    SlideSummary,
    Verdict,
)

__all__ = ["FieldFacts", "SlideFacts", "summarise", "summary_of", "verdict_of"]


UPPER_END = 1.645
"""Standard errors up to the upper end of a one-sided 95% interval (normal)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFacts:
    """A field as it was read.

    Attributes
    ----------
    width, height : level-0 px of the picture as displayed.
    um_per_px : µm per level-0 px used for this field.
    parts_px : detector px of each part of the field, counted or not; together all of it.
    """

    name: str
    width: int
    height: int
    um_per_px: float
    parts_px: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideFacts:
    """What is known of a slide beside its cells.

    Attributes
    ----------
    source : the path as it was handed in.
    fields : every field that was read, also those without a cell, in the slide's order.
    um_per_px : µm per level-0 px of the slide, None where it could not be found.
    false_positive_rate : per uninfected cell, as the classifier's manifest states it, 0 to 1.
    sensitivity : per infected cell, as the classifier's manifest states it, 0 to 1.
    detector, classifier : names of the networks.
    novelty : how far the slide is from known thin films and stains.
    debris : its own negative control.
    tells_stages : whether the classifier predicts life stages.
    goal : red cells that were asked for; None where all were.
    """

    slide: str
    source: str
    fields: tuple[FieldFacts, ...]
    um_per_px: float | None
    scale_source: ScaleSource
    false_positive_rate: float
    detector: str
    classifier: str
    sensitivity: float = 1.0
    failed_tiles: tuple[FailedTile, ...] = ()
    notices: tuple[Notice, ...] = ()
    novelty: Novelty | None = None
    debris: DebrisControl | None = None
    tells_stages: bool = False
    goal: Goal | None = None


def summarise(parts: Iterable[pd.DataFrame], facts: SlideFacts) -> SlideSummary:
    """Count the cells of a slide.

    Parameters
    ----------
    parts : tables of cells, one row an object found, columns of records.CELL_COLUMNS.
    facts : everything else that the summary states.

    Raises
    ------
    ValueError
        Where a table contradicts itself: a cell that is neither counted nor excluded for one reason,
        a counted object that is no red cell, or a cell of a field that was not read.
    """
    found = Tally()
    for cells in parts:
        found.add(cells)
    return summary_of(found, facts)


def summary_of(found: Tally, facts: SlideFacts) -> SlideSummary:
    """The count of a slide whose cells are added up.

    Raises
    ------
    ValueError
        Where a cell lies in a field that was not read.
    """
    _check_fields(found, facts)
    whole, stages = found.whole, dict(sorted(found.stages.items()))
    share, low, high = _fraction(whole.infected, whole.counted)
    asexual = _fraction(
        whole.infected - stages.get("gametocyte", 0), whole.counted if facts.tells_stages else 0
    )
    return SlideSummary(
        slide=facts.slide,
        source=facts.source,
        status="partial" if facts.failed_tiles else "complete",
        verdict=_verdict(whole, facts),
        um_per_px=facts.um_per_px,
        scale_source=facts.scale_source,
        detected=whole.detected,
        counted=whole.counted,
        infected=whole.infected,
        excluded=dict(sorted(whole.excluded.items())),
        parasitaemia=share,
        low=low,
        high=high,
        stages=stages,
        asexual_parasitaemia=asexual[0],
        asexual_low=asexual[1],
        asexual_high=asexual[2],
        interval_method=INTERVAL_METHOD,
        false_positive_rate=facts.false_positive_rate,
        limit_of_detection=limit_of_detection(whole.counted, facts.false_positive_rate, facts.sensitivity),
        white_cells=found.kinds["white_cell"],
        platelets=found.kinds["platelet"],
        area_mm2=_area(facts.fields),
        goal=_goal(facts.goal, whole),
        fields=tuple(_field_result(field, found.fields.get(field.name)) for field in facts.fields),
        notices=facts.notices,
        failed_tiles=facts.failed_tiles,
        detector=facts.detector,
        classifier=facts.classifier,
        novelty=facts.novelty,
        debris=facts.debris,
    )


def verdict_of(
    infected: int,
    counted: int,
    false_positive_rate: float,
    notices: tuple[Notice, ...],
    debris: DebrisControl | None = None,
) -> Verdict:
    """What may be claimed from a count; never more than was seen.

    Where quality control refuses, or nothing was counted, the slide is not countable. Parasites are
    claimed only where the positives are more than the false positives explain: the network's own, and those
    that this slide's dirt explains, at the upper end of what its control says.
    """
    if counted == 0 or any(notice.severity == "refuse" for notice in notices):
        return "not countable"
    explained = 0.0 if debris is None else debris.expected_called_grains + UPPER_END * debris.uncertainty
    seen = distinguishable(infected, counted, min(false_positive_rate + explained / counted, 1.0))
    return "parasites seen" if seen else "none distinguishable"


def _verdict(found: FieldTally, facts: SlideFacts) -> Verdict:
    return verdict_of(found.infected, found.counted, facts.false_positive_rate, facts.notices, facts.debris)


def _fraction(part: int, whole: int) -> tuple[float, float, float] | tuple[None, None, None]:
    """A fraction and the bounds of its interval; none of them of nothing."""
    return (part / whole, *wilson(part, whole)) if whole else (None, None, None)


def _check_fields(found: Tally, facts: SlideFacts) -> None:
    unknown = sorted(set(found.fields) - {one.name for one in facts.fields})
    if unknown:
        raise ValueError(f"{facts.slide}: cells lie in fields that were not read: {', '.join(unknown)}")


def _field_result(field: FieldFacts, found: FieldTally | None) -> FieldResult:
    found = found or FieldTally()
    return FieldResult(
        name=field.name,
        width=field.width,
        height=field.height,
        um_per_px=field.um_per_px,
        detected=found.detected,
        counted=found.counted,
        infected=found.infected,
        excluded=dict(sorted(found.excluded.items())),
        area_mm2={name: area_mm2(pixels) for name, pixels in field.parts_px.items()},
    )


def _area(fields: tuple[FieldFacts, ...]) -> dict[str, float]:
    """mm² of each part of the slide."""
    pixels: Counter[str] = Counter()
    for one in fields:
        pixels.update(one.parts_px)
    return {name: area_mm2(number) for name, number in pixels.items()}


def _goal(goal: Goal | None, found: FieldTally) -> GoalResult | None:
    if goal is None:
        return None
    return GoalResult(
        name=goal.name,
        source=goal.source,
        wanted=goal.wanted(found.infected, found.counted),
        missing=goal.missing(found.infected, found.counted),
    )

"""From the table of cells to the count of a slide: pooled fraction, reconciled denominator, verdict."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from pipeline.counting.headline import MELDED, HeadlineFacts, headline_of, notes_of
from pipeline.counting.intervals.design import Clustering, clustering
from pipeline.counting.intervals.limits import cells_needed, limit_of_blank, lowest_detectable
from pipeline.counting.intervals.melded import melded_interval
from pipeline.counting.intervals.own_errors import own_false_calls, with_own
from pipeline.counting.intervals.slide_errors import SlideErrors
from pipeline.counting.second_look import second_look
from pipeline.counting.tally import FieldTally, Tally
from pipeline.counting.verdict import are_doubted, verdict_of
from pipeline.planning.area import area_mm2
from pipeline.planning.protocols import Goal
from pipeline.records import (
    DebrisControl,
    ExcludedField,
    FailedTile,
    FieldResult,
    GoalResult,
    Headline,
    Notice,
    Novelty,
    ScaleSource,
    SlideSummary,
)

__all__ = ["SQUARE_UM", "FieldFacts", "SlideFacts", "errors_of", "summarise", "summary_of"]


SQUARE_UM = 96.0
"""Side of the squares whose variation tells how clustered the cells are: 50 to 100 red cells each."""
MOST_OF_A_PHOTO_MM2 = 0.25
"""What a microscope shows at once: a view of field number 22 behind an objective of 40x."""
WANTED_LIMITS = (0.01, 0.001)
"""Limits of detection that a summary names the needed cells for, as fractions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFacts:
    """A field as it was read.

    Attributes
    ----------
    width, height : level-0 px of the picture as displayed.
    um_per_px : µm per level-0 px used for this field.
    parts_px : detector px of each part, counted or not; together all of it. absorbance : see `FieldPlan`.
    """

    name: str
    width: int
    height: int
    um_per_px: float
    parts_px: Mapping[str, int] = field(default_factory=dict)
    absorbance: tuple[float, float, float] | None = None


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
    debris : its own negative control. lifted, clean_quartile : see `SecondLook`.
    excluded_fields : photos that are left out.
    tells_stages : whether the classifier predicts life stages.
    goal : red cells that were asked for; None where all were.
    errors : sensitivity and false calls as they differ from slide to slide; None takes both rates as fixed.
    red_cells_per_ul : as measured; None where it was not.
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
    lifted: int = 0
    clean_quartile: float | None = None
    excluded_fields: tuple[ExcludedField, ...] = ()
    tells_stages: bool = False
    goal: Goal | None = None
    errors: SlideErrors | None = None
    red_cells_per_ul: float | None = None

    def square_px(self) -> dict[str, float]:
        """Side of the squares by which clustering is told, level-0 px of each field."""
        return {one.name: SQUARE_UM / one.um_per_px for one in self.fields}


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
    found = Tally(square_px=facts.square_px())
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
    asexual = whole.infected - stages.get("gametocyte", 0)
    plain = SlideSummary(
        slide=facts.slide,
        source=facts.source,
        status="partial" if facts.failed_tiles else "complete",
        verdict="not countable",
        um_per_px=facts.um_per_px,
        scale_source=facts.scale_source,
        detected=whole.detected,
        counted=whole.counted,
        infected=whole.infected,
        excluded=dict(sorted(whole.excluded.items())),
        parasitaemia=_share(whole.infected, whole.counted),
        low=None,
        high=None,
        stages=stages,
        asexual_parasitaemia=_share(asexual, whole.counted) if facts.tells_stages else None,
        asexual_low=None,
        asexual_high=None,
        interval_method=MELDED,
        false_positive_rate=facts.false_positive_rate,
        limit_of_detection=None,
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
        second_look=second_look(found.logits, facts.debris, facts.lifted, facts.clean_quartile),
        excluded_fields=facts.excluded_fields,
    )
    return _with_errors(plain, found, facts)


def _with_errors(plain: SlideSummary, found: Tally, facts: SlideFacts) -> SlideSummary:
    """The same with what depends on errors that differ from slide to slide, and on clustering."""
    counted, infected = plain.counted, plain.infected
    errors, told = errors_of(facts, counted), clustering(found.squares)
    effect, look, clean = told.effect, plain.second_look, _without_own(facts)
    verdict = verdict_of((infected, counted), errors, facts.notices, effect, look, clean)
    if verdict == "parasites seen" and are_doubted(facts.notices) and facts.lifted < infected:
        return summary_of(found, replace(facts, lifted=infected))
    slide = HeadlineFacts(
        clusters=told, red_cells_per_ul=facts.red_cells_per_ul, tells_stages=facts.tells_stages
    )
    headline = headline_of(infected, counted, plain.stages, errors, slide)
    low, high = _interval(infected, counted, errors, headline, told)
    asexual = headline if facts.tells_stages else None
    return replace(
        plain,
        low=low,
        high=high,
        asexual_low=asexual.low if asexual else None,
        asexual_high=asexual.high if asexual else None,
        verdict=verdict,
        headline=headline,
        limit_of_detection=lowest_detectable(counted, errors, effect),
        limit_of_blank=limit_of_blank(counted, errors, effect),
        cells_needed=_cells_needed(errors, effect),
        notes=notes_of(
            headline,
            plain.stages,
            verdict,
            _stopped_by(facts, plain),
            _photos(plain.fields),
        ),
    )


def _interval(
    infected: int, counted: int, errors: SlideErrors, headline: Headline | None, clusters: Clustering
) -> tuple[float | None, float | None]:
    """Of all infected cells; where no gametocyte is among them it is that of the headline."""
    if headline is None:
        return None, None
    if headline.infected == infected:
        return headline.low, headline.high
    return melded_interval(infected, counted, errors, clusters)


def errors_of(facts: SlideFacts, counted: int) -> SlideErrors:
    """How often this slide's cells are missed and called falsely; what it tells of itself comes on top."""
    return with_own(_without_own(facts), counted, own_false_calls(facts.debris, facts.lifted))


def _without_own(facts: SlideFacts) -> SlideErrors:
    return facts.errors or SlideErrors.fixed(facts.sensitivity, facts.false_positive_rate)


def _cells_needed(errors: SlideErrors, effect: float) -> dict[str, int | None]:
    """Red cells for each limit of detection, as many more as they are clustered."""
    independent = {f"{limit:g}": cells_needed(limit, errors) for limit in WANTED_LIMITS}
    return {limit: None if cells is None else round(cells * effect) for limit, cells in independent.items()}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


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
        cell_absorbance=field.absorbance,
    )


def _area(fields: tuple[FieldFacts, ...]) -> dict[str, float]:
    """mm² of each part of the slide."""
    pixels: Counter[str] = Counter()
    for one in fields:
        pixels.update(one.parts_px)
    return {name: area_mm2(number) for name, number in pixels.items()}


def _photos(fields: tuple[FieldResult, ...]) -> int:
    """Photos that cells were counted in; 0 where a field is larger than what a microscope shows at once."""
    if any(sum(one.area_mm2.values()) > MOST_OF_A_PHOTO_MM2 for one in fields):
        return 0
    return sum(one.counted > 0 for one in fields)


def _stopped_by(facts: SlideFacts, plain: SlideSummary) -> Goal | None:
    """The protocol whose running estimate ended the count before the slide did; None where nothing did."""
    goal, left = facts.goal, any(one.parts_px.get("not_reached") for one in facts.fields)
    return goal if goal is not None and left and goal.stops_early(plain.infected, plain.counted) else None


def _goal(goal: Goal | None, found: FieldTally) -> GoalResult | None:
    if goal is None:
        return None
    wanted = 0 if goal.fields else goal.wanted(found.infected, found.counted)
    return GoalResult(
        name=goal.name,
        source=goal.source,
        wanted=wanted,
        missing=max(0, wanted - found.counted),
        year=goal.year,
        link=goal.link,
        fields=goal.fields,
    )

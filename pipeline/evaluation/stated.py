"""What a count states of labelled slides: the verdict of each picture alone, the interval of all together."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, get_args

import pandas as pd

from pipeline.counting.intervals.design import Block, clustering
from pipeline.counting.intervals.melded import melded_interval
from pipeline.counting.intervals.own_errors import OwnFalseCalls, own_false_calls, with_own
from pipeline.counting.intervals.slide_errors import SlideErrors
from pipeline.counting.result import CountResult
from pipeline.counting.second_look import LogitCounts
from pipeline.counting.summary import SQUARE_UM
from pipeline.counting.tally import Tally
from pipeline.evaluation.labelled import INFECTED_LABELS, FieldSet
from pipeline.evaluation.text import text_table
from pipeline.records import Verdict

__all__ = [
    "FieldEvidence",
    "VerdictCounts",
    "clean_quartile",
    "evidence_of",
    "slide_interval",
    "verdict_counts",
    "verdict_lines",
]

LEAST_INFECTED: Final = (3, 5)
"""Least infected cells of those that are told apart."""
_HEADER = ("Verdicts", "number", *get_args(Verdict))


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictCounts:
    """Verdicts on some pictures or slides.

    Attributes
    ----------
    name : which pictures or slides: of healthy people, or with so many infected cells.
    number : of these.
    """

    name: str
    number: int
    seen: int
    uncertain: int
    none: int
    refused: int


def verdict_counts(
    field_set: FieldSet, tallies: pd.DataFrame, *, by_slide: bool = False
) -> tuple[VerdictCounts, ...]:
    """Verdicts on healthy people, and on those with at least 3 and at least 5 infected cells.

    A person is healthy where no cell of any picture of the slide is labelled infected.

    Parameters
    ----------
    tallies : index field; verdict, None of a field that failed.
    by_slide : the verdict of a field is that of its slide, which counts once; else of the picture.
    """
    labelled = field_set.cells[field_set.cells["label"].isin(INFECTED_LABELS)]
    slide = field_set.fields["slide"]
    number = field_set.fields["field"].map(labelled["field"].value_counts()).fillna(0).astype(int)
    of_slide = number.groupby(slide).transform("sum")
    verdicts = field_set.fields["field"].map(tallies["verdict"])
    if by_slide:
        number, verdicts = of_slide, verdicts.groupby(slide).transform("first").mask(slide.duplicated())
    whose = "slides" if by_slide else "pictures"
    groups = [(f"{whose} of healthy people", of_slide == 0)]
    groups += [(f"{whose} with at least {least} infected cells", number >= least) for least in LEAST_INFECTED]
    return tuple(_counts(name, verdicts[which].dropna()) for name, which in groups)


def verdict_lines(counts: Sequence[VerdictCounts]) -> list[str]:
    """The same as a table for a person; empty where nothing was counted."""
    rows = [
        (
            one.name,
            *(str(number) for number in (one.number, one.seen, one.uncertain, one.none, one.refused)),
        )
        for one in counts
        if one.number
    ]
    return [text_table(_HEADER, rows), ""] if rows else []


def _counts(name: str, verdicts: "pd.Series[str]") -> VerdictCounts:
    seen, uncertain, none, refused = (int((verdicts == verdict).sum()) for verdict in get_args(Verdict))
    return VerdictCounts(
        name=name, number=len(verdicts), seen=seen, uncertain=uncertain, none=none, refused=refused
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEvidence:
    """What the interval of a slide takes from one of its pictures; nothing of one that was not counted.

    Attributes
    ----------
    squares : infected and counted cells of each square.
    own : false calls that it tells of itself.
    logits : of its cells; None where a last layer of its own decided them.
    """

    squares: Mapping[Block, tuple[int, int]] = field(default_factory=dict)
    own: OwnFalseCalls = field(default_factory=OwnFalseCalls)
    logits: LogitCounts | None = field(default_factory=LogitCounts)


def evidence_of(name: str, result: CountResult) -> FieldEvidence:
    """What a counted picture gives; `name` tells its squares from those of others."""
    scale, look = result.summary.um_per_px, result.summary.second_look
    tally = Tally(square_px={name: SQUARE_UM / scale} if scale else {})
    tally.add(result.cells.assign(field=name))
    debris = result.summary.debris
    return FieldEvidence(
        squares=tally.squares,
        own=own_false_calls(debris, 0 if look is None else look.lifted),
        logits=tally.logits if debris is None or debris.own_layer is None else None,
    )


def clean_quartile(pictures: Sequence[FieldEvidence], called_from: float) -> float | None:
    """Of the pictures of a slide together, see `LogitCounts`; None where it is not known."""
    together = LogitCounts()
    for one in pictures:
        if one.logits is None:
            return None
        together.bins += one.logits.bins
    return together.clean_quartile(called_from)


def slide_interval(pictures: Sequence[FieldEvidence], errors: SlideErrors) -> tuple[float, float] | None:
    """95% interval of the true fraction of a slide, all stages; None where no red cell was counted.

    Dirt is that of the pictures together: numbers are added, and the squares of their standard errors.
    """
    squares = {block: cells for one in pictures for block, cells in one.squares.items()}
    infected, counted = (sum(cells[side] for cells in squares.values()) for side in (0, 1))
    if not counted:
        return None
    own = OwnFalseCalls(
        by_dirt=sum(one.own.by_dirt for one in pictures),
        uncertainty=math.hypot(*(one.own.uncertainty for one in pictures)),
        lifted=sum(one.own.lifted for one in pictures),
    )
    return melded_interval(infected, counted, with_own(errors, counted, own), clustering(squares))

"""How often each verdict is given, by what the labels say: each picture is counted as a slide of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, get_args

import pandas as pd

from pipeline.evaluation.labelled import INFECTED_LABELS, FieldSet
from pipeline.evaluation.text import text_table
from pipeline.records import Verdict

__all__ = ["VerdictCounts", "verdict_counts", "verdict_lines"]

LEAST_INFECTED: Final = (3, 5)
"""Least infected cells of the pictures that are told apart."""
_HEADER = ("Verdicts of pictures", "pictures", *get_args(Verdict))


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictCounts:
    """Verdicts of some pictures; together they are all that were counted.

    Attributes
    ----------
    name : which pictures: of slides on which no cell is labelled infected, or with so many of them.
    """

    name: str
    pictures: int
    seen: int
    uncertain: int
    none: int
    refused: int


def verdict_counts(field_set: FieldSet, tallies: pd.DataFrame) -> tuple[VerdictCounts, ...]:
    """Verdicts of pictures of healthy people, and of those with at least 3 and at least 5 infected cells.

    A person is healthy where no cell of any picture of the slide is labelled infected.

    Parameters
    ----------
    tallies : index field; verdict, None of a field that failed.
    """
    labelled = field_set.cells[field_set.cells["label"].isin(INFECTED_LABELS)]
    number = field_set.fields["field"].map(labelled["field"].value_counts()).fillna(0).astype(int)
    healthy = number.groupby(field_set.fields["slide"]).transform("sum") == 0
    verdicts = field_set.fields["field"].map(tallies["verdict"])
    groups = [("of healthy people", healthy)]
    groups += [(f"with at least {least} infected cells", number >= least) for least in LEAST_INFECTED]
    return tuple(_counts(name, verdicts[which].dropna()) for name, which in groups)


def verdict_lines(counts: Sequence[VerdictCounts]) -> list[str]:
    """The same as a table for a person; empty where no picture was counted."""
    rows = [
        (
            one.name,
            *(str(number) for number in (one.pictures, one.seen, one.uncertain, one.none, one.refused)),
        )
        for one in counts
        if one.pictures
    ]
    return [text_table(_HEADER, rows), ""] if rows else []


def _counts(name: str, verdicts: "pd.Series[str]") -> VerdictCounts:
    seen, uncertain, none, refused = (int((verdicts == verdict).sum()) for verdict in get_args(Verdict))
    return VerdictCounts(
        name=name, pictures=len(verdicts), seen=seen, uncertain=uncertain, none=none, refused=refused
    )

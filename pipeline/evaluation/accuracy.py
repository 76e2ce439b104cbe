"""Pools scored cells into measures: over all fields, by slide and by field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.evaluation.field_report import (
    Accuracy,
    FailedField,
    FieldAccuracy,
    FieldReport,
    OtherCells,
    SlideAccuracy,
)
from pipeline.evaluation.labelled import INFECTED_LABELS, RED_CELL_LABELS, FieldSet
from pipeline.evaluation.matching.causes import CAUSES
from pipeline.evaluation.metrics import Rate, agreement, classification, count_error, detection, rate

__all__ = ["SlideCounts", "field_report", "slide_counts", "summarise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideCounts:
    """Red cells of a slide's completely labelled fields, at the border too.

    Attributes
    ----------
    annotated_infected, annotated : infected and all, by the labels. called, counted : the same, by the count.
    """

    slide: str
    annotated_infected: int
    annotated: int
    called: int
    counted: int

    @property
    def annotated_percent(self) -> float | None:
        """Annotated parasitaemia; None without a cell."""
        return 100.0 * self.annotated_infected / self.annotated if self.annotated else None

    @property
    def estimated_percent(self) -> float | None:
        """Estimated parasitaemia; None without a cell."""
        return 100.0 * self.called / self.counted if self.counted else None


def field_report(
    field_set: FieldSet,
    scored: pd.DataFrame,
    tallies: pd.DataFrame,
    failed: tuple[FailedField, ...],
    intervals: Mapping[str, tuple[float, float] | None],
) -> FieldReport:
    """Measures of a field set; its fields are the ones that were evaluated.

    Parameters
    ----------
    scored : SCORE_COLUMNS and the field each row belongs to.
    tallies : index field; counted and infected, the red cells as the count itself gives them; verdict.
    intervals : of the true fraction of a slide, by its name.
    """
    fields = field_set.fields.sort_values(["slide", "field"])
    slides = [
        SlideAccuracy(
            slide=counts.slide,
            accuracy=summarise(fields[fields["slide"] == counts.slide], scored),
            annotated_percent=counts.annotated_percent,
            estimated_percent=counts.estimated_percent,
            interval_percent=_percent(intervals.get(counts.slide)),
        )
        for counts in slide_counts(field_set, tallies)
    ]
    both = [
        (slide.estimated_percent, slide.annotated_percent)
        for slide in slides
        if slide.estimated_percent is not None and slide.annotated_percent is not None
    ]
    estimates, truths = np.array(both, dtype=np.float64).reshape(-1, 2).T
    return FieldReport(
        name=field_set.name,
        overall=summarise(fields, scored),
        parasitaemia=agreement(estimates, truths),
        interval_holds=_interval_holds(slides),
        by_slide=tuple(slides),
        by_field=tuple(_field_accuracy(fields.iloc[[i]], scored) for i in range(len(fields))),
        failed=failed,
    )


def slide_counts(field_set: FieldSet, tallies: pd.DataFrame) -> tuple[SlideCounts, ...]:
    """Annotated and counted red cells of each slide, pooled over its completely labelled fields.

    Parameters
    ----------
    tallies : index field; counted and infected, the red cells as the count itself gives them.
    """
    return tuple(
        _slide_counts(str(slide), field_set, own, tallies)
        for slide, own in field_set.fields.groupby("slide", sort=True)
    )


def summarise(fields: pd.DataFrame, scored: pd.DataFrame) -> Accuracy:
    """Pool the scored cells of the given fields (columns field and complete)."""
    complete = fields["field"][fields["complete"]]
    own = scored[scored["field"].isin(fields["field"])]
    red = own[own["kind"] == "red_cell"]
    infected_label = red["label"].isin(INFECTED_LABELS)
    sure = red["label"] != "difficult"
    matched = sure & (red["outcome"] == "matched")
    missed = sure & (red["outcome"] == "missed")
    extra = red["field"].isin(complete) & (red["outcome"] == "extra")
    decided = matched & red["p_infected"].notna()
    clean = red["field"].isin(complete) & ~red["field"].isin(red["field"][infected_label])
    clean &= red["outcome"].isin(["matched", "extra"])
    extra_count = int(extra.sum()) if len(complete) == len(fields) else None
    outcomes = red["outcome"].value_counts()
    return Accuracy(
        fields=len(fields),
        detection=detection(int(matched.sum()), int(missed.sum()), extra_count),
        count_error=count_error(*_counts(complete, red)) if len(complete) else None,
        classification=classification(
            infected_label[decided].to_numpy(bool),
            red["p_infected"][decided].to_numpy(float),
            red["called"][decided].to_numpy(bool),
        ),
        infected_cells_found=rate(
            int((matched & infected_label & red["called"]).sum()),
            int(((matched | missed) & infected_label).sum()),
        ),
        infected_without_label=int((extra & red["called"]).sum()) if len(complete) else None,
        called_on_uninfected_fields_per_10000=rate(
            int((clean & red["called"]).sum()), int(clean.sum()), per=10_000
        ),
        left_out_labelled=int(outcomes.get("left_out_label", 0)),
        left_out_found=int(outcomes.get("left_out_found", 0)),
        white_cells=_other_cells(own, "white_cell"),
        platelets=_other_cells(own, "platelet"),
        missed_because={cause: int((missed & (red["cause"] == cause)).sum()) for cause in CAUSES},
    )


def _counts(fields: pd.Series, red: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Red cells found and labelled in each field, `difficult` ones too: they are red cells."""
    by_field = red.groupby("field")["outcome"]
    found = by_field.apply(lambda outcome: outcome.isin(["matched", "extra"]).sum())
    labelled = by_field.apply(lambda outcome: outcome.isin(["matched", "missed"]).sum())
    return (
        found.reindex(fields, fill_value=0).to_numpy(float),
        labelled.reindex(fields, fill_value=0).to_numpy(float),
    )


def _percent(interval: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if interval is None else (100 * interval[0], 100 * interval[1])


def _interval_holds(slides: Sequence[SlideAccuracy]) -> Rate:
    held = [
        slide.interval_percent[0] <= slide.annotated_percent <= slide.interval_percent[1]
        for slide in slides
        if slide.interval_percent is not None and slide.annotated_percent is not None
    ]
    return rate(sum(held), len(held))


def _other_cells(scored: pd.DataFrame, kind: str) -> OtherCells:
    outcomes = scored["outcome"][scored["kind"] == kind].value_counts()
    matched, missed = int(outcomes.get("matched", 0)), int(outcomes.get("missed", 0))
    return OtherCells(
        found=rate(matched, matched + missed),
        counted_as_red_cells=int(outcomes.get("counted_as_red_cell", 0)),
    )


def _slide_counts(
    slide: str, field_set: FieldSet, fields: pd.DataFrame, tallies: pd.DataFrame
) -> SlideCounts:
    names = fields["field"][fields["complete"]]
    labels = field_set.cells["label"][field_set.cells["field"].isin(names)]
    tally = tallies.loc[tallies.index.isin(names), ["counted", "infected"]].sum()
    return SlideCounts(
        slide=slide,
        annotated_infected=int(labels.isin(INFECTED_LABELS).sum()),
        annotated=int(labels.isin(RED_CELL_LABELS).sum()),
        called=int(tally["infected"]),
        counted=int(tally["counted"]),
    )


def _field_accuracy(field: pd.DataFrame, scored: pd.DataFrame) -> FieldAccuracy:
    """`field` is the one row of the field."""
    accuracy = summarise(field, scored)
    row = field.iloc[0]
    complete = bool(row["complete"])
    red = scored[(scored["field"] == row["field"]) & (scored["kind"] == "red_cell")]
    found, labelled = (int(count[0]) for count in _counts(field["field"], red))
    return FieldAccuracy(
        field=str(row["field"]),
        slide=str(row["slide"]),
        complete=complete,
        labelled=labelled,
        found=found if complete else None,
        count_error_percent=accuracy.count_error.mean_percent if accuracy.count_error else None,
        detection=accuracy.detection,
        infected_labelled=accuracy.infected_cells_found.of,
        infected_found=accuracy.infected_cells_found.hits,
        false_positives=accuracy.classification.false_positives_per_10000.hits,
    )

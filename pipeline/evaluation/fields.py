"""Measures the accuracy of a count on labelled fields."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pandas as pd

from models.manifest import Manifest, read_manifest, shipped
from pipeline.counting.intervals.measured import slide_errors_of
from pipeline.counting.second_look import logit_of
from pipeline.errors import InputError
from pipeline.evaluation.accuracy import field_report
from pipeline.evaluation.field_report import FailedField, FieldReport
from pipeline.evaluation.labelled import FieldSet, read_field_set, require_known
from pipeline.evaluation.matching.cells import Frame
from pipeline.evaluation.matching.scoring import SCORE_COLUMNS, score_field
from pipeline.evaluation.stated import (
    FieldEvidence,
    clean_quartile,
    evidence_of,
    slide_interval,
    verdict_counts,
)
from pipeline.evaluation.together import Count, counted_together
from pipeline.reader.slide import open_slide
from pipeline.records import CELL_COLUMNS
from pipeline.settings import CountSettings
from segmentation.illumination import bright_view

__all__ = ["CountedFields", "count_fields", "evaluate_fields"]

Progress = Callable[[int, int], None]

_VIEW_SIDE_PX: Final = 1024
"""Longest side of the picture the bright view is looked for in: its edge to a twentieth of a cell."""
_BOUNDLESS = Frame(width=2**31, height=2**31)
"""Stands for a picture that cannot be read: all its labelled cells are missed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountedFields:
    """Labelled fields and what a count made of them.

    Attributes
    ----------
    field_set : only the fields that were to be counted.
    scored : SCORE_COLUMNS and the field each row belongs to.
    tallies : index field; counted and infected red cells; um_per_px and verdict, missing of a field that
        failed.
    evidence : what the interval of its slide takes from each field.
    classifier : that called the cells. as_shipped : whether no last layer of a site corrected it.
    by_slide : whether the pictures of a slide were counted together.
    """

    field_set: FieldSet
    scored: pd.DataFrame
    tallies: pd.DataFrame
    failed: tuple[FailedField, ...]
    evidence: Mapping[str, FieldEvidence]
    classifier: Manifest
    as_shipped: bool = True
    by_slide: bool = False

    def report(self) -> FieldReport:
        """Measures over all fields, by slide and by field."""
        fields = self.field_set.fields
        intervals = {
            str(slide): self._interval(list(own["field"]))
            for slide, own in fields[fields["complete"]].groupby("slide")
        }
        report = field_report(self.field_set, self.scored, self.tallies, self.failed, intervals)
        return replace(report, verdicts=verdict_counts(self.field_set, self.tallies, by_slide=self.by_slide))

    def clean_quartile(self, names: Sequence[str]) -> float | None:
        """Of these fields of a slide together, see `MeasuredSlide`."""
        pictures = [self.evidence[name] for name in names]
        return clean_quartile(pictures, logit_of(self.classifier.threshold)) if self.as_shipped else None

    def _interval(self, names: Sequence[str]) -> tuple[float, float] | None:
        errors = slide_errors_of(self.classifier, self.clean_quartile(names))
        return slide_interval([self.evidence[name] for name in names], errors)


def evaluate_fields(
    folder: Path,
    settings: CountSettings,
    *,
    slides: Sequence[str] | None = None,
    progress: Progress | None = None,
    count: Count | None = None,
) -> FieldReport:
    """Measures of `count_fields`, which see."""
    return count_fields(folder, settings, slides=slides, progress=progress, count=count).report()


def count_fields(
    folder: Path,
    settings: CountSettings,
    *,
    slides: Sequence[str] | None = None,
    progress: Progress | None = None,
    count: Count | None = None,
    by_slide: bool = False,
) -> CountedFields:
    """Count every field of a labelled set and compare the cells with the labels.

    Parameters
    ----------
    folder : a field set.
    slides : only these slides; None takes all.
    progress : called with the fields done and all fields.
    count : counts one picture, or a folder of them; None is `pipeline.count.count_slide`.
    by_slide : count all pictures of a slide together, as one folder.

    Raises
    ------
    LabelledDataError
        Where the folder is not a field set.
    InputError
        Where a slide is asked for that the set does not have.
    """
    if count is None:
        from pipeline.count import count_slide

        count = count_slide
    field_set = _only_slides(read_field_set(folder), slides)
    if not by_slide:
        return _compared(field_set, settings, count, progress)
    with counted_together(field_set, count) as of_picture:
        return replace(_compared(field_set, settings, of_picture, progress), by_slide=True)


def _compared(
    field_set: FieldSet, settings: CountSettings, count: Count, progress: Progress | None
) -> CountedFields:
    names = list(field_set.fields["field"])
    tables = [pd.DataFrame(columns=["field", *SCORE_COLUMNS])]
    tallies, failed, evidence = {}, [], {}
    for done, name in enumerate(names):
        if progress is not None:
            progress(done, len(names))
        path = field_set.image_path(name)
        try:
            frame, result = _frame(path), count(path, settings)
            found, scale, verdict = result.cells, result.summary.um_per_px, result.summary.verdict
            evidence[name] = evidence_of(name, result)
            if result.summary.failed_tiles:
                reason = f"counted in part: {result.summary.failed_tiles[0].reason}"
                failed.append(FailedField(field=name, reason=reason))
        except InputError as error:
            failed.append(FailedField(field=name, reason=str(error)))
            found = pd.DataFrame(columns=list(CELL_COLUMNS))
            frame, scale, verdict = _BOUNDLESS, None, None
            evidence[name] = FieldEvidence()
        tables.append(score_field(field_set.cells_of(name), found, frame).assign(field=name))
        tallies[name] = (*_counted(found), scale, verdict)
    if progress is not None:
        progress(len(names), len(names))
    columns = ["counted", "infected", "um_per_px", "verdict"]
    tally = pd.DataFrame.from_dict(tallies, orient="index", columns=columns).astype({"um_per_px": float})
    scored = pd.concat(tables[1:], ignore_index=True)
    return CountedFields(
        field_set=field_set,
        scored=scored,
        tallies=tally,
        failed=tuple(failed),
        evidence=evidence,
        classifier=read_manifest(settings.classifier or shipped("classifier"), "classifier"),
        as_shipped=settings.site is None,
    )


def _counted(cells: pd.DataFrame) -> tuple[int, int]:
    """Red cells counted, and those of them called infected."""
    counted = cells["counted"].eq(True)
    return int(counted.sum()), int((counted & cells["infected"].eq(True)).sum())


def _only_slides(field_set: FieldSet, slides: Sequence[str] | None) -> FieldSet:
    if slides is None:
        return field_set
    known = set(field_set.fields["slide"])
    require_known("slide", slides, known)
    return replace(field_set, fields=field_set.fields[field_set.fields["slide"].isin(slides)])


def _frame(path: Path) -> Frame:
    with open_slide(path) as slide:
        field = slide.fields[0]
        shrink = 1
        while max(field.width, field.height) > _VIEW_SIDE_PX * shrink and shrink < 64:
            shrink *= 2
        width, height = (-(-side // shrink) * shrink for side in (field.width, field.height))
        view = bright_view(field.read(0, 0, width, height, shrink), float(shrink))
        return Frame(width=field.width, height=field.height, view=view)

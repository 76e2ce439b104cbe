"""What an evaluation on labelled fields gives: records, and the same as JSON and as text."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from pipeline.evaluation.metrics import Agreement, Classification, CountError, Detection, Rate
from pipeline.evaluation.stated import VerdictCounts, verdict_lines
from pipeline.evaluation.text import number_text, rate_text, text_rows, text_table

__all__ = [
    "Accuracy",
    "FailedField",
    "FieldAccuracy",
    "FieldReport",
    "OtherCells",
    "SlideAccuracy",
]

_SLIDE_HEADER = (
    "slide",
    "fields",
    "labelled",
    "precision",
    "recall",
    "F1",
    "count %",
    "|count %|",
    "infected",
    "found",
    "FP/10,000",
    "AUC",
)
_MOST_SLIDES: Final = 20
"""Slides shown as text; of a larger set those with the most errors."""
_PARASITAEMIA_HEADER = ("slide", "annotated %", "estimated %", "95% interval", "error, points")


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherCells:
    """White cells or platelets: how many of the labelled were found, how many counted as red cells."""

    found: Rate
    counted_as_red_cells: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Measures over the scored cells of some fields; cells at the border are in none of them.

    Attributes
    ----------
    detection : red cells; without precision where not every cell of every field is labelled.
    count_error : number of red cells a field; None where no field is labelled completely.
    classification : red cells that were found and have a label (`difficult` ones are left out).
    infected_cells_found : labelled infected cells found and called infected; one not detected is missed.
    infected_without_label : cells called infected that match no label, completely labelled fields only.
    called_on_uninfected_fields_per_10000 : cells called infected among all found red cells of completely
        labelled fields in which no cell is infected.
    missed_because : labelled red cells that were not matched, by cause (`CAUSES`).
    left_out_labelled, left_out_found : red cells at the border or rim, in no measure.
    """

    fields: int
    detection: Detection
    count_error: CountError | None
    classification: Classification
    infected_cells_found: Rate
    infected_without_label: int | None
    called_on_uninfected_fields_per_10000: Rate
    left_out_labelled: int
    left_out_found: int
    white_cells: OtherCells
    platelets: OtherCells
    missed_because: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldAccuracy:
    """One field; labelled, found and the rest are red cells scored, without those at the border.

    Attributes
    ----------
    complete : every red cell is labelled; else found and count_error_percent are None.
    """

    field: str
    slide: str
    complete: bool
    labelled: int
    found: int | None
    count_error_percent: float | None
    detection: Detection
    infected_labelled: int
    infected_found: int
    false_positives: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideAccuracy:
    """One slide (or patient).

    Attributes
    ----------
    annotated_percent : infected among all labelled red cells of its completely labelled fields, 0 to 100.
    estimated_percent : infected among the counted cells of the same fields, as a count gives it.
    interval_percent : low and high end of its 95% interval, as a count of these fields together states it.
    """

    slide: str
    accuracy: Accuracy
    annotated_percent: float | None
    estimated_percent: float | None
    interval_percent: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedField:
    """A field that could not be counted, or only in part; labelled cells that were not found are missed."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldReport:
    """Accuracy on a field set: over all fields, by slide and by field.

    Attributes
    ----------
    parasitaemia : slides' estimates against the annotated values, percentage points.
    verdicts : of the pictures, each counted as a slide of its own, or of the slides.
    interval_holds : slides whose 95% interval of the estimate holds the annotated value.
    """

    name: str
    overall: Accuracy
    parasitaemia: Agreement
    interval_holds: Rate
    by_slide: tuple[SlideAccuracy, ...]
    by_field: tuple[FieldAccuracy, ...]
    failed: tuple[FailedField, ...]
    verdicts: tuple[VerdictCounts, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The report as plain dictionaries, lists and numbers."""
        return asdict(self)

    def to_text(self) -> str:
        """The report as tables for a person."""
        overall = self.overall
        worst_first = sorted(self.by_slide, key=lambda slide: -_errors(slide.accuracy))
        shown = [slide for slide in self.by_slide if slide in worst_first[:_MOST_SLIDES]]
        rows = [_slide_row(slide.slide, slide.accuracy) for slide in shown]
        if len(self.by_slide) > 1:
            rows.append(_slide_row("all", overall))
        lines = [f"{self.name}: {overall.fields} fields of {len(self.by_slide)} slides; red cells:", ""]
        lines += [text_table(_SLIDE_HEADER, rows), ""]
        if len(shown) < len(self.by_slide):
            lines += [f"The {len(shown)} slides with the most errors; --json FILE writes all.", ""]
        lines += [*_cell_lines(overall), ""]
        if overall.detection.precision is None:
            lines.append("Precision is not measured: not every red cell is labelled.")
        if self.parasitaemia.slides:
            lines += _parasitaemia_lines(shown, self.parasitaemia, self.interval_holds)
        lines += ["", *verdict_lines(self.verdicts)]
        lines += [f"not counted whole: {failed.field}: {failed.reason}" for failed in self.failed]
        return "\n".join(lines).rstrip()


def _errors(accuracy: Accuracy) -> int:
    found, called = accuracy.detection, accuracy.classification.accuracy
    return found.missed + (found.extra or 0) + called.of - called.hits


def _slide_row(name: str, accuracy: Accuracy) -> list[str]:
    found, counts, called = accuracy.detection, accuracy.count_error, accuracy.classification
    return [
        name,
        str(accuracy.fields),
        str(found.matched + found.missed),
        number_text(found.precision, 4),
        number_text(found.recall, 4),
        number_text(found.f1, 4),
        number_text(None if counts is None else counts.mean_percent, 2),
        number_text(None if counts is None else counts.mean_absolute_percent, 2),
        str(accuracy.infected_cells_found.of),
        str(accuracy.infected_cells_found.hits),
        number_text(called.false_positives_per_10000.value, 1),
        number_text(called.auc, 4),
    ]


def _cell_lines(accuracy: Accuracy) -> list[str]:
    called = accuracy.classification
    white, platelets = accuracy.white_cells, accuracy.platelets
    border = f"{accuracy.left_out_labelled} labelled, {accuracy.left_out_found} found"
    causes = ", ".join(f"{cause} {number}" for cause, number in accuracy.missed_because.items() if number)
    rows = [
        ("red cells missed", causes or "none"),
        ("infected cells found", rate_text(accuracy.infected_cells_found, percent=True)),
        ("sensitivity, detected cells", rate_text(called.sensitivity, percent=True)),
        ("specificity, detected cells", rate_text(called.specificity, percent=True)),
        ("accuracy, detected cells", rate_text(called.accuracy, percent=True)),
        ("ROC AUC", number_text(called.auc, 4)),
        ("calibration error", number_text(called.calibration_error, 4)),
        ("false positives per 10,000", rate_text(called.false_positives_per_10000)),
        ("  on fields without infection", rate_text(accuracy.called_on_uninfected_fields_per_10000)),
        ("called infected, no label", number_text(accuracy.infected_without_label, 0)),
        ("white cells found", rate_text(white.found, percent=True)),
        ("  counted as red cells", str(white.counted_as_red_cells)),
        ("platelets found", rate_text(platelets.found, percent=True)),
        ("  counted as red cells", str(platelets.counted_as_red_cells)),
        ("left out, border or rim", border),
    ]
    return text_rows(rows)


def _parasitaemia_lines(
    slides: Sequence[SlideAccuracy], overall: Agreement, interval_holds: Rate
) -> list[str]:
    rows = []
    for slide in slides:
        annotated, estimated = slide.annotated_percent, slide.estimated_percent
        error = None if annotated is None or estimated is None else estimated - annotated
        ends = slide.interval_percent
        interval = number_text(None, 3) if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"
        shares = (number_text(value, 3) for value in (annotated, estimated))
        rows.append([slide.slide, *shares, interval, number_text(error, 3)])
    said = [
        ("mean error, points", number_text(overall.bias, 3)),
        ("mean absolute error, points", number_text(overall.mean_absolute, 3)),
    ]
    if overall.limit_low is not None and overall.limit_high is not None:
        said.append(("limits of agreement, points", f"{overall.limit_low:.3f} to {overall.limit_high:.3f}"))
    said.append(("slides within 25%", rate_text(overall.within_25_percent, percent=True)))
    said.append(("intervals that hold it", rate_text(interval_holds, percent=True)))
    return ["Parasitaemia:", text_table(_PARASITAEMIA_HEADER, rows), "", *text_rows(said)]

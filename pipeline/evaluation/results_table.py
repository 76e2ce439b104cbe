"""Results of a labelled set and of each of its slides or patients as one table, written and read as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pipeline.errors import InputError
from pipeline.evaluation.accuracy import SlideCounts
from pipeline.evaluation.decisions import Decisions
from pipeline.evaluation.metrics import classification, rate
from pipeline.evaluation.plots.style import Subject

__all__ = ["RESULT_COLUMNS", "read_results", "result_rows", "results_csv"]

RESULT_COLUMNS: Final = (
    "source",  # name of the labelled set
    "group",  # slide or patient; 'all' for the whole set
    "infected",  # labelled infected cells, those not detected among them
    "infected_found",  # of these, found and called infected
    "uninfected",  # labelled uninfected cells that were found
    "false_positives",  # of these, called infected
    "false_positives_per_10000",
    "low",  # 95% Wilson interval of the column before
    "high",
    "auc",  # empty without both kinds of cells
    "calibration_error",
    "annotated_percent",  # parasitaemia; empty where it is not annotated
    "estimated_percent",
    "threshold",  # least probability called infected
    "networks",  # names of what was measured
)


def result_rows(
    decisions: Decisions, slides: Sequence[SlideCounts], subject: Subject
) -> list[dict[str, str]]:
    """A row for the whole set, then one for each slide or patient, keys RESULT_COLUMNS."""
    counts = {slide.slide: slide for slide in slides}
    rows: list[tuple[str, Decisions, SlideCounts | None]] = [("all", decisions, None)]
    rows += [(name, decisions.of(name), counts.get(name)) for name in decisions.groups]
    return [
        {
            "source": subject.source,
            "group": name,
            **_row(own, tally),
            "threshold": f"{subject.threshold:.4f}",
            "networks": subject.networks,
        }
        for name, own, tally in rows
    ]


def results_csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    """The rows as CSV in UTF-8."""
    text = io.StringIO()
    writer = csv.DictWriter(text, RESULT_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read_results(path: Path) -> list[dict[str, str]]:
    """Rows as `results_csv` wrote them.

    Raises
    ------
    InputError
        Where the file cannot be read or is no such table.
    """
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            reader = csv.DictReader(handle)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path} cannot be read ({error}); give a folder that `smearcount evaluate --pictures` wrote"
        ) from error
    if tuple(reader.fieldnames or ()) != RESULT_COLUMNS or not rows:
        raise InputError(
            f"{path} is no table of results; write it anew with `smearcount evaluate --pictures`"
        )
    return rows


def _row(own: Decisions, counts: SlideCounts | None) -> dict[str, str]:
    called = classification(own.infected, own.p_infected, own.called)
    wrong = called.false_positives_per_10000
    annotated = estimated = None
    if counts is not None:
        annotated = rate(counts.annotated_infected, counts.annotated, per=100).value
        estimated = rate(counts.called, counts.counted, per=100).value
    values: dict[str, object] = {
        "infected": own.labelled_infected,
        "infected_found": called.sensitivity.hits,
        "uninfected": wrong.of,
        "false_positives": wrong.hits,
        "false_positives_per_10000": _text(wrong.value, 1),
        "low": _text(wrong.low, 1),
        "high": _text(wrong.high, 1),
        "auc": _text(called.auc, 4),
        "calibration_error": _text(called.calibration_error, 4),
        "annotated_percent": _text(annotated, 3),
        "estimated_percent": _text(estimated, 3),
    }
    return {name: str(value) for name, value in values.items()}


def _text(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"

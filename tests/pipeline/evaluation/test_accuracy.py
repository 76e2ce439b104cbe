"""Pooling scored cells into measures, on tables worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from pipeline.evaluation.accuracy import summarise

Row = tuple[str, str, str, float]


def scored(*rows: Row, kind: str = "red_cell") -> pd.DataFrame:
    """Rows of field, outcome, label, p_infected."""
    table = pd.DataFrame(rows, columns=["field", "outcome", "label", "p_infected"])
    cause = np.where(table["outcome"] == "missed", "shared", "")
    return table.assign(kind=kind, called=table["p_infected"] >= 0.5, cause=cause)


def fields(**complete: bool) -> pd.DataFrame:
    return pd.DataFrame({"field": list(complete), "complete": list(complete.values())})


TWO_FIELDS = scored(
    ("a", "matched", "ring", 0.9),
    ("a", "matched", "trophozoite", 0.2),
    ("a", "missed", "gametocyte", np.nan),
    ("a", "matched", "uninfected", 0.7),
    ("a", "matched", "uninfected", 0.1),
    ("a", "matched", "difficult", 0.8),
    ("a", "missed", "difficult", np.nan),
    ("a", "extra", "", 0.6),
    ("a", "left_out_label", "ring", np.nan),
    ("a", "left_out_found", "", 0.99),
    ("b", "matched", "uninfected", 0.1),
    ("b", "matched", "uninfected", 0.2),
    ("b", "matched", "uninfected", 0.6),
    ("b", "extra", "", 0.3),
)


def test_detection_leaves_out_difficult_cells_and_the_border() -> None:
    found = summarise(fields(a=True, b=True), TWO_FIELDS)
    assert (found.detection.matched, found.detection.missed, found.detection.extra) == (7, 1, 2)
    assert (found.left_out_labelled, found.left_out_found) == (1, 1)
    assert {cause: number for cause, number in found.missed_because.items() if number} == {"shared": 1}


def test_difficult_cells_are_red_cells_in_the_number_a_field() -> None:
    found = summarise(fields(a=True, b=True), TWO_FIELDS)
    # a: 6 found of 7 labelled; b: 4 found of 3.
    assert found.count_error is not None and found.count_error.mean == 0.0
    assert found.count_error.mean_absolute_percent == pytest.approx(100 * (1 / 7 + 1 / 3) / 2)


def test_an_infected_cell_that_was_not_detected_is_missed_end_to_end_only() -> None:
    found = summarise(fields(a=True, b=True), TWO_FIELDS)
    assert (found.infected_cells_found.hits, found.infected_cells_found.of) == (1, 3)
    sensitivity = found.classification.sensitivity
    assert (sensitivity.hits, sensitivity.of) == (1, 2)


def test_false_positives_are_told_by_where_they_lie() -> None:
    found = summarise(fields(a=True, b=True), TWO_FIELDS)
    matched = found.classification.false_positives_per_10000
    assert (matched.hits, matched.of, matched.value) == (2, 5, 4000.0)
    assert found.infected_without_label == 1
    clean = found.called_on_uninfected_fields_per_10000
    assert (clean.hits, clean.of) == (1, 4)  # field b alone


def test_fields_that_are_not_fully_labelled_measure_recall_alone() -> None:
    found = summarise(fields(a=False, b=False), TWO_FIELDS)
    assert found.detection.recall == pytest.approx(7 / 8)
    assert found.detection.precision is None and found.detection.extra is None
    assert found.count_error is None and found.infected_without_label is None
    assert found.called_on_uninfected_fields_per_10000.of == 0
    assert found.classification.cells == 7


def test_one_field_that_is_not_fully_labelled_takes_the_precision_and_keeps_the_counts() -> None:
    found = summarise(fields(a=True, b=False), TWO_FIELDS)
    assert found.detection.precision is None
    assert found.count_error is not None
    assert found.count_error.fields == 1 and found.count_error.mean == -1.0


def test_a_field_without_any_cell_still_counts_as_a_field() -> None:
    found = summarise(fields(a=True, b=True, empty=True), TWO_FIELDS)
    assert found.fields == 3 and found.count_error is not None and found.count_error.fields == 3


def test_undecided_cells_are_not_in_the_classification() -> None:
    rows = scored(("a", "matched", "ring", np.nan), ("a", "matched", "uninfected", 0.1))
    found = summarise(fields(a=True), rows)
    assert found.classification.cells == 1 and found.classification.sensitivity.of == 0
    assert (found.infected_cells_found.hits, found.infected_cells_found.of) == (0, 1)


def test_white_cells_and_platelets_have_a_recall_of_their_own() -> None:
    white = scored(
        ("a", "matched", "white_blood_cell", np.nan),
        ("a", "missed", "white_blood_cell", np.nan),
        ("a", "counted_as_red_cell", "white_blood_cell", np.nan),
        kind="white_cell",
    )
    found = summarise(fields(a=False), white)
    assert found.white_cells.found.value == 0.5 and found.white_cells.counted_as_red_cells == 1
    assert found.platelets.found.value is None
    assert found.detection.recall is None


def test_the_order_of_rows_does_not_matter() -> None:
    mixed = TWO_FIELDS.sample(frac=1.0, random_state=5)
    assert summarise(fields(a=True, b=True), mixed) == summarise(fields(b=True, a=True), TWO_FIELDS)

"""Decisions and errors taken from scored fields and from classified crops."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.evaluation.accuracy import summarise
from pipeline.evaluation.decisions import (
    crop_decisions,
    crop_errors,
    field_decisions,
    field_errors,
    field_stages,
)
from pipeline.evaluation.labelled import FieldSet
from pipeline.evaluation.matching.scoring import SCORE_COLUMNS

FIELDS = pd.DataFrame(
    {"field": ["a", "b", "c"], "slide": ["s1", "s1", "s2"], "image": "", "complete": [True, False, True]}
)
FIELD_SET = FieldSet(name="set", folder=Path(), fields=FIELDS, cells=pd.DataFrame({"field": [], "label": []}))
ROWS = (
    ("a", "red_cell", "matched", "ring", 0.9, "ring"),
    ("a", "red_cell", "matched", "ring", 0.2, ""),
    ("a", "red_cell", "matched", "uninfected", 0.8, "unknown"),
    ("a", "red_cell", "matched", "uninfected", 0.1, ""),
    ("a", "red_cell", "missed", "schizont", np.nan, ""),
    ("a", "red_cell", "extra", "", 0.7, "ring"),
    ("a", "red_cell", "extra", "", 0.3, ""),
    ("a", "red_cell", "left_out_label", "ring", np.nan, ""),
    ("b", "red_cell", "matched", "difficult", 0.9, "ring"),
    ("b", "red_cell", "extra", "", 0.9, "ring"),
    ("b", "red_cell", "matched", "trophozoite", 0.6, "unknown"),
    ("c", "red_cell", "missed", "uninfected", np.nan, ""),
    ("c", "red_cell", "matched", "parasitized", np.nan, ""),
    ("c", "white_cell", "counted_as_red_cell", "white_blood_cell", np.nan, ""),
)


def scored() -> pd.DataFrame:
    table = pd.DataFrame(ROWS, columns=["field", "kind", "outcome", "label", "p_infected", "stage"])
    return table.assign(called=table["p_infected"] >= 0.5).reindex(columns=["field", *SCORE_COLUMNS])


def test_the_decisions_are_those_that_the_measures_are_taken_from() -> None:
    decisions, measured = field_decisions(FIELD_SET, scored()), summarise(FIELDS, scored())
    sensitivity = measured.classification.sensitivity
    assert (int(decisions.infected.sum()), len(decisions.infected)) == (3, 5)
    assert int((decisions.infected & decisions.called).sum()) == sensitivity.hits == 2
    assert decisions.labelled_infected == measured.infected_cells_found.of == 5
    assert (~decisions.infected & decisions.called).sum() == 1
    assert sorted(decisions.unseen_group.tolist()) == ["s1", "s2", "s2"]
    assert decisions.groups == ("s1", "s2")


def test_the_decisions_of_the_slides_together_are_all_decisions() -> None:
    decisions = field_decisions(FIELD_SET, scored())
    parts = [decisions.of(name) for name in decisions.groups]
    assert sum(len(part.infected) for part in parts) == len(decisions.infected)
    assert sum(part.labelled_infected for part in parts) == decisions.labelled_infected
    assert len(decisions.of("s2").infected) == 0 and decisions.of("s2").labelled_infected == 1


def test_errors_are_wrong_calls_and_every_infected_cell_not_called() -> None:
    errors = field_errors(FIELD_SET, scored())
    found = list(zip(errors["error"], errors["field"], errors["label"], strict=True))
    # The unlabelled cell called in field b is no error: not every cell of that field is labelled.
    assert found == [
        ("missed", "a", "ring"),
        ("false positive", "a", "uninfected"),
        ("missed", "a", "schizont"),
        ("false positive", "a", ""),
        ("missed", "c", "parasitized"),
    ]


def test_stages_are_held_against_their_labels_where_any_is_told() -> None:
    truth, told = field_stages(FIELD_SET, scored())
    assert list(zip(truth, told, strict=True)) == [
        ("ring", "ring"),
        ("ring", "not called"),
        ("schizont", "not detected"),
        ("trophozoite", "unknown"),
    ]
    assert field_stages(FIELD_SET, scored().assign(stage="unknown")) == ([], [])


def test_crops_are_decided_at_the_threshold() -> None:
    crops = pd.DataFrame(
        {
            "crop": ["a.png", "b.png", "c.png", "d.png"],
            "patient": ["p1", "p1", "p2", "p2"],
            "label": ["parasitized", "uninfected", "parasitized", "uninfected"],
            "p_infected": [0.5, 0.7, 0.49, 0.2],
        }
    )
    assert crop_decisions(crops, 0.5).called.tolist() == [True, True, False, False]
    errors = crop_errors(crops, 0.5)
    assert errors[["field", "error", "group"]].to_numpy().tolist() == [
        ["b.png", "false positive", "p1"],
        ["c.png", "missed", "p2"],
    ]

"""Verdicts are counted by what the labels say of a picture and of its slide."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline.evaluation.labelled import FieldSet
from pipeline.evaluation.stated import verdict_counts, verdict_lines

VERDICTS = {
    "a1": "parasites seen", "a2": "uncertain", "a3": "none distinguishable",
    "b1": "parasites seen", "b2": "none distinguishable", "b3": "not countable", "b4": None,
}  # fmt: skip
INFECTED = {"a1": 6, "a2": 3, "a3": 1}


@pytest.fixture
def field_set(tmp_path: Path) -> FieldSet:
    """A patient `a` and a healthy person `b`."""
    fields = pd.DataFrame({"field": list(VERDICTS), "slide": [name[0] for name in VERDICTS]})
    rows = [(name, "ring") for name, number in INFECTED.items() for _ in range(number)]
    cells = pd.DataFrame([*rows, ("a3", "uninfected"), ("b1", "difficult")], columns=["field", "label"])
    return FieldSet(name="set", folder=tmp_path, fields=fields, cells=cells)


def test_each_picture_stands_with_its_like(field_set: FieldSet) -> None:
    tallies = pd.DataFrame({"verdict": VERDICTS})
    healthy, three, five = verdict_counts(field_set, tallies)
    assert (healthy.number, healthy.seen, healthy.uncertain, healthy.none, healthy.refused) == (
        3, 1, 0, 1, 1,
    )  # fmt: skip
    assert (three.number, three.seen, three.uncertain, three.none) == (2, 1, 1, 0)
    assert (five.number, five.seen, five.uncertain) == (1, 1, 0)


def test_the_table_names_every_verdict_and_leaves_empty_groups_out(field_set: FieldSet) -> None:
    healthy_only = pd.DataFrame({"verdict": {name: VERDICTS[name] for name in VERDICTS if name[0] == "b"}})
    text = "\n".join(verdict_lines(verdict_counts(field_set, healthy_only)))
    assert "uncertain" in text
    assert "of healthy people" in text
    assert "at least" not in text

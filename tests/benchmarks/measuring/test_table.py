"""Tests of benchmarks.measuring.table and of the lines it shows."""

import pytest

from benchmarks.measuring.records import Measure
from benchmarks.measuring.table import shares_text, table_text


@pytest.mark.parametrize(
    ("value", "at_least", "verdict"),
    [(3.0, False, "reached"), (3.1, False, "missed"), (3.0, True, "reached"), (2.9, True, "missed")],
)
def test_a_goal_is_reached_at_its_bound_and_missed_beyond(value: float, at_least: bool, verdict: str) -> None:
    assert Measure(name="a", value=value, unit="s", goal=3.0, at_least=at_least).verdict == verdict


def test_what_was_not_measured_or_has_no_goal_is_neither_reached_nor_missed() -> None:
    assert Measure(name="a", value=None, unit="s", goal=3.0).verdict == ""
    assert Measure(name="a", value=1.0, unit="s").verdict == ""


def test_a_line_holds_value_unit_goal_verdict_and_note() -> None:
    lines = table_text(
        [
            Measure(name="cells", value=2999.0, unit="per s", goal=3000.0, at_least=True, note="one slide"),
            Measure(name="memory", value=None, unit="MB", goal=1200.0),
        ]
    ).splitlines()
    assert lines[1].split() == [
        "cells",
        "2999.00",
        "per",
        "s",
        "at",
        "least",
        "3000",
        "missed",
        "one",
        "slide",
    ]
    assert lines[2].split() == ["memory", "-", "MB", "at", "most", "1200"]


def test_columns_stay_in_line_below_a_long_name() -> None:
    name = "a name that is much longer than the column of names is wide"
    short, long = (
        line.index("7.00")
        for line in table_text(
            [Measure(name="a", value=7.0, unit="s"), Measure(name=name, value=7.0, unit="s")]
        ).splitlines()[1:]
    )
    assert short == long


def test_shares_add_up_to_the_whole() -> None:
    lines = shares_text({"one": 1.0, "three": 3.0}).splitlines()
    assert [line.split()[-1] for line in lines[:2]] == ["25%", "75%"]
    assert lines[2].split() == ["together", "4.00", "s"]

"""Counts add up over the parts of a table, whatever they are; one that contradicts itself is refused."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.counting.tally import FieldTally, Tally

FIELDS = ("a", "b")
EXCLUDED = ("at_border", "overlaps", "white_cell")
ROW = st.tuples(
    st.sampled_from(FIELDS),
    st.none() | st.sampled_from(EXCLUDED),
    st.booleans(),
    st.floats(0, 1000, allow_nan=False),
    st.floats(0, 1000, allow_nan=False),
)


def _table(rows: list[tuple[str, str | None, bool, float, float]]) -> pd.DataFrame:
    """Cells: field, why it is not counted (None: counted), whether it is infected, and its place."""
    return pd.DataFrame(
        {
            "field": [row[0] for row in rows],
            "kind": ["white_cell" if row[1] == "white_cell" else "red_cell" for row in rows],
            "counted": [row[1] is None for row in rows],
            "excluded_because": [row[1] or "" for row in rows],
            "infected": [row[2] for row in rows],
            "stage": ["ring" if row[2] else "" for row in rows],
            "p_infected": [0.9 if row[2] else 0.1 for row in rows],
            "x": [row[3] for row in rows],
            "y": [row[4] for row in rows],
        }
    )


def _facts(tally: Tally) -> object:
    return (
        tally.whole,
        tally.fields,
        {place: (int(a), int(b)) for place, (a, b) in tally.squares.items()},
        tally.kinds,
        tally.stages,
        tally.logits.bins.tolist(),
    )


def _tallied(parts: list[pd.DataFrame]) -> Tally:
    tally = Tally(square_px={"a": 250.0})
    for part in parts:
        tally.add(part)
    return tally


def test_the_numbers_of_a_known_table() -> None:
    rows = [
        ("a", None, True, 10.0, 10.0),
        ("a", None, False, 260.0, 10.0),
        ("a", "at_border", True, 0.0, 0.0),
        ("b", None, False, 900.0, 900.0),
        ("b", "white_cell", False, 5.0, 5.0),
    ]
    tally = _tallied([_table(rows)])
    assert tally.whole == FieldTally(
        detected=5, counted=3, infected=1, excluded=Counter(at_border=1, white_cell=1)
    )
    assert tally.fields["a"] == FieldTally(detected=3, counted=2, infected=1, excluded=Counter(at_border=1))
    assert tally.squares == {("a", 0, 0): (1, 1), ("a", 1, 0): (0, 1), ("b", 0, 0): (0, 1)}
    assert tally.kinds == {"red_cell": 4, "white_cell": 1}
    assert tally.stages == {"ring": 1}
    assert tally.logits.cells == 3


@settings(max_examples=25)
@given(rows=st.lists(ROW, max_size=30), cut=st.integers(0, 30), seed=st.integers(0, 5))
def test_neither_the_parts_nor_their_order_change_the_numbers(
    rows: list[tuple[str, str | None, bool, float, float]], cut: int, seed: int
) -> None:
    whole = _table(rows)
    parts = [part for part in (whole[:cut], whole[cut:]) if len(part)]
    shuffled = whole.sample(frac=1, random_state=np.random.RandomState(seed))
    once = _facts(_tallied([whole] if rows else []))
    assert _facts(_tallied(parts)) == once
    assert _facts(_tallied(parts[::-1])) == once
    assert _facts(_tallied([shuffled] if rows else [])) == once


@settings(max_examples=25)
@given(rows=st.lists(ROW, min_size=1, max_size=30))
def test_every_object_is_counted_or_excluded_for_one_reason(
    rows: list[tuple[str, str | None, bool, float, float]],
) -> None:
    tally = _tallied([_table(rows)])
    for one in (tally.whole, *tally.fields.values()):
        assert one.detected == one.counted + one.excluded.total()
        assert one.infected <= one.counted
    assert tally.whole.detected == len(rows) == sum(one.detected for one in tally.fields.values())
    assert sum(cells for _, cells in tally.squares.values()) == tally.whole.counted
    assert sum(infected for infected, _ in tally.squares.values()) == tally.whole.infected


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("excluded_because", "at_border", "neither counted nor excluded"),
        ("counted", False, "neither counted nor excluded"),
        ("kind", "platelet", "no red cells"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused_and_adds_nothing(
    column: str, value: object, told: str
) -> None:
    cells = _table([("a", None, False, 1.0, 1.0)])
    cells[column] = value
    tally = Tally()
    with pytest.raises(ValueError, match=told):
        tally.add(cells)
    assert _facts(tally) == _facts(Tally())

"""Tables for a person are laid out in columns, whatever letters stand in them."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pipeline.evaluation.text import text_rows, text_table

CELL = st.text(st.characters(whitelist_categories=("L", "N", "P", "S"), max_codepoint=0x2FFF), max_size=12)


def test_the_first_column_stands_left_and_the_others_right() -> None:
    text = text_table(("slide", "cells", "F1"), [("a", "1,280", "0.9"), ("a long name", "7", "0.988")])
    assert text.splitlines() == [
        "slide        cells     F1",
        "a            1,280    0.9",
        "a long name      7  0.988",
    ]


def test_names_and_values_stand_beside_one_another() -> None:
    assert text_rows([("accuracy", "98%"), ("AUC", "0.99")]) == ["accuracy  98%", "AUC       0.99"]


@given(rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=6))
def test_no_cell_is_cut_or_taken_for_markup(rows: list[tuple[str, str, str]]) -> None:
    marked = [(f"[red]{a}", b, f"{c}|") for a, b, c in rows]
    lines = text_table(("one", "two", "three"), marked).splitlines()
    assert len(lines) == len(rows) + 1
    assert len({cell_len(line) for line in lines}) == 1
    for line, (first, second, third) in zip(lines[1:], marked, strict=True):
        assert line.startswith(first)
        assert line.endswith(third)
        assert second in line

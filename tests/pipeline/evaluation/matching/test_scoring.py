"""Holding the cells found in a field against its labels."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.evaluation.matching.cells import Frame
from pipeline.evaluation.matching.scoring import score_field
from pipeline.records import CELL_COLUMNS

FRAME = Frame(width=200, height=200)


def labelled(*rows: tuple[str, float, float], boxed: bool = True) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["label", "x", "y"])
    half = 10.0 if boxed else np.nan
    for side, axis, sign in (("xmin", "x", -1), ("ymin", "y", -1), ("xmax", "x", 1), ("ymax", "y", 1)):
        table[side] = table[axis] + sign * half
    return table


def found(*rows: tuple[str, float, float, float | None], at_border: tuple[int, ...] = ()) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["kind", "x", "y", "p_infected"]).reindex(columns=list(CELL_COLUMNS))
    for side, axis, sign in (("x_min", "x", -1), ("y_min", "y", -1), ("x_max", "x", 1), ("y_max", "y", 1)):
        table[side] = table[axis] + sign * 10.0
    table["at_border"] = [row in at_border for row in range(len(table))]
    table["infected"] = [None if p is None else p >= 0.5 for *_, p in rows]
    return table


def outcomes(scored: pd.DataFrame, kind: str = "red_cell") -> list[tuple[str, str, bool]]:
    rows = scored[scored["kind"] == kind]
    return sorted(zip(rows["outcome"], rows["label"], rows["called"], strict=True))


def test_each_red_cell_has_its_outcome_label_and_call() -> None:
    truth = labelled(("ring", 50, 50), ("uninfected", 100, 50), ("schizont", 50, 100), ("uninfected", 5, 150))
    cells = found(
        ("red_cell", 51, 51, 0.9),
        ("red_cell", 99, 50, 0.6),
        ("red_cell", 150, 150, 0.1),
        ("red_cell", 8, 150, 0),
    )
    assert outcomes(score_field(truth, cells, FRAME)) == [
        ("extra", "", False),
        ("left_out_found", "", False),
        ("left_out_label", "uninfected", False),
        ("matched", "ring", True),
        ("matched", "uninfected", True),
        ("missed", "schizont", False),
    ]


def test_what_the_count_calls_cut_is_left_out_with_its_label() -> None:
    cells = found(("red_cell", 50, 50, 0.9), ("red_cell", 100, 50, 0.9), at_border=(0,))
    scored = score_field(labelled(("ring", 50, 50), ("ring", 100, 50)), cells, FRAME)
    assert [outcome for outcome, *_ in outcomes(scored)] == ["left_out_found", "left_out_label", "matched"]


def test_only_red_cells_match_red_cells() -> None:
    cells = found(("white_cell", 50, 50, None), ("artefact", 50, 50, None))
    assert outcomes(score_field(labelled(("ring", 50, 50)), cells, FRAME)) == [("missed", "ring", False)]


def test_a_white_cell_counted_as_a_red_cell_is_told() -> None:
    truth = labelled(("white_blood_cell", 50, 50), ("platelet", 100, 100), ("white_blood_cell", 150, 50))
    cells = found(("red_cell", 52, 50, 0.9), ("platelet", 100, 100, None), ("white_cell", 150, 50, None))
    scored = score_field(truth, cells, FRAME)
    white = [outcome for outcome, *_ in outcomes(scored, "white_cell")]
    assert white == ["counted_as_red_cell", "matched", "missed"]
    assert [outcome for outcome, *_ in outcomes(scored, "platelet")] == ["matched"]
    assert outcomes(scored) == [("extra", "", True)]


def test_the_half_diameter_of_point_labels_comes_from_the_found_cells() -> None:
    truth = labelled(("uninfected", 50, 50), ("uninfected", 100, 100), boxed=False)
    scored = score_field(truth, found(("red_cell", 59.9, 50, 0), ("red_cell", 110.1, 100, 0)), FRAME)
    assert [outcome for outcome, *_ in outcomes(scored)] == ["extra", "matched", "missed"]


def test_a_red_cell_without_a_decision_has_no_probability_and_is_not_called() -> None:
    scored = score_field(labelled(("ring", 50, 50)), found(("red_cell", 50, 50, None)), FRAME)
    assert outcomes(scored) == [("matched", "ring", False)]
    assert scored["p_infected"].isna().all()


def test_nothing_labelled_and_nothing_found_gives_no_row() -> None:
    assert score_field(labelled(), found(), FRAME).empty


CELLS = st.lists(
    st.tuples(st.sampled_from(["uninfected", "ring", "difficult"]), st.floats(0, 200), st.floats(0, 200)),
    max_size=12,
)


@settings(deadline=None)
@given(cells=CELLS, boxed=st.booleans())
def test_labels_held_against_themselves_are_all_matched_or_at_the_border(
    cells: list[tuple[str, float, float]], boxed: bool
) -> None:
    copies = found(*[("red_cell", x, y, float(label == "ring")) for label, x, y in cells])
    scored = score_field(labelled(*cells, boxed=boxed), copies, FRAME)
    assert set(scored["outcome"]) <= {"matched", "left_out_label", "left_out_found"}
    assert (scored["outcome"] == "left_out_label").sum() == (scored["outcome"] == "left_out_found").sum()

"""Which errors a gallery holds, and what stands under its pictures."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.plots.cell_views import CellView
from pipeline.evaluation.plots.gallery import FALSE_POSITIVE, MISSED, draw_sheet, worst_errors
from pipeline.evaluation.plots.style import Subject

SUBJECT = Subject(source="set", cells="2 fields of 1 slide", group="slide", networks="net", threshold=0.5)


def errors(false_positives: list[float], missed: list[float]) -> pd.DataFrame:
    rows = [(FALSE_POSITIVE, p) for p in false_positives] + [(MISSED, p) for p in missed]
    table = pd.DataFrame(rows, columns=["error", "p_infected"])
    return table.assign(field=[f"f{n}" for n in range(len(rows))], x=1.0, y=2.0, label="ring", group="s")


CHANCES = st.lists(st.floats(0, 1), max_size=80)


@given(false_positives=CHANCES, missed=CHANCES)
def test_a_sheet_holds_the_worst_of_its_kind_in_order(
    false_positives: list[float], missed: list[float]
) -> None:
    table = errors(false_positives, missed)
    wrong, lost = worst_errors(table, FALSE_POSITIVE), worst_errors(table, MISSED)
    assert wrong["p_infected"].tolist() == sorted(false_positives, reverse=True)[: len(wrong)]
    assert lost["p_infected"].tolist() == sorted(missed)[: len(lost)]
    assert len(wrong) + len(lost) == min(50, len(table))
    assert len(wrong) >= min(25, len(false_positives)) and len(lost) >= min(25, len(missed))


def test_a_cell_that_was_not_detected_is_the_worst_missed_one() -> None:
    found = worst_errors(errors([], [0.001, np.nan, 0.0]), MISSED)
    assert found["field"].tolist() == ["f1", "f2", "f0"]


def test_the_facts_stand_under_each_cell_and_its_box_round_it() -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib; install smearcount[train]")
    from matplotlib.patches import Rectangle

    cells = worst_errors(errors([0.75, 0.625], []), FALSE_POSITIVE)
    black = np.zeros((100, 100, 3), np.uint8)
    views = [
        CellView(seen=np.zeros((8, 8, 3), np.uint8), photo=black, box=(25.0, 20.0, 75.0, 80.0)),
        CellView(seen=None, photo=black, box=None),
    ]
    figure = draw_sheet(cells, views, FALSE_POSITIVE, 7, SUBJECT)
    assert "2 of 7 uninfected cells called infected" in figure.get_suptitle()
    first, second = figure.axes[:2]
    assert first.get_title() == "p 0.750, ring, slide s\nf0\nx 1, y 2"
    assert second.get_title() == "p 0.625, ring\nf1\nslide s"
    boxes = [patch for patch in first.patches if isinstance(patch, Rectangle)]
    assert boxes[-1].get_bbox().bounds == pytest.approx((1.04 + 0.25, 0.2, 0.5, 0.6))
    assert [text.get_text() for text in second.texts] == ["not\ndetected"]

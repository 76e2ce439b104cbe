"""The count of a slide reconciles, pools its fields and claims no more than was seen."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.counting.summary import summarise
from pipeline.planning.protocols import PROTOCOLS
from pipeline.records import FailedTile
from pipeline.wording import count_line, percent_text
from tests.pipeline.counting.made_up_counts import make_cells, make_facts

KINDS = ("infected", "uninfected", "at_border", "white_cell", "platelet", "artefact")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(KINDS), max_size=40))
def test_detected_is_counted_plus_every_reason_for_exclusion(kinds: list[str]) -> None:
    summary = summarise((make_cells(*kinds),), make_facts())
    assert summary.detected == len(kinds) == summary.counted + sum(summary.excluded.values())
    assert summary.counted == kinds.count("infected") + kinds.count("uninfected")
    assert summary.infected == kinds.count("infected")
    assert summary.white_cells == kinds.count("white_cell")
    assert summary.platelets == kinds.count("platelet")


@settings(max_examples=15, deadline=None)
@given(st.permutations(KINDS * 3))
def test_the_order_of_the_cells_does_not_matter(kinds: list[str]) -> None:
    shuffled, ordered = make_cells(*kinds), make_cells(*KINDS * 3)
    assert summarise((shuffled,), make_facts()) == summarise((ordered,), make_facts())


def test_parasitaemia_is_pooled_over_the_fields_and_no_mean_of_their_fractions() -> None:
    full = make_cells("infected", *["uninfected"] * 9, field="full")
    sparse = make_cells("infected", field="sparse")
    summary = summarise((full, sparse), make_facts(fields=("full", "sparse", "empty")))
    assert summary.parasitaemia == pytest.approx(2 / 11)
    assert [(field.name, field.counted, field.infected) for field in summary.fields] == [
        ("full", 10, 1), ("sparse", 1, 1), ("empty", 0, 0),
    ]  # fmt: skip


def test_an_infected_cell_at_the_border_is_not_counted() -> None:
    cells = make_cells("uninfected", "at_border")
    cells.loc[1, "infected"] = True
    summary = summarise((cells,), make_facts())
    assert (summary.counted, summary.infected, summary.excluded) == (1, 0, {"at_border": 1})


def test_a_cell_neither_counted_nor_excluded_is_an_error() -> None:
    cells = make_cells("uninfected", "uninfected")
    cells.loc[1, "counted"] = False
    with pytest.raises(ValueError, match="1 of 2 objects are neither counted nor excluded"):
        summarise((cells,), make_facts())


def test_a_cell_both_counted_and_excluded_is_an_error() -> None:
    cells = make_cells("uninfected")
    cells["excluded_because"] = "at_border"
    with pytest.raises(ValueError, match="neither counted nor excluded for one reason"):
        summarise((cells,), make_facts())


def test_a_white_cell_in_the_denominator_is_an_error() -> None:
    cells = make_cells("uninfected", "uninfected")
    cells.loc[0, "kind"] = "white_cell"
    with pytest.raises(ValueError, match="1 counted objects are no red cells"):
        summarise((cells,), make_facts())


def test_a_cell_of_a_field_that_was_not_read_is_an_error() -> None:
    with pytest.raises(ValueError, match="not read: elsewhere"):
        summarise((make_cells("uninfected", field="elsewhere"),), make_facts())


def test_a_slide_without_a_counted_cell_has_no_fraction() -> None:
    summary = summarise((make_cells("platelet"),), make_facts())
    assert (summary.parasitaemia, summary.low, summary.high, summary.limit_of_detection) == (None,) * 4
    assert summary.verdict == "not countable"


def staged(*stages: str) -> pd.DataFrame:
    """Infected cells of those stages, and as many uninfected ones."""
    cells = make_cells(*(["infected", "uninfected"] * len(stages)))
    cells.loc[cells["infected"].astype(bool), "stage"] = list(stages)
    return cells


def test_gametocytes_stand_beside_the_asexual_parasitaemia_not_in_it() -> None:
    cells = staged("ring", "gametocyte", "ring", "unknown")
    summary = summarise((cells,), make_facts(tells_stages=True))
    assert summary.stages == {"gametocyte": 1, "ring": 2, "unknown": 1}
    assert summary.parasitaemia == 4 / 8
    assert summary.asexual_parasitaemia == 3 / 8
    assert summary.asexual_low is not None and summary.asexual_high is not None
    assert summary.asexual_low < 3 / 8 < summary.asexual_high


def test_without_stages_nothing_is_said_of_the_asexual_ones() -> None:
    summary = summarise((staged("unknown", "unknown"),), make_facts())
    assert summary.asexual_parasitaemia is None
    assert summary.asexual_high is None


def test_a_failed_tile_makes_the_count_partial() -> None:
    tile = FailedTile(field="film", x=0, y=0, width=64, height=64, reason="damaged")
    assert summarise((make_cells("uninfected"),), make_facts(failed_tiles=(tile,))).status == "partial"
    assert summarise((make_cells("uninfected"),), make_facts()).status == "complete"


def test_calls_may_be_missing_where_there_is_no_red_cell() -> None:
    cells = make_cells("infected", "white_cell")
    cells["infected"] = [True, np.nan]
    assert summarise((cells,), make_facts()).infected == 1


def test_the_table_is_left_as_it_was() -> None:
    cells = make_cells(*KINDS)
    before = cells.copy(deep=True)
    summarise((cells,), make_facts())
    pd.testing.assert_frame_equal(cells, before)


def test_the_count_is_told_in_one_line() -> None:
    called = summarise([make_cells(*["infected"] * 12, *["uninfected"] * 833)], make_facts())
    assert count_line(called).startswith("12 infected of 845 red cells: 1.4% (")
    assert count_line(summarise([], make_facts())) == "no red cell counted"


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(None, "-"), (0.0, "0.0%"), (0.0142, "1.4%"), (0.0052, "0.52%"), (0.00093, "0.093%"), (1.0, "100.0%")],
)
def test_small_percentages_keep_their_digits(fraction: float | None, text: str) -> None:
    assert percent_text(fraction) == text


@pytest.mark.parametrize(
    ("infected", "left", "stops"), [(60, 9_000, True), (60, 0, False), (20, 9_000, False)]
)
def test_a_count_that_its_own_estimate_ended_says_so(infected: int, left: int, stops: bool) -> None:
    cells = make_cells(*["infected"] * infected, *["uninfected"] * (510 - infected))
    facts = make_facts(goal=PROTOCOLS["cdc"])
    read = replace(facts.fields[0], parts_px={"counted": 70_000, "not_reached": left})
    notes = summarise((cells,), replace(facts, fields=(read,))).notes
    assert any("Stopped before 2,000 red cells" in note for note in notes) == stops


@pytest.mark.parametrize(("parts", "one_photo"), [({"counted": 70_000}, True), ({"counted": 9e7}, False)])
def test_one_photo_speaks_for_itself_and_a_scan_for_the_film(parts: dict[str, int], one_photo: bool) -> None:
    facts = make_facts()
    read = replace(facts.fields[0], parts_px=parts)
    notes = summarise((make_cells("infected", "uninfected"),), replace(facts, fields=(read,))).notes
    assert any(note.startswith("One photo") for note in notes) == one_photo

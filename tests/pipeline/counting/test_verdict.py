"""A verdict claims no more than was seen, and no less than a person must look at."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.counting.intervals.design import Clustering
from pipeline.counting.intervals.limits import limit_of_blank
from pipeline.counting.intervals.melded import melded_interval
from pipeline.counting.intervals.slide_errors import Beta, SlideErrors
from pipeline.counting.summary import errors_of, summarise
from pipeline.counting.verdict import verdict_of
from pipeline.records import DebrisControl, Notice, SecondLook
from tests.pipeline.counting.made_up_counts import make_cells, make_facts

REFUSAL = Notice(code="not_a_smear", severity="refuse", value=0, limit=1, text="no smear")
WARNING = Notice(code="few_cells", severity="warn", value=5, limit=500, text="few")
ERRORS = SlideErrors.fixed(1.0, 0.002)
VARYING = SlideErrors(
    sensitivity=Beta(alpha=9.4, beta=3.6), false_calls=Beta(alpha=0.16, beta=121.5), source="made up"
)
LOOK = SecondLook(middle=-7.0, spread=0.5, least_p=0.05, cells=9, expected=2.0)


def test_parasites_are_claimed_only_beyond_the_false_positives() -> None:
    errors = SlideErrors.fixed(1.0, 0.002)
    assert verdict_of((2, 1000), errors, ()) == "none distinguishable"
    assert verdict_of((9, 1000), errors, ()) == "parasites seen"
    assert verdict_of((9, 1000), errors, (WARNING,)) == "parasites seen"
    assert verdict_of((9, 1000), errors, (WARNING, REFUSAL)) == "not countable"
    assert verdict_of((0, 0), errors, ()) == "not countable"


def test_none_is_not_claimed_where_half_of_the_photos_are_of_another_microscope() -> None:
    mixed = Notice(code="mixed_photos", severity="warn", value=2, limit=1, text="mixed")
    assert verdict_of((2, 1000), ERRORS, (mixed,)) == "not countable"
    assert verdict_of((9, 1000), ERRORS, (mixed,)) == "parasites seen"


def test_what_the_slides_own_dirt_explains_is_taken_off() -> None:
    debris = DebrisControl(
        specks=30,
        grains=28,
        ground_mm2=0.05,
        cells_mm2=0.04,
        laid=256,
        laid_called=200,
        expected_on_cells=24.0,
        expected_called=19.0,
        expected_called_grains=12.0,
        explained=15.0,
        uncertainty=3.0,
    )
    clean = errors_of(make_facts(), 1100)
    soiled = errors_of(make_facts(debris=debris), 1100)
    assert verdict_of((21, 1100), clean, ()) == "parasites seen"
    assert verdict_of((21, 1100), soiled, ()) == "none distinguishable"
    assert verdict_of((60, 1100), soiled, ()) == "parasites seen"


@pytest.mark.parametrize(
    ("lifted", "verdict"), [(0, "parasites seen"), (2, "parasites seen"), (24, "uncertain")]
)
def test_calls_that_strange_clean_cells_explain_claim_no_parasites(lifted: int, verdict: str) -> None:
    cells = make_cells(*(["infected"] + ["uninfected"] * 20) * 30)
    summary = summarise((cells,), make_facts(lifted=lifted))
    assert summary.verdict == verdict
    assert (summary.low is not None and summary.low > 0) == (verdict == "parasites seen")
    assert summary.second_look is not None
    assert summary.second_look.lifted == lifted


def test_calls_that_only_dirt_explains_are_never_plain_none() -> None:
    soiled = SlideErrors.fixed(1.0, 0.014)
    assert verdict_of((9, 1000), soiled, (), 1.0, None, ERRORS) == "uncertain"
    assert verdict_of((2, 1000), soiled, (), 1.0, None, ERRORS) == "none distinguishable"
    assert verdict_of((40, 1000), soiled, (), 1.0, None, ERRORS) == "parasites seen"
    assert verdict_of((9, 1000), soiled, (REFUSAL,), 1.0, None, ERRORS) == "not countable"


def test_cells_that_stand_out_make_a_slide_uncertain_and_never_plain_none() -> None:
    assert verdict_of((2, 1000), ERRORS, (), 1.0, LOOK) == "uncertain"
    assert verdict_of((2, 1000), ERRORS, (), 1.0, replace(LOOK, cells=3)) == "none distinguishable"
    assert verdict_of((9, 1000), ERRORS, (), 1.0, LOOK) == "parasites seen"
    assert verdict_of((2, 1000), ERRORS, (REFUSAL,), 1.0, LOOK) == "not countable"


def test_cells_that_dirt_explains_do_not_make_a_slide_uncertain() -> None:
    assert verdict_of((2, 1000), ERRORS, (), 1.0, replace(LOOK, expected=12.0)) == "none distinguishable"


def test_one_cell_alone_makes_no_slide_uncertain() -> None:
    lone = replace(LOOK, cells=1, expected=0.01)
    assert verdict_of((0, 40), ERRORS, (), 1.0, lone) == "none distinguishable"


@pytest.mark.parametrize("counted", [1, 3, 6, 17, 19])
def test_one_called_cell_of_very_few_claims_no_parasites_and_is_looked_at(counted: int) -> None:
    assert verdict_of((1, counted), VARYING, ()) == "uncertain"
    assert melded_interval(1, counted, VARYING)[0] == 0
    blank = limit_of_blank(counted, VARYING)
    assert blank is not None
    assert blank >= 1 / counted


def test_two_called_cells_of_very_few_and_one_of_more_are_seen() -> None:
    assert verdict_of((2, 6), VARYING, ()) == "parasites seen"
    assert verdict_of((1, 20), VARYING, ()) == "parasites seen"


@pytest.mark.parametrize("number", [0, 1, 3])
def test_the_verdict_of_a_count_follows_its_cells(number: int) -> None:
    cells = make_cells(*["uninfected"] * 200)
    cells["p_infected"] = 0.001
    cells.loc[: number - 1, "p_infected"] = 0.3
    summary = summarise((cells,), make_facts())
    assert summary.second_look is not None
    assert summary.second_look.cells == number
    assert summary.verdict == ("uncertain" if number == 3 else "none distinguishable")


@settings(deadline=None, max_examples=25)
@given(
    counted=st.integers(1, 3_000),
    share=st.floats(0, 0.05),
    effect=st.sampled_from([1.0, 2.5]),
    notices=st.sampled_from([(), (WARNING,), (REFUSAL,)]),
    look=st.sampled_from([None, LOOK]),
)
def test_parasites_are_seen_exactly_where_the_interval_lies_above_zero_and_nothing_refuses(
    counted: int, share: float, effect: float, notices: tuple[Notice, ...], look: SecondLook | None
) -> None:
    called = (round(share * counted), counted)
    low, _ = melded_interval(*called, VARYING, Clustering(effect=effect))
    verdict = verdict_of(called, VARYING, notices, effect, look)
    assert (verdict == "parasites seen") == (low > 0 and REFUSAL not in notices)


def test_a_picture_of_148_cells_with_two_called_says_one_thing() -> None:
    kinds = ["uninfected"] * 148
    kinds[30] = kinds[110] = "infected"
    cells = make_cells(*kinds)
    summary = summarise((cells,), make_facts(errors=VARYING))
    assert (summary.counted, summary.infected) == (148, 2)
    assert (summary.verdict == "parasites seen") == ((summary.low or 0) > 0)
    assert summary.verdict == "parasites seen"


@pytest.mark.parametrize("code", ["rings_not_visible", "channels_swapped"])
@pytest.mark.parametrize("number", [1, 2, 30])
def test_no_parasites_are_claimed_where_quality_control_doubts_what_is_seen(code, number) -> None:
    """Nuclei, yeast and thick films that passed the gate were `parasites seen` beside such a warning."""
    cells = make_cells(*["infected"] * number, *["uninfected"] * 20 * number)
    doubt = Notice(code=code, severity="warn", value=1.18, limit=1.21, text="blurred")
    assert summarise((cells,), make_facts()).verdict == "parasites seen"
    summary = summarise((cells,), make_facts(notices=(doubt,)))
    assert summary.verdict == "uncertain"
    assert summary.low == 0
    assert summary.infected == number

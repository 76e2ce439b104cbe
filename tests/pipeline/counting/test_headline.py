"""The headline counts asexual stages alone, and says beside it what must be read with it."""

from dataclasses import replace

import pytest

from pipeline.counting.headline import LEAN, MISSED, HeadlineFacts, headline_of, notes_of
from pipeline.counting.intervals.design import Clustering
from pipeline.counting.intervals.slide_errors import SlideErrors
from pipeline.planning.protocols import PROTOCOLS
from pipeline.records import Headline

ERRORS = SlideErrors.fixed(0.9, 0.002)
FACTS = HeadlineFacts(
    clusters=Clustering(upper_effect=1.2, groups=9), red_cells_per_ul=None, tells_stages=True
)


def made(infected: int, counted: int, stages: dict[str, int], facts: HeadlineFacts = FACTS) -> Headline:
    found = headline_of(infected, counted, stages, ERRORS, facts)
    assert found is not None
    return found


def test_gametocytes_stand_beside_the_asexual_parasitaemia() -> None:
    found = made(20, 1000, {"ring": 12, "gametocyte": 5, "unknown": 3})
    assert (found.kind, found.infected, found.gametocytes) == ("asexual", 15, 5)
    assert found.parasitaemia == pytest.approx(0.015)
    assert found.low < 0.015 < found.high
    assert found.corrected == pytest.approx((0.015 - 0.002) / (0.9 - 0.002))


def test_a_network_that_tells_no_stage_counts_all() -> None:
    facts = replace(FACTS, tells_stages=False)
    found = made(20, 1000, {}, facts)
    assert (found.kind, found.infected, found.gametocytes) == ("all stages", 20, None)


def test_parasites_per_ul_say_where_the_red_cells_come_from() -> None:
    assumed = made(20, 1000, {"ring": 20})
    assert assumed.parasites_per_ul == pytest.approx(100_000)
    assert assumed.red_cells_source == "assumed"
    facts = replace(FACTS, red_cells_per_ul=3.2e6)
    given = made(20, 1000, {"ring": 20}, facts)
    assert given.parasites_per_ul == pytest.approx(64_000)
    assert given.red_cells_source == "given"
    assert given.parasites_per_ul_high == pytest.approx(3.2e6 * given.high)


def test_nothing_counted_has_no_headline_and_still_the_line_that_every_count_has() -> None:
    assert headline_of(0, 0, {}, ERRORS, FACTS) is None
    assert notes_of(None, {}, "not countable", None) == (
        "Species not determined. A thin film cannot exclude malaria.",
    )


def test_marks_of_severity_are_notes_only_where_parasites_are_seen() -> None:
    dense, some = made(120, 1000, {"ring": 120}), made(30, 1000, {"ring": 30})
    assert any("10% or more" in note for note in notes_of(dense, {}, "parasites seen", None))
    assert any("2% or more" in note for note in notes_of(some, {}, "parasites seen", None))
    assert not any("or more" in note for note in notes_of(some, {}, "none distinguishable", None))


def test_what_limits_the_figures_is_said() -> None:
    none = made(0, 1000, {}, replace(FACTS, clusters=Clustering()))
    told = " ".join(notes_of(none, {}, "none distinguishable", PROTOCOLS["cdc"]))
    assert none.clipped
    assert "clipped at 0" in told
    assert "Too few fields or blocks" in told
    assert "Stopped before 2,000 red cells because 10% or more were called" in told
    assert "up to 8% of themselves too high" in told
    assert "at a true 8.0% it misses the truth on about 46 in 100" in told
    late = made(20, 1000, {"schizont": 6, "ring": 14})
    assert any("understates" in note for note in notes_of(late, {"schizont": 6}, "parasites seen", None))


def test_where_gametocytes_alone_are_beyond_false_calls_the_notes_say_so() -> None:
    stages = {"ring": 1, "gametocyte": 20}
    found = made(21, 1000, stages)
    assert found.low == 0 and found.infected == 1
    assert "by their gametocytes" in " ".join(notes_of(found, stages, "parasites seen", None))
    assert "by their gametocytes" not in " ".join(notes_of(found, stages, "not countable", None))


def test_how_little_a_few_photos_tell_of_the_film_is_said() -> None:
    found = made(20, 1000, {})
    told = {photos: " ".join(notes_of(found, {}, "parasites seen", None, photos)) for photos in range(5)}
    assert [photos for photos, notes in told.items() if "does not allow" in notes] == [1]
    assert [photos for photos, notes in told.items() if "tell little" in notes] == [2, 3]


def test_each_protocol_that_stops_by_its_own_estimate_says_how_often_its_interval_then_misses() -> None:
    assert set(MISSED) == {goal.name for goal in PROTOCOLS.values() if goal.cells_below}
    assert LEAN > 0


def test_a_count_that_is_refused_says_nothing_of_an_estimate_that_is_not_shown() -> None:
    none = made(0, 1000, {}, replace(FACTS, clusters=Clustering()))
    assert len(notes_of(none, {}, "not countable", PROTOCOLS["cdc"], 1)) == 1

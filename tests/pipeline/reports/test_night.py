"""What the slides of a results folder add up to, and in which order they are read."""

from dataclasses import replace

import pytest

from pipeline.reports.night import as_read, duration_text, kind_of, night_totals, reason_and_mend
from tests.pipeline.reports.made_up_rows import QUEUED, counted_row, mixed_rows


def test_every_slide_is_of_one_kind_and_they_add_up():
    rows = mixed_rows()
    totals = night_totals(rows)
    assert totals.kinds == dict.fromkeys(
        ("failed", "refused", "partial", "seen", "none", "running", "queued", "passed_over"), 1
    )
    assert totals.slides == len(rows) == sum(totals.kinds.values())
    assert totals.remaining == 2


def test_the_order_of_reading_keeps_what_is_of_one_kind_as_it_came():
    rows = [counted_row(name, 0, 1000) for name in "cab"]
    assert [row.slide for row in as_read(rows)] == ["c", "a", "b"]


def test_a_count_that_quality_control_refuses_is_not_countable_even_as_a_partial_one():
    assert kind_of(counted_row("a", 5, 100, state="partial", refusal="no smear")) == "refused"


def test_the_cost_of_a_cell_is_told_by_what_was_measured():
    rows = [counted_row("a", 0, 950, cpu_seconds=3.0), counted_row("b", 0, 950, cpu_seconds=None)]
    assert night_totals(rows).cpu_s_per_1000 == pytest.approx(3.0)
    assert night_totals([]).cpu_s_per_1000 is None


def test_the_time_left_goes_by_size_by_what_is_done_and_by_how_many_run_at_once():
    done = counted_row("a", 0, 1000, seconds=10.0, size_bytes=100)
    running = replace(QUEUED, state="running", size_bytes=300, done_tiles=1, all_tiles=3)
    waiting = replace(QUEUED, size_bytes=200)
    assert night_totals([done, running, waiting]).seconds_left == pytest.approx(40.0)
    assert night_totals([done, running, running, waiting, waiting]).seconds_left == pytest.approx(40.0)
    assert night_totals([done]).seconds_left is None
    assert night_totals([waiting]).seconds_left is None


NO_MEND = "Count it once more. If it fails again, set the slide aside and report this line."


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        (
            "a.jpg is no picture; expected a; hand in another",
            ("a.jpg is no picture; expected a", "Hand in another"),
        ),
        (
            "it broke",
            ("it broke", NO_MEND),
        ),
    ],
)
def test_the_last_part_of_an_error_says_what_to_do(error, parts):
    assert reason_and_mend(error) == parts


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (3599.7, "1 h 00 min"),
        (7620, "2 h 07 min"),
    ],
)
def test_a_time_is_told_as_a_person_reads_it(seconds, text):
    assert duration_text(seconds) == text

"""Counting protocols: how many red cells they ask for, and what is missing."""

import pytest

from pipeline.errors import SettingsError
from pipeline.planning.protocols import PROTOCOLS, goal_of


def test_the_protocols_ask_for_the_cells_that_are_published():
    assert {name: goal.cells for name, goal in PROTOCOLS.items()} == {
        "cdc": 500,
        "bsh": 1000,
        "research": 1000,
        "who": 5000,
        "nvp": 10_000,
    }


@pytest.mark.parametrize(
    ("infected", "counted", "missing"),
    [(0, 0, 500), (0, 499, 1), (50, 500, 0), (49, 500, 1500), (12, 1300, 700), (130, 1300, 0), (0, 2000, 0)],
)
def test_cdc_asks_for_more_cells_where_few_are_infected(infected, counted, missing):
    assert PROTOCOLS["cdc"].missing(infected, counted) == missing


def test_a_number_of_cells_is_a_goal_of_its_own():
    goal = goal_of(None, 70)
    assert goal is not None
    assert (goal.missing(0, 69), goal.missing(0, 71)) == (1, 0)


def test_without_a_protocol_every_cell_is_counted():
    assert goal_of(None, None) is None


def test_names_may_be_written_in_capitals():
    assert goal_of("WHO", None) is PROTOCOLS["who"]


@pytest.mark.parametrize(
    ("protocol", "max_cells", "told"),
    [
        ("abc", None, "expected one of cdc, bsh, research, who, nvp"),
        ("cdc", 5, "both"),
        (None, 0, "1 or more"),
    ],
)
def test_a_goal_that_makes_no_sense_is_refused(protocol, max_cells, told):
    with pytest.raises(SettingsError, match=told):
        goal_of(protocol, max_cells)


def test_every_protocol_names_its_source_and_a_link_to_it():
    for goal in PROTOCOLS.values():
        assert goal.source and goal.link.startswith("https://")


def test_a_number_of_fields_is_never_reached_by_cells():
    goal = goal_of(None, None, 3)
    assert goal is not None and goal.fields == 3
    assert goal.missing(500, 100_000) > 0
    with pytest.raises(SettingsError, match="0 fields were asked for, expected 1 or more"):
        goal_of(None, None, 0)


def test_a_protocol_stops_early_where_its_own_estimate_asks_for_fewer_cells_than_it_would_without() -> None:
    cdc = PROTOCOLS["cdc"]
    assert cdc.stops_early(50, 500) and cdc.stops_early(150, 1400)
    assert not cdc.stops_early(49, 500)  # goes on
    assert not cdc.stops_early(300, 2000)  # all that it may ask for
    assert not cdc.stops_early(50, 400)  # the slide held no more
    assert not PROTOCOLS["who"].stops_early(900, 5000)

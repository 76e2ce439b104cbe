"""The place where a rising function crosses zero is found, at the ends and where it is steep or flat."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.counting.intervals.crossing import crossing


@given(st.floats(0, 1), st.sampled_from([1, 3, 9]))
def test_the_place_is_found_to_a_billionth(place: float, power: int) -> None:
    assert crossing(lambda fraction: (fraction - place) ** power) == pytest.approx(place, abs=1e-9)


def test_a_step_is_found() -> None:
    assert crossing(lambda fraction: 1.0 if fraction >= 0.25 else -1.0) == pytest.approx(0.25, abs=1e-9)


def _halved(rising) -> float:
    low, high = 0.0, 1.0
    for _ in range(32):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) >= 0 else (middle, high)
    return (low + high) / 2


@given(st.floats(1e-6, 1 - 1e-6), st.floats(1, 1e6))
def test_it_is_the_place_that_halving_alone_gives_in_fewer_steps(place: float, steepness: float) -> None:
    asked = []

    def rising(fraction: float) -> float:
        asked.append(fraction)
        return math.tanh(steepness * (fraction - place))

    assert crossing(rising) == _halved(lambda fraction: math.tanh(steepness * (fraction - place)))
    assert len(asked) <= 60


def test_a_smooth_confidence_is_crossed_in_half_the_steps_of_halving() -> None:
    asked = []

    def rising(fraction: float) -> float:
        asked.append(fraction)
        return 1 - math.exp(-fraction / 0.03) - 0.975

    assert crossing(rising) == pytest.approx(-0.03 * math.log(0.025), abs=1e-9)
    assert len(asked) <= 16

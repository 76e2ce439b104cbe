"""The place where a rising function crosses zero is found, at the ends and where it is steep or flat."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.counting.intervals.crossing import crossing


@given(st.floats(0, 1), st.sampled_from([1, 3, 9]))
def test_the_place_is_found_to_a_billionth(place: float, power: int) -> None:
    assert crossing(lambda fraction: (fraction - place) ** power) == pytest.approx(place, abs=1e-9)


def test_a_step_is_found() -> None:
    assert crossing(lambda fraction: 1.0 if fraction >= 0.25 else -1.0) == pytest.approx(0.25, abs=1e-9)

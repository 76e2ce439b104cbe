"""A slide whose probabilities lie apart from the known ones is warned of."""

import pytest

from models.manifest import MiddleLogits
from pipeline.quality.shift import lift_of, shift_notice

KNOWN = MiddleLogits(low=-8.0, high=-6.0)


@pytest.mark.parametrize(("middle", "side"), [(-5.4, "higher"), (-8.6, "lower")])
def test_a_shifted_slide_is_warned_of(middle: float, side: str) -> None:
    (notice,) = shift_notice(middle, 300, KNOWN)
    assert (notice.code, notice.severity, notice.value) == ("probabilities_shifted", "warn", middle)
    assert side in notice.text


@pytest.mark.parametrize("middle", [-8.4, -7.0, -5.6])
def test_a_slide_like_the_known_ones_is_not(middle: float) -> None:
    assert shift_notice(middle, 300, KNOWN) == ()


def test_without_cells_or_known_slides_nothing_is_said() -> None:
    assert shift_notice(None, 0, KNOWN) == ()
    assert shift_notice(-1.0, 12, KNOWN) == ()
    assert shift_notice(-1.0, 300, None) == ()


@pytest.mark.parametrize(("middle", "lift"), [(-5.4, 0.1), (-2.0, 3.5), (-7.0, 0.0), (-9.5, 0.0)])
def test_only_a_higher_middle_lifts_cells_over_the_threshold(middle: float, lift: float) -> None:
    assert lift_of(shift_notice(middle, 300, KNOWN)) == pytest.approx(lift)

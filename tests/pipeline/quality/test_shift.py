"""A slide whose probabilities lie apart from the known ones is warned of."""

import pytest

from models.manifest import MiddleLogits
from pipeline.quality.shift import doubtful_notice, lift_of, shift_notice

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


def test_clean_cells_nearer_to_the_threshold_than_on_known_slides_are_warned_of() -> None:
    (notice,) = doubtful_notice(-4.0, -5.0, 71)
    assert (notice.code, notice.severity, notice.value, notice.limit) == (
        "clean_cells_doubtful",
        "warn",
        -4.0,
        -5.0,
    )
    assert "71 slides" in notice.text
    assert doubtful_notice(-5.1, -5.0, 71) == ()
    assert doubtful_notice(None, -5.0, 71) == ()

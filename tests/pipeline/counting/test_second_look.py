"""Cells that stand out of their slide are found whatever the order of its parts."""

import numpy as np
import pytest

from pipeline.counting.second_look import DOUBTFUL_P, LogitCounts, deserves_a_look, second_look
from pipeline.records import DebrisControl


def counts(*logits: float) -> LogitCounts:
    """Cells with these logits."""
    found = LogitCounts()
    found.add(1 / (1 + np.exp(-np.asarray(logits))))
    return found


def clean(number: int, middle: float = -7.0, spread: float = 0.5) -> list[float]:
    """Logits of clean cells: the quantiles of a normal distribution."""
    from scipy.special import ndtri

    return (middle + spread * ndtri((np.arange(number) + 0.5) / number)).tolist()


def test_the_same_cells_in_other_parts_give_the_same() -> None:
    rng = np.random.default_rng(3)
    chance = rng.random(500)
    whole, parts = LogitCounts(), LogitCounts()
    whole.add(chance)
    for some in np.array_split(rng.permutation(chance), 7):
        parts.add(some)
    assert second_look(whole, None) == second_look(parts, None)


def test_middle_and_spread_are_those_of_the_clean_cells() -> None:
    look = second_look(counts(*clean(400), *[2.0] * 20), None)
    assert look is not None
    assert look.middle == pytest.approx(-7.0, abs=0.1)
    assert look.spread == pytest.approx(0.5, abs=0.1)
    assert look.cells == 20
    assert look.least_p == pytest.approx(DOUBTFUL_P, abs=0.002)


def test_the_quartile_is_that_of_the_clean_cells_however_many_are_infected() -> None:
    plain, ill = counts(*clean(400)), counts(*clean(400), *[2.0] * 300)
    for found in (plain, ill):
        assert found.clean_quartile(-1.0) == pytest.approx(-7.0 + 0.5 * 0.674, abs=0.05)
    assert counts(*clean(400), *[-2.0] * 200).clean_quartile(-1.0) == pytest.approx(-2.0, abs=0.02)


def test_few_clean_cells_have_no_quartile() -> None:
    assert counts(*clean(29), *[2.0] * 300).clean_quartile(-1.0) is None
    assert LogitCounts().clean_quartile(-1.0) is None


def test_on_a_shifted_slide_cells_must_stand_farther_out() -> None:
    shifted = [*clean(400, middle=-3.0, spread=0.8), *[-1.0] * 20, *[3.0] * 4]
    look = second_look(counts(*shifted), None)
    assert look is not None
    assert look.cells == 4
    assert look.least_p > 0.4


def test_probabilities_of_zero_one_and_none_are_borne() -> None:
    found = LogitCounts()
    found.add(np.asarray([0.0, 1.0, np.nan, 0.5]))
    assert found.cells == 3
    assert found.quantile(0.5) == pytest.approx(0.0, abs=0.02)


def test_nothing_counted_gives_no_second_look() -> None:
    assert second_look(LogitCounts(), None) is None
    assert not deserves_a_look(None)


def test_a_larger_slide_may_have_more_such_cells() -> None:
    few = second_look(counts(*clean(300), *[0.0] * 5), None)
    many = second_look(counts(*clean(5000), *[0.0] * 5), None)
    assert few is not None
    assert many is not None
    assert deserves_a_look(few)
    assert not deserves_a_look(many)


def test_cells_that_grains_explain_are_expected() -> None:
    dirt = DebrisControl(
        specks=30, grains=28, ground_mm2=0.05, cells_mm2=0.04, laid=256, laid_called=200,
        expected_on_cells=24.0, expected_called=19.0, expected_called_grains=15.0, explained=19.0,
        uncertainty=3.0, expected_doubtful_grains=21.0,
    )  # fmt: skip
    look, plain = (second_look(counts(*clean(300), *[0.0] * 9), each) for each in (dirt, None))
    assert look is not None
    assert plain is not None
    assert look.expected == pytest.approx(plain.expected + 21.0)
    assert deserves_a_look(plain)
    assert not deserves_a_look(look)


def test_the_middle_of_the_clean_cells_is_not_moved_by_infected_ones() -> None:
    for infected in (0, 300, 600):
        logits = counts(*clean(300), *[3.0] * infected)
        assert logits.middle_below(0.0) == pytest.approx(counts(*clean(300)).quantile(0.5), abs=0.1)
    assert counts(*[3.0] * 40).middle_below(0.0) == pytest.approx(3.0, abs=0.02)


def test_calls_between_the_threshold_and_the_lift_are_counted() -> None:
    logits = counts(-1.0, 0.01, 0.5, 0.99, 1.5)
    assert logits.between(0.0, 1.0) == 3
    assert logits.between(0.0, 0.0) == 0

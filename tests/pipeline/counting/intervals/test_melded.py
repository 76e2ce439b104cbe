"""The interval holds what it says, and becomes known ones where errors do not vary."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.counting.intervals.between import between_fields
from pipeline.counting.intervals.design import (
    Clustering,
    clustering,
    design_effect,
    merged_blocks,
    upper_design_effect,
)
from pipeline.counting.intervals.limits import (
    beyond_false_calls,
    cells_needed,
    limit_of_blank,
    lowest_detectable,
)
from pipeline.counting.intervals.melded import corrected, melded_interval
from pipeline.counting.intervals.slide_errors import Beta, SlideErrors, error_points, fit_beta, soiled
from pipeline.counting.statistics import distinguishable, limit_of_detection

ERRORS = SlideErrors(
    sensitivity=Beta(alpha=18.0, beta=5.0), false_calls=Beta(alpha=0.5, beta=200.0), source="made up"
)
PERFECT = SlideErrors.fixed(1.0, 0.0)
SOILED = replace(ERRORS, false_calls=Beta(alpha=4.55, beta=348.0))
"""Its own dirt explains so much that a slide without a call has its upper end at 0."""


def test_without_errors_and_clusters_it_is_the_mid_p_interval() -> None:
    from scipy.stats import binom

    low, high = melded_interval(12, 845, PERFECT)
    for end, share in ((low, 0.975), (high, 0.025)):
        assert binom.cdf(11, 845, end) + binom.pmf(12, 845, end) / 2 == pytest.approx(share, abs=1e-5)


def test_clusters_and_errors_make_it_wider() -> None:
    plain, clustered = (
        melded_interval(40, 2000, PERFECT),
        melded_interval(40, 2000, PERFECT, Clustering(effect=4.0)),
    )
    unsure = melded_interval(40, 2000, ERRORS)
    assert clustered[0] < plain[0] < plain[1] < clustered[1]
    assert unsure[1] - unsure[0] > plain[1] - plain[0]
    assert melded_interval(40, 2000, ERRORS) == unsure


def test_a_night_of_slides_that_each_have_their_own_dirt_keeps_the_errors_of_a_few() -> None:
    for slide in range(40):
        melded_interval(5, 1000, replace(ERRORS, false_calls=Beta(alpha=0.5 + slide / 100, beta=300.0)))
    assert error_points.cache_info().currsize <= 16


@settings(deadline=None, max_examples=25)
@given(
    counted=st.integers(1, 20_000),
    share=st.floats(0, 0.1),
    effect=st.sampled_from([1.0, 1.3, 4.0]),
    errors=st.sampled_from([ERRORS, PERFECT, SlideErrors.fixed(0.9, 0.002), SOILED]),
)
@example(counted=339, share=12 / 339, effect=1.4, errors=SOILED)
def test_its_lower_end_is_above_zero_exactly_where_false_calls_do_not_explain_the_calls(
    counted: int, share: float, effect: float, errors: SlideErrors
) -> None:
    called = round(share * counted)
    between = between_fields([(called, counted // 2), (0, counted // 3)])
    low, high = melded_interval(called, counted, errors, Clustering(effect=effect, between=between))
    assert (low > 0) == beyond_false_calls(called, counted, errors, effect)
    assert 0 <= low <= high <= 1


def test_its_ends_rise_with_the_calls_also_where_the_lower_one_leaves_zero() -> None:
    ends = np.array([melded_interval(called, 150, ERRORS) for called in range(0, 30, 2)])
    assert (np.diff(ends, axis=0) >= -1e-9).all()
    assert ends[0, 0] == 0 < ends[-1, 0]


def test_below_the_upper_end_without_a_call_the_lower_end_takes_the_whole_5_percent() -> None:
    from scipy.stats import binom

    reach = melded_interval(0, 100, PERFECT)[1]
    few, many = melded_interval(2, 100, PERFECT)[0], melded_interval(20, 100, PERFECT)[0]
    assert few < reach < many
    for called, end, below in ((2, few, 0.05), (20, many, 0.025)):
        more = 1 - binom.cdf(called, 100, end)
        assert more + binom.pmf(called, 100, end) / 2 == pytest.approx(below, abs=1e-5)


def test_no_called_cell_leaves_zero_in_it() -> None:
    low, high = melded_interval(0, 1000, ERRORS)
    assert low == 0.0
    assert 0.002 < high < 0.01


def test_the_corrected_estimate_is_that_of_rogan_and_gladen_and_says_where_it_is_clipped() -> None:
    fixed = SlideErrors.fixed(0.8, 0.01)
    found, none = corrected(50, 1000, fixed), corrected(2, 1000, fixed)
    assert found is not None and found.value == pytest.approx((0.05 - 0.01) / 0.79) and not found.clipped
    assert none is not None and (none.value, none.clipped) == (0.0, True)
    assert corrected(5, 10, SlideErrors.fixed(0.2, 0.3)) is None


def test_clusters_are_told_by_the_variation_between_fields() -> None:
    assert design_effect([(5, 100)] * 8) == 1.0
    assert design_effect([(40, 100)] + [(0, 100)] * 7) > 10
    assert design_effect([(3, 100), (0, 100)]) == 1.0
    rng = np.random.default_rng(3)
    even = [design_effect([(int(k), 200) for k in rng.binomial(200, 0.05, 20)]) for _ in range(200)]
    assert np.mean(even) == pytest.approx(1.13, abs=0.06)


def test_few_groups_tell_a_variance_badly_so_the_upper_end_takes_more() -> None:
    groups = [(2, 100), (8, 100)] * 2
    # Student's t at 95% and 3 degrees of freedom is 3.182 (Fisher and Yates, table III).
    assert upper_design_effect(groups) == pytest.approx(
        design_effect(groups) * (3.182 / 1.960) ** 2, rel=1e-3
    )
    assert upper_design_effect(groups * 16) == pytest.approx(design_effect(groups * 16), rel=0.05)
    assert upper_design_effect([(5, 100)] * 8) == upper_design_effect([(3, 100), (0, 100)]) == 1.0
    plain, wider = (
        melded_interval(20, 400, ERRORS, Clustering(effect=2.0, upper_effect=upper)) for upper in (1.0, 5.0)
    )
    assert wider[0] == plain[0] and wider[1] > plain[1]


def test_blocks_of_a_scan_are_merged_and_lose_no_cell() -> None:
    squares = {("scan", column, row): (1, 10) for column in range(30) for row in range(30)}
    blocks = merged_blocks(squares)
    assert len(blocks) <= 64
    assert sum(counted for _, counted in blocks) == 9000


def made_up_squares(fields: int, infected: list[int]) -> dict[tuple[str, int, int], tuple[int, int]]:
    """So many fields of 6 squares of 60 cells; those infected in each square, in turn."""
    places = [(f"field-{field}", column, 0) for field in range(fields) for column in range(6)]
    return {place: (infected[number % len(infected)], 60) for number, place in enumerate(places)}


def test_four_fields_and_more_tell_clusters_that_their_blocks_hide() -> None:
    squares = made_up_squares(6, [0] * 6 + [4] * 6)
    told, blocks = clustering(squares), merged_blocks(squares)
    assert told.groups == 6 and told.effect > 2 * design_effect(blocks) > 2
    assert told.upper_effect == upper_design_effect([(0, 360), (24, 360)] * 3) > told.effect
    few = clustering(made_up_squares(3, [0] * 6 + [4] * 6))
    assert few.groups == 18


def test_few_fields_that_are_alike_do_not_hide_the_clusters_within_them() -> None:
    squares = made_up_squares(6, [0, 0, 0, 0, 0, 20])
    told = clustering(squares)
    assert told.effect == design_effect(merged_blocks(squares)) > 5 and told.groups == 36
    assert clustering(made_up_squares(9, [0, 0, 0, 0, 0, 20])).effect == 1.0


def test_what_few_fields_leave_open_widens_both_ends_and_hardly_where_there_are_many() -> None:
    def width(fields: list[tuple[int, int]]) -> float:
        called, counted = (sum(part) for part in zip(*fields, strict=True))
        low, high = melded_interval(called, counted, ERRORS, Clustering(between=between_fields(fields)))
        plain_low, plain_high = melded_interval(called, counted, ERRORS)
        assert low <= plain_low + 1e-4 and high >= plain_high - 1e-4
        return (high - low) / (plain_high - plain_low)

    alike, unlike = width([(40, 400)] * 3), width([(10, 400), (40, 400), (70, 400)])
    assert unlike > alike > 1.1
    assert width([(6, 60)] * 20) < 1.1
    assert between_fields([(5, 100)]) is None and between_fields([(5, 100), (0, 0)]) is None


def test_photos_without_a_call_still_have_a_low_upper_end() -> None:
    squares = {(field, 0, 0): (0, 101) for field in "abc"}
    assert melded_interval(0, 303, ERRORS, clustering(squares))[1] < 1.6 * melded_interval(0, 303, ERRORS)[1]


def test_what_differs_between_fields_is_counted_once() -> None:
    squares = {(str(field), 0, 0): ((2, 14)[field % 2], 100) for field in range(20)}
    told = clustering(squares)
    alone = replace(told, between=None)
    ends, plain = (melded_interval(160, 2000, PERFECT, one) for one in (told, alone))
    assert told.effect > 2
    assert (ends[1] - ends[0]) / (plain[1] - plain[0]) < 1.15


def test_too_few_blocks_tell_no_clusters() -> None:
    told = clustering({("film", column, 0): (column, 40) for column in range(3)})
    assert (told.effect, told.upper_effect, told.groups) == (1.0, 1.0, 0)


def test_a_fit_finds_the_rates_that_made_the_slides() -> None:
    rng = np.random.default_rng(5)
    rates = rng.beta(2.0, 198.0, 300)
    fitted = fit_beta([(int(rng.binomial(2000, rate)), 2000) for rate in rates])
    assert fitted.mean == pytest.approx(0.01, rel=0.15)
    assert fitted.variance == pytest.approx(Beta(alpha=2.0, beta=198.0).variance, rel=0.4)


def test_few_slides_give_a_wide_distribution() -> None:
    assert fit_beta([(8, 10)] * 2).variance > 2 * fit_beta([(8, 10)] * 40).variance


def test_fixed_rates_give_the_test_and_the_limit_of_the_binomial() -> None:
    fixed = SlideErrors.fixed(0.9, 0.002)
    for called in (2, 4, 5, 9):
        assert beyond_false_calls(called, 1000, fixed) == distinguishable(called, 1000, 0.002)
    assert lowest_detectable(1000, fixed) == pytest.approx(limit_of_detection(1000, 0.002, 0.9), rel=1e-6)
    assert limit_of_blank(1000, fixed) == 0.005


def test_no_number_of_cells_goes_below_what_slides_differ_by() -> None:
    needed = cells_needed(0.05, ERRORS)
    assert needed is not None
    assert (lowest_detectable(needed, ERRORS) or 1) <= 0.05 < (lowest_detectable(needed // 2, ERRORS) or 1)
    assert cells_needed(0.0001, ERRORS) is None


def test_dirt_adds_false_calls_and_its_doubt() -> None:
    dirty = soiled(ERRORS.false_calls, 1000, 10.0, 2.0)
    assert dirty.mean == pytest.approx(ERRORS.false_calls.mean + 0.01)
    assert dirty.variance == pytest.approx(ERRORS.false_calls.variance + 4e-6)


def test_a_slide_of_more_photos_than_blocks_is_told_by_its_photos() -> None:
    squares = {(f"{photo:03d}", column, 0): (photo % 3, 50) for photo in range(65) for column in range(3)}
    assert merged_blocks(squares) == [(3 * (photo % 3), 150) for photo in range(65)]
    assert clustering(squares).groups == 65

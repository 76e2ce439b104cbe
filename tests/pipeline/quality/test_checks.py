"""Quality control warns of what is doubtful and refuses only what is no smear."""

from dataclasses import replace
from typing import Any

import pytest

from pipeline.quality.checks import FieldMeasures, SlideMeasures, check
from pipeline.quality.limits import QualityLimits
from pipeline.quality.novelty import TERM_NAMES, FieldFeatures
from pipeline.records import Novelty

GOOD_FIELD = FieldMeasures(
    red_cells=150,
    objects=155,
    covered_fraction=0.35,
    overlaps_fraction=0.2,
    sharpness=1.6,
    clipped_fraction=0.0,
    median_diameter_um=7.0,
    colour_difference=25.0,
    background_level=215.0,
    saturated_fraction=0.01,
    dark_fraction=0.02,
)
_HALVES: dict[str, Any] = dict.fromkeys(TERM_NAMES, 0.5)
FEATURES = FieldFeatures(**_HALVES, stain=(0.1, 0.4, 0.2))
KNOWN = Novelty(smear_distance=0.0, smear_limit=0.5, stain_distance=0.3, stain_limit=1.2, farthest="")
GOOD = SlideMeasures(fields=(GOOD_FIELD,) * 4, counted=560, um_per_px=0.11, scale_source="metadata")


def with_fields(**changed: Any) -> SlideMeasures:
    return replace(GOOD, fields=(replace(GOOD_FIELD, **changed),) * 4)


def test_a_good_slide_has_no_notice() -> None:
    assert check(GOOD) == ()


@pytest.mark.parametrize(
    ("slide", "code", "value", "limit"),
    [
        (replace(GOOD, counted=499), "few_cells", 499, 500),
        (replace(GOOD, scale_source="estimated", scale_spread=0.1), "scale_estimated", 0.1, 0.5),
        (replace(GOOD, failed_parts=2), "tiles_failed", 2, 0),
        (with_fields(background_level=60.0), "under_exposed", 60, 70),
        (with_fields(dark_fraction=0.5), "under_exposed", 0.5, 0.4),
        (with_fields(background_level=255.0, saturated_fraction=0.6), "over_exposed", 0.6, 0.5),
        (with_fields(covered_fraction=0.8, overlaps_fraction=0.9), "too_dense", 0.8, 0.7),
        (with_fields(covered_fraction=0.01), "too_sparse", 0.01, 0.02),
    ],
)
def test_a_doubtful_slide_is_warned_of_with_the_value_and_its_limit(
    slide: SlideMeasures, code: str, value: float, limit: float
) -> None:
    (notice,) = check(slide)
    assert (notice.code, notice.severity) == (code, "warn")
    assert [notice.value, notice.limit] == pytest.approx([value, limit])
    assert "\n" not in notice.text
    assert notice.text.endswith(".")


def test_a_slide_of_which_no_cell_came_is_damaged_and_not_without_cells() -> None:
    (notice,) = check(replace(with_fields(red_cells=0), failed_parts=3))
    assert (notice.code, notice.severity) == ("tiles_failed", "refuse")
    assert notice.text.startswith("Truncated or damaged: 3 parts of the slide could not be read")


def test_many_cells_that_do_not_overlap_are_not_too_dense() -> None:
    assert check(with_fields(covered_fraction=0.8, overlaps_fraction=0.3)) == ()


def test_a_white_background_that_keeps_its_cells_is_not_over_exposed() -> None:
    assert check(with_fields(background_level=250.0, saturated_fraction=0.6)) == ()


def test_a_picture_without_a_red_cell_is_refused_and_nothing_else_is_said_of_it() -> None:
    slide = replace(
        with_fields(red_cells=0, objects=3, sharpness=None, covered_fraction=0.0, background_level=20.0),
        counted=0,
    )
    (notice,) = check(slide)
    assert (notice.code, notice.severity) == ("not_a_smear", "refuse")


def test_what_looks_like_no_known_smear_is_refused_and_nothing_else_is_said_of_it() -> None:
    (notice,) = check(replace(GOOD, counted=10), replace(KNOWN, smear_distance=2.5, farthest="unexplained"))
    assert (notice.code, notice.severity, notice.value, notice.limit) == ("not_a_smear", "refuse", 2.5, 0.5)
    assert "dark parts that are no cells" in notice.text


@pytest.mark.parametrize(
    ("red", "refused"), [(0.1, False), (0.0, False), (-0.03, False), (-0.05, True), (-0.1, True)]
)
def test_cells_brighter_than_the_empty_glass_in_a_colour_are_no_smear(red: float, refused: bool) -> None:
    """Red caps, sweets and pills on a table were counted: what lies before the light cannot add to it."""
    lit_from_the_front = replace(FEATURES, stain=(red, 0.9, 0.7))
    notices = check(with_fields(features=lit_from_the_front), KNOWN)
    assert [(one.code, one.severity) for one in notices] == [("not_a_smear", "refuse")] * refused
    if refused:
        assert notices[0].value == pytest.approx(-red)
        assert "red" in notices[0].text


def test_one_field_of_four_that_is_lit_from_the_front_decides_nothing() -> None:
    bright = replace(GOOD_FIELD, features=replace(FEATURES, stain=(-0.1, 0.9, 0.7)))
    others = (replace(GOOD_FIELD, features=FEATURES),) * 3
    assert check(replace(GOOD, fields=(bright, *others)), KNOWN) == ()


def test_a_distance_at_its_limit_is_still_a_smear() -> None:
    assert check(GOOD, replace(KNOWN, smear_distance=0.5, stain_distance=1.2)) == ()


def test_an_unfamiliar_stain_is_warned_of_but_counted() -> None:
    (notice,) = check(GOOD, replace(KNOWN, stain_distance=1.3))
    assert (notice.code, notice.severity, notice.value, notice.limit) == (
        "unfamiliar_stain",
        "warn",
        1.3,
        1.2,
    )


def test_every_range_that_may_be_left_has_words_for_a_person() -> None:
    for name in TERM_NAMES:
        (notice,) = check(GOOD, replace(KNOWN, smear_distance=9.0, farthest=name))
        assert "most by its " in notice.text
        assert "_" not in notice.text
        assert notice.text.endswith(".")


def test_one_bad_field_of_a_slide_refuses_nothing() -> None:
    empty = replace(GOOD_FIELD, red_cells=0, objects=0, sharpness=None)
    assert check(replace(GOOD, fields=(*GOOD.fields, empty))) == ()


def test_a_photo_of_a_screen_or_a_print_is_refused_and_nothing_else_is_said_of_it() -> None:
    limit = QualityLimits().lattice_max
    (notice,) = check(with_fields(lattice=limit + 0.1, background_level=60.0), KNOWN)
    assert (notice.code, notice.severity, notice.limit) == ("regular_pattern", "refuse", limit)
    assert "screen" in notice.text
    assert check(with_fields(lattice=limit - 0.1), KNOWN) == ()


def test_a_blurred_photo_of_a_screen_is_refused_by_the_hue_of_its_ground() -> None:
    limit = QualityLimits().hue_turns_max
    (notice,) = check(with_fields(hue_turns=limit + 0.01, background_level=60.0), KNOWN)
    assert (notice.code, notice.severity, notice.limit) == ("regular_pattern", "refuse", limit)
    assert "screen" in notice.text
    assert check(with_fields(hue_turns=limit), KNOWN) == ()
    turned = replace(GOOD_FIELD, hue_turns=0.1)
    assert check(replace(GOOD, fields=(GOOD_FIELD, turned, GOOD_FIELD)), KNOWN) == ()


def test_one_field_with_a_pattern_among_many_does_not_refuse_the_slide() -> None:
    woven = replace(GOOD_FIELD, lattice=9.0)
    assert check(replace(GOOD, fields=(GOOD_FIELD, woven, GOOD_FIELD)), KNOWN) == ()

"""Quality control warns of what is doubtful and refuses only what is no smear."""

from dataclasses import replace

import pytest

from pipeline.quality import FieldMeasures, SlideMeasures, check

GOOD_FIELD = FieldMeasures(
    red_cells=150,
    objects=155,
    covered_fraction=0.35,
    overlaps_fraction=0.2,
    median_focus=0.6,
    median_score=0.9,
    background_level=215.0,
    saturated_fraction=0.01,
    dark_fraction=0.02,
)
GOOD = SlideMeasures(fields=(GOOD_FIELD,) * 4, counted=560, um_per_px=0.11, scale_source="metadata")


def with_fields(**changed: object) -> SlideMeasures:
    return replace(GOOD, fields=(replace(GOOD_FIELD, **changed),) * 4)  # type: ignore[arg-type]  # mixed types


def test_a_good_slide_has_no_notice() -> None:
    assert check(GOOD) == ()


@pytest.mark.parametrize(
    ("slide", "code", "value", "limit"),
    [
        (replace(GOOD, counted=499), "few_cells", 499, 500),
        (replace(GOOD, scale_source="estimated", scale_spread=0.1), "scale_estimated", 0.1, 0.5),
        (replace(GOOD, failed_tiles=2, all_tiles=9), "tiles_failed", 2, 0),
        (with_fields(median_focus=0.1), "out_of_focus", 0.1, 0.15),
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


def test_many_cells_that_do_not_overlap_are_not_too_dense() -> None:
    assert check(with_fields(covered_fraction=0.8, overlaps_fraction=0.3)) == ()


def test_a_white_background_that_keeps_its_cells_is_not_over_exposed() -> None:
    assert check(with_fields(background_level=250.0, saturated_fraction=0.6)) == ()


def test_a_picture_without_a_red_cell_is_refused_and_nothing_else_is_said_of_it() -> None:
    slide = replace(
        with_fields(red_cells=0, objects=3, median_focus=None, covered_fraction=0.0, background_level=20.0),
        counted=0,
    )
    (notice,) = check(slide)
    assert (notice.code, notice.severity) == ("not_a_smear", "refuse")


def test_objects_that_look_like_no_cell_are_refused() -> None:
    (notice,) = check(with_fields(median_score=0.2))
    assert (notice.code, notice.severity, notice.value) == ("not_a_smear", "refuse", 0.2)


def test_one_bad_field_of_a_slide_refuses_nothing() -> None:
    empty = replace(GOOD_FIELD, red_cells=0, objects=0, median_score=None, median_focus=None)
    assert check(replace(GOOD, fields=(*GOOD.fields, empty))) == ()


@pytest.mark.parametrize(
    ("covered", "score", "refused"),
    [(0.4, 0.48, False), (0.4, 0.45, True), (0.1, 0.48, True), (0.1, 0.5, False)],
)
def test_scattered_shapes_must_look_more_like_cells_than_a_full_field(
    covered: float, score: float, refused: bool
) -> None:
    notices = check(with_fields(covered_fraction=covered, median_score=score))
    assert any(notice.code == "not_a_smear" for notice in notices) == refused

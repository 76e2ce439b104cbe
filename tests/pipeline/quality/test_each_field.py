"""Each field is judged as if it were the slide, then held against most of the others."""

from dataclasses import replace

from pipeline.planning.scale import SlideScale
from pipeline.quality.each_field import JudgedAs, JudgedFields, excluded_notices, judge_fields
from pipeline.quality.measured import FieldMeasures
from pipeline.quality.novelty import read_novelty
from pipeline.records import ExcludedField
from tests.pipeline.quality.test_checks import GOOD, GOOD_FIELD

EMPTY = replace(GOOD_FIELD, red_cells=0, objects=0, sharpness=None)
SCALE = SlideScale(um_per_px=0.1, source="estimated")


def judged(*fields: FieldMeasures, scale: SlideScale = SCALE, share: float = 1.0) -> JudgedFields:
    as_counted = {
        index: JudgedAs(name=f"f{index}", um_per_px=scale.others.get(index, 0.1), share=share)
        for index in range(len(fields))
    }
    return judge_fields(replace(GOOD, fields=fields), as_counted, scale, read_novelty())


def codes(found: JudgedFields) -> dict[int, str]:
    return {index: one.code for index, one in found.excluded.items()}


def test_good_fields_are_all_kept() -> None:
    assert judged(GOOD_FIELD, GOOD_FIELD, GOOD_FIELD) == JudgedFields()


def test_a_single_field_is_never_left_out() -> None:
    assert judged(EMPTY) == JudgedFields()


def test_three_strange_fields_of_eight_are_left_out_and_five_kept() -> None:
    found = judged(EMPTY, EMPTY, *[GOOD_FIELD] * 5, EMPTY)
    assert codes(found) == dict.fromkeys((0, 1, 7), "not_a_smear")
    assert found.excluded[7].name == "f7"


def test_where_all_are_strange_none_is_left_out_and_the_slide_is_refused() -> None:
    grey = replace(GOOD_FIELD, colour_difference=0.0)
    found = judged(EMPTY, grey, grey)
    assert codes(found) == {}
    assert found.refusal is not None
    assert found.refusal.code == "grey_picture"
    assert found.refusal.severity == "refuse"


def test_a_blurred_field_is_left_out_unless_most_are_blurred() -> None:
    blurred = replace(GOOD_FIELD, sharpness=1.15)
    assert codes(judged(GOOD_FIELD, blurred, GOOD_FIELD)) == {1: "out_of_focus"}
    assert codes(judged(GOOD_FIELD, blurred, blurred)) == {}


def test_a_field_of_another_scale_is_left_out() -> None:
    scale = SlideScale(um_per_px=0.1, source="estimated", others={1: 0.2})
    assert codes(judged(GOOD_FIELD, GOOD_FIELD, GOOD_FIELD, scale=scale)) == {1: "other_scale"}


def test_where_the_commonest_scale_was_that_of_strange_fields_the_others_are_kept() -> None:
    scale = SlideScale(um_per_px=0.1, source="estimated", others={2: 0.2})
    assert codes(judged(EMPTY, EMPTY, GOOD_FIELD, scale=scale)) == dict.fromkeys((0, 1), "not_a_smear")


def test_a_field_of_which_little_was_counted_yet_is_not_judged() -> None:
    assert codes(judged(GOOD_FIELD, EMPTY, GOOD_FIELD, share=0.1)) == {}


def test_the_notice_names_those_left_out_for_what_they_show() -> None:
    excluded = [
        ExcludedField(name="bench", code="not_a_smear", text=""),
        ExcludedField(name="copy", code="same_picture", text=""),
        ExcludedField(name="weak", code="other_scale", text=""),
    ]
    left_out, scales = excluded_notices(excluded, 9)
    assert (left_out.code, left_out.value) == ("fields_excluded", 2)
    assert "2 of 9" in left_out.text
    assert "bench (not_a_smear), weak (other_scale)" in left_out.text
    assert (scales.code, scales.value) == ("several_scales", 1)
    assert excluded_notices(excluded[1:2], 9) == ()

"""Each field is judged as if it were the slide, then held against most of the others."""

from dataclasses import replace
from typing import Any

from pipeline.planning.scale import SlideScale
from pipeline.quality.each_field import JudgedAs, JudgedFields, excluded_notices, judge_fields
from pipeline.quality.measured import FieldMeasures
from pipeline.quality.novelty import TERM_NAMES, FieldFeatures, read_novelty
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


def stained(field: FieldMeasures, green: float) -> FieldMeasures:
    """The same, whose red cells absorb so much green; all else is as in the usual known smear."""
    middles = {term.name: term.middle for term in read_novelty().terms}
    usual: dict[str, Any] = dict.fromkeys(TERM_NAMES, 0.0) | middles
    return replace(field, features=FieldFeatures(**usual, stain=(0.05, green, green / 2)))


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


def test_fields_too_dark_to_judge_are_left_out_however_many_they_are() -> None:
    dark = replace(GOOD_FIELD, background_level=30.0)
    assert codes(judged(dark, GOOD_FIELD, dark, GOOD_FIELD, dark)) == dict.fromkeys(
        (0, 2, 4), "under_exposed"
    )
    assert codes(judged(dark, GOOD_FIELD, dark)) == dict.fromkeys((0, 2), "under_exposed")
    assert codes(judged(dark, dark, dark)) == {}


def test_fields_too_dark_to_judge_do_not_say_that_most_are_blurred() -> None:
    dark = replace(GOOD_FIELD, dark_fraction=0.9, sharpness=1.16)
    blurred = replace(GOOD_FIELD, sharpness=1.16)
    found = judged(*[dark] * 3, blurred, GOOD_FIELD, GOOD_FIELD)
    assert codes(found) == {**dict.fromkeys(range(3), "under_exposed"), 3: "out_of_focus"}


def test_burnt_fields_do_not_say_how_the_others_should_look() -> None:
    good = [stained(GOOD_FIELD, 0.45)] * 3
    burnt = replace(GOOD_FIELD, background_level=255.0, saturated_fraction=0.6)
    assert codes(judged(*good, *[stained(burnt, 0.15)] * 5)) == dict.fromkeys(range(3, 8), "other_light")
    assert codes(judged(*good, *[stained(burnt, 0.45)] * 5)) == {}
    assert codes(judged(*[stained(burnt, 0.15)] * 3)) == {}
    scale = SlideScale(um_per_px=0.1, source="estimated", others=dict.fromkeys(range(3), 0.2))
    found = judged(*[GOOD_FIELD] * 3, *[burnt] * 5, scale=scale)
    assert codes(found) == dict.fromkeys(range(3, 8), "other_scale")


def test_where_no_stain_is_that_of_most_the_largest_group_is_kept() -> None:
    pale, deep, deepest = stained(GOOD_FIELD, 0.1), stained(GOOD_FIELD, 0.45), stained(GOOD_FIELD, 2.0)
    many = replace(deep, red_cells=400)
    assert codes(judged(*[pale] * 3, *[many] * 3)) == dict.fromkeys(range(3), "other_light")
    assert codes(judged(*[pale] * 2, *[deep] * 3, *[deepest] * 2)) == dict.fromkeys(
        (0, 1, 5, 6), "other_light"
    )
    assert codes(judged(pale, many, deepest)) == dict.fromkeys((0, 2), "other_light")
    assert codes(judged(deepest, pale)) == {1: "other_light"}


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


def test_as_many_photos_left_out_as_counted_are_no_slide_of_one_microscope() -> None:
    others = [
        ExcludedField(name="a", code="other_scale", text=""),
        ExcludedField(name="b", code="other_light", text=""),
    ]
    bench = ExcludedField(name="bench", code="not_a_smear", text="")
    said = {notice.code: notice for notice in excluded_notices([*others, bench], 5)}
    assert said["mixed_photos"].value == 2
    assert said["mixed_photos"].limit == 2
    assert "2 of 5 photos" in said["mixed_photos"].text
    assert "mixed_photos" not in {notice.code for notice in excluded_notices([*others, bench], 6)}
    assert "mixed_photos" not in {notice.code for notice in excluded_notices([bench] * 3, 4)}

"""Distances from known smears: 0 inside what they show, more the farther outside."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.manifest import read_manifest, shipped
from pipeline.errors import ModelError
from pipeline.quality.novelty import (
    TERM_NAMES,
    FieldFeatures,
    NoveltyManifest,
    Stain,
    Term,
    measure_novelty,
    read_novelty,
    smear_distance,
    stain_distance,
)

STAIN = (0.1, 0.4, 0.2)
CELLS = 100
HALVES: dict[str, Any] = dict.fromkeys(TERM_NAMES, 0.5)
USUAL = replace(FieldFeatures(**HALVES, stain=STAIN), number=float(np.log(CELLS)))
TERMS = tuple(
    Term(
        name=name,
        middle=USUAL.number if name == "number" else 0.5,
        spread=50.0 if name == "number" else 0.5,
        below=1.0,
        above=2.0,
    )
    for name in TERM_NAMES
)
INTERCEPT = -3.0
KNOWN = NoveltyManifest(
    detector="net",
    detector_sha256="0" * 64,
    seed=1,
    smear_limit=0.75,
    stain_limit=1.0,
    intercept=INTERCEPT,
    terms=TERMS,
    stains=(Stain(source="one", red=0.1, green=0.4, blue=0.2),),
)


def score_of(features: FieldFeatures) -> float:
    """Log odds, which the distance is made of."""
    return float(np.log(np.expm1(smear_distance(features, TERMS, INTERCEPT))))


def test_what_known_smears_show_is_near():
    assert score_of(USUAL) == pytest.approx(-3.0)
    assert score_of(replace(USUAL, focus=0.2, coverage=0.8)) == pytest.approx(-3.0)


def test_each_feature_beyond_what_smears_show_adds_its_part_by_side():
    assert score_of(replace(USUAL, focus=1.35)) == pytest.approx(-3.0 + 2.0)
    assert score_of(replace(USUAL, focus=1.35, darker=-0.35)) == pytest.approx(-3.0 + 2.0 + 1.0)


def test_no_single_value_decides_by_how_absurd_it_is():
    absurd = smear_distance(replace(USUAL, explained=1e9), TERMS, INTERCEPT)
    assert absurd == smear_distance(replace(USUAL, explained=3.5), TERMS, INTERCEPT)


@given(name=st.sampled_from(sorted(set(TERM_NAMES) - {"number"})), near=st.floats(0, 5), more=st.floats(0, 5))
def test_farther_out_is_never_nearer(name, near, more):
    nearer, farther = (replace(USUAL, **{name: 1 + value}) for value in (near, near + more))
    assert smear_distance(nearer, TERMS, INTERCEPT) <= smear_distance(farther, TERMS, INTERCEPT)


def test_a_known_stain_has_no_distance_and_another_hue_or_depth_has_one():
    assert stain_distance(STAIN, KNOWN.stains) == 0
    deeper = stain_distance((0.2, 0.8, 0.4), KNOWN.stains)
    bluer = stain_distance((0.1, 0.4, 0.4), KNOWN.stains)
    assert 0.5 < deeper < 1.0
    assert bluer > 1.0


def test_cells_no_darker_than_glass_have_a_distance_all_the_same():
    assert np.isfinite(stain_distance((-0.05, 0.0, -0.01), KNOWN.stains))


def test_one_odd_field_of_three_decides_nothing():
    odd = replace(USUAL, unexplained=3.5, stain=(0.4, 0.1, 0.4))
    found = measure_novelty([USUAL, odd, USUAL], KNOWN)
    assert found is not None
    assert (found.stain_distance, found.farthest) == (0.0, "")
    assert found.smear_distance < KNOWN.smear_limit
    most = measure_novelty([odd, odd, USUAL], KNOWN)
    assert most is not None
    assert most.smear_distance > KNOWN.smear_limit
    assert most.farthest == "unexplained"


def test_a_slide_of_few_cells_is_held_to_a_lower_limit_and_few_cells_in_many_fields_are_many():
    few = replace(USUAL, number=float(np.log(5)), unexplained=1.5)
    alone, four = (measure_novelty([few] * number, KNOWN) for number in (1, 4))
    assert alone is not None
    assert four is not None
    assert alone.smear_limit == pytest.approx(KNOWN.smear_limit * 5 / 13, abs=1e-4)
    assert four.smear_limit == pytest.approx(KNOWN.smear_limit)
    assert alone.smear_limit < alone.smear_distance == four.smear_distance < four.smear_limit


def test_a_slide_without_a_red_cell_has_no_distance():
    assert measure_novelty([], KNOWN) is None


def test_the_shipped_list_was_made_with_the_shipped_detector():
    shipped_detector = read_manifest(shipped("detector"), "detector")
    assert read_novelty().detector_sha256 == shipped_detector.sha256, (
        "the detector was changed: run smearcount train novelty and ship its novelty.toml"
    )


def test_hardly_a_field_of_a_source_that_was_left_out_is_refused_by_the_shipped_list():
    """But for `uganda`, the only phone on an eyepiece: half of it is, see docs/lab/novelty_pictures.md."""
    left_out = [row for row in read_novelty().measured if row.group == "smear" and "," not in row.kind]
    assert sum(row.pictures for row in left_out) >= 150
    others = [row for row in left_out if row.kind != "uganda"]
    fields = sum(row.pictures for row in others)
    assert sum(row.refused + row.without_cells for row in others) <= 0.05 * fields


def test_hardly_a_picture_of_a_kind_that_was_left_out_passes_the_shipped_list():
    odd = [row for row in read_novelty().measured if row.group == "odd"]
    assert len(odd) >= 80
    pictures = sum(row.pictures for row in odd)
    assert pictures >= 150
    assert sum(row.refused + row.without_cells for row in odd) >= 0.95 * pictures


@pytest.mark.parametrize(
    ("content", "told"),
    [("detector = [", "cannot be read"), ("seed = 1\n", "no valid list"), (None, "cannot be read")],
)
def test_a_damaged_list_is_refused_in_one_line(content, told, tmp_path):
    path = tmp_path / "novelty.toml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ModelError, match=told) as caught:
        read_novelty(path)
    assert "\n" not in str(caught.value)


def test_a_list_of_other_values_says_how_to_make_it_anew(tmp_path):
    path = tmp_path / "novelty.toml"
    path.write_text(shipped("detector").with_name("novelty.toml").read_text().replace('"focus"', '"haste"'))
    with pytest.raises(ModelError, match="smearcount train novelty"):
        read_novelty(path)

"""Distances from known smears: 0 inside what they show, more the farther outside."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.manifest import read_manifest, shipped
from pipeline.errors import ModelError
from pipeline.quality.novelty import (
    RANGE_NAMES,
    FieldFeatures,
    NoveltyManifest,
    Range,
    Stain,
    measure_novelty,
    read_novelty,
    smear_distance,
    stain_distance,
)

STAIN = (0.1, 0.4, 0.2)
USUAL = FieldFeatures(**dict.fromkeys(RANGE_NAMES, 0.5), stain=STAIN)
RANGES = tuple(Range(name=name, low=0.0, high=1.0, scale=0.5) for name in RANGE_NAMES)
KNOWN = NoveltyManifest(
    detector="net",
    detector_sha256="0" * 64,
    seed=1,
    smear_limit=0.75,
    stain_limit=1.0,
    ranges=RANGES,
    stains=(Stain(source="one", red=0.1, green=0.4, blue=0.2),),
)


def test_what_known_smears_show_has_no_distance():
    assert smear_distance(USUAL, RANGES) == 0
    assert smear_distance(replace(USUAL, focus=0.0, coverage=1.0), RANGES) == 0


def test_each_range_that_is_left_adds_its_part():
    assert smear_distance(replace(USUAL, focus=1.25), RANGES) == pytest.approx(0.5)
    assert smear_distance(replace(USUAL, focus=1.25, darker=-0.5), RANGES) == pytest.approx(1.5)


def test_no_single_value_decides_by_how_absurd_it_is():
    assert smear_distance(replace(USUAL, explained=1e9), RANGES) == 3.0


@given(name=st.sampled_from(RANGE_NAMES), near=st.floats(0, 5), more=st.floats(0, 5))
def test_farther_out_is_never_nearer(name, near, more):
    nearer, farther = (replace(USUAL, **{name: 1 + value}) for value in (near, near + more))
    assert smear_distance(nearer, RANGES) <= smear_distance(farther, RANGES)


def test_a_known_stain_has_no_distance_and_another_hue_or_depth_has_one():
    assert stain_distance(STAIN, KNOWN.stains) == 0
    deeper = stain_distance((0.2, 0.8, 0.4), KNOWN.stains)
    bluer = stain_distance((0.1, 0.4, 0.4), KNOWN.stains)
    assert 0.5 < deeper < 1.0
    assert bluer > 1.0


def test_cells_no_darker_than_glass_have_a_distance_all_the_same():
    assert np.isfinite(stain_distance((-0.05, 0.0, -0.01), KNOWN.stains))


def test_one_odd_field_of_three_decides_nothing():
    odd = replace(USUAL, unexplained=3.0, stain=(0.4, 0.1, 0.4))
    found = measure_novelty([USUAL, odd, USUAL], KNOWN)
    assert found is not None
    assert (found.smear_distance, found.stain_distance, found.farthest) == (0.0, 0.0, "")
    most = measure_novelty([odd, odd, USUAL], KNOWN)
    assert most is not None
    assert most.smear_distance == 3.0
    assert most.farthest == "unexplained"


def test_a_slide_without_a_red_cell_has_no_distance():
    assert measure_novelty([], KNOWN) is None


def test_the_shipped_list_was_made_with_the_shipped_detector():
    shipped_detector = read_manifest(shipped("detector"), "detector")
    assert read_novelty().detector_sha256 == shipped_detector.sha256, (
        "the detector was changed: run smearcount train novelty and ship its novelty.toml"
    )


def test_hardly_a_field_of_a_source_that_was_left_out_is_refused_by_the_shipped_list():
    left_out = [row for row in read_novelty().measured if row.group == "smear" and "," not in row.kind]
    assert sum(row.pictures for row in left_out) >= 150
    # One of 170, of bccd; see docs/lab/novelty_pictures.md for what the list before it would refuse today.
    assert sum(row.refused + row.without_cells for row in left_out) <= 1


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

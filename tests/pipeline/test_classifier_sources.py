"""Who is left out of the classifier's training, and what it is then trained on."""

import numpy as np
import pytest

from classifier.fit import UNKNOWN_STAGE
from pipeline.classifier_sources import CROP_SHARE
from tests.pipeline.made_up_crops import made_up_sources

SOURCES = made_up_sources()


def test_a_set_left_out_takes_the_patients_that_lie_in_both_sets_with_it() -> None:
    left = SOURCES.left_out(["nih_fields"])
    assert left["nih_fields"].all()
    assert set(SOURCES.crops["nih_crops"].group[left["nih_crops"]]) == SOURCES.in_fields
    assert not left["iml"].any()


def test_a_slide_left_out_takes_its_own_cells_only() -> None:
    left = SOURCES.left_out(["iml-3"])
    assert set(SOURCES.crops["iml"].group[left["iml"]]) == {"iml-3"}
    assert not any(left[name].any() for name in left if name != "iml")


def test_nothing_of_what_is_left_out_is_trained_on_nor_lies_around_other_cells() -> None:
    left = SOURCES.left_out(["iml", "P1"])
    samples = SOURCES.samples(left)
    kept = SOURCES.taken({name: ~gone for name, gone in left.items()})
    assert set(kept) == set(SOURCES.crops) - {"iml"}
    assert [len(sample.crops) for sample in samples] == [len(crops.labels) for crops in kept.values()]
    bare = samples[0]
    assert len(bare.surroundings) == 1  # those of the iml slides and of P1 are gone
    assert all(len(sample.surroundings) == 0 for sample in samples[1:])


def test_each_source_is_drawn_with_its_share_however_many_cells_it_has() -> None:
    samples = SOURCES.samples(SOURCES.left_out([]))
    for name, sample in zip(SOURCES.crops, samples, strict=True):
        infected, clean = CROP_SHARE[name]
        assert sample.weight[~sample.infected].sum() == pytest.approx(clean)
        if sample.infected.any():
            assert sample.weight[sample.infected].sum() == pytest.approx(infected)


def test_a_stage_is_known_where_the_label_tells_it() -> None:
    crops = SOURCES.crops
    assert set(crops["nih_crops"].stage) == {UNKNOWN_STAGE}
    assert set(crops["rendered"].stage[crops["rendered"].infected]) == {3}
    np.testing.assert_array_equal(crops["iml"].stage >= 0, crops["iml"].labels == "ring")

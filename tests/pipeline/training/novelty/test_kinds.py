"""Whole counts of what is no thin film, of rendered films, and of altered ones, with the shipped networks."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.count import count_slide
from pipeline.errors import ScaleError
from pipeline.evaluation.labelled import read_field_set
from pipeline.records import SlideSummary
from pipeline.settings import CountSettings
from pipeline.training.data.fields import read_rgb
from pipeline.training.novelty.kinds import ALTERATIONS, KINDS, UNSEEN_KINDS, drawn_smear
from pipeline.training.novelty.train import SOURCES


def summary_of(picture: NDArray[np.uint8], folder: Path) -> SlideSummary | None:
    """None where not one cell was found, which a count refuses as well."""
    path = folder / "picture.png"
    cv2.imwrite(str(path), picture[..., ::-1])
    try:
        return count_slide(path, CountSettings()).summary
    except ScaleError:
        return None


def refused(summary: SlideSummary | None) -> bool:
    return summary is None or "not_a_smear" in {notice.code for notice in summary.notices}


@pytest.mark.parametrize("kind", ["thick film", "empty slide", "plot", "photo: coins", "keyboard"])
def test_a_kind_draws_another_picture_with_each_generator_and_the_same_with_the_same(kind):
    draw = KINDS[kind]
    first, again, other = (draw(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_there_are_many_kinds():
    assert len(KINDS) >= 80


@pytest.mark.parametrize("kind", UNSEEN_KINDS)
def test_a_kind_that_measures_is_none_that_is_fitted_and_draws_anew_each_time(kind):
    first, other = (UNSEEN_KINDS[kind](np.random.default_rng(seed)) for seed in (1, 2))
    assert kind not in KINDS
    assert first.dtype == np.uint8
    assert first.ndim == 3
    assert first.std() > 1
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    "kind",
    ["gravel", "concrete", "mountains", "cup", "sign", "boxed thick film", "photo: coffee", "photo: logo"],
)
def test_textures_single_things_and_thick_films_are_no_smear(kind, tmp_path):
    """Two of each, drawn otherwise than those that the shipped score was fitted to."""
    found = [summary_of(KINDS[kind](np.random.default_rng([71, number])), tmp_path) for number in range(2)]
    assert sum(refused(summary) for summary in found) >= 1
    for summary in found:
        if summary is not None and refused(summary):
            assert summary.verdict == "not countable"
            texts = [notice.text for notice in summary.notices if notice.code == "not_a_smear"]
            assert len(texts) == 1
            assert "thin blood film" in texts[0]


def test_a_printed_smear_is_refused_for_its_raster(tmp_path):
    summary = summary_of(UNSEEN_KINDS["printed smear"](np.random.default_rng(2)), tmp_path)
    assert summary is not None
    assert [notice.code for notice in summary.notices if notice.severity == "refuse"] == ["regular_pattern"]
    assert summary.verdict == "not countable"


@pytest.mark.slow
def test_trucks_screens_thick_films_and_the_like_are_not_countable(tmp_path):
    kinds = ("truck", "screenshot", "thick film", "stones", "balls", "clouds", "square code")
    found = {kind: summary_of(KINDS[kind](np.random.default_rng(9)), tmp_path) for kind in kinds}
    passed = [kind for kind, summary in found.items() if not refused(summary)]
    assert len(passed) <= 1, passed
    for summary in found.values():
        if summary is not None and refused(summary):
            assert summary.verdict == "not countable"


@pytest.mark.slow
def test_rendered_thin_films_are_counted_and_the_distance_stands_in_the_summary(tmp_path):
    films = [summary_of(drawn_smear(np.random.default_rng([3, number])), tmp_path) for number in range(6)]
    # Two of them show 12 cells; the limit is lower where there are few, and both are refused.
    enough = [summary for summary in films if summary is not None and summary.counted >= 20]
    assert len(enough) == 4
    assert not any(refused(summary) for summary in enough)
    for summary in films:
        assert summary is not None
        assert summary.novelty is not None
        assert (summary.novelty.smear_distance > summary.novelty.smear_limit) == refused(summary)


@pytest.mark.real
def test_fields_of_every_labelled_set_are_counted(labelled_data):
    for source in SOURCES:
        fields = read_field_set(labelled_data / source)
        names = fields.fields["field"].tolist()
        for name in names[:: max(1, len(names) // 3)][:3]:
            summary = count_slide(fields.image_path(name), CountSettings()).summary
            assert not refused(summary), f"{source} {name}: {summary.novelty}"


@pytest.mark.real
def test_pale_fields_of_a_phone_on_an_eyepiece_are_counted(labelled_data):
    """The first was refused by the ranges that came before."""
    for name in ("pos_103", "pos_336", "pos_48"):
        summary = count_slide(labelled_data / "uganda" / "images" / f"{name}.jpg", CountSettings()).summary
        assert not refused(summary), f"{name}: {summary.novelty}"


@pytest.mark.real
def test_a_real_film_in_colours_of_no_film_is_refused_or_warned_of(labelled_data, tmp_path):
    fields = read_field_set(labelled_data / "iml")
    picture = read_rgb(fields.image_path(fields.fields["field"].iloc[0]))
    # A blue film is within what the stains of nine laboratories show: 4 of 9 were warned of.
    for name in ("green", "negative"):
        summary = summary_of(ALTERATIONS[name](picture), tmp_path)
        assert summary is None or {"not_a_smear", "unfamiliar_stain"} & {
            notice.code for notice in summary.notices
        }, name

"""Errors that differ from slide to slide are measured on left-out slides alone, and judge each other."""

from dataclasses import replace
from pathlib import Path

import pytest

from models.manifest import read_manifest, shipped
from pipeline.counting.intervals.limits import beyond_false_calls
from pipeline.counting.intervals.measured import (
    MeasuredSlide,
    read_slide_errors,
    slide_errors_of,
)
from pipeline.counting.result import CountResult
from pipeline.errors import InputError
from pipeline.evaluation.slide_errors import (
    cross_checked,
    fit_slide_errors,
    measured_slides,
    write_slide_errors,
)
from pipeline.settings import CountSettings
from tests.pipeline.evaluation.test_fields import field_folder, flawed

__all__ = ["field_folder"]

LEFT_OUT = shipped("classifier").parent / "left_out" / "classifier.toml"


def made_up(slide: str, found: tuple[int, int], false: tuple[int, int]) -> MeasuredSlide:
    return MeasuredSlide(
        source="made up",
        slide=slide,
        infected=found[1],
        infected_found=found[0],
        uninfected=false[1],
        false_calls=false[0],
    )


SLIDES = [made_up(f"clean-{number}", (0, 0), (number % 2, 900)) for number in range(12)]
SLIDES += [made_up(f"ill-{number}", (40 + number, 50), (1, 950)) for number in range(6)]


def test_the_shipped_file_was_made_with_the_shipped_classifiers():
    held = read_slide_errors()
    pair = read_manifest(LEFT_OUT, "classifier"), read_manifest(shipped("classifier"), "classifier")
    assert (held.measured_sha256, held.stands_for_sha256) == tuple(one.sha256 for one in pair), (
        f"a classifier was changed: run {held.made_by}"
    )


def test_a_slide_with_many_called_cells_is_seen_and_one_with_a_stray_one_in_thousands_is_not():
    errors = slide_errors_of(read_manifest(shipped("classifier"), "classifier"))
    assert beyond_false_calls(25, 300, errors)
    assert not beyond_false_calls(1, 5000, errors)


def test_hardly_an_uninfected_left_out_slide_would_be_seen_by_the_shipped_errors():
    errors = slide_errors_of(read_manifest(shipped("classifier"), "classifier"))
    clean = [one for one in read_slide_errors().slides if one.uninfected and not one.infected]
    wrong = sum(beyond_false_calls(one.false_calls, one.uninfected, errors) for one in clean)
    assert len(clean) >= 40
    assert wrong / len(clean) <= 0.05


def test_another_classifier_is_judged_by_the_sources_of_its_manifest():
    manifest = read_manifest(shipped("classifier"), "classifier")
    known, other = (
        slide_errors_of(manifest),
        slide_errors_of(manifest.model_copy(update={"sha256": "0" * 64})),
    )
    assert "slides left out" in known.source
    assert "sources left out" in other.source
    assert other.false_calls != known.false_calls


def test_each_slide_is_judged_by_all_others():
    check = cross_checked(SLIDES)
    assert (check.uninfected_seen.hits, check.uninfected_seen.of) == (0, 12)
    assert (check.infected_seen.hits, check.infected_seen.of) == (6, 6)
    assert check.interval_holds.of == 6
    assert check.interval_holds.hits >= 5
    soiled = cross_checked([*SLIDES, made_up("soiled", (0, 0), (90, 900))])
    assert (soiled.uninfected_seen.hits, soiled.uninfected_seen.of) == (1, 13)


FAMILIAR = [
    one.model_copy(update={"clean_quartile": -7.0 + 0.1 * (number % 5)})
    for number, one in enumerate(2 * SLIDES)
]
BADLY_DRIED = made_up("badly dried", (40, 50), (90, 900))


def test_a_slide_of_doubtful_clean_cells_widens_the_errors_of_its_like_alone():
    unlike = BADLY_DRIED.model_copy(update={"clean_quartile": -3.0})
    held = fit_slide_errors([*FAMILIAR, unlike], LEFT_OUT, shipped("classifier"), "by hand")
    assert held.familiar is not None
    assert held.familiar.number == len(FAMILIAR)
    assert -6.6 < held.familiar.below < -3.0
    usual, any_slide = (
        one.alpha / (one.alpha + one.beta) for one in (held.familiar.false_calls, held.false_calls)
    )
    assert usual < any_slide / 2
    few = made_up("few", (12, 15), (1, 985))
    plain = [*FAMILIAR, unlike, few.model_copy(update={"clean_quartile": -7.0})]
    unknown = [*FAMILIAR, unlike, few]
    assert cross_checked(plain).infected_seen.hits == cross_checked(unknown).infected_seen.hits + 1


def test_slides_whose_clean_cells_nobody_labelled_are_none_of_those_that_tell_false_calls():
    held = fit_slide_errors(FAMILIAR, LEFT_OUT, shipped("classifier"), "by hand")
    unlabelled = made_up("unlabelled", (4, 8), (0, 0)).model_copy(update={"clean_quartile": -7.0})
    more = fit_slide_errors([*FAMILIAR, unlabelled], LEFT_OUT, shipped("classifier"), "by hand")
    assert more.familiar == held.familiar


def test_the_shipped_number_of_familiar_slides_is_that_of_its_rows():
    held = read_slide_errors()
    assert held.familiar is not None
    below = held.familiar.below
    told = [one.clean_quartile for one in held.slides if one.uninfected and one.clean_quartile is not None]
    assert held.familiar.number == sum(quartile < below for quartile in told)


def test_with_few_slides_none_is_familiar():
    held = fit_slide_errors(SLIDES, LEFT_OUT, shipped("classifier"), "by hand")
    assert held.familiar is None


def test_the_errors_of_a_count_depend_on_its_clean_cells():
    manifest, held = read_manifest(shipped("classifier"), "classifier"), read_slide_errors()
    assert held.familiar is not None
    plain = slide_errors_of(manifest, held.familiar.below - 0.1)
    for quartile in (held.familiar.below, None):
        other = slide_errors_of(manifest, quartile)
        assert other.false_calls.mean > plain.false_calls.mean
        assert other.sensitivity == plain.sensitivity
    # What tells parasites on a plain film is no more than what a badly dried one has of false calls.
    assert beyond_false_calls(10, 1000, plain)
    assert not beyond_false_calls(10, 1000, slide_errors_of(manifest))


def test_the_written_file_is_read_as_it_was(tmp_path: Path):
    held = fit_slide_errors([*FAMILIAR, *SLIDES], LEFT_OUT, shipped("classifier"), "by hand")
    write_slide_errors(tmp_path / "errors.toml", held)
    back = read_slide_errors(tmp_path / "errors.toml")
    assert back.slides == held.slides
    assert back.familiar is not None
    assert held.familiar is not None
    assert back.familiar.number == held.familiar.number
    assert back.familiar.below == pytest.approx(held.familiar.below, rel=1e-5)
    assert back.false_calls.alpha == pytest.approx(held.false_calls.alpha, rel=1e-5)


def test_slides_without_an_infected_cell_cannot_be_fitted():
    with pytest.raises(InputError, match="no infected cell in 12 slides"):
        fit_slide_errors(SLIDES[:12], LEFT_OUT, shipped("classifier"), "by hand")


def test_only_slides_that_were_left_out_are_measured_and_refused_photos_are_not(field_folder: Path):
    data = field_folder / "data"
    data.mkdir()
    (field_folder / "fields.csv").write_text(
        (field_folder / "fields.csv").read_text().replace(",s1,", ",iml-3,")
    )
    for name in ("fields.csv", "cells.csv", "images"):
        (data / "drawn").mkdir(exist_ok=True)
        (field_folder / name).rename(data / "drawn" / name)
    # Of 32 cells of the slide the count misses an infected and an uninfected one; it calls two uninfected
    # ones and two that have no label.
    assert measured_slides(data, LEFT_OUT.parent, count=flawed) == [
        MeasuredSlide(
            source="drawn", slide="iml-3", infected=4, infected_found=3, uninfected=29, false_calls=4
        )
    ]

    def refusing(source: Path, settings: CountSettings) -> CountResult:
        found = flawed(source, settings)
        refused = replace(found.summary, verdict="not countable")
        return replace(found, summary=refused) if source.stem == "f1" else found

    (clean,) = measured_slides(data, LEFT_OUT.parent, count=refusing)
    assert (clean.infected, clean.uninfected, clean.false_calls) == (0, 16, 2)
    with pytest.raises(InputError, match="holds no slide that"):
        measured_slides(data / "drawn", LEFT_OUT.parent, count=flawed)

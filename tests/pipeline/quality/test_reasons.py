"""Every finding of quality control has a row that says what it means and what to do."""

from typing import get_args

import pytest

from pipeline.quality.checks import check
from pipeline.quality.measured import SlideMeasures
from pipeline.quality.reason import Action
from pipeline.quality.reasons import REASONS, advice_on, reason_of
from pipeline.records import NoticeCode, Novelty
from tests.pipeline.quality.test_checks import GOOD, KNOWN, with_fields


def test_every_code_has_one_row_and_no_other() -> None:
    codes = [reason.code for reason in REASONS]
    assert sorted(codes) == sorted(get_args(NoticeCode))
    assert {reason.action for reason in REASONS} == set(get_args(Action))
    assert reason_of("of a later version") is None


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.code)
def test_every_row_says_what_is_measured_from_when_on_and_what_to_do(reason) -> None:
    assert reason.warns or reason.refuses
    for text in (reason.words, reason.measured, reason.advice, reason.action):
        assert text
        assert not text.endswith(".")
        assert "|" not in text


@pytest.mark.parametrize(
    ("slide", "novelty"),
    [
        (GOOD, KNOWN),
        (with_fields(red_cells=0), KNOWN),
        (with_fields(lattice=9.0), KNOWN),
        (with_fields(sharpness=1.02, colour_difference=0.0, background_level=50.0), KNOWN),
        (with_fields(covered_fraction=0.8, overlaps_fraction=0.9, median_diameter_um=3.0), KNOWN),
        (GOOD, Novelty(smear_distance=9.0, smear_limit=0.5, stain_distance=9, stain_limit=1, farthest="")),
    ],
)
def test_a_message_ends_with_the_advice_of_its_row(slide: SlideMeasures, novelty: Novelty) -> None:
    for notice in check(slide, novelty):
        found = reason_of(notice.code)
        assert found is not None
        assert notice.text.endswith(f": {found.advice}.")


def test_a_message_is_the_finding_and_the_advice() -> None:
    assert advice_on("grey_picture", "The picture is grey") == "The picture is grey: take it in colour."

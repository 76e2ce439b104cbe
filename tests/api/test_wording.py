"""The words on the page never claim more than the count."""

import dataclasses
import json

import pytest

from api.wording import count_words
from pipeline.output.folder import summary_to_json
from pipeline.records import FailedTile, Notice, SecondLook, SlideSummary
from tests.pipeline.counting.sample_summary import SUMMARY

NONE = dataclasses.replace(
    SUMMARY, verdict="none distinguishable", infected=3, parasitaemia=3 / 845, low=0.0012, high=0.0104
)
REFUSED = dataclasses.replace(
    SUMMARY,
    verdict="not countable",
    notices=(
        Notice(code="out_of_focus", severity="refuse", value=0.1, limit=0.3, text="The picture is blurred."),
    ),
)
EMPTY = dataclasses.replace(
    SUMMARY,
    verdict="not countable",
    detected=0,
    counted=0,
    infected=0,
    excluded={},
    um_per_px=None,
    parasitaemia=None,
    low=None,
    high=None,
    limit_of_detection=None,
)
PARTIAL = dataclasses.replace(
    SUMMARY,
    status="partial",
    failed_tiles=(FailedTile(field="film.png", x=0, y=0, width=9, height=9, reason="unreadable"),),
)


def _words(summary: SlideSummary):
    return count_words(json.loads(summary_to_json(summary)))


def _text(summary: SlideSummary) -> str:
    words = _words(summary)
    parts = [words.headline, words.count, words.caution]
    return " ".join(parts + [" ".join(pair) for pair in (*words.figures, *words.notices)])


def test_the_page_states_the_estimate_of_the_overlay_and_the_report():
    asexual = {"kind": "asexual", "parasitaemia": 0.011, "low": 0.006, "high": 0.021, "gametocytes": 2}
    summary = json.loads(summary_to_json(SUMMARY)) | {"headline": asexual}
    words = count_words(summary)
    assert words.count == (
        "12 of 845 red cells are infected, 2 of them with a gametocyte: "
        "asexual parasitaemia 1.1% (95% interval 0.60% to 2.1%)."
    )
    assert ("Asexual parasitaemia", "1.1%") in words.figures
    assert ("95% interval", "0.60% to 2.1%") in words.figures
    none = count_words(summary | {"verdict": "none distinguishable"})
    assert "were marked as infected, 2 of them with a gametocyte: 1.1% (95% interval" in none.count


def test_what_must_be_known_to_read_the_numbers_is_told_with_them():
    note = "2 photos tell little of what differs between places of the film."
    summary = json.loads(summary_to_json(SUMMARY)) | {"notes": [note, "Corrected by site.toml; pass --site"]}
    assert count_words(summary).notes == (note, "Corrected by site.toml")
    assert count_words(summary | {"verdict": "not countable"}).notes == ()


def test_an_area_too_small_to_read_is_told_in_words():
    summary = json.loads(summary_to_json(SUMMARY)) | {"area_mm2": {"counted": 0.01, "outside_view": 1.3e-05}}
    figures = dict(count_words(summary).figures)
    assert figures["Not counted: no film in sight"] == "under 0.0001 mm²"


def test_parasites_seen_are_told_with_their_interval():
    words = _words(SUMMARY)
    assert words.headline == "Parasites seen"
    assert words.count == "12 of 845 red cells are infected: parasitaemia 1.4% (95% interval 0.81% to 2.5%)."
    assert ("Parasitaemia", "1.4%") in words.figures
    assert ("95% interval", "0.81% to 2.5%") in words.figures


def test_none_distinguishable_tells_what_could_still_be_there():
    words = _words(NONE)
    assert words.headline == "No parasites distinguishable"
    assert "3 of 845 red cells were marked as infected: 0.36% (95% interval 0.12% to 1.0%)" in words.count
    assert "a parasitaemia below 0.90% cannot be distinguished from none" in words.caution
    assert "does not show that there are no parasites" in words.caution
    assert "Parasitaemia" not in dict(words.figures)


@pytest.mark.parametrize(("cells", "asks"), [(0, "these cells"), (1, "1 cell"), (7, "7 cells")])
def test_one_cell_of_very_few_is_told_as_such(cells: int, asks: str) -> None:
    look = SecondLook(middle=-7.0, spread=0.5, least_p=0.05, cells=cells, expected=0.1)
    few = dataclasses.replace(NONE, verdict="uncertain", second_look=look, infected=1, counted=9)
    words = _words(few)
    assert words.headline == f"Uncertain: look at {asks}"
    assert "One cell alone of very few red cells was called" in words.caution
    assert ("p_infected from" in words.caution) == (cells > 0)


def test_calls_on_a_blurred_slide_are_told_to_be_anything() -> None:
    look = SecondLook(middle=-7.0, spread=0.5, least_p=0.05, cells=7, expected=0.1)
    notice = Notice(code="rings_not_visible", severity="warn", value=1.2, limit=1.21, text="Blurred.")
    blurred = dataclasses.replace(NONE, verdict="uncertain", second_look=look, notices=(notice,))
    assert "may be anything" in _words(blurred).caution


def test_nothing_marked_reads_as_a_sentence():
    text = _words(dataclasses.replace(NONE, infected=0, parasitaemia=0.0, low=0.0)).count
    assert text.startswith("None of 845 red cells were marked as infected: 0.0%")


@pytest.mark.parametrize("summary", [REFUSED, EMPTY])
def test_what_is_not_countable_shows_no_parasitaemia(summary):
    words = _words(summary)
    assert (words.headline, words.tone, words.count) == ("Not countable", "refused", "")
    claims = ("Parasitaemia", "95% interval", "Infected")
    assert not [name for name, _ in words.figures if name.startswith(claims)]


def test_a_refusal_says_why():
    assert _words(REFUSED).notices == (("refuse", "The picture is blurred."),)


def test_a_partial_count_is_never_shown_as_a_whole_one():
    words = _words(PARTIAL)
    assert words.headline == "Partial count: parasites seen"
    assert any("could not be read" in text for _, text in words.notices)


def test_the_figures_reconcile_with_what_was_found():
    figures = {name: int(value) for name, value in _words(SUMMARY).figures if value.isdigit()}
    left_out = sum(number for name, number in figures.items() if name.startswith("Not counted: "))
    assert figures["Objects found in all"] == figures["Red cells counted"] + left_out == 860


@pytest.mark.parametrize("summary", [SUMMARY, NONE, REFUSED, EMPTY, PARTIAL])
def test_no_count_is_ever_called_by_the_forbidden_words(summary):
    text = _text(summary).lower()
    assert "negative" not in text
    assert "no malaria" not in text


def test_an_uncertain_slide_asks_for_a_look_at_so_many_cells() -> None:
    look = SecondLook(middle=-7.0, spread=0.5, least_p=0.05, cells=7, expected=1.7)
    words = _words(dataclasses.replace(NONE, verdict="uncertain", second_look=look))
    assert words.headline == "Uncertain: look at 7 cells"
    assert words.tone == "uncertain"
    assert "p_infected from 0.05" in words.caution
    assert "7 cells stand out; a clean slide has about 1.7" in words.count
    assert "Parasitaemia" not in dict(words.figures)

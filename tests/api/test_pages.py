"""The page works with plain forms, tells names safely, and loads nothing from elsewhere."""

import json
import re

import cv2
import numpy as np
import pytest

from api.pages import STATIC
from api.upload import safe_name
from tests.api.conftest import film_png, form_token, wait_for

HOSTILE = '"><script>alert(1)</script>.png'


def _hand_in(service, name: str = "film.png") -> str:
    answer = service.post("/slides", files={"picture": (name, film_png())}, data=form_token(service))
    assert answer.status_code == 303
    return answer.headers["Location"]


def _finished(service, page: str) -> str:
    wait_for(lambda: re.search(r'data-state="(done|failed)"', service.get(page).text) is not None)
    return service.get(page).text


def test_the_form_leads_to_the_count_in_plain_words(service):
    text = _finished(service, _hand_in(service))
    assert "Parasites seen" in text
    assert "12 of 845 red cells are infected: parasitaemia 1.4% (95% interval 0.81% to 2.5%)." in text
    for result in ("overlay.jpg", "cells.csv", "summary.json"):
        (link,) = set(re.findall(rf'(?:href|src)="(/v1/slides/[0-9a-f]+/{result})"', text))
        assert service.get(link).status_code == 200


def test_the_form_takes_the_number_of_the_sample(service):
    form = service.get("/").text
    assert re.search(r'<input type="text" name="sample"[^>]*maxlength="100"', form)
    data = form_token(service) | {"sample": "<17>"}
    answer = service.post("/slides", files={"picture": ("film.png", film_png())}, data=data)
    assert "Sample <bdi>&lt;17&gt;</bdi>" in _finished(service, answer.headers["Location"])


def test_the_number_of_the_sample_stands_in_the_list_of_slides(service):
    data = form_token(service) | {"sample": "<17>"}
    service.post("/slides", files={"picture": ("film.png", film_png())}, data=data)
    assert "><bdi>&lt;17&gt;</bdi>: <bdi>film.png</bdi></a>" in service.get("/").text


def test_every_slide_is_listed_on_a_page_of_its_own(service):
    for number in range(11):
        service.post("/v1/slides", files={"picture": (f"{number}.png", film_png())})
    assert ">0.png<" not in service.get("/").text
    assert '<a href="/slides#earlier">All slides</a>' in service.get("/").text
    listed = service.get("/slides").text
    assert ">0.png<" in listed and ">10.png<" in listed
    assert "All slides" not in listed


def test_photos_of_a_slide_can_be_looked_at_one_by_one(service, tmp_path):
    page = _hand_in(service)
    _finished(service, page)
    assert "photos by itself" not in service.get(page).text
    (stored,) = (tmp_path / "data" / "results").rglob("summary.json")
    summary = json.loads(stored.read_text())
    field = summary["fields"][0]
    stored.write_text(json.dumps(summary | {"fields": [field, field | {"name": "second"}]}))
    (stored.parent / "overlays").mkdir()
    (stored.parent / "overlays" / "second.jpg").write_bytes(b"the second")
    text = service.get(page).text
    assert "Each of the 2 photos by itself" in text
    first, second = re.findall(r'href="(/v1/slides/[0-9a-f]+/overlays/\d\.jpg)"', text)
    assert service.get(second).content == b"the second"
    assert service.get(first).status_code == 410
    assert service.get(second.replace("2.jpg", "3.jpg")).status_code == 404


def test_a_slide_under_way_reloads_itself_without_scripts(service):
    page = _hand_in(service, "slow.png")
    wait_for(lambda: "1 of 4 parts" in service.get(page).text)
    assert '<noscript><meta http-equiv="refresh"' in service.get(page).text
    done = _hand_in(service, "refuses.png")
    assert "http-equiv" in service.get(done).text


def test_a_failed_slide_says_why_and_stops_reloading(service):
    text = _finished(service, _hand_in(service, "refuses.png"))
    assert "refuses.png holds not one cell; hand in a thin film" in text
    assert "http-equiv" not in text


def test_a_result_that_was_removed_is_told_on_the_page(service, tmp_path):
    page = _hand_in(service)
    _finished(service, page)
    for file in (tmp_path / "data" / "results").rglob("summary.json"):
        file.unlink()
    assert "summary.json of film.png was removed" in service.get(page).text


def test_single_cells_come_back_as_a_table(service):
    cells = [("wide.png", (20, 60, 3)), ("high.png", (60, 20, 3))]
    files = [
        ("pictures", (name, cv2.imencode(".png", np.zeros(shape, np.uint8))[1].tobytes()))
        for name, shape in cells
    ]
    text = service.post("/crops", files=files, data=form_token(service, "/crops")).text
    rows = re.findall(r"<td>(.*?)</td>\s*<td>(.*?)</td>\s*<td class=\"number\">(.*?)</td>", text)
    assert rows == [("wide.png", "infected", "0.750"), ("high.png", "not infected", "0.250")]


def test_a_problem_with_a_form_is_told_on_the_page(service):
    answer = service.post("/slides", files={"picture": ("film.png", b"a letter")}, data=form_token(service))
    assert (answer.status_code, answer.headers["content-type"]) == (415, "text/html; charset=utf-8")
    assert 'id="problem" role="alert">film.png' in answer.text
    assert service.get("/slides/0123456789abcdef").status_code == 404


@pytest.mark.parametrize(
    ("path", "told"), [("/nothing", "nothing is at"), ("/logout", "this address is no page")]
)
def test_a_person_at_a_wrong_address_is_sent_to_the_start_page(service, path, told):
    text = service.get(path).text
    assert f"{told}" in text and "go on at the start page" in text
    assert "/v1" not in text and "Allow" not in text


def test_a_hostile_name_runs_no_script(service):
    text = _finished(service, _hand_in(service, HOSTILE))
    assert "<script>alert" not in text
    assert "script-src 'self'" in service.get("/").headers["Content-Security-Policy"]


def test_the_page_says_that_it_does_not_diagnose(service):
    assert "A research tool: it does not diagnose." in service.get("/").text


def test_the_page_loads_nothing_from_elsewhere(service):
    texts = [service.get("/").text, *(file.read_text() for file in STATIC.iterdir())]
    found = {
        address for text in texts for address in re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"')]*", text)
    }
    assert found == {"http://www.w3.org/2000/svg"}  # a name, not an address
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', texts[0]):
        assert service.get(address).status_code == 200


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("film.png", "film.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\lab\\day 3.JPG", "day 3.JPG"),
        ("frottis_épais-Ω.tif", "frottis_épais-Ω.tif"),
        (".hidden", "hidden"),
        ("a\x00b\nc.png", "a_b_c.png"),
        ("NUL.png", "_NUL.png"),
        ("com\u00b9.png", "_com\u00b9.png"),
        ("aux .png", "_aux .png"),
        ("index.html", "_index.html"),
        ("\u6d82" * 90 + ".png", "\u6d82" * 58 + ".png"),
        ("..", "slide"),
        ("", "slide"),
        ("x" * 300 + ".ome.tif", "x" * 96 + ".tif"),
        ("\ud800.png", "_.png"),
    ],
)
def test_a_name_is_made_safe_and_stays_readable(given, kept):
    assert safe_name(given) == kept

"""Who stands at the door: foreign hosts, foreign sites, and who has no key."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import ServiceSettings
from tests.api.conftest import client_of, film_png, form_token, wait_for
from tests.api.fake_classifier import classify_by_size
from tests.pipeline.cli.fake_counts import count_by_name

KEY = "a key of the night shift"
PROBLEM = "application/problem+json"
FOREIGN = {"Origin": "http://evil.example"}


def _names(client: TestClient) -> list[str]:
    return [job.name for job in cast(FastAPI, client.app).state.service.ledger.newest(50)]


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[TestClient]:
    """The service that asks for a key."""
    (tmp_path / "keys").write_text(f"{KEY}\n")
    settings = ServiceSettings(data_dir=tmp_path / "data", key_file=tmp_path / "keys")
    app = create_app(settings, count=count_by_name, classify=classify_by_size)
    with client_of(app) as client:
        yield client


@pytest.mark.parametrize("path", ["/v1/slides", "/v1/health", "/v1/openapi.json", "/", "/static/page.css"])
def test_a_foreign_name_is_shown_nothing(service, path):
    for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""):
        answer = service.get(path, headers={"Host": host})
        assert answer.status_code == 421, host
        if path.startswith("/v1"):
            assert answer.headers["content-type"] == PROBLEM
            assert answer.json()["type"] == "urn:smearcount:problem:foreign-host"


def test_a_foreign_name_is_not_told_the_slides(service):
    service.post("/v1/slides", files={"picture": ("patient.png", film_png())})
    for path in ("/", "/v1/slides"):
        assert "patient.png" in service.get(path).text
        assert "patient.png" not in service.get(path, headers={"Host": "evil.example"}).text


@pytest.mark.parametrize(
    "headers",
    [
        FOREIGN,
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    ],
)
def test_a_page_of_another_site_hands_nothing_in(service, headers):
    for path in ("/v1/slides", "/v1/crops", "/slides", "/crops", "/login", "/logout"):
        answer = service.post(path, files={"picture": ("forged.png", film_png())}, headers=headers)
        assert answer.status_code == 403, path
        if path.startswith("/v1"):
            assert answer.headers["content-type"] == PROBLEM
            assert answer.json()["type"] == "urn:smearcount:problem:foreign-origin"
    assert _names(service) == []


def test_programs_that_send_no_origin_hand_in_as_before(service):
    answer = service.post("/v1/slides", files={"picture": ("film.png", film_png())})
    assert answer.status_code == 202
    own = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    assert (
        service.post("/v1/slides", files={"picture": ("f.png", film_png())}, headers=own).status_code == 202
    )


def test_another_site_shows_nothing_of_the_service_but_may_link_to_it(service):
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert service.get("/v1/slides", headers=image).status_code == 403
    assert service.get("/", headers=link).status_code == 200
    answer = service.get("/v1/slides")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_no_cache_keeps_what_was_found(service):
    for path in ("/", "/v1/slides", "/v1/health", "/v1/nothing"):
        assert service.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/slides", "/crops"])
@pytest.mark.parametrize("token", ["none", "wrong", "without its cookie"])
def test_a_form_that_no_page_drew_hands_nothing_in(service, tmp_path, path, token):
    fields = form_token(service)
    if token == "none":
        fields = {}
    elif token == "wrong":
        fields = {"form_token": "0" * 64}
    else:
        service.cookies.clear()
    answer = service.post(path, files={"picture": ("forged.png", film_png())}, data=fields)
    assert answer.status_code == 403
    assert "load the page again" in answer.text
    assert _names(service) == []
    assert list((tmp_path / "data" / "incoming").iterdir()) == []


def test_the_cookie_of_a_form_goes_to_no_script_and_to_no_other_site(service):
    cookie = service.get("/").headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_head_is_answered_as_get_without_a_body(service):
    location = service.post("/v1/slides", files={"picture": ("film.png", film_png())}).headers["Location"]
    wait_for(lambda: service.get(location).json()["state"] == "done")
    for path in ("/", "/crops", "/v1/slides", "/v1/health", location, f"{location}/overlay.jpg", "/v1/no"):
        got, head = service.get(path), service.head(path)
        assert head.status_code == got.status_code
        assert head.content == b""
        for name in ("content-type", "content-length"):
            assert head.headers[name] == got.headers[name]


def test_a_method_that_is_not_taken_is_told_which_are(service):
    for method, path, allowed in [
        ("TRACE", "/v1/slides", "GET, HEAD, POST"),
        ("DELETE", "/v1/slides/0123456789abcdef", "GET, HEAD"),
        ("OPTIONS", "/v1/crops", "POST"),
        ("PATCH", "/v1/health", "GET, HEAD"),
        ("GET", "/v1/crops", "POST"),
        ("TRACE", "/", "GET, HEAD"),
        ("PUT", "/crops", "GET, HEAD, POST"),
    ]:
        answer = service.request(method, path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, allowed), path


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": f"Bearer {KEY[:-1]}"},
        {"Cookie": "smearcount_session=9999999999.0000"},
    ],
)
def test_without_a_key_a_program_is_told_nothing(locked, headers):
    for method, path in [
        ("GET", "/v1/slides"),
        ("HEAD", "/v1/slides"),
        ("POST", "/v1/slides"),
        ("POST", "/v1/crops"),
        ("GET", "/v1/slides/0123456789abcdef/cells.csv"),
        ("GET", "/v1/health"),
        ("GET", "/v1/openapi.json"),
        ("GET", "/v1/nothing"),
    ]:
        answer = locked.request(method, path, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM), path
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        if method != "HEAD":
            assert answer.json()["type"] == "urn:smearcount:problem:no-key"


def test_with_a_key_a_program_works_as_without_the_door(locked):
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = locked.post("/v1/slides", files={"picture": ("film.png", film_png())}, headers=headers)
    assert answer.status_code == 202
    assert locked.get("/v1/slides", headers=headers).json()["slides"][0]["name"] == "film.png"
    assert locked.get("/v1/openapi.json", headers=headers).json()["security"] == [{"key": []}]


def _log_in(client: TestClient, key: str = KEY):
    return client.post("/login", files={"key": (None, key)}, data=form_token(client, "/login"))


def test_a_person_without_a_key_sees_the_form_for_it_alone(locked):
    headers = {"Authorization": f"Bearer {KEY}"}
    locked.post("/v1/slides", files={"picture": ("patient.png", film_png())}, headers=headers)
    for path in ("/", "/crops", "/slides/0123456789abcdef"):
        answer = locked.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    for path in ("/login", "/static/nothing"):
        assert "patient.png" not in locked.get(path).text
    refused = locked.post("/slides", files={"picture": ("film.png", film_png())})
    assert refused.status_code == 401
    assert "patient.png" not in refused.text


def test_a_person_who_shows_a_key_hands_in_and_looks_until_logging_out(locked):
    answer = _log_in(locked)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    fields = form_token(locked)
    page = locked.post("/slides", files={"picture": ("film.png", film_png())}, data=fields)
    assert page.status_code == 303
    wait_for(lambda: "overlay.jpg" in locked.get(page.headers["Location"]).text)
    overlay = re.search(r'src="(/v1/\S+/overlay\.jpg)"', locked.get(page.headers["Location"]).text)
    assert overlay is not None
    assert locked.get(overlay[1]).status_code == 200
    # A browser's cookie opens what pages show; what programs hand in needs the key itself.
    assert locked.post("/v1/slides", files={"picture": ("film.png", film_png())}).status_code == 401

    assert locked.post("/logout").headers["Location"] == "/login"
    assert locked.get("/").status_code == 303


def test_a_wrong_key_lets_nobody_in(locked):
    answer = _log_in(locked, "wrong")
    assert answer.status_code == 401
    assert "this is not a key of this service" in answer.text
    assert locked.get("/").status_code == 303


def test_a_login_of_another_site_is_refused(locked):
    fields = form_token(locked, "/login")
    answer = locked.post("/login", files={"key": (None, KEY)}, data=fields, headers=FOREIGN)
    assert answer.status_code == 403
    assert locked.post("/login", files={"key": (None, KEY)}).status_code == 403
    assert locked.get("/").status_code == 303


def test_a_login_is_no_way_to_fill_the_disk(locked, tmp_path):
    files = {"key": ("key", bytes(100_000))}
    assert locked.post("/login", files=files).status_code == 413
    assert list((tmp_path / "data" / "incoming").iterdir()) == []

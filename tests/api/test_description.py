"""Calls made from the service's own description: none ends in a 5xx, and every answer is documented."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.settings import ServiceSettings
from tests.api.conftest import client_of, film_png, wait_for
from tests.api.fake_classifier import classify_by_size
from tests.pipeline.cli.fake_counts import count_by_name

PROBLEM = "application/problem+json"
UNDOCUMENTED_METHODS = ("TRACE", "OPTIONS", "PUT", "PATCH", "DELETE", "PROPFIND")
CALLS = 150
# What a client may write into a header; the client of these tests takes no other bytes.
HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
TYPES = st.sampled_from(
    ["image/png", "image/x", "application/octet-stream", "multipart/form-data",
     "multipart/form-data; boundary=x", "application/json", "text/plain", "image/", "/", ";", ""]
)  # fmt: skip
NUMBERS = st.sampled_from(["1", "0", "-1", "2", "1.5", "x", "%20", "99999999999999999999"])
FORM = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n%s\r\n--x--\r\n'
BODIES = st.one_of(
    st.binary(max_size=300),
    st.just(film_png()),
    st.binary(max_size=100).map(lambda data: FORM % data),
    st.just(FORM % film_png()),
    st.just(b"--x\r\n"),
)
QUERIES = st.dictionaries(
    st.sampled_from(["limit", "um_per_px", "name", "other"]),
    st.one_of(st.text(max_size=30), st.integers().map(str), st.floats().map(str)),
    max_size=3,
)
HEADERS = st.dictionaries(
    st.sampled_from(["Range", "If-Range", "If-None-Match", "Accept", "Authorization", "Origin", "Host",
                     "Sec-Fetch-Site", "Cookie", "Expect", "Transfer-Encoding"]),
    st.one_of(
        HEADER_TEXT,
        st.sampled_from(["bytes=0-9", "bytes=9-0", "bytes=99999999-", "bytes=-0", "chunked", "null",
                         "cross-site", "http://127.0.0.1:8000", "127.0.0.1:8000", "evil.example"]),
    ),
    max_size=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[tuple[TestClient, dict[str, Any], list[str]]]:
    """The service, its description, and ids of slides: counted, lost, failed, unfinished, none."""
    data = tmp_path_factory.mktemp("service") / "data"
    app = create_app(
        ServiceSettings(data_dir=data, max_upload_mb=1), count=count_by_name, classify=classify_by_size
    )
    with client_of(app) as client:
        ids = []
        for name in ("film.png", "lost.png", "refuses.png", "slow.png"):
            location = client.post("/v1/slides", files={"picture": (name, film_png())}).headers["Location"]
            ids.append(location.rsplit("/", 1)[1])
        wait_for(lambda: client.get(f"/v1/slides/{ids[2]}").json()["state"] == "failed")
        for result in (data / "results" / ids[1]).rglob("*.*"):
            result.unlink()
        yield client, client.get("/v1/openapi.json").json(), [*ids, "0123456789abcdef", "..", "%00", "ü"]


def _operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, item in description["paths"].items()
        for method, operation in item.items()
    ]


@settings(
    max_examples=CALLS,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=st.data())
def test_every_answer_to_a_generated_call_is_documented(world, drawn):
    client, description, ids = world
    method, path, operation = drawn.draw(st.sampled_from(_operations(description)))
    address = path.replace("{job_id}", drawn.draw(st.sampled_from(ids))) if "{" in path else path
    address = address.replace("{number}", drawn.draw(NUMBERS))
    headers = drawn.draw(HEADERS)
    body = b""
    if method == "POST":
        headers, body = {"Content-Type": drawn.draw(TYPES), **headers}, drawn.draw(BODIES)
    answer = client.request(
        method,
        address,
        params=drawn.draw(QUERIES),
        headers=headers,
        content=body if method == "POST" else None,
    )
    if answer.status_code in (404, 405) and answer.request.url.path != f"{address}":
        return  # the client folded '..' away: another address was asked
    _check(answer, operation)


def _check(answer: Any, operation: dict[str, Any]) -> None:
    assert answer.status_code < 500, answer.text
    documented = operation["responses"]
    assert str(answer.status_code) in documented, (
        answer.request.method,
        answer.request.url,
        answer.status_code,
    )
    kind = answer.headers.get("content-type", "").partition(";")[0]
    kinds = documented[str(answer.status_code)].get("content", {})
    if answer.status_code == 304:
        assert not answer.content
        return
    assert kind in kinds or (answer.status_code == 206 and kind == "multipart/byteranges"), (kind, kinds)
    if answer.status_code >= 400:
        problem = answer.json()
        assert set(problem) == {"type", "title", "status", "detail"}
        assert problem["status"] == answer.status_code
        assert "\n" not in problem["detail"]


def test_other_methods_are_refused_and_head_is_get(world):
    client, description, ids = world
    for path, item in description["paths"].items():
        address = path.replace("{job_id}", ids[0])
        for method in UNDOCUMENTED_METHODS:
            if method.lower() not in item:
                answer = client.request(method, address)
                assert (answer.status_code, answer.headers["content-type"]) == (405, PROBLEM), (method, path)
                assert set(answer.headers["Allow"].lower().split(", ")) - {"head"} == set(item)
        if "get" in item:
            assert client.head(address).status_code == client.get(address).status_code


def test_every_problem_is_described_in_its_media_type(world):
    _, description, _ = world
    operations = _operations(description)
    assert len(operations) >= 8
    for method, path, operation in operations:
        statuses = {int(status) for status in operation["responses"]}
        assert {401, 403, 421, 500} <= statuses, (method, path)
        for status in statuses:
            if status >= 400:
                assert list(operation["responses"][str(status)]["content"]) == [PROBLEM], (
                    method,
                    path,
                    status,
                )
    assert "HTTPValidationError" not in json.dumps(description)
    assert set(description["components"]["schemas"]["Problem"]["properties"]) == {
        "type",
        "title",
        "status",
        "detail",
    }


@pytest.mark.parametrize(
    ("name", "path", "headers", "status"),
    [
        ("film.png", "/cells.csv", {"Range": "bytes=0-4"}, 206),
        ("film.png", "/cells.csv", {"Range": "bytes=99999999-"}, 416),
        ("film.png", "/cells.csv", {"Range": "lines=1-2"}, 416),
        ("film.png", "/overlay.jpg", {"Range": "bytes=9-0"}, 416),
        ("film.png", "/cells.csv", {"If-None-Match": "*"}, 304),
        ("film.png", "/overlay.jpg", {"If-Match": '"another"'}, 412),
        ("lost.png", "", {}, 410),
        ("lost.png", "/summary.json", {}, 410),
        ("refuses.png", "/cells.csv", {}, 409),
        ("slow.png", "/cells.csv", {}, 409),
    ],
)
def test_each_rare_answer_is_given_and_documented(world, name, path, headers, status):
    client, description, ids = world
    number = ["film.png", "lost.png", "refuses.png", "slow.png"].index(name)
    answer = client.get(f"/v1/slides/{ids[number]}{path}", headers=headers)
    assert answer.status_code == status
    _check(answer, description["paths"][f"/v1/slides/{{job_id}}{path}"]["get"])


def test_the_description_lies_beside_no_picture(tmp_path: Path):
    """It can be had before anything was handed in, and needs no data folder."""
    app = create_app(
        ServiceSettings(data_dir=tmp_path / "none"), count=count_by_name, classify=classify_by_size
    )
    assert "/v1/slides" in app.openapi()["paths"]
    assert not (tmp_path / "none").exists()

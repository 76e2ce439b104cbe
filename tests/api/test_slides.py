"""Hand in a slide over HTTP, follow it, fetch what was found; every error is a problem."""

import asyncio
import contextlib
import errno
import json
import re
import sqlite3
from pathlib import Path

import anyio
import httpx
import pytest

from pipeline.jobs.data_folder import DataFolder
from pipeline.jobs.ledger import Ledger
from tests.api.conftest import film_png, wait_for

PROBLEM = "application/problem+json"


def _hand_in(service, name: str = "film.png", **fields: str):
    return service.post("/v1/slides", files={"picture": (name, film_png())}, data=fields)


def _finished(service, location: str) -> dict:
    wait_for(lambda: service.get(location).json()["state"] in ("done", "failed"))
    return service.get(location).json()


def _kept(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "data").glob("*/**/*") if path.is_file()]


def test_a_slide_is_counted_and_everything_about_it_can_be_fetched(service):
    answer = _hand_in(service)
    assert answer.status_code == 202
    location = answer.headers["Location"]
    assert re.fullmatch(r"/v1/slides/[0-9a-f]{16}", location)
    assert answer.json()["links"]["self"] == location

    slide = _finished(service, location)
    assert (slide["state"], slide["name"], slide["error"]) == ("done", "film.png", None)
    assert slide["progress"] == {"done": 4, "all": 4}
    assert (slide["summary"]["infected"], slide["summary"]["counted"]) == (12, 845)
    assert slide["created_utc"] <= slide["started_utc"] <= slide["finished_utc"]

    cells = service.get(slide["links"]["cells"])
    assert cells.text.startswith("slide,field,cell,x,y")
    assert cells.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="film-cells.csv"' in cells.headers["content-disposition"]
    overlay = service.get(slide["links"]["overlay"])
    assert (overlay.headers["content-type"], overlay.content[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    assert service.get(slide["links"]["summary"]).json() == slide["summary"]


def test_a_picture_may_be_the_body_itself(service):
    answer = service.post(
        "/v1/slides?name=day%203.png&um_per_px=0.2", content=film_png(), headers={"Content-Type": "image/png"}
    )
    assert answer.status_code == 202
    slide = _finished(service, answer.headers["Location"])
    assert (slide["name"], slide["um_per_px"], slide["summary"]["um_per_px"]) == ("day 3.png", 0.2, 0.2)


@pytest.mark.parametrize(("written", "meant"), [("0.11", 0.11), ("0,11", 0.11), (" .5 ", 0.5), ("", None)])
def test_the_size_of_a_pixel_is_read_as_people_write_it(service, written, meant):
    assert _hand_in(service, um_per_px=written).json()["um_per_px"] == meant


@pytest.mark.parametrize("name", ["um_per_px", "sample"])
def test_a_field_that_stands_twice_is_refused_for_nobody_knows_which_is_meant(service, tmp_path, name):
    fields = [(name, (None, "0.1")), (name, (None, "0.5"))]
    for answer in (
        service.post("/v1/slides", files=[*fields, ("picture", ("film.png", film_png()))]),
        service.post(f"/v1/slides?{name}=0.1&{name}=0.5", files={"picture": ("film.png", film_png())}),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (
            422,
            f"{name} stands twice in the request; send it once",
        )
    assert _kept(tmp_path) == []


@pytest.mark.parametrize("disposition", ["", "; filename*=UTF-8''film.png"])
def test_a_picture_that_is_sent_as_text_is_told_so(service, disposition):
    head = f'--XX\r\nContent-Disposition: form-data; name="picture"{disposition}\r\n\r\n'
    answer = service.post(
        "/v1/slides",
        content=head.encode() + bytes(5000) + b"\r\n--XX--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=XX"},
    )
    assert (answer.status_code, "as a file" in answer.json()["detail"]) == (413, True)


def test_a_result_that_is_known_already_is_not_sent_again(service):
    location = _hand_in(service).headers["Location"]
    _finished(service, location)
    first = service.get(f"{location}/cells.csv")
    tag, changed = first.headers["etag"], first.headers["last-modified"]
    for name, value, status in (
        ("If-None-Match", f'"x", W/{tag}', 304),
        ("If-None-Match", '"x"', 200),
        ("If-Modified-Since", changed, 304),
        ("If-Modified-Since", "Fri, 27 Nov 1998 00:00:00 GMT", 200),
        ("If-Modified-Since", "yesterday", 200),
        ("If-Match", tag, 200),
        ("If-Match", '"x"', 412),
        ("If-Unmodified-Since", changed, 200),
        ("If-Unmodified-Since", "Fri, 27 Nov 1998 00:00:00 GMT", 412),
    ):
        answer = service.get(f"{location}/cells.csv", headers={name: value})
        assert answer.status_code == status, (name, value)
        assert answer.content == (
            first.content if status == 200 else answer.content if status == 412 else b""
        )


@pytest.mark.parametrize("asked", [{"If-None-Match": "*"}, {"If-Match": '"other"'}])
def test_who_has_a_file_already_is_answered_without_reading_it(service, monkeypatch, asked):
    location = _hand_in(service).headers["Location"]
    _finished(service, location)
    read: list[str] = []
    real = anyio.open_file

    async def spied(path, *values, **options):
        read.append(str(path))
        return await real(path, *values, **options)

    monkeypatch.setattr(anyio, "open_file", spied)
    answer = service.get(f"{location}/cells.csv", headers=asked)
    assert (answer.status_code, read) == (304 if "If-None-Match" in asked else 412, [])
    assert service.get(f"{location}/cells.csv").status_code == 200
    assert len(read) == 1  # what is sent is read by the function that was watched


@pytest.mark.parametrize("written", ["11", "0.001", "nan", "-0.1", "a tenth"])
def test_an_absurd_size_of_a_pixel_is_a_problem_and_nothing_is_kept(service, tmp_path, written):
    answer = _hand_in(service, um_per_px=written)
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert answer.json()["detail"].startswith("um_per_px")
    assert _kept(tmp_path) == []


def test_the_number_of_the_sample_goes_to_the_report_and_is_told_of_the_slide(service, tmp_path):
    location = _hand_in(service, sample=" 2026-0417\r\n b ").headers["Location"]
    assert _finished(service, location)["sample"] == "2026-0417 b"
    (run,) = (tmp_path / "data" / "results").rglob("run.json")
    assert json.loads(run.read_text())["settings"]["report"]["sample"] == "2026-0417 b"


def test_the_number_of_the_sample_is_not_taken_from_an_address(service):
    answer = service.post(
        "/v1/slides?name=day.png&sample=17", content=film_png(), headers={"Content-Type": "image/png"}
    )
    assert (answer.status_code, answer.json()["sample"]) == (202, "")


def test_too_long_a_number_of_a_sample_is_refused_without_repeating_it(service, tmp_path):
    answer = _hand_in(service, sample="Roe " * 40)
    assert answer.status_code == 422
    assert answer.json()["detail"] == "sample has 159 characters; expected at most 100"
    assert "Roe" not in answer.text
    assert _kept(tmp_path) == []


def test_the_server_tells_nothing_of_its_folders(service, tmp_path):
    location = _hand_in(service).headers["Location"]
    _finished(service, location)
    stored = next((tmp_path / "data" / "results").rglob("summary.json"))
    summary = json.loads(stored.read_text())
    summary["failed_tiles"] = [{"reason": f"{summary['source']} is cut off"}]
    stored.write_text(json.dumps(summary))
    assert service.get(location).json()["summary"]["failed_tiles"] == [{"reason": "film.png is cut off"}]
    failed = _hand_in(service, name="refuses.png").headers["Location"]
    assert _finished(service, failed)["error"] == "refuses.png holds not one cell; hand in a thin film"
    for path in (location, f"{location}/summary.json", f"{location}/cells.csv", failed, "/v1/slides"):
        assert str(tmp_path) not in service.get(path).text


def test_slides_are_listed_newest_first(service):
    names = ["one.png", "two.png", "three.png"]
    for name in names:
        _hand_in(service, name=name)
    assert [slide["name"] for slide in service.get("/v1/slides?limit=2").json()["slides"]] == [
        "three.png",
        "two.png",
    ]


def test_a_result_that_is_not_ready_is_a_conflict(service):
    location = _hand_in(service, name="slow.png").headers["Location"]
    for result in ("cells.csv", "overlay.jpg", "summary.json"):
        answer = service.get(f"{location}/{result}")
        assert (answer.status_code, answer.headers["content-type"]) == (409, PROBLEM)
        assert answer.json()["type"] == "urn:smearcount:problem:not-ready"


def test_the_result_of_a_failed_slide_is_a_conflict_that_says_why(service):
    location = _hand_in(service, name="refuses.png").headers["Location"]
    _finished(service, location)
    answer = service.get(f"{location}/cells.csv")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:smearcount:problem:count-failed")
    assert "holds not one cell" in answer.json()["detail"]


def test_a_result_that_was_removed_is_gone(service, tmp_path):
    location = _hand_in(service).headers["Location"]
    _finished(service, location)
    next((tmp_path / "data" / "results").rglob("overlay.jpg")).unlink()
    assert service.get(f"{location}/overlay.jpg").status_code == 410


@pytest.mark.parametrize(
    "path",
    ["/v1/slides/0123456789abcdef", "/v1/slides/..%2f..%2fetc", "/v1/slides/x/cells.csv", "/v1/nothing"],
)
def test_what_is_not_there_is_not_found(service, path):
    answer = service.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)
    assert answer.json()["status"] == 404


def test_a_wrong_method_is_a_problem_too(service):
    answer = service.delete("/v1/slides")
    assert (answer.status_code, answer.headers["content-type"]) == (405, PROBLEM)


@pytest.mark.parametrize("limit", ["0", "-1", "many", "100000"])
def test_a_wrong_limit_of_the_list_is_a_problem(service, limit):
    answer = service.get(f"/v1/slides?limit={limit}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)


def test_what_is_no_picture_is_refused_and_not_kept(service, tmp_path):
    answer = service.post("/v1/slides", files={"picture": ("film.png", b"a letter, not a picture")})
    assert (answer.status_code, answer.headers["content-type"]) == (415, PROBLEM)
    assert answer.json()["detail"].startswith("film.png")
    assert _kept(tmp_path) == []
    assert service.get("/v1/slides").json() == {"slides": []}


def test_another_content_type_is_refused(service):
    answer = service.post("/v1/slides", json={"picture": "film.png"})
    assert (answer.status_code, answer.headers["content-type"]) == (415, PROBLEM)


def test_a_form_without_a_picture_is_refused(service):
    answer = service.post("/v1/slides", files={"nothing": (None, "")})
    assert (answer.status_code, answer.json()["type"]) == (
        422,
        "urn:smearcount:problem:wrong-number-of-pictures",
    )


def test_several_photos_are_one_slide(service, tmp_path):
    names = ("image.png", "IMAGE.png", "other.png")
    answer = service.post("/v1/slides", files=[("picture", (name, film_png())) for name in names])
    slide = _finished(service, answer.headers["Location"])
    assert (slide["state"], slide["name"], slide["summary"]["slide"]) == (
        ("done",) + ("image and 2 more",) * 2
    )
    assert slide["summary"]["source"] == "image and 2 more"
    folder = tmp_path / "data" / "uploads" / slide["id"] / "image and 2 more"
    kept = sorted(path.name for path in folder.iterdir())
    assert kept == ["IMAGE (2).png", "image.png", "other.png"]
    assert [*(tmp_path / "data" / "incoming").iterdir()] == []


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [("letter.png", b"a letter", "letter.png is no"), ("photo.dat", film_png(), "photo.dat is no photo by")],
)
def test_a_photo_of_a_slide_that_cannot_be_counted_is_named_and_none_is_kept(
    service, tmp_path, name, data, told
):
    files = [("picture", ("film.png", film_png())), ("picture", (name, data))]
    answer = service.post("/v1/slides", files=files)
    assert answer.status_code in (415, 422)
    assert answer.json()["detail"].startswith(told)
    assert _kept(tmp_path) == []


def test_a_form_that_ends_in_the_middle_is_refused(service, tmp_path):
    body = b'--edge\r\nContent-Disposition: form-data; name="picture"; filename="film.png"\r\n\r\nhalf a pic'
    answer = service.post(
        "/v1/slides", content=body, headers={"Content-Type": "multipart/form-data; boundary=edge"}
    )
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:smearcount:problem:broken-form")
    assert _kept(tmp_path) == []


@pytest.mark.parametrize("body", [b"no edge at all", b"--edge\r\n\x00: x\r\n\r\nx\r\n--edge--\r\n"])
def test_a_broken_form_is_told_without_the_words_of_its_parser(service, body):
    answer = service.post(
        "/v1/slides", content=body, headers={"Content-Type": "multipart/form-data; boundary=edge"}
    )
    detail = "the form cannot be read; send multipart/form-data as a browser does"
    assert (answer.status_code, answer.json()["detail"]) == (400, detail)


@pytest.mark.parametrize("name", ["-rf.png", "a --of b.png"])
def test_a_name_like_an_option_is_told_as_it_is(service, name):
    for path, field in (("/v1/slides", "picture"), ("/v1/crops", "pictures")):
        refused = service.post(path, files={field: (name, b"a letter")}).json()["detail"]
        assert refused.startswith(f"{name} is no")
    failed = _hand_in(service, name=f"refuses {name}").headers["Location"]
    assert _finished(service, failed)["error"] == f"refuses {name} holds not one cell; hand in a thin film"


def test_an_address_with_a_slash_too_many_is_not_found(service):
    for path in ("/v1/slides/", "/v1/health/", "/crops/"):
        assert service.get(path).status_code == 404


def test_marks_that_turn_a_line_are_no_number_of_a_sample(service):
    answer = _hand_in(service, sample="17\u202e \x01\n3")
    assert answer.json()["sample"] == "17\\u202e \\x01 3"


@pytest.mark.parametrize("announced", [True, False])
def test_an_upload_beyond_the_limit_is_refused_and_not_kept(service, tmp_path, announced):
    pieces = [bytes(100_000)] * 11
    answer = service.post(
        "/v1/slides",
        content=b"".join(pieces) if announced else iter(pieces),
        headers={"Content-Type": "image/png"},
    )
    assert (answer.status_code, answer.headers["content-type"]) == (413, PROBLEM)
    assert "larger than 1 MB" in answer.json()["detail"]
    assert _kept(tmp_path) == []


@pytest.mark.parametrize("full", ["folder", "upload", "ledger"])
def test_a_full_disk_is_told_wherever_it_is_met_and_nothing_is_kept(service, tmp_path, monkeypatch, full):
    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path))

    if full == "folder":
        monkeypatch.setattr("api.intake.tempfile.TemporaryDirectory", lambda **_: no_room())
    elif full == "upload":
        monkeypatch.setattr(DataFolder, "keep_upload", no_room)
    else:
        monkeypatch.setattr(Ledger, "add", lambda *_, **__: _fill(tmp_path))
    answer = _hand_in(service)
    assert (answer.status_code, answer.headers["content-type"]) == (507, PROBLEM)
    assert answer.json()["type"] == "urn:smearcount:problem:disk-full"
    assert str(tmp_path) not in answer.text
    assert [path for path in _kept(tmp_path) if "uploads" in path.parts or "incoming" in path.parts] == []


def _fill(folder: Path) -> None:
    """Write into a database that has no room left."""
    with contextlib.closing(sqlite3.connect(folder / "full.sqlite3")) as database:
        database.execute("PRAGMA max_page_count = 2")
        database.execute("CREATE TABLE full (text TEXT)")
        database.execute("INSERT INTO full VALUES (?)", ("x" * 100_000,))


def test_an_endless_upload_is_read_no_further_than_the_limit(service):
    read = 0

    async def endless():
        nonlocal read
        while True:
            read += 100_000
            yield bytes(100_000)

    async def send() -> int:
        transport = httpx.ASGITransport(service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            kind = {"Content-Type": "image/png"}
            return (await client.post("/v1/slides", content=endless(), headers=kind)).status_code

    assert asyncio.run(send()) == 413
    assert read <= 1_200_000


def test_the_description_of_the_service_needs_no_internet(service):
    paths = service.get("/v1/openapi.json").json()["paths"]
    assert {"/v1/slides", "/v1/slides/{job_id}", "/v1/crops", "/v1/health"} <= set(paths)
    assert service.get("/docs").status_code == 404


def test_the_report_is_fetched_as_a_page_that_runs_no_script(service, tmp_path):
    slide = _finished(service, _hand_in(service).headers["Location"])
    folder = next((tmp_path / "data" / "results").rglob("summary.json")).parent
    assert service.get(slide["links"]["report"]).status_code == 410
    upload = tmp_path / "data" / "uploads" / slide["id"] / "film.png"
    style = "<style>:root { --ink: #000; }</style>"
    (folder / "report.html").write_text(
        f"{style}<p>count</p><p>The first: {upload} is cut off; copy it again</p>"
        "<p>It was estimated: give it with --um-per-px.</p>"
    )
    answer = service.get(slide["links"]["report"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.text == (
        f"{style}<p>count</p><p>The first: film.png is cut off; copy it again</p>"
        "<p>It was estimated: give it as µm per pixel.</p>"
    )
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert f'href="{slide["links"]["report"]}"' in service.get(slide["links"]["page"]).text

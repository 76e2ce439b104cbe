"""The service keeps a worker alive, and neither a kill nor a stop of either loses a slide."""

import asyncio
import multiprocessing.context
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

import pytest

from api.app import create_app
from api.settings import ServiceSettings
from pipeline.errors import OutputError
from pipeline.jobs.data_folder import DataFolder
from pipeline.jobs.ledger import Job, Ledger
from pipeline.jobs.running.budget import duration_text, exceeded
from pipeline.jobs.worker import WorkerOrders, work_once
from pipeline.settings import CountSettings
from tests.api.conftest import client_of, film_png, wait_for
from tests.pipeline.cli.fake_counts import count_by_name


def _hand_in(client, name: str) -> str:
    return client.post("/v1/slides", files={"picture": (name, film_png())}).headers["Location"]


def _wait_for_state(client, location: str, *states: str) -> dict:
    wait_for(lambda: client.get(location).json()["state"] in states)
    return client.get(location).json()


def _wait_until_begun(data) -> None:
    wait_for(lambda: list((data / "uploads").glob("*/begun")) != [])


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_health_tells_of_the_worker_and_of_what_waits(service):
    wait_for(lambda: service.app.state.service.supervisor.pid is not None)  # it starts beside the service
    assert service.get("/v1/health").json() == {"status": "ok", "worker": True, "waiting": 0}
    _hand_in(service, "slow.png")
    assert service.get("/v1/health").json()["waiting"] == 1


def test_a_killed_worker_is_replaced_and_its_slide_counted(service, tmp_path):
    location = _hand_in(service, "slow.png")
    _wait_until_begun(tmp_path / "data")
    os.kill(service.app.state.service.supervisor.pid, signal.SIGKILL)
    assert _wait_for_state(service, location, "done")["summary"]["infected"] == 12


@pytest.mark.parametrize(
    ("excess", "words"),
    [("time", "took longer than 15 minutes"), ("memory", "needed more than 4 GB of memory")],
)
def test_a_slide_that_passes_its_budget_is_ended_and_the_next_is_counted(
    tmp_path, monkeypatch, excess, words
):
    told = [excess]

    def passed(pid: int | None, began_s: float, **limits: float) -> str | None:
        assert limits == {"time_limit_s": 900, "memory_limit_mb": 4000}
        begun = list((tmp_path / "data" / "uploads").glob("*/begun"))
        return told.pop() if begun and told else None

    monkeypatch.setattr("api.supervisor.exceeded", passed)
    settings = ServiceSettings(data_dir=tmp_path / "data")
    with client_of(create_app(settings, count=count_by_name)) as service:
        slow, good = _hand_in(service, "slow.png"), _hand_in(service, "film.png")
        assert _wait_for_state(service, good, "done", "failed")["state"] == "done"
        failed = service.get(slow).json()
        assert failed["state"] == "failed"
        assert failed["error"] == (
            f"slow.png {words}, the most that this service gives one slide, and was stopped; "
            "hand in fewer photos or a smaller part of the scan, "
            f"or ask who runs the service to allow more {excess}"
        )
        problem = service.get(f"{slow}/cells.csv")
        assert (problem.status_code, problem.json()["detail"]) == (409, failed["error"])
        page = service.get(failed["links"]["page"]).text
        assert failed["error"].removeprefix("slow.png ") in page
        assert [folder.name for folder in (tmp_path / "data" / "results").iterdir()] == [good.split("/")[-1]]
        assert service.get("/v1/health").json()["waiting"] == 0


def test_a_ledger_that_does_not_answer_ends_neither_the_budget_nor_the_supervision(tmp_path, monkeypatch):
    refused = {name: 0 for name in ("under_way", "fail", "record_crash")}
    begun: list[bool] = []
    ended: list[bool] = []

    def refusing(name: str, asked):
        def ask(*values):
            if begun and refused[name] < 2:
                refused[name] += 1
                raise sqlite3.OperationalError("disk I/O error")
            return asked(*values)

        return ask

    def passed(pid: int | None, began_s: float, **limits: float) -> str | None:
        if not begun:
            begun.extend(True for _ in (tmp_path / "data" / "uploads").glob("*/begun"))
            return None
        if ended or not refused["under_way"]:
            return None
        ended.append(True)
        return "time"

    monkeypatch.setattr("api.supervisor.exceeded", passed)
    monkeypatch.setattr("api.supervisor._PAUSE_S", 0.05)
    app = create_app(ServiceSettings(data_dir=tmp_path / "data"), count=count_by_name)
    with client_of(app) as service:
        ledger = app.state.service.ledger
        for name in refused:
            monkeypatch.setattr(ledger, name, refusing(name, getattr(ledger, name)))
        slow, film = _hand_in(service, "slow.png"), _hand_in(service, "film.png")
        assert _wait_for_state(service, film, "done", "failed")["state"] == "done"
        failed = service.get(slow).json()
        assert failed["state"] == "failed"
        assert "took longer than 15 minutes" in failed["error"]
    assert refused["fail"] == refused["record_crash"] == 2


def test_a_slide_that_was_done_before_its_worker_could_be_ended_keeps_its_result(tmp_path, monkeypatch):
    app = create_app(ServiceSettings(data_dir=tmp_path / "data"), count=count_by_name)
    refused: list[bool] = []
    with client_of(app) as service:
        ledger, supervisor = app.state.service.ledger, app.state.service.supervisor
        worker, fail = supervisor.pid, ledger.fail

        def seen_before(token: str) -> Job | None:
            return next((job for job in ledger.newest(1) if job.worker == token and not refused), None)

        def passed(pid: int | None, began_s: float, **limits: float) -> str | None:
            return "time" if ledger.newest(1)[0].state == "done" else None

        def refuse_once(job: Job, error: str) -> bool:
            if not refused:
                refused.append(True)
                raise sqlite3.OperationalError("disk I/O error")
            return fail(job, error)

        monkeypatch.setattr(ledger, "under_way", seen_before)
        monkeypatch.setattr(ledger, "fail", refuse_once)
        monkeypatch.setattr("api.supervisor.exceeded", passed)
        monkeypatch.setattr("api.supervisor._PAUSE_S", 0.05)
        film = _hand_in(service, "film.png")
        wait_for(lambda: bool(refused) and supervisor.pid not in (None, worker))
        assert service.get(film).json()["state"] == "done"
        assert service.get(f"{film}/cells.csv").status_code == 200


def test_a_service_whose_worker_cannot_be_started_tries_again_and_can_be_stopped(tmp_path, monkeypatch):
    started = multiprocessing.context.SpawnProcess.start
    refused: list[bool] = []

    def start(process):
        if len(refused) < 2:
            refused.append(True)
            raise BlockingIOError(11, "Resource temporarily unavailable")
        started(process)

    monkeypatch.setattr(multiprocessing.context.SpawnProcess, "start", start)
    monkeypatch.setattr("api.supervisor._PAUSE_S", 0.05)
    app = create_app(ServiceSettings(data_dir=tmp_path / "first"), count=count_by_name)
    with client_of(app) as service:
        assert _wait_for_state(service, _hand_in(service, "film.png"), "done", "failed")["state"] == "done"
    assert refused == [True, True]
    refused.clear()
    with client_of(create_app(ServiceSettings(data_dir=tmp_path / "second"), count=count_by_name)) as service:
        assert service.get("/v1/health").json()["worker"] is False


def test_a_count_goes_on_where_the_ledger_does_not_take_how_far_it_is(tmp_path, monkeypatch):
    data = DataFolder(root=tmp_path)
    data.create()
    ledger = Ledger(data.ledger)
    (data.uploads / "a").mkdir()
    (data.uploads / "a" / "film.png").write_bytes(film_png())
    ledger.add("a", name="film.png", source="uploads/a/film.png")

    def refuses(*values):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(ledger, "progress", refuses)
    orders = WorkerOrders(data=data, token="w", settings=CountSettings(), count=count_by_name)
    assert work_once(ledger, orders)
    job = ledger.get("a")
    ledger.close()
    assert job is not None
    assert job.state == "done"


def test_a_budget_is_passed_in_time_or_in_memory():
    limits = {"memory_limit_mb": 1e6, "time_limit_s": 60.0}
    now_s = time.monotonic()
    assert exceeded(os.getpid(), now_s, **limits) is None
    assert exceeded(os.getpid(), now_s - 61, **limits) == "time"
    assert exceeded(None, now_s, **limits) is None
    if sys.platform == "linux":
        assert exceeded(os.getpid(), now_s, **{**limits, "memory_limit_mb": 1}) == "memory"


@pytest.mark.parametrize(
    ("seconds", "text"), [(60, "60 s"), (0.5, "0.5 s"), (900, "15 minutes"), (3600 * 10, "10 hours")]
)
def test_a_limit_of_time_is_told_in_words(seconds, text):
    assert duration_text(seconds) == text


@pytest.mark.slow
def test_a_slide_that_kills_its_worker_twice_is_given_up_and_the_next_is_counted(service):
    bad, good = _hand_in(service, "kills.png"), _hand_in(service, "film.png")
    assert _wait_for_state(service, good, "done", "failed")["state"] == "done"
    failed = _wait_for_state(service, bad, "failed")
    assert failed["error"].startswith("counting was killed twice (signal 9)")


@pytest.mark.slow
def test_a_slide_that_breaks_the_program_twice_is_given_up(service):
    failed = _wait_for_state(service, _hand_in(service, "breaks.png"), "failed")
    assert failed["error"].startswith("counting ended twice with an unexpected error")


@pytest.mark.slow
def test_a_killed_server_takes_its_worker_along_and_the_next_counts_what_it_left(serve, tmp_path):
    first = serve()
    slow, film = _hand_in(first.http, "slow.png"), _hand_in(first.http, "film.png")
    _wait_until_begun(tmp_path / "data")
    worker = next(pid for pid in _children(first.pid) if _is_worker(pid))
    first.kill()
    wait_for(lambda: not _alive(worker))

    second = serve()
    for location in (slow, film):
        assert _wait_for_state(second.http, location, "done", "failed")["state"] == "done"
    assert [slide["name"] for slide in second.http.get("/v1/slides").json()["slides"]] == [
        "film.png",
        "slow.png",
    ]


@pytest.mark.slow
def test_a_server_that_is_stopped_ends_its_worker_and_queues_the_slide_again(serve, tmp_path):
    first = serve()
    location = _hand_in(first.http, "slow.png")
    _wait_until_begun(tmp_path / "data")
    children = _children(first.pid)
    assert first.stop() in (0, -signal.SIGTERM)
    wait_for(lambda: not any(_alive(child) for child in children))
    second = serve()
    assert _wait_for_state(second.http, location, "done", "failed")["state"] == "done"


def test_an_upload_cut_off_days_ago_is_swept_and_one_under_way_is_kept(tmp_path):
    data = DataFolder(root=tmp_path)
    data.create()
    for name in ("old", "new"):
        (data.incoming / name).mkdir()
        (data.incoming / name / "half.png").touch()
    os.utime(data.incoming / "old", (0, 0))
    data.sweep()
    assert [folder.name for folder in data.incoming.iterdir()] == ["new"]


def test_a_data_folder_that_cannot_be_made_is_told_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    app = create_app(ServiceSettings(data_dir=tmp_path / "file" / "data"), count=count_by_name)

    async def start() -> None:
        async with app.router.lifespan_context(app):
            pass

    with pytest.raises(OutputError, match=r"as the data folder \(.*\); set SMEARCOUNT_DATA_DIR"):
        asyncio.run(start())


@pytest.mark.parametrize("closed", ["incoming", "results", "."])
def test_a_data_folder_that_may_not_be_listed_or_written_is_told_in_one_line(tmp_path, monkeypatch, closed):
    root, real = tmp_path / "data", os.access
    DataFolder(root=root).create()
    monkeypatch.setattr(os, "access", lambda path, mode: path != root / closed and real(path, mode))
    with pytest.raises(
        OutputError, match=r"no permission to list and write .*; change its permissions, or set"
    ):
        DataFolder(root=root).create()


def test_a_result_that_may_not_be_read_is_told_and_is_no_mistake_of_the_program(service, monkeypatch):
    location = _hand_in(service, "film.png")
    assert _wait_for_state(service, location, "done", "failed")["state"] == "done"
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: "results" not in str(path) and real(path, mode))
    answer = service.get(f"{location}/cells.csv")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:smearcount:problem:cannot-work")
    assert answer.json()["detail"].startswith("cells.csv of film.png may not be read by the service")
    assert "may not be read" in service.get(location.removeprefix("/v1")).text


def _children(pid: int) -> list[int]:
    """Of all its threads: a worker is started by one beside the first."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]


def _is_worker(pid: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()

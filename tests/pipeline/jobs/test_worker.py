"""The worker counts one job after the other, and no death of it loses one."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.jobs.data_folder import DataFolder
from pipeline.jobs.ledger import Job, Ledger
from pipeline.jobs.worker import WorkerOrders, run_worker, work_once
from pipeline.settings import CountSettings
from tests.pipeline.cli.fake_counts import count_by_name

PATIENCE_S = 120.0


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    folder = DataFolder(root=tmp_path / "data")
    folder.create()
    return folder


@pytest.fixture
def ledger(data: DataFolder) -> Iterator[Ledger]:
    opened = Ledger(data.ledger)
    yield opened
    opened.close()


@pytest.fixture
def start(data: DataFolder) -> Iterator[Callable[[str], multiprocessing.context.SpawnProcess]]:
    """Start a real worker process of that token; those that still live are killed after the test."""
    started = []

    def begin(token: str) -> multiprocessing.context.SpawnProcess:
        process = multiprocessing.get_context("spawn").Process(
            target=run_worker, args=(_orders(data, token),)
        )
        process.start()
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.join()


def _orders(data: DataFolder, token: str) -> WorkerOrders:
    return WorkerOrders(data=data, token=token, settings=CountSettings(), count=count_by_name)


def _hand_in(data: DataFolder, ledger: Ledger, name: str, um_per_px: float | None = None) -> None:
    home = data.uploads / name
    home.mkdir()
    (home / f"{name}.png").write_bytes(b"pixels")
    ledger.add(name, name=f"{name}.png", source=f"uploads/{name}/{name}.png", um_per_px=um_per_px)


def _wait(met: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def _job(ledger: Ledger, job_id: str) -> Job:
    job = ledger.get(job_id)
    assert job is not None
    return job


def test_a_job_is_counted_into_its_own_folder(data, ledger):
    _hand_in(data, ledger, "film", um_per_px=0.25)
    assert work_once(ledger, _orders(data, "w"))
    job = _job(ledger, "film")
    assert (job.state, job.result, job.done_tiles, job.all_tiles) == ("done", "results/film/film", 4, 4)
    summary = (data.root / job.result / "summary.json").read_text()
    assert '"um_per_px": 0.25' in summary


def test_nothing_is_done_where_nothing_waits(data, ledger):
    assert not work_once(ledger, _orders(data, "w"))


def test_a_job_that_fails_does_not_stop_the_next(data, ledger):
    _hand_in(data, ledger, "refuses")
    _hand_in(data, ledger, "film")
    orders = _orders(data, "w")
    assert work_once(ledger, orders)
    assert work_once(ledger, orders)
    assert [_job(ledger, name).state for name in ("refuses", "film")] == ["failed", "done"]


def test_the_reason_of_a_failure_names_the_picture_and_not_the_server(data, ledger):
    _hand_in(data, ledger, "refuses")
    work_once(ledger, _orders(data, "w"))
    assert _job(ledger, "refuses").error == "refuses.png holds not one cell; hand in a thin film"


def test_what_an_attempt_left_behind_is_gone_after_the_next(data, ledger):
    _hand_in(data, ledger, "film")
    left = data.results / "film" / ".smearcount-half"
    left.mkdir(parents=True)
    work_once(ledger, _orders(data, "w"))
    assert [entry.name for entry in (data.results / "film").iterdir()] == ["film"]


def test_the_tiles_that_an_attempt_had_finished_are_there_for_the_next(data, ledger):
    _hand_in(data, ledger, "film")
    kept = data.results / "film" / ".smearcount-film.tiles"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"finished")
    seen: list[bytes] = []

    def count(task, progress):
        seen.append((task.out / kept.name).read_bytes())
        return count_by_name(task, progress)

    assert work_once(ledger, replace(_orders(data, "a"), count=count))
    assert seen == [b"finished"]


def test_a_job_of_a_killed_worker_is_counted_by_the_next(data, ledger, start):
    _hand_in(data, ledger, "slow")
    first = start("first")
    _wait((data.uploads / "slow" / "begun").exists)
    first.kill()
    first.join()
    assert _job(ledger, "slow").state == "running"
    start("second")
    _wait(lambda: _job(ledger, "slow").state == "done")
    assert (_job(ledger, "slow").worker, _job(ledger, "slow").attempts) == ("second", 2)


def test_two_workers_never_count_at_once(data, ledger, start):
    _hand_in(data, ledger, "slow")
    start("first")
    _wait((data.uploads / "slow" / "begun").exists)
    start("second")
    _hand_in(data, ledger, "film")
    time.sleep(2.0)
    assert [_job(ledger, name).state for name in ("slow", "film")] == ["running", "queued"]
    assert _job(ledger, "slow").worker == "first"


def test_an_error_nobody_expected_ends_the_process(data, ledger, start):
    _hand_in(data, ledger, "breaks")
    process = start("w")
    process.join(PATIENCE_S)
    assert process.exitcode == 1
    assert _job(ledger, "breaks").state == "running"


def test_a_worker_that_is_asked_to_stop_stops_in_the_middle_of_a_count(data, ledger, start):
    _hand_in(data, ledger, "slow")
    process = start("w")
    _wait((data.uploads / "slow" / "begun").exists)
    process.terminate()
    process.join(PATIENCE_S)
    assert process.exitcode == 0


def test_a_worker_ignores_the_interrupt_that_is_meant_for_the_service(data, ledger, start):
    process = start("w")
    _hand_in(data, ledger, "film")
    _wait(lambda: _job(ledger, "film").state == "done")
    os.kill(process.pid, signal.SIGINT)
    _hand_in(data, ledger, "another")
    _wait(lambda: _job(ledger, "another").state == "done")
    assert process.is_alive()

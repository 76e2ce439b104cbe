"""The ledger keeps every job, hands each to one worker, and outlives whoever wrote it."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.jobs.ledger import MAX_ATTEMPTS, Ledger, sole_worker
from pipeline.jobs.schema import VERSION


@pytest.fixture
def ledger(tmp_path: Path):
    opened = Ledger(tmp_path / "ledger.sqlite3")
    yield opened
    opened.close()


def _add(ledger: Ledger, *names: str) -> None:
    for name in names:
        ledger.add(name, name=f"{name}.png", source=f"uploads/{name}/{name}.png")


def test_jobs_are_taken_in_the_order_they_came(ledger):
    _add(ledger, "a", "b", "c")
    assert [ledger.take("w").id for _ in range(3)] == ["a", "b", "c"]
    assert ledger.take("w") is None


def test_newest_lists_the_last_first_and_no_more_than_asked(ledger):
    _add(ledger, "a", "b", "c")
    assert [job.id for job in ledger.newest(2)] == ["c", "b"]


def test_a_job_goes_through_its_states_with_its_times(ledger):
    queued = ledger.add("a", name="a.png", source="uploads/a/a.png", um_per_px=0.11)
    assert (queued.state, queued.um_per_px, queued.started_utc, queued.attempts) == ("queued", 0.11, None, 0)
    running = ledger.take("w")
    assert (running.state, running.worker, running.attempts) == ("running", "w", 1)
    ledger.progress(running, 3, 8)
    assert (ledger.get("a").done_tiles, ledger.get("a").all_tiles) == (3, 8)
    assert ledger.finish(running, "results/a/a")
    done = ledger.get("a")
    assert (done.state, done.result, done.error) == ("done", "results/a/a", None)
    assert queued.created_utc <= done.started_utc <= done.finished_utc
    assert done.finished_utc.endswith("+00:00")


def test_a_failed_job_keeps_its_reason_and_no_result(ledger):
    _add(ledger, "a")
    assert ledger.fail(ledger.take("w"), "no cell in it")
    job = ledger.get("a")
    assert (job.state, job.error, job.result) == ("failed", "no cell in it", None)


def test_a_worker_that_lost_its_job_cannot_finish_it(ledger):
    _add(ledger, "a")
    lost = ledger.take("old")
    ledger.requeue_running()
    again = ledger.take("new")
    ledger.progress(lost, 9, 9)
    assert not ledger.finish(lost, "results/a/old")
    assert not ledger.fail(lost, "too late")
    assert ledger.get("a") == again


def test_a_job_that_crashes_its_worker_is_tried_again_and_then_given_up(ledger):
    _add(ledger, "a")
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert ledger.take(f"w{attempt}").attempts == attempt
        (job,) = ledger.record_crash(f"w{attempt}", "died")
        assert job.state == ("failed" if attempt == MAX_ATTEMPTS else "queued")
    assert ledger.get("a").error == "died"
    assert ledger.take("w3") is None


def test_a_crash_touches_no_job_of_another_worker(ledger):
    _add(ledger, "a", "b")
    ledger.take("one")
    ledger.take("two")
    ledger.record_crash("one", "died")
    assert [ledger.get(job).state for job in "ab"] == ["queued", "running"]


def test_a_job_given_back_loses_no_attempt(ledger):
    _add(ledger, "a")
    for _ in range(MAX_ATTEMPTS + 3):
        ledger.take("w")
        ledger.give_back("w")
    assert (ledger.get("a").state, ledger.get("a").attempts) == ("queued", 0)


def test_a_job_that_was_cut_off_waits_behind_those_never_begun(ledger):
    _add(ledger, "a", "b")
    ledger.take("w")
    ledger.requeue_running()
    assert [ledger.take("w").id for _ in range(2)] == ["b", "a"]


def test_waiting_counts_queued_and_running_jobs(ledger):
    _add(ledger, "a", "b", "c")
    ledger.finish(ledger.take("w"), "results/a/a")
    ledger.take("w")
    assert ledger.waiting() == 2


def test_many_workers_never_take_the_same_job(tmp_path):
    path = tmp_path / "ledger.sqlite3"
    names = [f"{number:03d}" for number in range(40)]
    first = Ledger(path)
    _add(first, *names)
    taken: list[str] = []

    def work(token: str) -> None:
        own = Ledger(path)
        while (job := own.take(token)) is not None:
            taken.append(job.id)
            own.finish(job, "results")
        own.close()

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first.close()
    assert sorted(taken) == names


def test_a_ledger_opened_again_holds_what_was_written(tmp_path):
    first = Ledger(tmp_path / "ledger.sqlite3")
    _add(first, "a")
    kept = first.take("w")
    second = Ledger(tmp_path / "ledger.sqlite3")  # the first is still open, as after a kill
    assert second.get("a") == kept
    first.close()
    second.close()


def test_the_tables_refuse_a_value_of_another_type(tmp_path):
    path = tmp_path / "ledger.sqlite3"
    Ledger(path).close()
    with sqlite3.connect(path) as connection, pytest.raises(sqlite3.IntegrityError, match="TEXT value"):
        connection.execute(
            "INSERT INTO jobs (id, name, source, created_utc, done_tiles) VALUES ('a', 'a', 'a', 'a', 'many')"
        )
    connection.close()


def test_a_file_that_is_no_ledger_is_refused_in_one_line(tmp_path):
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(b"not a database, but long enough to be looked at" * 30)
    with pytest.raises(OutputError, match=r"cannot be used \(file is not a database\); move it away"):
        Ledger(path)
    assert path.read_bytes().startswith(b"not a database")


def test_a_ledger_of_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "ledger.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(OutputError, match="version 7, this smearcount knows up to"):
        Ledger(path)


def test_the_sole_worker_lock_ends_with_its_process(tmp_path):
    lock = tmp_path / "worker.lock"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from pipeline.jobs.ledger import sole_worker\n"
            "with sole_worker(Path(sys.argv[1])): print('held', flush=True); time.sleep(600)",
            str(lock),
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[3],
    )
    entered = threading.Event()

    def enter() -> None:
        with sole_worker(lock):
            entered.set()

    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        waiter = threading.Thread(target=enter)
        waiter.start()
        assert not entered.wait(1.0)
        holder.kill()
        assert entered.wait(10.0)
        waiter.join()
    finally:
        holder.kill()
        holder.wait()
        if holder.stdout is not None:
            holder.stdout.close()


def test_a_ledger_of_an_earlier_version_keeps_its_jobs_and_gains_the_new_tables(tmp_path):
    path = tmp_path / "ledger.sqlite3"
    opened = Ledger(path)
    _add(opened, "a")
    opened.close()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE slides")
        connection.execute("ALTER TABLE jobs DROP COLUMN sample")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    opened = Ledger(path)
    assert [(job.id, job.sample) for job in opened.newest(9)] == [("a", "")]
    opened.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM slides").fetchone() == (0,)
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()

"""A cluster answers as the pool of processes does, and says in one line what is wrong with it."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from distributed import Client

from pipeline.batch import count_and_write
from pipeline.count import count_slide
from pipeline.errors import ClusterError, SlideError
from pipeline.execution import dask_client
from pipeline.execution.dask import TASKS_EACH, run_on_cluster, worker_processes
from pipeline.execution.processes import WorkerDiedError, run_in_processes
from pipeline.execution.slides import share_slides, slides_are_shared
from pipeline.output.cells_csv import write_cells
from pipeline.settings import CountSettings
from pipeline.synthetic.field import RenderSettings, render_field
from tests.pipeline.execution import fake_cluster_work, fake_workers
from tests.pipeline.execution.local_cluster import PATIENCE_S, LocalCluster

WORKERS = 2
UM_PER_PX = 0.2


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        LocalCluster(tmp_path_factory.mktemp("cluster"), WORKERS) as cluster,
        Client(cluster.address) as client,
    ):
        client.wait_for_workers(WORKERS, timeout=PATIENCE_S)
        yield cluster.address


@pytest.fixture(autouse=True)
def _full_crew(request: pytest.FixtureRequest) -> None:
    """Begin with all workers, also after a test that killed some."""
    if "address" in request.fixturenames:
        with Client(request.getfixturevalue("address"), set_as_default=False) as client:
            client.wait_for_workers(WORKERS, timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slides") / "film.png"
    rendered = render_field(
        RenderSettings(width=800, height=600, um_per_px=UM_PER_PX), np.random.default_rng(5)
    )
    cv2.imwrite(str(path), rendered.image[..., ::-1])
    return path


def one_line(error: pytest.ExceptionInfo[ClusterError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_the_answers_are_those_of_the_pool_of_processes(address):
    here = dict(run_in_processes(fake_workers.squares, (), range(30), 2))
    assert dict(run_on_cluster(fake_workers.squares, (), range(30), address)) == here
    assert here == {task: task * task for task in range(30)}


def test_the_worker_is_made_once_in_each_process_and_the_work_is_shared(address, tmp_path):
    pids = [
        pid for _, pid in run_on_cluster(fake_cluster_work.notes_its_making, (tmp_path,), range(12), address)
    ]
    made = [int(path.name.partition("-")[0]) for path in tmp_path.iterdir()]
    assert len(made) == WORKERS
    assert set(made) == set(pids)
    assert os.getpid() not in pids


def test_a_slow_task_does_not_hold_up_the_others(address):
    answers = list(run_on_cluster(fake_workers.uneven, (1.0,), [0, 5, 6, 7], address))
    assert {task for task, _ in answers[:2]} <= {5, 6, 7}
    assert sorted(answers) == [(0, 0), (5, 5), (6, 6), (7, 7)]


def test_only_a_few_tasks_are_taken_ahead_of_the_answers(address):
    taken = 0

    def endless() -> Iterator[int]:
        nonlocal taken
        while True:
            taken += 1
            yield taken

    answers = run_on_cluster(fake_workers.squares, (), endless(), address)
    for answered in range(1, 60):
        next(answers)
        assert taken <= answered + TASKS_EACH * WORKERS
    answers.close()
    assert taken >= 60


def test_a_worker_that_dies_is_replaced_and_its_task_done_again(address, tmp_path):
    answers = dict(run_on_cluster(fake_workers.dies_once, (tmp_path / "died",), range(6), address))
    assert (tmp_path / "died").exists()
    assert answers == {task: task + 100 for task in range(6)}


def test_a_worker_that_is_killed_from_outside_changes_no_answer(address, tmp_path):
    answers = run_on_cluster(fake_cluster_work.notes_its_process, (tmp_path, 0.1), range(20), address)
    first = [next(answers), next(answers)]
    victim = int(next(tmp_path.iterdir()).name)
    os.kill(victim, signal.SIGKILL)
    rest = list(answers)
    assert len(rest) == 18
    assert dict(first + rest) == {task: task * task for task in range(20)}


@pytest.mark.slow
def test_a_task_that_kills_every_worker_is_given_up_and_the_rest_is_done(address):
    answers = dict(run_on_cluster(fake_workers.always_dies_at, (2,), range(9), address))
    assert isinstance(answers.pop(2), WorkerDiedError)
    assert answers == {task: task for task in range(9) if task != 2}


def test_a_task_that_fails_is_told_and_the_rest_is_done(address):
    answers = dict(run_on_cluster(fake_cluster_work.fails_at, (3,), range(6), address))
    died = answers.pop(3)
    assert isinstance(died, WorkerDiedError)
    assert "task 3 divides by zero" in str(died)
    assert answers == {task: task for task in (0, 1, 2, 4, 5)}


def test_what_goes_wrong_while_a_worker_starts_reaches_the_caller(address):
    with pytest.raises(SlideError, match="no such slide"):
        list(run_on_cluster(fake_workers.cannot_start, ("no such slide",), range(4), address))


def test_nothing_of_a_run_is_left_on_the_workers(address):
    with Client(address, set_as_default=False) as client:

        def left() -> list[str]:
            found = client.run(lambda dask_worker: [name for name in dask_worker.plugins if "smear" in name])
            return [name for names in found.values() for name in names]

        answers = run_on_cluster(fake_workers.squares, (), range(50), address)
        next(answers)
        assert len(left()) == WORKERS
        answers.close()
        assert left() == []
        until = time.monotonic() + PATIENCE_S
        while any(client.processing().values()):
            assert time.monotonic() < until, "tasks go on that nobody waits for"
            time.sleep(0.05)


def test_a_file_that_a_worker_cannot_read_is_named(address, tmp_path):
    with pytest.raises(ClusterError, match="file system that all machines share") as error:
        list(run_on_cluster(fake_workers.squares, (), [1], address, readable=(tmp_path / "slide.svs",)))
    assert "slide.svs" in one_line(error)


def test_no_tasks_need_no_scheduler():
    assert list(run_on_cluster(fake_workers.squares, (), [], "tcp://127.0.0.1:1")) == []


@pytest.mark.parametrize("answer", [None, b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_an_address_without_a_scheduler_is_one_line_in_time(monkeypatch, answer):
    """Nobody there, nobody who speaks, and somebody who speaks of something else."""
    monkeypatch.setattr(dask_client, "ANSWER_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        if answer is not None:
            threading.Thread(target=lambda: server.accept()[0].sendall(answer), daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        for wrong in (address, "tcp://127.0.0.1:1", "host"):
            started_s = time.monotonic()
            with pytest.raises(ClusterError, match="no scheduler answers") as error:
                list(run_on_cluster(fake_workers.squares, (), [1], wrong))
            assert time.monotonic() - started_s < 25  # dask by itself goes on for 30 s
            assert wrong in one_line(error)


@pytest.mark.slow
def test_a_cluster_that_fits_not_says_so_and_one_that_grows_is_used(tmp_path):
    """One scheduler in turn without a worker, with an unfit one, with one, with two, and gone."""
    other = tmp_path / "other" / "numpy-0.0.1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.0.1\n")
    with LocalCluster(tmp_path) as cluster:
        with pytest.raises(ClusterError, match="had no worker for 1 s") as error:
            list(run_on_cluster(fake_workers.squares, (), [1], cluster.address, patience_s=1.0))
        assert "dask worker" in one_line(error)

        cluster.add_worker(before=other.parent)
        with pytest.raises(ClusterError, match=r"numpy 0\.0\.1, expected") as error:
            list(run_on_cluster(fake_workers.squares, (), [1], cluster.address))
        one_line(error)
        cluster.processes[-1].terminate()
        cluster.processes[-1].wait()

        cluster.add_worker(threads=3)
        assert worker_processes(cluster.address) == 1
        company = run_on_cluster(fake_cluster_work.bears_no_company, (), range(9), cluster.address)
        assert all(alone for _, alone in company)

        answers = run_on_cluster(fake_workers.process_ids, (None,), iter(int, 1), cluster.address)
        next(answers)
        cluster.add_worker()
        pids: set[object] = set()
        until = time.monotonic() + PATIENCE_S
        while len(pids) < 2:
            assert time.monotonic() < until, "the new worker got no work"
            pids.add(next(answers)[1])
        cluster.scheduler.kill()
        with pytest.raises(ClusterError, match="scheduler was lost") as error:
            list(answers)
        one_line(error)


def test_the_tiles_of_a_slide_give_the_same_cells_on_a_cluster(address, photo, tmp_path):
    settings = CountSettings(um_per_px=UM_PER_PX, tile_px=256)
    written = []
    for name, where in (("here", settings), ("there", replace(settings, scheduler=address))):
        result = count_slide(photo, where)
        write_cells(tmp_path / name, result.parts)
        written.append((tmp_path / name).read_bytes())
        assert result.summary.counted > 100
    assert written[0] == written[1]


@pytest.mark.slow
def test_whole_slides_are_shared_out_and_one_that_was_cut_short_is_counted_again(address, photo, tmp_path):
    slides = [tmp_path / f"{name}.png" for name in "ab"]
    for slide in slides:
        slide.write_bytes(photo.read_bytes())
    settings = CountSettings(um_per_px=UM_PER_PX, scheduler=address)
    assert slides_are_shared(2, settings)
    assert not slides_are_shared(1, settings)
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    told = dict(share_slides(fake_cluster_work.count_and_die_once, slides, there, settings))
    assert told == {slide: slide.stem for slide in slides}
    assert [path.name for path in there.iterdir() if path.name.startswith(".")] == []
    for slide in slides:
        _, folder = count_and_write(slide, here, CountSettings(um_per_px=UM_PER_PX))
        assert len(list(folder.glob("*.csv"))) == 1
        for name in ("cells.csv", "summary.json", "overlay.jpg"):
            assert (there / slide.stem / name).read_bytes() == (folder / name).read_bytes()

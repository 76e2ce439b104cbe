"""A pool of processes gives what one process gives, also where workers die."""

import multiprocessing
import os

import pytest

from pipeline.errors import SlideError
from pipeline.execution.processes import WorkerDiedError, run_here, run_in_processes
from tests.pipeline.execution import fake_workers


def test_tasks_are_worked_on_in_order_in_this_process():
    assert list(run_here(lambda task: task * 2, [3, 1, 2])) == [(3, 6), (1, 2), (2, 4)]


def test_every_task_is_answered_once_whatever_the_number_of_workers():
    expected = [(task, task * task) for task in range(20)]
    for workers in (1, 3):
        assert sorted(run_in_processes(fake_workers.squares, (), range(20), workers)) == expected


def test_a_slow_task_does_not_hold_up_the_others():
    answers = list(run_in_processes(fake_workers.uneven, (0.6,), [0, 5, 6, 7], 2))
    assert [task for task, _ in answers][-1] == 0
    assert all(task == answer for task, answer in answers)


def test_the_work_is_done_in_other_processes_and_shared_among_them():
    pids = {answer for _, answer in run_in_processes(fake_workers.process_ids, (None,), range(8), 2)}
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_a_worker_that_dies_is_replaced_and_its_task_done_again(tmp_path):
    answers = dict(run_in_processes(fake_workers.dies_once, (tmp_path / "died",), range(6), 2))
    assert (tmp_path / "died").exists()
    assert answers == {task: task + 100 for task in range(6)}


def test_a_task_that_kills_every_worker_is_given_up_and_the_rest_is_done():
    answers = dict(run_in_processes(fake_workers.always_dies_at, (2,), range(5), 2))
    assert isinstance(answers.pop(2), WorkerDiedError)
    assert answers == {0: 0, 1: 1, 3: 3, 4: 4}


def test_what_goes_wrong_while_a_worker_starts_reaches_the_caller():
    with pytest.raises(SlideError, match="no such slide"):
        list(run_in_processes(fake_workers.cannot_start, ("no such slide",), range(4), 2))


def test_no_process_is_left_where_the_caller_stops_halfway():
    before = set(multiprocessing.active_children())
    answers = run_in_processes(fake_workers.squares, (), range(50), 2)
    next(answers)
    answers.close()
    assert set(multiprocessing.active_children()) <= before


def test_no_tasks_start_no_process():
    assert list(run_in_processes(fake_workers.cannot_start, ("never asked",), [], 2)) == []

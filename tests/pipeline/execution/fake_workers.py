"""Workers for the tests of the executors; a worker process imports this module."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import SlideError

Work = Callable[[int], object]


def squares() -> Work:
    return lambda task: task * task


def uneven(pause_s: float) -> Work:
    """The earlier a task, the longer it takes."""

    def work(task: int) -> object:
        time.sleep(pause_s if task < 2 else 0)
        return task

    return work


def dies_once(marker: Path) -> Work:
    """Task 3 ends its process without a word the first time."""

    def work(task: int) -> object:
        if task == 3 and not marker.exists():
            marker.touch()
            os._exit(9)
        return task + 100

    return work


def always_dies_at(victim: int) -> Work:
    def work(task: int) -> object:
        if task == victim:
            os.kill(os.getpid(), signal.SIGKILL)
        return task

    return work


def cannot_start(reason: str) -> Work:
    raise SlideError(reason)


def process_ids(_: None) -> Work:
    def work(_: int) -> object:
        time.sleep(0.05)
        return os.getpid()

    return work

"""Workers for the tests of the cluster; a worker process imports this module."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.batch import count_and_write
from pipeline.settings import CountSettings

Work = Callable[[int], object]


def notes_its_making(folder: Path) -> Work:
    """Leaves a file for every time it is made; answers the process."""
    number = len(list(folder.iterdir()))
    (folder / f"{os.getpid()}-{number}-{threading.get_ident()}").touch()

    def work(_: int) -> object:
        time.sleep(0.05)
        return os.getpid()

    return work


def notes_its_process(folder: Path, pause_s: float) -> Work:
    """Leaves a file named after the process when a task begins."""

    def work(task: int) -> object:
        (folder / str(os.getpid())).touch()
        time.sleep(pause_s)
        return task * task

    return work


def bears_no_company() -> Work:
    """Fails where a second thread comes in while it works."""
    inside: list[int] = []

    def work(task: int) -> object:
        inside.append(task)
        time.sleep(0.05)
        alone = len(inside) == 1
        inside.remove(task)
        return alone

    return work


def fails_at(victim: int) -> Work:
    def work(task: int) -> object:
        if task == victim:
            raise ZeroDivisionError(f"task {task} divides by zero")
        return task

    return work


def count_over(source: Path, out: Path, settings: CountSettings) -> str:
    """Counts a slide and replaces what lies there; the name of its folder."""
    _, folder = count_and_write(source, out, settings, overwrite=True)
    return folder.name


def count_and_die_once(source: Path, out: Path, settings: CountSettings) -> str:
    """As `count_over`, but slide `a` ends its first process when all is written and nothing is told yet."""
    name = count_over(source, out, settings)
    marker = out / f"{name}.died"
    if name == "a" and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return name


def tell_settings(source: Path, out: Path, settings: CountSettings) -> tuple[Path, Path, CountSettings, int]:
    """What it was handed, and its process."""
    time.sleep(0.05)
    return source, out, settings, os.getpid()

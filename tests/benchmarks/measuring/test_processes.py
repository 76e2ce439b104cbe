"""Tests of benchmarks.measuring.processes: real processes that hold a known amount of memory."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.measuring.fresh import cost_of
from benchmarks.measuring.processes import TreeWatch, family, proportional_mb

pytestmark = pytest.mark.skipif(proportional_mb(os.getpid()) is None, reason="only Linux tells it")

HOLDS_MB = 80
HOLD = f"held = bytearray(b'x') * {HOLDS_MB * 10**6}"
LAST = "import sys, time; print('ready', flush=True); sys.stdin.read()"


@contextmanager
def _running(code: str) -> Iterator[int]:
    """A process that has run `code`, and ends when this is left."""
    script = f"{code}\n{LAST}"
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process.pid
    finally:
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.close()


def _starting(code: str) -> str:
    """Code that starts a child which runs `code`, and waits until it has."""
    child = f"{code}\nimport sys, time\nprint('ready', flush=True)\ntime.sleep(2)"
    return (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()"
    )


def test_a_process_that_holds_more_memory_is_told_to_hold_so_much_more() -> None:
    with _running("") as empty, _running(HOLD) as full:
        less, more = proportional_mb(empty), proportional_mb(full)
    assert less is not None
    assert more is not None
    assert more - less == pytest.approx(HOLDS_MB, abs=2)


def test_a_process_that_has_ended_tells_nothing() -> None:
    with _running("") as process:
        pass
    assert proportional_mb(process) is None


def test_a_family_holds_children_and_grandchildren() -> None:
    with _running(_starting(_starting(""))) as root:
        found = family(root)
    assert found[0] == root
    assert len(found) == 3


def test_a_family_holds_nobody_else() -> None:
    with _running("") as one, _running("") as other:
        assert family(one) == [one]
        assert other not in family(one)


def test_the_peak_of_a_tree_counts_what_its_children_hold() -> None:
    watch = TreeWatch()
    command = [sys.executable, "-c", _starting(HOLD) + "\n" + HOLD + "\nchild.wait()"]
    cost_of(command, 1, warm_up=False, wait=watch)
    assert watch.peak_mb == pytest.approx(2 * HOLDS_MB, abs=40)
    assert watch.peak_mb > 2 * HOLDS_MB
    assert len(watch.at_peak_mb) == 2


def test_pages_that_processes_share_are_counted_once() -> None:
    """A forked child shares all that its parent holds."""
    fork = "import os, time\nif os.fork() == 0:\n    time.sleep(1)\n    os._exit(0)\nos.wait()"
    watch = TreeWatch()
    cost_of([sys.executable, "-c", f"{HOLD}\n{fork}"], 1, warm_up=False, wait=watch)
    assert HOLDS_MB < watch.peak_mb < 1.5 * HOLDS_MB


def test_a_watched_command_takes_no_longer_than_it_takes() -> None:
    start = time.perf_counter()
    cost = cost_of([sys.executable, "-c", "import time; time.sleep(0.5)"], 1, warm_up=False, wait=TreeWatch())
    assert 0.5 <= cost.wall_s <= time.perf_counter() - start


def test_a_watched_command_that_fails_says_so() -> None:
    with pytest.raises(RuntimeError, match="no such thing"):
        cost_of(
            [sys.executable, "-c", "raise SystemExit('no such thing')"], 1, warm_up=False, wait=TreeWatch()
        )

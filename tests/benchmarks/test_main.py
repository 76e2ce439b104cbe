"""Tests of the command line of the benchmarks."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import GROUPS

REPOSITORY = Path(__file__).resolve().parent.parent.parent


def _asked(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("name", list(GROUPS))
def test_every_group_has_a_module_that_measures(name: str) -> None:
    assert callable(importlib.import_module(f"benchmarks.{name}").measured)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--only", "slide,nothing"), "no group nothing; take some of start, warm"),
        (("--gigapixels", "0.1,many"), "expected gigapixels such as 0.1,1,4"),
        (("--gigapixels", "0"), "expected sizes above 0"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is(arguments: tuple[str, ...], said: str) -> None:
    done = _asked(*arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_the_process_that_measures_loads_no_heavy_library() -> None:
    groups = ", ".join(f"benchmarks.{name}" for name in ("__main__", *GROUPS))
    script = f"import sys, {groups}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60
    )
    assert not set(done.stdout.split()) & {"numpy", "pandas", "cv2", "keras", "tensorflow", "distributed"}

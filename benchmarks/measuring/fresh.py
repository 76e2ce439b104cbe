"""Measures whole commands, each run in a fresh process, and the size of the shipped networks.

Nothing heavy is imported here. A child starts as a copy of this process, and the kernel counts the memory of
the copy into the child's peak: this process has to stay smaller than what it measures.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "Cost",
    "Wait",
    "children_environment",
    "cost_of",
    "measured_by",
    "module",
    "network_bytes",
    "rendered",
    "smearcount",
    "wait_for",
]

_ROOT = Path(__file__).resolve().parent.parent.parent
_BYTECODE_SWITCH = "PYTHONDONTWRITEBYTECODE"

Wait = Callable[[int], tuple[int, resource.struct_rusage]]
"""Waits for the process of this number to end; gives its status and what it used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a command cost, the median of its runs.

    Attributes
    ----------
    wall_s, cpu_s : time that passed, and time of the processor, user and system, ended children included.
    peak_mb : most memory that one of its processes held, MB (10^6 bytes), the largest of all runs.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float


def smearcount(*arguments: str) -> list[str]:
    """The command line of the installed `smearcount` with these arguments."""
    return [str(Path(sys.executable).parent / "smearcount"), *arguments]


def module(name: str, *arguments: str) -> list[str]:
    """The command line that runs a module of the benchmarks with these arguments."""
    return [sys.executable, "-m", f"benchmarks.{name}", *arguments]


def rendered(folder: Path, *options: str) -> Path:
    """Picture of a smear drawn into `folder` by `smearcount render` with these options, its first field."""
    _run(smearcount("render", "-o", str(folder), *options))
    return min((folder / "images").iterdir())


def wait_for(process: int) -> tuple[int, resource.struct_rusage]:
    """Wait for a child to end; its status as the kernel gives it, and what it used."""
    _, status, usage = os.wait4(process, 0)
    return status, usage


def cost_of(command: Sequence[str], runs: int, *, warm_up: bool = True, wait: Wait = wait_for) -> Cost:
    """Cost of a command, the median of its runs.

    Parameters
    ----------
    warm_up : one run before, not measured, warms the file cache and the bytecode.
    """
    costs = [_cost(command, wait) for _ in range(runs + warm_up)][int(warm_up) :]
    return Cost(
        wall_s=statistics.median(cost.wall_s for cost in costs),
        cpu_s=statistics.median(cost.cpu_s for cost in costs),
        peak_mb=max(cost.peak_mb for cost in costs),
    )


def measured_by(name: str, *arguments: str) -> dict[str, Any]:
    """What a module of the benchmarks, run in a fresh process, prints as JSON."""
    return dict(json.loads(_run(module(name, *arguments))))


def network_bytes() -> dict[str, int]:
    """Size of each LiteRT file that is shipped, by its place."""
    models = _ROOT / "models"
    return {file.relative_to(models).as_posix(): file.stat().st_size for file in models.rglob("*.tflite")}


def children_environment() -> dict[str, str]:
    """The environment, but bytecode is kept, as it is after an installation."""
    return {name: value for name, value in os.environ.items() if name != _BYTECODE_SWITCH}


def _cost(command: Sequence[str], wait: Wait) -> Cost:
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        child = subprocess.Popen(
            command, cwd=_ROOT, env=children_environment(), stdout=subprocess.DEVNULL, stderr=said
        )
        status, usage = wait(child.pid)
        wall_s = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        _check(command, child.returncode, said.read())
    peak_mb = usage.ru_maxrss * 1024 / 1e6  # Linux counts in KiB
    return Cost(wall_s=wall_s, cpu_s=usage.ru_utime + usage.ru_stime, peak_mb=peak_mb)


def _run(command: Sequence[str]) -> bytes:
    done = subprocess.run(command, cwd=_ROOT, env=children_environment(), capture_output=True, check=False)
    _check(command, done.returncode, done.stderr)
    return done.stdout


def _check(command: Sequence[str], code: int, said: bytes) -> None:
    """Raise where a command failed, with what it said."""
    if code != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {code}:\n{said.decode(errors='replace')}")

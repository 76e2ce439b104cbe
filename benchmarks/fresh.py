"""Measures whole commands, each run in a fresh process, and the size of the shipped networks.

Nothing heavy is imported here. A child starts as a copy of this process, and the kernel counts the memory of
the copy into the child's peak: this process has to stay smaller than what it measures.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Cost", "cost_of", "measured_inside", "network_bytes", "rendered"]

_ROOT = Path(__file__).resolve().parent.parent
_SMEARCOUNT = Path(sys.executable).parent / "smearcount"
_BYTECODE_SWITCH = "PYTHONDONTWRITEBYTECODE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a command cost, the median of its runs.

    Attributes
    ----------
    wall_s, cpu_s : time that passed, and time of the processor, user and system.
    peak_mb : most memory that one of its processes held, MB (10^6 bytes), the largest of all runs.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float


def rendered(folder: Path, *options: str) -> Path:
    """Picture of a smear drawn into `folder` by `smearcount render` with these options."""
    _run([str(_SMEARCOUNT), "render", "-o", str(folder), *options])
    return next((folder / "images").iterdir())


def cost_of(arguments: Sequence[str], runs: int) -> Cost:
    """Cost of `smearcount` with these arguments, after one run that warms the file cache and the bytecode."""
    costs = [_cost([str(_SMEARCOUNT), *arguments]) for _ in range(runs + 1)][1:]
    return Cost(
        wall_s=statistics.median(cost.wall_s for cost in costs),
        cpu_s=statistics.median(cost.cpu_s for cost in costs),
        peak_mb=max(cost.peak_mb for cost in costs),
    )


def measured_inside(field: Path, photo: Path, folder: Path) -> dict[str, Any]:
    """What `benchmarks.inside` measures of a field and a large photo in a fresh process."""
    places = (str(field), str(photo), str(folder))
    return dict(json.loads(_run([sys.executable, "-m", "benchmarks.inside", *places])))


def network_bytes() -> dict[str, int]:
    """Size of each LiteRT file that is shipped, by its place."""
    models = _ROOT / "models"
    return {file.relative_to(models).as_posix(): file.stat().st_size for file in models.rglob("*.tflite")}


def _cost(command: list[str]) -> Cost:
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        child = subprocess.Popen(
            command, cwd=_ROOT, env=_environment(), stdout=subprocess.DEVNULL, stderr=said
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        _check(command, child.returncode, said.read())
    peak_mb = usage.ru_maxrss * 1024 / 1e6  # Linux counts in KiB
    return Cost(wall_s=wall_s, cpu_s=usage.ru_utime + usage.ru_stime, peak_mb=peak_mb)


def _run(command: list[str]) -> bytes:
    done = subprocess.run(command, cwd=_ROOT, env=_environment(), capture_output=True, check=False)
    _check(command, done.returncode, done.stderr)
    return done.stdout


def _check(command: list[str], code: int, said: bytes) -> None:
    """Raise where a command failed, with what it said."""
    if code != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {code}:\n{said.decode(errors='replace')}")


def _environment() -> dict[str, str]:
    """The environment, but bytecode is kept, as it is after an installation."""
    return {name: value for name, value in os.environ.items() if name != _BYTECODE_SWITCH}

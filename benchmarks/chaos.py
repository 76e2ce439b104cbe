"""Kills a batch at random moments, starts it again each time, and compares it with an undisturbed run.

`python -m benchmarks.chaos FOLDER --kills 40` counts the slides of FOLDER; without one it draws some, with
`--real` it takes fields of a folder of labelled sets among them, and with `--scan` a whole-slide scan.
"""

import argparse
import csv
import json
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.nights.slides import mixed_slides
from pipeline.errors import SmearcountError
from pipeline.jobs.rows import read_rows
from pipeline.settings import TILES_SUFFIX

__all__ = ["Chaos", "Left", "differences", "left_by_a_kill", "main"]

_COMMAND = "from pipeline.cli.app import main; main()"
_LATER = 1.1
_TIMES = ("seconds",)
"""Columns of slides.csv that differ from run to run."""


class Chaos:
    """A batch over the same slides that is killed again and again.

    Parameters
    ----------
    slides : folder of the slides.
    workers : of the batch.
    """

    def __init__(self, slides: Path, workers: int) -> None:
        self._words = [str(slides), "--workers", str(workers), "--quiet"]

    def run(self, out: Path, kill_after_s: float | None = None) -> int | None:
        """Run the batch to its end, or kill it with all its processes; its exit code, or None if killed."""
        command = [sys.executable, "-c", _COMMAND, "batch", *self._words, "-o", str(out)]
        process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
        try:
            return process.wait(kill_after_s)
        except subprocess.TimeoutExpired:
            tree = [process.pid, *_below(process.pid)]
            for pid in tree:
                _kill(pid)
            process.wait()
            _wait_until_gone(tree)
            return None

    def kill_again_and_again(self, out: Path, kills: int, longest_s: float, seed: int) -> Iterator[float]:
        """Kill the batch so many times, each after a random time, then let it end; yields the times, s.

        Where a kill came before a slide was settled the next one may come a little later: the batch gets on
        also on a machine that has become slower.
        """
        rng = random.Random(seed)
        for _ in range(kills):
            settled = left_by_a_kill(out).settled
            after_s = rng.uniform(0.3, longest_s)
            self.run(out, after_s)
            if left_by_a_kill(out).settled == settled:
                longest_s *= _LATER
            yield after_s
        self.run(out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a kill left behind.

    Attributes
    ----------
    settled : slides with a result or a reason.
    running : slides that were under way, whose tiles in hand are done again.
    kept_bytes : of the finished tiles of slides under way.
    """

    settled: int
    running: int
    kept_bytes: int

    def told_after(self, before: "Left") -> str:
        """One line, against what the kill before had left."""
        lost = "; settled slides were lost" if self.settled < before.settled else ""
        tiles = f", {self.kept_bytes} bytes of finished tiles kept" if self.kept_bytes else ""
        return f"{self.settled} settled, {self.running} under way{tiles}{lost}"


def left_by_a_kill(out: Path) -> Left:
    """What the ledger and the folder hold."""
    try:
        states = [row.state for row in read_rows(out)]
    except SmearcountError:  # killed before there was a ledger
        states = []
    running = states.count("running")
    tiles = sum(path.stat().st_size for path in out.glob(f"*{TILES_SUFFIX}"))
    return Left(settled=len(states) - running - states.count("queued"), running=running, kept_bytes=tiles)


def differences(out: Path, undisturbed: Path) -> list[str]:
    """What differs between two results folders, times and computers apart; and what is not whole."""
    found = []
    first, second = _files(out), _files(undisturbed)
    found += [f"{name} is in one of them only" for name in sorted(first.keys() ^ second.keys())]
    found += [
        f"{name} differs" for name in sorted(first.keys() & second.keys()) if first[name] != second[name]
    ]
    rows = read_rows(out)
    names = [row.slide for row in rows]
    found += [f"{row.slide} is {row.state}" for row in rows if row.state in ("queued", "running")]
    found += [
        f"{row.slide}: its result is gone" for row in rows if row.result and not (out / row.result).is_dir()
    ]
    if len(set(names)) != len(names):
        found.append("the ledger holds a slide twice")
    return found


def _files(out: Path) -> dict[str, object]:
    """Every file of the results, what differs from run to run left out."""
    files: dict[str, object] = {}
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        if path.is_dir() or name.startswith(".smearcount-batch/") or name == "index.html":
            continue
        if path.name == "run.json":
            run = json.loads(path.read_text(encoding="utf-8"))
            files[name] = {key: run[key] for key in ("input", "settings", "models", "seed", "versions")}
        elif name == "slides.csv":
            with path.open(encoding="utf-8-sig", newline="") as handle:
                rows = list(csv.DictReader(handle))
            files[name] = [[value for key, value in row.items() if key not in _TIMES] for row in rows]
        else:
            files[name] = path.read_bytes()
    return files


def _below(pid: int) -> list[int]:
    """Processes that a process started, and those that they did."""
    children = [
        int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in _read(task).split()
    ]
    return [below for child in children for below in (child, *_below(child))]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _wait_until_gone(pids: list[int]) -> None:
    ends_s = time.monotonic() + 10
    while time.monotonic() < ends_s and any(_is_alive(pid) for pid in pids):
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    return _read(Path(f"/proc/{pid}/stat")).rpartition(") ")[2][:1] not in ("", "Z", "X")


def _first_settled_s(out: Path, began: float) -> float:
    """How long a run takes until it has its first result: kills before that move nothing forward."""
    return min((path.stat().st_mtime - began for path in out.glob("*/summary.json")), default=3.0)


def _longest_s(first_s: float, each_s: float) -> float:
    """The latest moment of a kill that lets each run get on by `each_s` on average, its start apart.

    Of moments even between 0 and L, a run that needs F before it gets on has (L - F)^2 / 2L of time for that.
    """
    return first_s + each_s + math.sqrt(each_s**2 + 2 * first_s * each_s)


def main() -> int:
    """Command of `make chaos`; 1 where something differs."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("slides", type=Path, nargs="?", help="folder of slides; left out, some are drawn")
    words.add_argument("--kills", type=int, default=40)
    words.add_argument("--workers", type=int, default=2)
    words.add_argument("--longest", type=float, help="latest moment of a kill after the start, s")
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--drawn", type=int, default=24, help="slides that are drawn or taken")
    words.add_argument("--real", type=Path, help="folder of labelled sets, whose fields make a third of them")
    words.add_argument("--scan", action="store_true", help="one of them is a whole-slide scan")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        slides = asked.slides or mixed_slides(
            Path(folder) / "slides", asked.drawn, data=asked.real, with_scan=asked.scan
        )
        chaos = Chaos(slides, asked.workers)
        began_s, began = time.monotonic(), time.time()
        chaos.run(Path(folder) / "whole")
        whole_s = time.monotonic() - began_s
        first_s = _first_settled_s(Path(folder) / "whole", began)
        longest_s = asked.longest or _longest_s(first_s, max(whole_s - first_s, 0.0) / asked.kills)
        times = chaos.kill_again_and_again(Path(folder) / "cut", asked.kills, longest_s, asked.seed)
        before = Left(settled=0, running=0, kept_bytes=0)
        for number, after_s in enumerate(times, start=1):
            left = left_by_a_kill(Path(folder) / "cut")
            sys.stdout.write(f"kill {number} after {after_s:.2f} s: {left.told_after(before)}\n")
            sys.stdout.flush()
            before = left
        found = differences(Path(folder) / "cut", Path(folder) / "whole")
    sys.stdout.write(f"undisturbed: {whole_s:.1f} s, its first slide after {first_s:.1f} s\n")
    sys.stdout.write("\n".join([*found, f"{len(found)} differences after {asked.kills} kills"]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

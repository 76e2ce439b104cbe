"""The group `cluster`: a count on a Dask cluster of two local workers, against the pool of processes."""

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.measuring.fresh import children_environment, cost_of, smearcount
from benchmarks.measuring.records import Group, Measure, Room
from benchmarks.measuring.scans import read_through, rendered_scan
from benchmarks.slide import GIGAPIXELS

__all__ = ["local_cluster", "measured"]

WORKERS = 2
GOAL_TIMES = 0.85
_PATIENCE_S = 60.0
_WAIT = f"""
import sys
from distributed import Client
with Client(sys.argv[1], timeout={_PATIENCE_S}) as client:
    client.wait_for_workers(int(sys.argv[2]), timeout={_PATIENCE_S})
"""
"""Ends when all workers are there."""


def measured(room: Room) -> Group:
    """The same slide by two processes of a pool, and by two workers of a cluster that stands already."""
    if importlib.util.find_spec("distributed") is None:
        return Group(measures=(), notes=("distributed is not installed: the cluster was not measured",))
    scan = rendered_scan(room.scans, GIGAPIXELS)
    read_through(scan)
    count = ("count", str(scan), "-o")
    pool = smearcount(*count, str(room.folder / "pool"), "--workers", str(WORKERS))
    pool_s = cost_of(pool, 1, warm_up=False).wall_s
    with local_cluster(WORKERS, room.folder) as scheduler:
        dask = smearcount(*count, str(room.folder / "dask"), "--scheduler", scheduler)
        dask_s = cost_of(dask, 1, warm_up=False).wall_s
    note = f"{WORKERS} workers each; the cluster stands before the count"
    return Group(
        measures=(
            Measure(name="a slide by the pool of processes, wall", value=pool_s, unit="s"),
            Measure(name="the same on a Dask cluster, wall", value=dask_s, unit="s"),
            Measure(
                name="  as fast as the pool",
                value=pool_s / dask_s,
                unit="times",
                goal=GOAL_TIMES,
                at_least=True,
                note=note,
            ),
        )
    )


@contextmanager
def local_cluster(workers: int, folder: Path) -> Iterator[str]:
    """Address of a scheduler on this machine with so many workers of one thread, all there; ended after."""
    facts = folder / "scheduler.json"
    where = ("--scheduler-file", str(facts), "--no-dashboard")
    with ExitStack() as running:
        running.enter_context(_process("dask_scheduler", "--host", "127.0.0.1", "--port", "0", *where))
        address = _address(facts)
        for number in range(workers):
            space = ("--local-directory", str(folder / f"worker-{number}"))
            alone = ("--nworkers", "1", "--nthreads", "1", "--no-nanny", "--memory-limit", "0")
            running.enter_context(_process("dask_worker", *where, *alone, *space))
        # In a process of its own: this one stays small, see benchmarks.measuring.fresh.
        subprocess.run([sys.executable, "-c", _WAIT, address, str(workers)], check=True)
        yield address


@contextmanager
def _process(program: str, *arguments: str) -> Iterator[None]:
    command = [sys.executable, "-m", f"distributed.cli.{program}", *arguments]
    process = subprocess.Popen(
        command, env=children_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(facts: Path) -> str:
    """Address that the scheduler wrote down once it was ready."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        try:
            return str(json.loads(facts.read_text(encoding="utf-8"))["address"])
        except (OSError, ValueError):  # not there yet, or not whole
            time.sleep(0.1)
    raise RuntimeError(f"the scheduler was not ready after {_PATIENCE_S:.0f} s; is the machine busy?")

"""A batch on a cluster loses and doubles nothing when a worker and the command itself are killed in it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from distributed import Client

from benchmarks.chaos import Chaos, differences
from pipeline.jobs.rows import read_rows
from tests.pipeline.execution.local_cluster import PATIENCE_S, LocalCluster
from tests.pipeline.jobs.drawn_slides import draw

SLIDES = 12


def _settled(out: Path) -> int:
    return len(list(out.glob("*/summary.json")))


def _wait_for(out: Path, settled: int) -> None:
    ends_s = time.monotonic() + 2 * PATIENCE_S
    while _settled(out) < settled:
        assert time.monotonic() < ends_s, "no slide was counted"
        time.sleep(0.05)


def test_a_killed_worker_and_a_killed_command_lose_and_double_nothing(tmp_path: Path) -> None:
    slides, out = tmp_path / "slides", tmp_path / "out"
    for seed in range(SLIDES):
        draw(slides / f"slide-{seed:02d}" / "field.png", seed)
    assert Chaos(slides, workers=2).run(tmp_path / "whole") == 0
    (tmp_path / "cluster").mkdir()
    with LocalCluster(tmp_path / "cluster", workers=2) as cluster, Client(cluster.address) as client:
        client.wait_for_workers(2, timeout=PATIENCE_S)
        words = ["batch", str(slides), "-o", str(out), "--scheduler", cluster.address, "--quiet"]
        command = [sys.executable, "-c", "from pipeline.cli.app import main; main()", *words]
        process = subprocess.Popen(command)
        _wait_for(out, 2)
        os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
        _wait_for(out, 4)
        process.kill()
        process.wait()
        settled_at_the_kill = _settled(out)
        assert subprocess.run(command, timeout=4 * PATIENCE_S, check=False).returncode == 0
    assert settled_at_the_kill < SLIDES  # there was something left to lose
    assert [row.state for row in read_rows(out)] == ["done"] * SLIDES
    assert differences(out, tmp_path / "whole") == []

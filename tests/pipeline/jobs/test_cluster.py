"""A batch on a cluster loses and doubles nothing when a worker and the command itself are killed in it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from distributed import Client

from benchmarks.chaos import Chaos, differences
from pipeline.jobs.rows import read_rows
from tests.pipeline.execution.local_cluster import PATIENCE_S, LocalCluster
from tests.pipeline.jobs.drawn_slides import draw

SLIDES = 8


def _settled(out: Path) -> int:
    return len(list(out.glob("*/summary.json")))


def _wait_for(out: Path, settled: int) -> None:
    ends_s = time.monotonic() + 2 * PATIENCE_S
    while _settled(out) < settled:
        assert time.monotonic() < ends_s, "no slide was counted"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def slides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some slides; an undisturbed batch of them stands beside them."""
    folder = tmp_path_factory.mktemp("cluster") / "slides"
    for seed in range(SLIDES):
        draw(folder / f"slide-{seed:02d}" / "field.png", seed)
    assert Chaos(folder, workers=2).run(folder.parent / "whole") == 0
    return folder


@contextmanager
def _cluster(folder: Path) -> Iterator[LocalCluster]:
    folder.mkdir()
    with LocalCluster(folder, workers=2) as cluster, Client(cluster.address) as client:
        client.wait_for_workers(2, timeout=PATIENCE_S)
        yield cluster


def _command(slides: Path, out: Path, cluster: LocalCluster) -> list[str]:
    words = ["batch", str(slides), "-o", str(out), "--scheduler", cluster.address, "--quiet"]
    return [sys.executable, "-c", "from pipeline.cli.app import main; main()", *words]


def _ends_as_if_undisturbed(command: list[str], slides: Path, out: Path) -> None:
    settled_before = _settled(out)
    assert subprocess.run(command, timeout=4 * PATIENCE_S, check=False).returncode == 0
    assert settled_before < SLIDES  # there was something left to lose
    assert [row.state for row in read_rows(out)] == ["done"] * SLIDES
    assert differences(out, slides.parent / "whole") == []


def test_a_killed_worker_and_a_killed_command_lose_and_double_nothing(slides: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with _cluster(tmp_path / "cluster") as cluster, Client(cluster.address) as client:
        command = _command(slides, out, cluster)
        process = subprocess.Popen(command)
        _wait_for(out, 2)
        os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
        _wait_for(out, 4)
        process.kill()
        process.wait()
        _ends_as_if_undisturbed(command, slides, out)


def test_a_killed_scheduler_ends_the_command_and_a_new_one_loses_and_doubles_nothing(
    slides: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with _cluster(tmp_path / "first") as cluster:
        process = subprocess.Popen(_command(slides, out, cluster), stderr=subprocess.PIPE, text=True)
        _wait_for(out, 3)
        cluster.scheduler.kill()
        _, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "scheduler" in told.splitlines()[-1]
    with _cluster(tmp_path / "second") as cluster:
        _ends_as_if_undisturbed(_command(slides, out, cluster), slides, out)

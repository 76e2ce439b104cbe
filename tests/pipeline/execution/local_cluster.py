"""A real dask scheduler with real worker processes on this machine, for the tests that need one."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

REPOSITORY = Path(__file__).resolve().parents[3]
PATIENCE_S = 60.0


class LocalCluster:
    """A scheduler on a free port, and as many `dask worker` as were started; all ended on leaving."""

    def __init__(self, folder: Path, workers: int = 0) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        facts = folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(facts)
        )
        until = time.monotonic() + PATIENCE_S
        while not facts.exists() or not facts.read_text():
            assert time.monotonic() < until, "the scheduler did not start"
            time.sleep(0.02)
        self.address: str = json.loads(facts.read_text())["address"]
        for _ in range(workers):
            self.add_worker()

    def add_worker(self, *, before: Path | None = None, threads: int = 1) -> None:
        """Start a worker; `before` goes before everything else on its search path."""
        path = [str(REPOSITORY)] if before is None else [str(before), str(REPOSITORY)]
        where = ("--host", "127.0.0.1", "--local-directory", str(self.folder))
        self._start("worker", self.address, "--nthreads", str(threads), *where, path=path)

    def _start(self, *words: str, path: list[str] | None = None) -> subprocess.Popen[bytes]:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path or [str(REPOSITORY)])}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        log = (self.folder / f"{words[0]}-{len(self.processes)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *words, "--no-dashboard"],
                cwd=self.folder, env=environment, stdout=log, stderr=log,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

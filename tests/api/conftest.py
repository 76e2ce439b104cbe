"""Fixtures of the service: pictures, the app with fake counts, a server in a process of its own."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import ServiceSettings
from tests.api.fake_classifier import classify_by_size
from tests.pipeline.cli.fake_counts import count_by_name

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0


def film_png(width: int = 640, height: int = 480) -> bytes:
    """A picture of pale discs on a bright ground, as PNG."""
    picture = np.full((height, width, 3), (236, 228, 225), np.uint8)
    for row in range(40, height, 80):
        for column in range(40, width, 80):
            cv2.circle(picture, (column, row), 30, (150, 150, 215), -1, cv2.LINE_AA)
            if (row + column) % 240 == 0:
                cv2.circle(picture, (column + 8, row - 6), 7, (110, 40, 90), 3, cv2.LINE_AA)
    return cv2.imencode(".png", picture)[1].tobytes()


def wait_for(met: Callable[[], bool]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def client_of(app: FastAPI) -> TestClient:
    """A client that knows the service by its address, and sees each answer as it is."""
    return TestClient(
        app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False, follow_redirects=False
    )


def form_token(client: TestClient, page: str = "/") -> dict[str, str]:
    """What a form carries beside what a person fills in; the client keeps the cookie."""
    (token,) = set(re.findall(r'name="form_token" value="([0-9a-f]+)"', client.get(page).text))
    return {"form_token": token}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[TestClient]:
    """The app with a real worker process that counts by name; largest upload 1 MB."""
    settings = ServiceSettings(data_dir=tmp_path / "data", max_upload_mb=1)
    app = create_app(settings, count=count_by_name, classify=classify_by_size)
    with client_of(app) as client:
        yield client


class Server:
    """The service with fake counts, listening in a process of its own that may be killed."""

    def __init__(self, data: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.api.fake_service"],
            cwd=REPOSITORY,
            env={**os.environ, "SMEARCOUNT_DATA_DIR": str(data), "SMEARCOUNT_PORT": "0"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.address = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        self.http = httpx.Client(base_url=self.address, timeout=PATIENCE_S)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        self.stop()

    def stop(self) -> int:
        """End it as an operator does; return its exit code."""
        self._process.terminate()
        code = self._process.wait(PATIENCE_S)
        self.http.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[], Server]]:
    """Start a server on the data folder of this test; those that still run are killed after it."""
    servers: list[Server] = []

    def begin() -> Server:
        servers.append(Server(tmp_path / "data"))
        return servers[-1]

    yield begin
    for server in servers:
        server.kill()

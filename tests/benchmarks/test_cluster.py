"""Tests of benchmarks.cluster."""

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks.cluster import local_cluster
from benchmarks.measuring.processes import family

distributed = pytest.importorskip("distributed", reason="distributed is not installed")


@pytest.mark.slow
def test_a_local_cluster_has_its_workers_of_one_thread_and_leaves_nothing_behind(tmp_path: Path) -> None:
    before = set(family(os.getpid()))
    with local_cluster(2, tmp_path) as address, distributed.Client(address, timeout=60) as client:
        assert list(client.nthreads().values()) == [1, 1]
    assert set(family(os.getpid())) <= before
    place = urlsplit(address)
    with pytest.raises(ConnectionRefusedError), socket.create_connection((place.hostname, place.port)):
        pass

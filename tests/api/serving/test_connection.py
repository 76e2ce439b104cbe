"""A client that is slow, or speaks no HTTP, over a bare socket."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.api.conftest import PATIENCE_S, Server, wait_for

SILENCE_S, UPLOAD_S = 1.5, 4.0
LONG_S = 20.0  # a busy machine starves a process for seconds


@pytest.fixture
def begun(tmp_path, monkeypatch) -> Iterator[Callable[[float], Server]]:
    """Begin a service that waits so long for a byte, and UPLOAD_S for an upload."""
    servers: list[Server] = []

    def begin(silence_s: float) -> Server:
        monkeypatch.setenv("SMEARCOUNT_SILENCE_TIMEOUT_S", str(silence_s))
        monkeypatch.setenv("SMEARCOUNT_UPLOAD_TIMEOUT_S", str(UPLOAD_S))
        servers.append(Server(tmp_path / "data"))
        return servers[-1]

    yield begin
    for server in servers:
        server.kill()


@pytest.fixture
def server(begun) -> Server:
    """A service that waits for nobody long."""
    return begun(SILENCE_S)


def _connected(server: Server) -> socket.socket:
    host, _, port = server.address.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE_S)


def _head(server: Server, length: int) -> bytes:
    host = server.address.removeprefix("http://")
    lines = ("POST /v1/slides?name=slow.png HTTP/1.1", f"Host: {host}", "Content-Type: image/png")
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


def _until_closed(client: socket.socket) -> bytes:
    received = b""
    while piece := client.recv(65536):
        received += piece
    return received


def _incoming(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "data" / "incoming").iterdir())


def test_an_upload_that_falls_silent_is_given_up(server, tmp_path):
    with _connected(server) as client:
        client.sendall(_head(server, 1000) + b"half a picture")
        began_s = time.monotonic()
        answer = _until_closed(client)
        assert time.monotonic() - began_s < SILENCE_S + PATIENCE_S / 2
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer
    assert b"nothing came for 1.5 s" in answer
    assert _incoming(tmp_path) == []


def test_an_upload_that_drips_is_given_up(begun, tmp_path):
    server = begun(LONG_S)
    with _connected(server) as client:
        client.sendall(_head(server, 1000))
        began_s = time.monotonic()
        client.settimeout(0.1)
        answer = b""
        with suppress(ConnectionError):  # a drop that comes after the end may cost the answer
            while not answer:
                assert time.monotonic() - began_s < UPLOAD_S + PATIENCE_S / 2
                client.sendall(b"x")
                with suppress(TimeoutError):
                    answer = client.recv(65536)
    assert time.monotonic() - began_s > UPLOAD_S / 2
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")
    wait_for(lambda: _incoming(tmp_path) == [])


@pytest.mark.parametrize("sent", [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-"])
def test_who_never_asks_is_let_go(server, sent):
    with _connected(server) as client:
        client.sendall(sent)
        began_s = time.monotonic()
        assert _until_closed(client) == b""
        assert time.monotonic() - began_s < SILENCE_S + PATIENCE_S / 2


def test_who_drips_the_head_of_a_request_is_let_go(server):
    with _connected(server) as client:
        client.sendall(b"GET /v1/health HTTP/1.1\r\nX-Long: ")
        began_s = time.monotonic()
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            while time.monotonic() - began_s < SILENCE_S + PATIENCE_S / 2:
                client.sendall(b"x")
                time.sleep(0.1)


def test_what_is_no_http_is_a_problem(server):
    with _connected(server) as client:
        client.sendall(b"\x16\x03\x01 TLS, for one\r\n\r\n")
        answer = _until_closed(client)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in answer
    assert b"urn:smearcount:problem:bad-request" in answer
    assert b"uvicorn" not in answer.lower()


def test_a_client_that_keeps_its_connection_is_answered_again(begun):
    silence_s = 4.0
    client = HTTPConnection(begun(silence_s).address.removeprefix("http://"), timeout=PATIENCE_S)
    client.connect()
    kept = client.sock
    for _ in range(4):  # longer in all than it may be silent in the middle of a request
        client.request("GET", "/v1/health")
        answer = client.getresponse()
        answer.read()
        assert answer.status == 200
        assert client.sock is kept
        time.sleep(silence_s / 3)
    client.close()

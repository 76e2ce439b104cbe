"""A client that is slow, or speaks no HTTP, over a bare socket."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.conftest import PATIENCE_S, Server

SILENCE_S, UPLOAD_S = 0.5, 2.0


@pytest.fixture
def server(tmp_path, monkeypatch) -> Iterator[Server]:
    """A service that waits for nobody long."""
    monkeypatch.setenv("SMEARCOUNT_SILENCE_TIMEOUT_S", str(SILENCE_S))
    monkeypatch.setenv("SMEARCOUNT_UPLOAD_TIMEOUT_S", str(UPLOAD_S))
    running = Server(tmp_path / "data")
    yield running
    running.kill()


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
        assert time.monotonic() - began_s < SILENCE_S + 5
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer
    assert b"nothing came for 0.5 s" in answer
    assert _incoming(tmp_path) == []


def test_an_upload_that_drips_is_given_up(server, tmp_path):
    with _connected(server) as client:
        client.sendall(_head(server, 1000))
        began_s = time.monotonic()
        client.settimeout(0.1)
        answer = b""
        while not answer:
            assert time.monotonic() - began_s < UPLOAD_S + 10
            client.sendall(b"x")
            try:
                answer = client.recv(65536)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"longer than 2 s" in answer
    assert _incoming(tmp_path) == []


@pytest.mark.parametrize("sent", [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-"])
def test_who_never_asks_is_let_go(server, sent):
    with _connected(server) as client:
        client.sendall(sent)
        began_s = time.monotonic()
        assert _until_closed(client) == b""
        assert time.monotonic() - began_s < SILENCE_S + 5


def test_who_drips_the_head_of_a_request_is_let_go(server):
    with _connected(server) as client:
        client.sendall(b"GET /v1/health HTTP/1.1\r\nX-Long: ")
        began_s = time.monotonic()
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            while time.monotonic() - began_s < SILENCE_S + 10:
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


def test_a_client_that_keeps_its_connection_is_answered_again(server):
    request = b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with _connected(server) as client:
        for _ in range(3):
            client.sendall(request)
            assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
            time.sleep(SILENCE_S / 2)

"""Run the service: read its settings, take its port, say so, serve until it is told to end."""

import asyncio
import errno
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

from api.access.keys import read_keys
from api.access.origins import is_loopback
from api.app import create_app
from api.serving.connection import connection_with_patience
from api.settings import ServiceSettings, read_settings
from pipeline.errors import OutputError, PortTakenError, SettingsError

__all__ = ["GRACE_S", "check_door", "run_service", "serve_app"]

GRACE_S = 10
"""For the answers under way once the service is asked to stop."""
_BACKLOG = 128


def run_service(report: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM, with the settings of the environment.

    Parameters
    ----------
    report : is told once it serves, and where.

    Raises
    ------
    SettingsError, PortTakenError, OutputError
        A setting is out of range; another program listens there; the data folder or the port cannot be used.
    """
    settings = read_settings()
    check_door(settings)
    with _listen(settings.host, settings.port) as listening:
        asyncio.run(serve_app(create_app(settings), listening, settings, report))


def check_door(settings: ServiceSettings) -> None:
    """Refuse to listen beyond this computer without a key; raises SettingsError."""
    if not (is_loopback(settings.host) or read_keys(settings.key_file) or settings.insecure):
        raise SettingsError(
            f"{settings.host} is open to other computers, and no key is asked for; pass --key-file FILE with "
            "one key a line, or --insecure to let in everybody who reaches it"
        )


async def serve_app(
    app: FastAPI, listening: socket.socket, settings: ServiceSettings, report: Callable[[str], None]
) -> None:
    """Serve an app on a socket that listens, until a signal ends it; its own errors come out as they are."""
    config = uvicorn.Config(
        app,
        http=connection_with_patience(settings.silence_timeout_s),
        ws="none",
        lifespan="off",  # begun here, so that its errors are ours to word
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        backlog=_BACKLOG,
    )
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # a broken form is told to who sent it
    server = _Server(config, lambda: report(f"serving on {_address(listening)} (Ctrl-C ends it)"))
    with _ended_by_signals(server):
        async with app.router.lifespan_context(app):
            await server.serve(sockets=[listening])


class _Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, begun: Callable[[], None]) -> None:
        super().__init__(config)
        self._begun = begun

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._begun()


@contextmanager
def _ended_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """End the server where a signal asks for it before it serves, or as it ends (uvicorn raises it again)."""

    def end(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise _no_address(host) from error
    listening = socket.socket(family, kind, protocol)
    try:
        if os.name != "nt":  # where it would let two programs listen on one port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise _refusal(error, host, port) from error
    return listening


def _refusal(error: OSError, host: str, port: int) -> Exception:
    if error.errno == errno.EADDRINUSE:
        return PortTakenError(
            f"port {port} of {host} is in use by another program; end that one, or pass another --port"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return _no_address(host)
    return OutputError(
        f"cannot listen on port {port} of {host} ({error.strerror}); pass another --port, such as 8000"
    )


def _no_address(host: str) -> SettingsError:
    return SettingsError(f"{host} is no address of this computer; expected one such as 127.0.0.1")


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

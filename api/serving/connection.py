"""One connection of a client: it has only so long to send the head of a request."""

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from api.problems import ProblemError

__all__ = ["connection_with_patience"]


def connection_with_patience(silence_s: float) -> type[asyncio.Protocol]:
    """The protocol of a connection that is closed where the head of a request takes longer than this.

    The body is timed by who reads it, see `api.receive`.
    """

    class PatientConnection(_Connection):
        patience_s = silence_s

    return PatientConnection


class _Connection(H11Protocol):
    """HTTP/1.1 that also times the head of a request, and words what is no HTTP as a problem."""

    patience_s: float
    _clock: asyncio.TimerHandle | None = None

    def connection_made(  # type: ignore[override]  # uvicorn narrows it
        self, transport: asyncio.Transport
    ) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Read what came; a drop now and then does not set the clock back."""
        super().data_received(data)
        if self._is_between_requests():
            self._wait()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting for somebody who is gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP as every other error is answered."""
        problem = ProblemError(
            HTTPStatus.BAD_REQUEST, "bad-request", "what came is no HTTP request; send HTTP/1.1"
        ).as_json()
        headers = [*problem.raw_headers, (b"connection", b"close")]
        lines = [b"HTTP/1.1 400 Bad Request", *(b": ".join(pair) for pair in headers), b"", b""]
        self.transport.write(b"\r\n".join(lines) + bytes(problem.body))
        self.transport.close()

    def _is_between_requests(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None before the first one, whatever uvicorn says
        return cycle is None or cycle.response_complete

    def _wait(self) -> None:
        if self._clock is None:
            self._clock = self.loop.call_later(self.patience_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _give_up(self) -> None:
        self._clock = None
        if self._is_between_requests():
            self.transport.close()

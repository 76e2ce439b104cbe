"""The door of the service: every request passes it before anything else looks at it."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.keys import Keyring
from api.access.origins import AllowedHosts, is_own_site
from api.access.tokens import SESSION_COOKIE, Signer
from api.problems import ProblemError, is_for_program

__all__ = ["LOGIN", "Access", "Guard", "has_session"]

LOGIN = "/login"
_OPEN = (LOGIN, "/static/")  # nothing of these is worth a key
_READS = ("GET", "HEAD", "OPTIONS", "TRACE")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",  # pictures of patients stay out of the caches of shared computers
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who is let in: the names of the service, its keys, and what signs the tokens of its pages."""

    hosts: AllowedHosts
    keys: Keyring
    signer: Signer


class Guard:
    """ASGI middleware: refuses foreign hosts and origins, asks for a key, and answers HEAD as GET.

    Parameters
    ----------
    refuse : draws a problem for a person; it must show nothing that the service holds.
    """

    def __init__(
        self, app: ASGIApp, *, access: Access, refuse: Callable[[Request, ProblemError], Response]
    ) -> None:
        self._app = app
        self._access = access
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        careful = _with_headers(send)
        try:
            self._check(request)
        except ProblemError as problem:
            answer = problem.as_json() if is_for_program(request) else self._refuse(request, problem)
            await answer(scope, receive, careful)
            return
        if not self._is_known(request) and not is_for_program(request):
            await RedirectResponse(LOGIN, HTTPStatus.SEE_OTHER)(scope, receive, careful)
        elif scope["method"] == "HEAD":
            await self._app({**scope, "method": "GET"}, receive, _without_body(careful))
        else:
            await self._app(scope, receive, careful)

    def _check(self, request: Request) -> None:
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or not self._access.hosts.lets_in(hosts[0]):
            raise ProblemError(
                HTTPStatus.MISDIRECTED_REQUEST,
                "foreign-host",
                f"this service does not go by the name {hosts[0][:80] if hosts else ''!r}; use the address "
                "it was started with, or have its keeper allow the name",
            )
        _check_origin(request, hosts[0], self._access.hosts)
        if not self._is_known(request) and (is_for_program(request) or request.method not in _READS):
            how = "send it as Authorization: Bearer KEY" if is_for_program(request) else "log in again"
            raise ProblemError(
                HTTPStatus.UNAUTHORIZED,
                "no-key",
                f"this service asks for a key; {how}",
                headers={"WWW-Authenticate": 'Bearer realm="smearcount"'},
            )

    def _is_known(self, request: Request) -> bool:
        if not self._access.keys or (not is_for_program(request) and request.url.path.startswith(_OPEN)):
            return True
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._access.keys.opens(key.strip()):
            return True
        reads_or_page = request.method in _READS or not is_for_program(request)
        return reads_or_page and has_session(request, self._access)


def has_session(request: Request, access: Access) -> bool:
    """Whether a browser showed a key not long ago."""
    return access.signer.is_session(request.cookies.get(SESSION_COOKIE, ""))


def _check_origin(request: Request, host: str, hosts: AllowedHosts) -> None:
    """Refuse what a page of another site asks for; see `api.access.origins`."""
    changes = request.method not in _READS
    headers = request.headers
    site, mode, destination = (
        headers.get(f"sec-fetch-{name}", "").lower() for name in ("site", "mode", "dest")
    )
    origins = headers.getlist("origin") if changes else []
    own = all(hosts.is_own_origin(origin, host) for origin in origins)
    if not own or not is_own_site(site, mode, destination, changes=changes):
        raise ProblemError(
            HTTPStatus.FORBIDDEN,
            "foreign-origin",
            "a page of another site asked for this; open this service's own page and do it there",
        )


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


def _without_body(send: Send) -> Send:
    async def sending(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return sending

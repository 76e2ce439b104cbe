"""Errors of the service as problem details (RFC 9457): JSON below /v1, a page for a person elsewhere."""

import errno
import sqlite3
from collections.abc import Callable, Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from api.telling import plain_text, value_line
from pipeline.errors import InputError, NotAnImageError, SmearcountError

__all__ = [
    "PROBLEM_TYPE",
    "ProblemError",
    "ProblemPage",
    "input_problem",
    "install_problems",
    "is_disk_full",
    "is_for_program",
]

PROBLEM_TYPE = "application/problem+json"
ProblemPage = Callable[[Request, "ProblemError"], Response]
_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
_CLOSE = {"Connection": "close"}
_FOR_PERSON = {
    "not-found": "nothing is at this address; go on at the start page",
    "method-not-allowed": "this address is no page; go on at the start page",
}
"""What a person is told in place of a hint for programs."""


class ProblemError(Exception):
    """An answer other than the one that was asked for.

    Parameters
    ----------
    status : HTTP status.
    code : names the kind of problem for a program: ``urn:smearcount:problem:<code>``.
    detail : one line for a person: what came, what was expected, how to mend it.
    headers : of the answer, beside its own.
    """

    def __init__(
        self, status: HTTPStatus, code: str, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        if status is HTTPStatus.REQUEST_TIMEOUT:
            self.headers |= _CLOSE  # what comes in late is not waited for

    def as_json(self) -> JSONResponse:
        """The problem as application/problem+json."""
        return JSONResponse(
            {
                "type": f"urn:smearcount:problem:{self.code}",
                "title": self.status.phrase,
                "status": self.status.value,
                "detail": self.detail,
            },
            status_code=self.status.value,
            media_type=PROBLEM_TYPE,
            headers=self.headers,
        )


def is_for_program(request: Request) -> bool:
    """Whether a program reads the answer, not a person."""
    return request.url.path == "/v1" or request.url.path.startswith("/v1/")


def input_problem(error: InputError, names: Mapping[str, str]) -> ProblemError:
    """The problem of what was handed in; `names`: what a person called each path on the server."""
    detail = str(error)
    for path, name in names.items():
        detail = detail.replace(path, name)
    detail = plain_text(detail, names.values())
    if isinstance(error, NotAnImageError):
        return ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not-a-picture", detail)
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "unusable-picture", detail)


def install_problems(app: FastAPI, page: ProblemPage) -> None:
    """Answer every error of the app as a problem; `page` draws it outside of /v1."""

    def answer(request: Request, error: Exception) -> Response:
        if isinstance(error, ClientDisconnect):
            return Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody is there to read it
        if isinstance(error, OSError | sqlite3.Error) and not is_disk_full(error):
            raise error  # a mistake, which goes to the log as every other does
        problem = _problem_of(error, request)
        return problem.as_json() if is_for_program(request) else page(request, _for_person(problem))

    for kind in (
        ProblemError,
        SmearcountError,
        RequestValidationError,
        ValidationError,
        HTTPException,
        ClientDisconnect,
        OSError,
        sqlite3.Error,
        Exception,
    ):
        app.add_exception_handler(kind, answer)


def _problem_of(error: Exception, request: Request) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if is_disk_full(error):
        return ProblemError(
            HTTPStatus.INSUFFICIENT_STORAGE, "disk-full", "the service's disk is full; free some"
        )
    if isinstance(error, InputError):
        return input_problem(error, {})
    if isinstance(error, SmearcountError):
        return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "cannot-work", plain_text(str(error)))
    if isinstance(error, RequestValidationError | ValidationError):
        return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", value_line(error.errors()[0]))
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        headers = _allow(request) if status is HTTPStatus.METHOD_NOT_ALLOWED else {}
        return ProblemError(
            status, status.phrase.lower().replace(" ", "-"), _http_text(status), headers=headers
        )
    return ProblemError(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal",
        "the service made a mistake; its log on the server says which",
    )


def is_disk_full(error: BaseException) -> bool:
    """Whether a file, or the ledger, could not be written for want of room."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _for_person(problem: ProblemError) -> ProblemError:
    """The same, with what is for programs put for who looks at a page."""
    detail = _FOR_PERSON.get(problem.code, problem.detail).replace("um_per_px", "µm per pixel")
    return ProblemError(problem.status, problem.code, detail, headers=problem.headers)


def _http_text(status: HTTPStatus) -> str:
    if status is HTTPStatus.NOT_FOUND:
        return "nothing is at this address; the start page is /, the service is described at /v1/openapi.json"
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        return "this address takes other methods; the header Allow names them"
    return status.description or status.phrase


def _allow(request: Request) -> dict[str, str]:
    """The methods that the routes of this address take; HEAD is answered wherever GET is."""
    routes = request.app.router.routes
    allowed = {
        method
        for method in _METHODS
        for route in routes
        if route.matches({**request.scope, "method": method})[0] is Match.FULL
    }
    return {"Allow": ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))}

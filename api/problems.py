"""Errors of the service as problem details (RFC 9457): JSON below /v1, a page for a person elsewhere."""

from collections.abc import Callable
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from pipeline.errors import InputError, NotAnImageError, SmearcountError

__all__ = ["ProblemError", "ProblemPage", "install_problems"]

ProblemPage = Callable[[Request, "ProblemError"], Response]


class ProblemError(Exception):
    """An answer other than the one that was asked for.

    Parameters
    ----------
    status : HTTP status.
    code : names the kind of problem for a program: ``urn:smearcount:problem:<code>``.
    detail : one line for a person: what came, what was expected, how to mend it.
    """

    def __init__(self, status: HTTPStatus, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail

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
            media_type="application/problem+json",
        )


def install_problems(app: FastAPI, page: ProblemPage) -> None:
    """Answer every error of the app as a problem; `page` draws it outside of /v1."""

    def answer(request: Request, error: Exception) -> Response:
        if isinstance(error, ClientDisconnect):
            return Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody is there to read it
        problem = _problem_of(error)
        return problem.as_json() if request.url.path.startswith("/v1/") else page(request, problem)

    for kind in (
        ProblemError,
        SmearcountError,
        RequestValidationError,
        ValidationError,
        HTTPException,
        ClientDisconnect,
        Exception,
    ):
        app.add_exception_handler(kind, answer)


def _problem_of(error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, NotAnImageError):
        return ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not-a-picture", str(error))
    if isinstance(error, InputError):
        return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "unusable-picture", str(error))
    if isinstance(error, SmearcountError):
        return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "cannot-work", str(error))
    if isinstance(error, RequestValidationError | ValidationError):
        return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", _first_line(error))
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        return ProblemError(status, status.phrase.lower().replace(" ", "-"), str(error.detail))
    return ProblemError(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal",
        "the service made a mistake; its log on the server says which",
    )


def _first_line(error: RequestValidationError | ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part not in ("query", "path", "body"))
    return f"{place}: {first['msg']} (found: {first['input']!r})"

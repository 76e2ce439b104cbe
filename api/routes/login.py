"""The page that asks a person for a key, and lets the browser in for a working day."""

import tempfile
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.access.guard import LOGIN, has_session
from api.access.tokens import SESSION_COOKIE, SESSION_S
from api.pages import PageContent, draw_page, form_check, set_cookie
from api.problems import ProblemError
from api.receive import UploadLimits, receive
from api.state import State

__all__ = ["router"]

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_FORM_BYTES = 10_000  # of a key, a token and what a browser puts round them


@router.get(LOGIN)
def show_login(request: Request, state: State) -> Response:
    """The form for a key; the start page where none is asked for, or one was shown."""
    if not state.access.keys or has_session(request, state.access):
        return RedirectResponse("/", HTTPStatus.SEE_OTHER)
    return draw_page(request, state, PageContent(template="login.html"))


@router.post(LOGIN)
async def log_in(request: Request, state: State) -> Response:
    """Let a browser in that shows a key."""
    limits = UploadLimits(
        size=_FORM_BYTES,
        silence_s=state.settings.silence_timeout_s,
        total_s=state.settings.silence_timeout_s,
    )
    with tempfile.TemporaryDirectory(dir=state.data.incoming) as folder:
        fields = (await receive(request, Path(folder), limits)).fields
    form_check(request, state)(fields)
    if not state.access.keys.opens(fields.get("key", "").strip()):
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "no-key", "this is not a key of this service")
    answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    set_cookie(answer, request, SESSION_COOKIE, state.access.signer.session(), SESSION_S)
    return answer


@router.post("/logout")
async def log_out(request: Request, state: State) -> Response:
    """Forget that this browser showed a key."""
    answer = RedirectResponse(LOGIN, HTTPStatus.SEE_OTHER)
    answer.delete_cookie(SESSION_COOKIE)
    return answer

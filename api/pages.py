"""Draw the pages of the service from their templates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path

from fastapi import Request, Response
from fastapi.templating import Jinja2Templates

from api.access.guard import LOGIN, has_session
from api.access.tokens import FORM_COOKIE, FORM_FIELD
from api.problems import ProblemError
from api.results import error_of, result_file, summary_of
from api.schemas import SAMPLE_MAX, CropResult
from api.state import ServiceState
from api.wording import CountWords, count_words
from pipeline.jobs.ledger import Job

__all__ = [
    "STATIC",
    "PageContent",
    "SlideShown",
    "draw_page",
    "draw_problem",
    "draw_refusal",
    "form_check",
    "set_cookie",
    "slide_shown",
]

STATIC = Path(__file__).parent / "static"
_TEMPLATES = Path(__file__).parent / "templates"
_NEWEST = 10  # earlier slides listed on the page
_LISTED = 1000  # most on the page that lists them all
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideShown:
    """A slide on the page.

    Attributes
    ----------
    words : only once it is done.
    photos : where it has several, name, red cells counted and infected ones of each.
    lost : where its result was removed since.
    """

    job: Job
    words: CountWords | None = None
    has_overlay: bool = False
    has_report: bool = False
    photos: tuple[tuple[str, int, int], ...] = ()
    lost: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContent:
    """What a page shows beside its form; `template` says which page it is.

    `lists_all` : every slide that was handed in, not only the newest.
    """

    template: str = "slides.html"
    lists_all: bool = False
    slide: SlideShown | None = None
    crops: list[CropResult] | None = None
    problem: str = ""


def slide_shown(job: Job, state: ServiceState) -> SlideShown:
    """A slide as the page shows it."""
    if job.state != "done":
        return SlideShown(job=replace(job, error=error_of(job)))
    try:
        summary = summary_of(job, state)
        words = count_words(summary)
        photos = [(field["name"], field["counted"], field["infected"]) for field in summary["fields"]]
        has_overlay = result_file(job, "overlay.jpg", state).is_file()
        has_report = (state.data.root / str(job.result) / "report.html").is_file()
    except ProblemError as problem:
        return SlideShown(job=job, lost=problem.detail)
    return SlideShown(
        job=job,
        words=words,
        has_overlay=has_overlay,
        has_report=has_report,
        photos=tuple(photos) if len(photos) > 1 else (),
    )


def draw_page(request: Request, state: ServiceState, content: PageContent, status: int = 200) -> Response:
    """A page with the given content, and a token in each of its forms."""
    signer = state.access.signer
    nonce = signer.nonce(request.cookies.get(FORM_COOKIE))
    answer = _draw(
        request,
        content.template,
        {
            "content": content,
            **_earlier(content, state),
            "sample_max": SAMPLE_MAX,
            "max_upload_mb": state.settings.max_upload_mb,
            "form_field": FORM_FIELD,
            "form_token": signer.form_token(nonce),
            "asks_for_keys": bool(state.access.keys),
        },
        status,
    )
    set_cookie(answer, request, FORM_COOKIE, nonce)
    return answer


def _earlier(content: PageContent, state: ServiceState) -> dict[str, object]:
    """The slides that a page lists, the newest first, and whether there are more."""
    if content.template != "slides.html":
        return {"earlier": (), "has_more": False}
    shown = _LISTED if content.lists_all else _NEWEST
    found = state.ledger.newest(shown + 1)
    return {"earlier": found[:shown], "has_more": len(found) > shown and not content.lists_all}


def draw_problem(request: Request, problem: ProblemError) -> Response:
    """The page with a problem on it."""
    state: ServiceState = request.app.state.service
    path = request.url.path
    if path != LOGIN and state.access.keys and not has_session(request, state.access):
        return draw_refusal(request, problem)
    template = {"/crops": "crops.html", LOGIN: "login.html"}.get(path, "slides.html")
    content = PageContent(template=template, problem=problem.detail)
    answer = draw_page(request, state, content, problem.status.value)
    answer.headers.update(problem.headers)
    return answer


def draw_refusal(request: Request, problem: ProblemError) -> Response:
    """A page with a problem and nothing else: for who was not let in."""
    answer = _draw(request, "refused.html", {"problem": problem.detail}, problem.status.value)
    answer.headers.update(problem.headers)
    return answer


def set_cookie(
    answer: Response, request: Request, name: str, value: str, max_age_s: int | None = None
) -> None:
    """A cookie that no script reads and no other site sends along; until the browser ends, or that long."""
    answer.set_cookie(
        name,
        value,
        max_age=max_age_s,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def form_check(request: Request, state: ServiceState) -> Callable[[Mapping[str, str]], None]:
    """What refuses the fields of a form that was not drawn by this service for this browser."""

    def check(fields: Mapping[str, str]) -> None:
        cookie = request.cookies.get(FORM_COOKIE)
        if not state.access.signer.is_form_token(fields.get(FORM_FIELD, ""), cookie):
            raise ProblemError(
                HTTPStatus.FORBIDDEN,
                "stale-form",
                "this form is not of this page, or older than the service's last start; load the page again",
            )

    return check


def _draw(request: Request, template: str, values: dict[str, object], status: int) -> Response:
    return Jinja2Templates(directory=_TEMPLATES).TemplateResponse(
        request, template, values, status_code=status, headers=_HEADERS
    )

"""Draw the one page of the service from its template."""

from dataclasses import dataclass
from pathlib import Path

from fastapi import Request, Response
from fastapi.templating import Jinja2Templates

from api.problems import ProblemError
from api.results import result_file, summary_of
from api.schemas import CropResult
from api.state import ServiceState
from api.wording import CountWords, count_words
from pipeline.jobs.ledger import Job

__all__ = ["STATIC", "PageContent", "SlideShown", "draw_page", "draw_problem", "slide_shown"]

STATIC = Path(__file__).parent / "static"
_TEMPLATES = Path(__file__).parent / "templates"
_NEWEST = 10  # earlier slides listed on the page
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideShown:
    """A slide on the page; `words` only once it is done, `lost` where its result was removed since."""

    job: Job
    words: CountWords | None = None
    has_overlay: bool = False
    lost: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContent:
    """What the page shows beside its forms."""

    slide: SlideShown | None = None
    crops: list[CropResult] | None = None
    problem: str = ""


def slide_shown(job: Job, state: ServiceState) -> SlideShown:
    """A slide as the page shows it."""
    if job.state != "done":
        return SlideShown(job=job)
    try:
        words = count_words(summary_of(job, state))
        has_overlay = result_file(job, "overlay.jpg", state).is_file()
    except ProblemError as problem:
        return SlideShown(job=job, lost=problem.detail)
    return SlideShown(job=job, words=words, has_overlay=has_overlay)


def draw_page(request: Request, state: ServiceState, content: PageContent, status: int = 200) -> Response:
    """The page with the given content."""
    return Jinja2Templates(directory=_TEMPLATES).TemplateResponse(
        request,
        "page.html",
        {
            "content": content,
            "earlier": state.ledger.newest(_NEWEST),
            "max_upload_mb": state.settings.max_upload_mb,
        },
        status_code=status,
        headers=_HEADERS,
    )


def draw_problem(request: Request, problem: ProblemError) -> Response:
    """The page with a problem on it."""
    state: ServiceState = request.app.state.service
    return draw_page(request, state, PageContent(problem=problem.detail), problem.status.value)

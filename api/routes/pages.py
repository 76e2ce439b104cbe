"""The pages for a person: hand in a photo or single cells, watch the count, read it; without scripts too."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from api.intake import take_crops, take_slide
from api.pages import PageContent, draw_page, form_check, slide_shown
from api.results import find_job
from api.state import State

__all__ = ["router"]

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def show_start(request: Request, state: State) -> Response:
    """The page with nothing on it yet."""
    return draw_page(request, state, PageContent())


@router.get("/slides")
def show_slides(request: Request, state: State) -> Response:
    """The page with every slide that was handed in."""
    return draw_page(request, state, PageContent(lists_all=True))


@router.get("/slides/{job_id}")
def show_slide(job_id: str, request: Request, state: State) -> Response:
    """The page with one slide: how far it is, or its count."""
    return draw_page(request, state, PageContent(slide=slide_shown(find_job(job_id, state), state)))


@router.post("/slides")
async def hand_in_slide(request: Request, state: State) -> Response:
    """Queue the photo of the form and go to its page."""
    job = await take_slide(request, state, form_check(request, state))
    return RedirectResponse(f"/slides/{job.id}#result", HTTPStatus.SEE_OTHER)


@router.get("/crops")
def show_crops(request: Request, state: State) -> Response:
    """The page for pictures of single cells."""
    return draw_page(request, state, PageContent(template="crops.html"))


@router.post("/crops")
async def classify_crops(request: Request, state: State) -> Response:
    """The page with a row for each picture of a cell."""
    crops = await take_crops(request, state, form_check(request, state))
    return await run_in_threadpool(draw_page, request, state, PageContent(template="crops.html", crops=crops))

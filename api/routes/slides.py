"""/v1/slides: hand in a slide, follow its count, fetch what was found."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, HTMLResponse

from api.description import problems, upload_body
from api.intake import take_slide
from api.results import (
    ResultFile,
    field_overlay,
    find_job,
    line_of,
    report_of,
    result_file,
    slide_answer,
    summary_of,
)
from api.schemas import SlideAnswer, SlideList
from api.state import State

__all__ = ["router"]

router = APIRouter(prefix="/v1/slides", tags=["slides"])

# It holds its pictures and its style itself, and no script.
_REPORT_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
_BODY = upload_body("picture", {"type": "array", "items": {"type": "string", "format": "binary"}})
_ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"headers": {"Location": {"description": "Where to follow it.", "schema": {"type": "string"}}}}
}
_RESULT = problems(404, 409, 410)
_FILE = problems(404, 409, 410, 412, 416)


def _file(media_type: str) -> dict[int | str, dict[str, Any]]:
    """What a route that sends a file answers with: the whole, or the part that Range asks for."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {
        200: {"content": content},
        206: {"description": "The part that Range asked for.", "content": content},
        304: {"description": "Who asks has this file already, by If-None-Match or If-Modified-Since."},
    }


@router.post(
    "",
    status_code=202,
    openapi_extra=_BODY,
    responses=_ACCEPTED | problems(400, 408, 413, 415, 422, 507),
)
async def hand_in_slide(request: Request, response: Response, state: State) -> SlideAnswer:
    """Queue one or more photos of a slide, or a scan; Location is where to follow it."""
    job = await take_slide(request, state)
    response.headers["Location"] = f"/v1/slides/{job.id}"
    return await run_in_threadpool(slide_answer, job, state)


@router.get("", responses=problems(422))
def list_slides(state: State, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> SlideList:
    """The slides that were handed in, the newest first."""
    return SlideList(slides=[line_of(job) for job in state.ledger.newest(limit)])


@router.get("/{job_id}", responses=problems(404, 410))
def show_slide(job_id: str, state: State) -> SlideAnswer:
    """State, progress and, once it is done, the summary of a slide."""
    return slide_answer(find_job(job_id, state), state)


@router.get("/{job_id}/summary.json", responses=_RESULT)
def fetch_summary(job_id: str, state: State) -> dict[str, Any]:
    """The summary as the command line writes it."""
    return summary_of(find_job(job_id, state), state)


@router.get("/{job_id}/cells.csv", response_class=FileResponse, responses=_file("text/csv") | _FILE)
def fetch_cells(job_id: str, state: State) -> FileResponse:
    """One row a cell."""
    job = find_job(job_id, state)
    path = result_file(job, "cells.csv", state)
    return ResultFile(path, media_type="text/csv", filename=f"{path.parent.name}-cells.csv")


@router.get("/{job_id}/overlay.jpg", response_class=FileResponse, responses=_file("image/jpeg") | _FILE)
def fetch_overlay(job_id: str, state: State) -> FileResponse:
    """The picture with every cell marked; of several photos, a sheet of them."""
    return ResultFile(result_file(find_job(job_id, state), "overlay.jpg", state), media_type="image/jpeg")


@router.get(
    "/{job_id}/overlays/{number}.jpg",
    response_class=FileResponse,
    responses=_file("image/jpeg") | problems(404, 409, 410, 412, 416, 422),
)
def fetch_field_overlay(job_id: str, number: int, state: State) -> FileResponse:
    """A photo with every cell marked, by its place in `fields` of the summary, from 1."""
    return ResultFile(field_overlay(find_job(job_id, state), number, state), media_type="image/jpeg")


@router.get("/{job_id}/report.html", response_class=HTMLResponse, responses=_RESULT)
def fetch_report(job_id: str, state: State) -> HTMLResponse:
    """The report of the slide: its count and the evidence, to print or to hand on."""
    return HTMLResponse(report_of(find_job(job_id, state), state), headers=_REPORT_HEADERS)

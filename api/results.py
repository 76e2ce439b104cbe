"""The answers about a job: its state, its links, its summary, the files of its result."""

import html
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi.responses import FileResponse, Response
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from api.problems import ProblemError
from api.schemas import Links, Progress, SlideAnswer, SlideLine
from api.state import ServiceState
from api.telling import plain_page, plain_text
from pipeline.jobs.ledger import Job
from pipeline.reader.source import slide_name

__all__ = [
    "ResultFile",
    "error_of",
    "field_overlay",
    "find_job",
    "line_of",
    "report_of",
    "result_file",
    "slide_answer",
    "summary_of",
]


_RANGE_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)


def find_job(job_id: str, state: ServiceState) -> Job:
    """The job of that id; a problem (404) where there is none."""
    job = state.ledger.get(job_id)
    if job is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "no-such-slide", f"no slide has the id {job_id[:40]!r}")
    return job


def slide_answer(job: Job, state: ServiceState) -> SlideAnswer:
    """Everything that is known of a slide."""
    return SlideAnswer(
        **line_of(job).model_dump(),
        progress=Progress(done=job.done_tiles, all=job.all_tiles),
        um_per_px=job.um_per_px,
        sample=job.sample,
        started_utc=job.started_utc,
        finished_utc=job.finished_utc,
        error=error_of(job),
        summary=summary_of(job, state) if job.state == "done" else None,
    )


def line_of(job: Job) -> SlideLine:
    """An entry of the list of slides."""
    here = f"/v1/slides/{job.id}"
    links = Links(self=here, page=f"/slides/{job.id}")
    if job.state == "done":
        links = links.model_copy(
            update={
                "summary": f"{here}/summary.json",
                "cells": f"{here}/cells.csv",
                "overlay": f"{here}/overlay.jpg",
                "report": f"{here}/report.html",
            }
        )
    return SlideLine(id=job.id, name=job.name, state=job.state, created_utc=job.created_utc, links=links)


def summary_of(job: Job, state: ServiceState) -> dict[str, Any]:
    """The summary of a counted slide; its source is the uploaded name, not the path on the server."""
    summary = json.loads(result_file(job, "summary.json", state).read_bytes())
    named: dict[str, Any] = _named(summary, str(state.data.root / job.source), job.name)
    return {**named, "source": job.name}


def report_of(job: Job, state: ServiceState) -> str:
    """The report of a counted slide, a page of HTML, told as the service's own pages are."""
    page = result_file(job, "report.html", state).read_text(encoding="utf-8")
    named = page.replace(html.escape(str(state.data.root / job.source)), html.escape(job.name))
    return plain_page(named, (*_names_of(job), job.sample))


def error_of(job: Job) -> str | None:
    """Why a slide failed, in one line for who sees nothing of the server; None where it did not."""
    return None if job.error is None else plain_text(job.error, _names_of(job))


def _names_of(job: Job) -> tuple[str, str]:
    """What a text may call the slide: the name that a person gave, and that of its result."""
    return job.name, slide_name(Path(job.source))


def _named(value: Any, path: str, name: str) -> Any:
    """The same with the name that the person gave in place of the path on the server."""
    if isinstance(value, str):
        return value.replace(path, name)
    if isinstance(value, list):
        return [_named(item, path, name) for item in value]
    if isinstance(value, dict):
        return {key: _named(item, path, name) for key, item in value.items()}
    return value


def field_overlay(job: Job, number: int, state: ServiceState) -> Path:
    """The overlay of a counted photo, by its place in `fields` of the summary from 1; a problem if none."""
    from pipeline.output.overlay import field_file_name  # brings OpenCV; the service starts without it

    fields = [str(field["name"]) for field in summary_of(job, state)["fields"]]
    if not 1 <= number <= len(fields):
        photos = f"{len(fields)} counted {'photo' if len(fields) == 1 else 'photos'}"
        raise ProblemError(HTTPStatus.NOT_FOUND, "not-found", f"{job.name} has {photos}, none of this number")
    if result_file(job, "summary.json", state).with_name("overlays").is_dir():
        return result_file(job, f"overlays/{field_file_name(fields[number - 1], number, fields)}.jpg", state)
    return result_file(job, "overlay.jpg", state)


def result_file(job: Job, name: str, state: ServiceState) -> Path:
    """A file of the result; a problem where it is not there yet (409), or no longer (410)."""
    if job.state == "failed":
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "count-failed",
            _without_result(job),
        )
    if job.result is None or job.state != "done":
        raise ProblemError(
            HTTPStatus.CONFLICT, "not-ready", f"{job.name} is {job.state}; ask again once its state is done"
        )
    path = state.data.root / job.result / name
    try:
        if not path.is_file():
            raise ProblemError(
                HTTPStatus.GONE,
                "result-removed",
                f"{name} of {job.name} was removed from the data folder; send it again",
            )
        is_open = os.access(path, os.R_OK)
    except OSError:  # a folder above it may not be searched
        is_open = False
    if not is_open:
        raise ProblemError(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "cannot-work",
            f"{name} of {job.name} may not be read by the service; have its keeper mend the permissions",
        )
    return path


def _without_result(job: Job) -> str:
    """Why a slide that failed has no result; most errors name it themselves."""
    error = error_of(job) or ""
    return error if error.startswith(job.name) else f"{job.name} could not be counted: {error}"


class ResultFile(FileResponse):
    """A file of a result, sent where the conditions of the request hold (RFC 9110, 13).

    They are held against the file's stamp, and it is not read where who asks has it already. A range of bytes
    that it does not hold is a problem like any other.
    """

    def __init__(self, path: Path, media_type: str, filename: str | None = None) -> None:
        super().__init__(path, media_type=media_type, filename=filename, stat_result=path.stat())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or the part of it that Range asks for, or say that it is the one known already."""
        asked = Headers(scope=scope)
        _check_same(asked, self.headers)
        if _is_known(asked, self.headers):
            kept = {name: self.headers[name] for name in ("etag", "last-modified")}
            await Response(status_code=HTTPStatus.NOT_MODIFIED, headers=kept)(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in _RANGE_REFUSED:
                raise ProblemError(
                    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                    "no-such-range",
                    "the file does not hold the bytes that were asked for; leave Range out to get all",
                    headers={"Content-Range": f"bytes */{self.headers['content-length']}"},
                )
            await send(message)

        await super().__call__(scope, receive, sending)


def _is_known(asked: Headers, sent: Mapping[str, str]) -> bool:
    """Whether who asks has the file already, by If-None-Match or else by If-Modified-Since."""
    if "if-none-match" in asked:
        return _names_one(asked["if-none-match"], sent["etag"])
    since = _time_of(asked.get("if-modified-since", ""))
    return since is not None and parsedate_to_datetime(sent["last-modified"]) <= since


def _check_same(asked: Headers, sent: Mapping[str, str]) -> None:
    if "if-match" in asked:
        is_same = _names_one(asked["if-match"], sent["etag"])
    else:
        since = _time_of(asked.get("if-unmodified-since", ""))
        is_same = since is None or parsedate_to_datetime(sent["last-modified"]) <= since
    if not is_same:
        raise ProblemError(
            HTTPStatus.PRECONDITION_FAILED,
            "other-file",
            "the file is not the one that the request names; leave If-Match and If-Unmodified-Since out",
        )


def _names_one(tags: str, tag: str) -> bool:
    return tags.strip() == "*" or tag in [each.strip().removeprefix("W/") for each in tags.split(",")]


def _time_of(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:  # what is no date is passed over
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

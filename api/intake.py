"""Take in what was uploaded: a slide becomes a job, crops are classified at once."""

import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path

import anyio.to_thread
from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from api.problems import ProblemError, input_problem
from api.receive import limits_of, receive
from api.schemas import CropResult, SlideFields
from api.state import ServiceState
from api.upload import ReceivedFile, stands_twice
from pipeline.errors import InputError
from pipeline.jobs.ledger import Job
from pipeline.names import for_line, one_of_folder
from pipeline.settings import CountSettings

__all__ = ["CheckFields", "take_crops", "take_slide"]

CheckFields = Callable[[Mapping[str, str]], None]
"""Raises a ProblemError where the fields that came with a form do not belong to it."""


async def take_slide(request: Request, state: ServiceState, check: CheckFields = lambda _: None) -> Job:
    """Write the uploaded slide to the disk, see that it opens, and queue it.

    Raises
    ------
    ProblemError
        Where it is too large, holds no picture, or one that cannot be read; nothing is kept then.
    """
    with tempfile.TemporaryDirectory(dir=state.data.incoming) as folder:
        received = await receive(request, Path(folder), limits_of(state.settings))
        check(received.fields)
        if not received.files:
            raise _no_picture("one photo or more of a slide, or a scan")
        told = _told(request, received.fields)
        return await run_in_threadpool(_queue, received.files, told, state)


async def take_crops(
    request: Request, state: ServiceState, check: CheckFields = lambda _: None
) -> list[CropResult]:
    """Classify uploaded pictures of single cells, in the order they came; none of them is kept.

    Raises
    ------
    ProblemError, ModelError
        Where they are too large, none, or one of them is no picture that can be read.
    """
    with tempfile.TemporaryDirectory(dir=state.data.incoming) as folder:
        received = await receive(request, Path(folder), limits_of(state.settings))
        check(received.fields)
        if not received.files:
            raise _no_picture("one or more pictures of single cells")
        told = _told(request, received.fields)
        return await anyio.to_thread.run_sync(_classify, received.files, told, state, limiter=state.turn)


def _told(request: Request, fields: Mapping[str, str]) -> SlideFields:
    """What stands beside the picture: in the form, else in the query."""
    for name in SlideFields.model_fields:
        if len(request.query_params.getlist(name)) > 1:
            raise stands_twice(name)
    query = {name: text for name, text in request.query_params.items() if name != "sample"}
    return SlideFields.model_validate({**query, **fields})


def _queue(files: tuple[ReceivedFile, ...], told: SlideFields, state: ServiceState) -> Job:
    for file in files:
        _check_opens(file)
    file = files[0] if len(files) == 1 else _as_one(files)
    job_id = secrets.token_hex(8)
    kept = state.data.keep_upload(file.path, job_id)
    source = kept.relative_to(state.data.root).as_posix()
    try:
        return state.ledger.add(
            job_id, name=file.name, source=source, um_per_px=told.um_per_px, sample=told.sample
        )
    except sqlite3.Error:
        shutil.rmtree(kept.parent, ignore_errors=True)  # nobody would find it again
        raise


def _as_one(files: tuple[ReceivedFile, ...]) -> ReceivedFile:
    """Photos of one slide as a folder of them, called after the first; phones call all of theirs alike."""
    from pipeline.reader.slide import PHOTO_SUFFIXES  # brings OpenCV, as below

    name = f"{Path(files[0].name).stem} and {len(files) - 1} more"
    folder = files[0].path.parents[1] / "slide" / name
    folder.mkdir(parents=True)
    taken: set[str] = set()
    for file in files:
        place = Path(file.name)
        if place.suffix.lower() not in PHOTO_SUFFIXES:
            raise ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "unusable-picture",
                f"{file.name} is no photo by its ending, expected one such as .jpg; send a scan by itself",
            )
        number = 2
        while one_of_folder(place.name) in taken:
            place = Path(f"{Path(file.name).stem} ({number}){place.suffix}")
            number += 1
        taken.add(one_of_folder(place.name))
        file.path.rename(folder / place.name)
    return ReceivedFile(name=name, path=folder)


def _check_opens(file: ReceivedFile) -> None:
    from pipeline.reader.slide import open_slide  # brings OpenCV; the service starts without it

    try:
        open_slide(file.path).close()
    except InputError as error:
        raise input_problem(error, _names_of((file,))) from error


def _classify(files: tuple[ReceivedFile, ...], told: SlideFields, state: ServiceState) -> list[CropResult]:
    try:
        table = state.classify([file.path for file in files], CountSettings(um_per_px=told.um_per_px))
    except InputError as error:
        raise input_problem(error, _names_of(files)) from error
    return [
        CropResult(
            crop=file.name,
            p_infected=None if row.notice else row.p_infected,
            infected=row.infected,
            model=row.model,
            notice=row.notice,
            reason=row.reason,
        )
        for file, row in zip(files, table.itertuples(index=False), strict=True)
    ]


def _names_of(files: tuple[ReceivedFile, ...]) -> dict[str, str]:
    """The names that the person gave, by the paths on the server as errors name them."""
    return {for_line(file.path): file.name for file in files}


def _no_picture(expected: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "wrong-number-of-pictures",
        f"the request carries no pictures, expected {expected}",
    )

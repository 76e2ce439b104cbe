"""Receive uploads: a multipart form or a bare body, written to the disk piece by piece as it comes in."""

import asyncio
import mimetypes
import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from api.problems import ProblemError
from api.settings import ServiceSettings
from api.upload import FileWriter, FormWriter, Received, broken_form, safe_name, too_large

__all__ = ["UploadLimits", "limits_of", "receive"]

_PIECE_BYTES = 1 << 20  # handed to the disk at once


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """What an upload may take: `size` in bytes, `silence_s` without a byte, `total_s` in all."""

    size: int
    silence_s: float
    total_s: float


def limits_of(settings: ServiceSettings) -> UploadLimits:
    """The limits that the settings say."""
    return UploadLimits(
        size=settings.max_upload_bytes,
        silence_s=settings.silence_timeout_s,
        total_s=settings.upload_timeout_s,
    )


async def receive(request: Request, folder: Path, limits: UploadLimits) -> Received:
    """Write what a request carries into a folder.

    Parameters
    ----------
    request : multipart/form-data, or a picture as its body (image/* or application/octet-stream) with its
        name and fields in the query.
    folder : an empty folder; each file gets a folder of its own in it, so that equal names do not meet.
    limits : of the body's size and of the time it takes.

    Raises
    ------
    ProblemError
        408 too slow, 413 too large, 415 not such a request, 400 a broken form, 507 the disk is full.
    """
    _check_announced(request, limits.size)
    try:
        with closing(_writer_for(request, folder)) as writer:
            async for piece in _pieces(request, limits):
                await run_in_threadpool(writer.write, piece)
            return await run_in_threadpool(writer.finish)
    except FormParserError as error:
        raise broken_form("cannot be read; send multipart/form-data as a browser does") from error


def _writer_for(request: Request, folder: Path) -> FileWriter:
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind == b"multipart/form-data" and options.get(b"boundary"):
        return FormWriter(folder, options[b"boundary"])
    if kind.startswith(b"image/") or kind == b"application/octet-stream":
        suffix = mimetypes.guess_extension(kind.decode("latin-1")) if kind.startswith(b"image/") else None
        writer = FileWriter(folder)
        writer.begin(safe_name(request.query_params.get("name", ""), default=f"slide{suffix or ''}"))
        return writer
    raise ProblemError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "not-a-picture",
        f"the request carries {kind.decode('latin-1') or 'no content type'}; "
        "send multipart/form-data, or the picture itself as image/* or application/octet-stream",
    )


async def _pieces(request: Request, limits: UploadLimits) -> AsyncIterator[bytes]:
    """The body in pieces of about a megabyte, so that a thread is asked seldom."""
    waiting: list[bytes] = []
    held = total = 0
    async for chunk in _chunks(request, limits):
        total += len(chunk)
        if total > limits.size:
            raise too_large(_limit_text(limits.size))
        waiting.append(chunk)
        held += len(chunk)
        if held >= _PIECE_BYTES:
            yield b"".join(waiting)
            waiting, held = [], 0
    if held:
        yield b"".join(waiting)


async def _chunks(request: Request, limits: UploadLimits) -> AsyncIterator[bytes]:
    """The body as it comes in; a problem where it stays away, or takes too long in all."""
    stream = request.stream()
    until_s = time.monotonic() + limits.total_s
    while True:
        left_s = until_s - time.monotonic()
        try:
            async with asyncio.timeout(min(limits.silence_s, left_s)):
                chunk = await anext(stream, None)
        except TimeoutError as error:
            raise _too_slow(limits, silent=left_s > limits.silence_s) from error
        if chunk is None:
            return
        yield chunk


def _too_slow(limits: UploadLimits, *, silent: bool) -> ProblemError:
    found = (
        f"nothing came for {limits.silence_s:g} s in the middle of the upload"
        if silent
        else f"the upload took longer than {limits.total_s:g} s"
    )
    return ProblemError(
        HTTPStatus.REQUEST_TIMEOUT, "too-slow", f"{found}; send it again over a faster connection"
    )


def _check_announced(request: Request, limit_bytes: int) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise too_large(_limit_text(limit_bytes))


def _limit_text(limit_bytes: int) -> str:
    return (
        f"the upload is larger than {limit_bytes / 1e6:g} MB, the most this service takes; send less at once"
    )

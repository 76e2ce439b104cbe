"""Receive uploads: a multipart form or a bare body, written to the disk piece by piece as it comes in."""

import errno
import mimetypes
from collections.abc import AsyncIterator
from contextlib import closing
from http import HTTPStatus
from pathlib import Path

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from api.problems import ProblemError
from api.upload import FileWriter, FormWriter, Received, safe_name, too_large

__all__ = ["receive"]

_PIECE_BYTES = 1 << 20  # handed to the disk at once


async def receive(request: Request, folder: Path, limit_bytes: int) -> Received:
    """Write what a request carries into a folder.

    Parameters
    ----------
    request : multipart/form-data, or a picture as its body (image/* or application/octet-stream) with its
        name and fields in the query.
    folder : an empty folder; each file gets a folder of its own in it, so that equal names do not meet.
    limit_bytes : largest body.

    Raises
    ------
    ProblemError
        413 too large, 415 not such a request, 400 a broken form, 507 the disk is full.
    """
    _check_announced(request, limit_bytes)
    try:
        with closing(_writer_for(request, folder)) as writer:
            async for piece in _pieces(request, limit_bytes):
                await run_in_threadpool(writer.write, piece)
            return await run_in_threadpool(writer.finish)
    except FormParserError as error:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, "broken-form", f"the form cannot be read: {error}"
        ) from error
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise ProblemError(
            HTTPStatus.INSUFFICIENT_STORAGE, "disk-full", "the service's disk is full; free some"
        ) from error


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


async def _pieces(request: Request, limit_bytes: int) -> AsyncIterator[bytes]:
    """The body in pieces of about a megabyte, so that a thread is asked seldom."""
    waiting: list[bytes] = []
    held = total = 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > limit_bytes:
            raise too_large(_limit_text(limit_bytes))
        waiting.append(chunk)
        held += len(chunk)
        if held >= _PIECE_BYTES:
            yield b"".join(waiting)
            waiting, held = [], 0
    if held:
        yield b"".join(waiting)


def _check_announced(request: Request, limit_bytes: int) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise too_large(_limit_text(limit_bytes))


def _limit_text(limit_bytes: int) -> str:
    return (
        f"the upload is larger than {limit_bytes / 1e6:g} MB; send a smaller picture, "
        "or raise SMEARCOUNT_MAX_UPLOAD_MB on the server"
    )

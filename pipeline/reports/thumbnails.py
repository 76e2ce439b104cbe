"""Small pictures of the overlays for the morning page, kept so that each is made once."""

import base64
import hashlib
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pipeline.files import STAGING_PREFIX

__all__ = ["EMBEDDED_BYTES_MAX", "SIDE_MAX_PX", "thumbnails"]

SIDE_MAX_PX = 160
EMBEDDED_BYTES_MAX = 1_000_000
"""Of all thumbnails: up to here they stand in the page itself (about 250 slides), beyond that beside it, so
that the page stays quick to write and to open."""
FOLDER = f"{STAGING_PREFIX}thumbs"
_JPEG_QUALITY = 72  # of 100; outlines stay visible at some 4 kB a picture


def thumbnails(out: Path, results: Iterable[str], patience_s: float) -> dict[str, str]:
    """Address of each result's thumbnail for `<img src>`: a data URI, or a path relative to `out`.

    Parameters
    ----------
    results : folders of results, relative to `out`.
    patience_s : new ones are made for so long; a later call makes the rest.

    Returns
    -------
    By the result's folder; one without an overlay, or not made yet, is missing.
    """
    folder = out / FOLDER
    kept = _kept(folder)
    found: dict[str, str] = {}
    total = 0
    give_up = time.monotonic() + patience_s
    for result in dict.fromkeys(results):  # a copy's row names the result of what it is a copy of
        name = _name_of(result)
        size, made_for_ns = kept.pop(name, (0, None))
        overlay = out / result / "overlay.jpg"
        with suppress(OSError):  # the result is being replaced, or the card is read-only: none this time
            changed_ns = overlay.stat().st_mtime_ns
            if made_for_ns != changed_ns:
                if time.monotonic() >= give_up:
                    continue
                size = _make(overlay, folder / name, changed_ns)
            if size:
                found[result] = f"{FOLDER}/{name}"
                total += size
    _remove_others(folder, kept)
    if total > EMBEDDED_BYTES_MAX:
        return found
    return {result: _data_uri((out / path).read_bytes()) for result, path in found.items()}


def _name_of(result: str) -> str:
    """File name of a result's thumbnail."""
    return f"{hashlib.sha256(os.fsencode(result)).hexdigest()[:16]}.jpg"


def _kept(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change, ns, of each thumbnail that is there."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name: _size_and_change(entry) for entry in entries}
    except OSError:
        return {}


def _size_and_change(entry: os.DirEntry[str]) -> tuple[int, int]:
    state = entry.stat()
    return state.st_size, state.st_mtime_ns


def _remove_others(folder: Path, names: Iterable[str]) -> None:
    """Thumbnails of results that are gone."""
    for name in names:
        with suppress(OSError):
            (folder / name).unlink()


def _make(overlay: Path, thumbnail: Path, changed_ns: int) -> int:
    """Make a thumbnail and give it the overlay's time, by which it is known as its own; returns its size.

    It is no result: half a one after a power cut is a broken picture of a page that is written anew, so it is
    not flushed to the disk.
    """
    data = _small_jpeg(overlay.read_bytes())
    if not data:
        return 0
    thumbnail.parent.mkdir(exist_ok=True)
    beside = thumbnail.with_suffix(".new")
    beside.write_bytes(data)
    os.utime(beside, ns=(changed_ns, changed_ns))
    beside.replace(thumbnail)
    return len(data)


def _small_jpeg(data: bytes) -> bytes:
    """A JPEG of at most `SIDE_MAX_PX` along its longer side; nothing where the overlay is damaged."""
    import cv2
    import numpy as np

    coded = np.frombuffer(data, np.uint8)
    picture = (
        cv2.imdecode(coded, cv2.IMREAD_REDUCED_COLOR_8) if data else None
    )  # an eighth: a third of the time
    if picture is not None and max(picture.shape[:2]) < SIDE_MAX_PX:
        picture = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    if picture is None:
        return b""
    height, width = picture.shape[:2]
    scale = min(1.0, SIDE_MAX_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    done, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return jpeg.tobytes() if done else b""


def _data_uri(data: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"

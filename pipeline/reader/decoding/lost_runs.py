"""Long runs of one byte in the unpacked rows of a picture: sectors that were never written, or were lost.

A photo's px differ by their noise. What is the same over hundreds of bytes was not seen by a camera. The rows
above and below explain burnt-in bars, frames and overexposed places, but no lost sector.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST_RUN", "Rows", "is_lost", "long_runs", "lost_run"]

_SECTOR = LEAST_RUN = 512  # bytes: the least that a disk or a card loses
_BLOCK = 256  # bytes looked at in one: every run of a sector holds a whole one
_WORD = 8
_MOST_STEP = 1 << 16
_EXPLAINED = 0.1  # share of the bytes above or below a run that are as it is: then the picture is so there
_PADDING = 4  # bytes, and fewer: what rows of a BMP are filled up with, zeros too


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Unpacked rows of a picture, of which runs of one byte are judged.

    Attributes
    ----------
    length : bytes of all rows.
    row_bytes, px_bytes : of a row, of a px.
    place : in the file, of the first byte.
    at : the bytes from one to another, uint8, fewer where they pass the end.
    """

    length: int
    row_bytes: int
    px_bytes: int
    place: int
    at: Callable[[int, int], NDArray[np.uint8]]


def lost_run(rows: NDArray[np.uint8], px_bytes: int, place: int = 0) -> tuple[int, int] | None:
    """First and last row of a run of one byte that its neighbours do not explain; None where there is none.

    Parameters
    ----------
    rows : uint8 (H, bytes of a row), in the order of the file.
    px_bytes : of a px.
    place : in the file, of the first of them.
    """
    flat, row_bytes = rows.reshape(-1), rows.shape[1]
    every = Rows(
        length=len(flat),
        row_bytes=row_bytes,
        px_bytes=px_bytes,
        place=place,
        at=lambda start, end: flat[start:end],
    )
    for start, end in long_runs(flat):
        if is_lost(every, start, end):
            return start // row_bytes, (end - 1) // row_bytes
    return None


def is_lost(rows: Rows, start: int, end: int) -> bool:
    """Whether a run of one byte, at least a sector long, was lost: its neighbours do not explain it.

    A run over the whole width has to be met by other px above and below. Where it reaches the first or the
    last row it has to begin or end within a row: whole rows of one colour there are a frame. A shorter one
    has to be a sector: it begins at one, or within a px; where each byte is a px, it ends with one too.
    """
    if end - start >= rows.row_bytes:
        return _is_lost_band(rows, start, end)
    sector = (rows.place + start) % _SECTOR == 0 and (rows.px_bytes > 1 or (rows.place + end) % _SECTOR == 0)
    within_px = bool(start % rows.row_bytes % rows.px_bytes or end % rows.row_bytes % rows.px_bytes)
    return (sector or within_px) and _stands_alone(rows, start, end)


def long_runs(flat: NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """Start and end of the runs of one byte that are at least a sector long."""
    words = flat[: len(flat) // _BLOCK * _BLOCK].view(np.uint64).reshape(-1, _BLOCK // _WORD)
    even = flat[: len(words) * _BLOCK : _BLOCK].astype(np.uint64) * np.uint64(0x0101010101010101)
    found = np.flatnonzero((words == even[:, np.newaxis]).all(axis=1))
    after = 0
    for block in found:
        if block * _BLOCK < after:
            continue
        start, value = int(block) * _BLOCK, flat[block * _BLOCK]
        end = start + _BLOCK
        step = _BLOCK  # doubled: most runs are short, and a picture may hold one in each of its rows
        while end < len(flat) and flat[end] == value:
            others = np.flatnonzero(flat[end : end + step] != value)
            end += int(others[0]) if len(others) else len(flat[end : end + step])
            step = min(2 * step, _MOST_STEP)
        while start > after and flat[start - 1] == value:
            start -= 1
        after = end
        if end - start >= _SECTOR:
            yield start, end


def _is_lost_band(rows: Rows, start: int, end: int) -> bool:
    value, row_bytes = rows.at(start, start + 1)[0], rows.row_bytes
    if start > 0 and _is_like(rows.at(max(0, start - row_bytes), start), value):
        return False
    if end < rows.length and _is_like(rows.at(end, end + row_bytes), value):
        return False
    if start == 0:
        return end < rows.length and not _ends_a_row(end, row_bytes)
    return end < rows.length or not _ends_a_row(start, row_bytes)


def _ends_a_row(place: int, row_bytes: int) -> bool:
    """Whether a row ends at a place, or after bytes that fill it up."""
    return -place % row_bytes < _PADDING


def _stands_alone(rows: Rows, start: int, end: int) -> bool:
    """Whether the bytes above and below a run that is shorter than a row differ from it."""
    value, row_bytes = rows.at(start, start + 1)[0], rows.row_bytes
    above = rows.at(max(0, start - row_bytes), max(0, end - row_bytes))
    below = rows.at(start + row_bytes, end + row_bytes)
    return len(above) + len(below) > 0 and not (_is_like(above, value) or _is_like(below, value))


def _is_like(others: NDArray[np.uint8], value: np.uint8) -> bool:
    """Whether others explain a run of a value: some are the same, or they are a run themselves."""
    if len(others) == 0:
        return False
    return bool((others == value).mean() > _EXPLAINED or (others == others[0]).all())

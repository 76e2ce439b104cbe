"""Damage of the strips and tiles of a TIFF that their decoders do not notice."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.reader.decoding.gaps import is_gap_within
from pipeline.reader.decoding.jpeg import jpeg_damage
from pipeline.reader.decoding.lost_runs import lost_run

__all__ = ["is_black_island", "segment_damage"]

_UNPACKED, _OLD_JPEG, _JPEG = 1, 6, 7
_UNCHECKED = frozenset({22610, 33003, 33005, 34712, 34934, 50001, 50002})
"""Packings whose decoders make some picture of any bytes: JPEG XR, JPEG 2000, WebP, JPEG XL."""
_JPEG_START = b"\xff\xd8"
_MOST_ISLAND = 64  # segments
_BESIDE = ((-1, 0), (1, 0), (0, -1), (0, 1))
_SHORE = 0.1  # share of px beside an island that may be black too

Segment = NDArray[Any] | None
Place = tuple[int, int]
"""Row and column in the grid of segments."""


def segment_damage(data: bytes, packing: int, tables: bytes | None, row: tuple[int, int]) -> str | None:
    """What is wrong with the bytes of a strip or tile; None where nothing is, or a decoder tells it.

    Parameters
    ----------
    packing : Compression of TIFF 6.0.
    tables : of JPEG, kept apart from the data.
    row : bytes of a row and of a px, where the data is not packed.
    """
    if packing == _JPEG or (packing == _OLD_JPEG and data.startswith(_JPEG_START)):
        return jpeg_damage(data, tables)
    packed = np.frombuffer(data, np.uint8)
    if packing in _UNCHECKED and is_gap_within(packed):
        return "its packed data has a gap"
    row_bytes, px_bytes = row
    if packing == _UNPACKED and row_bytes:
        rows = packed[: len(packed) // row_bytes * row_bytes].reshape(-1, row_bytes)
        if lost_run(rows, px_bytes) is not None:
            return "its data has a gap"
    return None


def is_black_island(start: Place, grid: tuple[int, int], segment_at: Callable[[Place], Segment]) -> bool:
    """Whether a segment of zeros, with those of zeros beside it, lies among others that are bright all round.

    No camera sees that. Black that reaches the border of the picture is a frame, or was never scanned.

    Parameters
    ----------
    grid : rows and columns of segments.
    segment_at : (rows, columns, samples) of a segment; None for one that has no data or cannot be read.
    """
    island, waiting = {start}, [start]
    while waiting:
        row, column = waiting.pop()
        for down, right in _BESIDE if grid[1] > 1 else _BESIDE[:2]:
            place = row + down, column + right
            if not (0 <= place[0] < grid[0] and 0 <= place[1] < grid[1]):
                return False
            if place in island:
                continue
            other = segment_at(place)
            if other is None:
                return False
            if not other.any():
                island.add(place)
                waiting.append(place)
                if len(island) > _MOST_ISLAND:
                    return False
            elif _is_black(_shore(other, down, right)):
                return False
    return True


def _shore(other: NDArray[Any], down: int, right: int) -> NDArray[Any]:
    """Row or column of a segment that touches the one it was reached from."""
    shore: NDArray[Any] = other[0 if down > 0 else -1] if down else other[:, 0 if right > 0 else -1]
    return shore


def _is_black(shore: NDArray[Any]) -> bool:
    return bool((~shore.any(axis=-1)).mean() > _SHORE)

"""Lost rows of unpacked pictures, looked for where they are read and only once."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.reader.decoding.damage import DamageError
from pipeline.reader.decoding.lost_runs import LEAST_RUN, Rows, is_lost, long_runs

__all__ = ["RawRows"]

_STEP_BYTES = 1 << 20  # in which the ends of a long run are looked for


class RawRows:
    """What is known of the rows of an open file, each picture by the place of its first byte."""

    __slots__ = ("_found", "_runs")

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], str | None] = {}
        self._runs: dict[int, list[tuple[int, int, bool]]] = {}

    def check(self, rows: Rows, asked: tuple[int, int], block: int) -> None:
        """Refuse rows from one to another where a run of one byte in their blocks of rows was lost.

        The answer is the same whatever rows are asked for: a block is judged as a whole, and a run in it as
        it stands in the whole picture.

        Parameters
        ----------
        asked : first row, and the one after the last.
        block : rows of a block.

        Raises
        ------
        DamageError
            Which rows have a gap.
        """
        every = rows.length // rows.row_bytes
        for top in range(asked[0] // block * block, min(asked[1], every), block):
            key = rows.place, top
            if key not in self._found:
                self._found[key] = self._judged(rows, top, min(top + block, every))
            reason = self._found[key]
            if reason is not None:
                raise DamageError(reason)

    def _judged(self, rows: Rows, top: int, bottom: int) -> str | None:
        """What is lost of the rows from one to another; None where nothing is."""
        row_bytes = rows.row_bytes
        first, last = top * row_bytes, bottom * row_bytes
        margin = -(-LEAST_RUN // row_bytes) * row_bytes  # with what is beside them, each run in them is long
        begin, stop = max(0, first - margin), min(rows.length, last + margin)
        held = rows.at(begin, stop)

        def at(start: int, end: int) -> NDArray[np.uint8]:
            inside = begin <= start and end <= stop
            return held[start - begin : end - begin] if inside else rows.at(start, min(end, rows.length))

        near = replace(rows, at=at)
        for start, end in ((begin + start, begin + end) for start, end in long_runs(held)):
            if end <= first or start >= last:
                continue
            if begin < start and end < stop:
                lost = is_lost(near, start, end)
            else:
                start, end, lost = self._whole(near, start, end)
            if lost:
                return f"rows {start // row_bytes} to {(end - 1) // row_bytes} have a gap"
        return None

    def _whole(self, rows: Rows, start: int, end: int) -> tuple[int, int, bool]:
        """A run that may go on, to both its ends, and whether it was lost."""
        known = self._runs.setdefault(rows.place, [])
        for run in known:
            if run[0] <= start < run[1]:
                return run
        value = rows.at(start, start + 1)[0]
        for before in _backward(rows, start):
            length = _alike(before, value)
            start -= length
            if length < len(before):
                break
        for after in _forward(rows, end):
            length = _alike(after, value)
            end += length
            if length < len(after):
                break
        known.append((start, end, is_lost(rows, start, end)))
        return known[-1]


def _backward(rows: Rows, place: int) -> Iterator[NDArray[np.uint8]]:
    """What stands before a place, from there to the beginning."""
    for end in range(place, 0, -_STEP_BYTES):
        yield rows.at(max(0, end - _STEP_BYTES), end)[::-1]


def _forward(rows: Rows, place: int) -> Iterator[NDArray[np.uint8]]:
    """What stands behind a place, from there to the end."""
    for start in range(place, rows.length, _STEP_BYTES):
        yield rows.at(start, min(rows.length, start + _STEP_BYTES))


def _alike(found: NDArray[np.uint8], value: np.uint8) -> int:
    """How many bytes at the beginning are of this value."""
    other = np.flatnonzero(found != value)
    return int(other[0]) if len(other) else len(found)

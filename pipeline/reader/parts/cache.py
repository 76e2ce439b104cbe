"""What is kept of an open TIFF file: decoded parts, those that cannot be decoded, and what was looked at."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from pipeline.reader.decoding.damage import DECODE_ERRORS, DamageError, damage_of
from pipeline.reader.parts.raw_rows import RawRows
from pipeline.reader.parts.weight import shared_offsets

if TYPE_CHECKING:
    from tifffile import TiffFrame, TiffPage

__all__ = ["Segment", "SegmentCache"]

_CACHE_BYTES = 64 << 20

Segment = NDArray[Any] | None
"""Decoded (rows, columns, samples) of a tile or strip; None for one without data."""


class SegmentCache:
    """Decoded segments by their offset in the file, the least recently used forgotten first.

    What could not be decoded is remembered: each of a thousand pieces asks for it anew.
    """

    __slots__ = ("_broken", "_bytes", "_segments", "_shared", "rows")

    def __init__(self) -> None:
        self.rows = RawRows()
        self._shared: dict[int, frozenset[int]] = {}
        self._segments: OrderedDict[int, Segment] = OrderedDict()
        self._broken: dict[int, str] = {}
        self._bytes = 0

    def get(self, offset: int, decode: Callable[[], Segment]) -> Segment:
        """Segment at an offset, decoded where it is not held; the newest is always held."""
        if offset in self._segments:
            self._segments.move_to_end(offset)
            return self._segments[offset]
        if offset in self._broken:
            raise DamageError(self._broken[offset])
        try:
            segment = decode()
        except DECODE_ERRORS as error:
            self._broken[offset] = damage_of(error)
            raise
        self._segments[offset] = segment
        self._bytes += 0 if segment is None else segment.nbytes
        while self._bytes > _CACHE_BYTES and len(self._segments) > 1:
            _, oldest = self._segments.popitem(last=False)
            self._bytes -= 0 if oldest is None else oldest.nbytes
        return segment

    def is_shared(self, page: "TiffPage | TiffFrame", offset: int) -> bool:
        """Whether the data at an offset stands for several parts of a page."""
        if page.offset not in self._shared:
            self._shared[page.offset] = shared_offsets(page)
        return offset in self._shared[page.offset]

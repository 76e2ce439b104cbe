"""Samples of TIFF pages by region, decoding only the tiles or strips that a region touches."""

import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.reader_pixels import Box

if TYPE_CHECKING:
    from tifffile import TiffFrame, TiffPage

__all__ = ["DECODE_ERRORS", "SegmentCache", "largest_sample", "read_page", "segment_pixels"]

# What tifffile and its decoders raise on damaged data.
DECODE_ERRORS = (
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)

_CACHE_BYTES = 64 << 20
_ROWS_BYTES = 1 << 20  # of uncompressed rows read at once
_SAMPLED_SEGMENTS = 16
_JPEG_COMPRESSIONS = (6, 7, 34892, 33007)

Segment = NDArray[Any] | None
"""Decoded (rows, columns, samples) of a tile or strip; None for one without data."""


class SegmentCache:
    """Decoded segments by their offset in the file, the least recently used forgotten first."""

    __slots__ = ("_bytes", "_segments")

    def __init__(self) -> None:
        self._segments: OrderedDict[int, Segment] = OrderedDict()
        self._bytes = 0

    def get(self, offset: int, decode: Callable[[], Segment]) -> Segment:
        """Segment at an offset, decoded where it is not held; the newest is always held."""
        if offset in self._segments:
            self._segments.move_to_end(offset)
            return self._segments[offset]
        segment = decode()
        self._segments[offset] = segment
        self._bytes += 0 if segment is None else segment.nbytes
        while self._bytes > _CACHE_BYTES and len(self._segments) > 1:
            _, oldest = self._segments.popitem(last=False)
            self._bytes -= 0 if oldest is None else oldest.nbytes
        return segment


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How a page is cut into segments; `raw` rows are read from the file as they are."""

    rows: int
    columns: int
    across: int
    down: int
    raw: bool


def read_page(page: "TiffPage | TiffFrame", box: Box, cache: SegmentCache) -> NDArray[Any]:
    """Samples of a box of one page.

    Parameters
    ----------
    box : px of the page, inside of it.

    Returns
    -------
    (y1 - y0, x1 - x0, samples) in the dtype of the page; planes are brought together; segments without
    data have the largest value (white).

    Raises
    ------
    One of DECODE_ERRORS
        A segment is missing, truncated or damaged.
    """
    x0, y0, x1, y1 = box
    keyframe = _keyframe(page)
    planes, contiguous = keyframe.shaped[0], keyframe.shaped[4]
    dtype = np.dtype(keyframe.dtype)
    result = np.full((y1 - y0, x1 - x0, planes * contiguous), np.iinfo(dtype).max, dtype)
    layout = _layout(page)
    for plane in range(planes):
        samples = slice(plane * contiguous, (plane + 1) * contiguous)
        for row, column in _touched(layout, box):
            segment = _segment(page, layout, (plane, row, column), cache)
            if segment is None:
                continue
            top, left = row * layout.rows, column * layout.columns
            ya, yb = max(y0, top), min(y1, top + segment.shape[0])
            xa, xb = max(x0, left), min(x1, left + segment.shape[1])
            part = segment[ya - top : yb - top, xa - left : xb - left]
            result[ya - y0 : yb - y0, xa - x0 : xb - x0, samples] = part
    return result


def segment_pixels(page: "TiffPage") -> int:
    """Pixels that must be decoded at once to read one of them."""
    layout = _layout(page)
    return layout.rows * layout.columns


def largest_sample(page: "TiffPage | TiffFrame", colours: int, cache: SegmentCache) -> int:
    """Largest of the first `colours` samples in up to 16 segments spread evenly over the page.

    Segments that cannot be decoded are passed over; 0 where none can.
    """
    layout = _layout(page)
    number = layout.across * layout.down
    largest = 0
    for index in sorted({number * k // _SAMPLED_SEGMENTS for k in range(_SAMPLED_SEGMENTS)}):
        row, column = divmod(index, layout.across)
        for plane in range(min(colours, _keyframe(page).shaped[0])):
            try:
                segment = _segment(page, layout, (plane, row, column), cache)
            except DECODE_ERRORS:
                continue
            if segment is not None:
                largest = max(largest, int(segment[:, :, :colours].max()))
    return largest


def _layout(page: "TiffPage | TiffFrame") -> _Layout:
    keyframe = _keyframe(page)
    width, height = keyframe.imagewidth, keyframe.imagelength
    raw = not keyframe.is_tiled and keyframe.predictor == 1 and keyframe.fillorder == 1 and page.is_contiguous
    if keyframe.is_tiled:
        rows, columns = keyframe.tilelength, keyframe.tilewidth
    elif raw:
        row_bytes = width * keyframe.shaped[4] * np.dtype(keyframe.dtype).itemsize
        rows, columns = min(height, max(1, _ROWS_BYTES // row_bytes)), width
    else:
        rows, columns = min(height, keyframe.rowsperstrip), width
    across, down = -(-width // columns), -(-height // rows)
    return _Layout(rows=rows, columns=columns, across=across, down=down, raw=raw)


def _keyframe(page: "TiffPage | TiffFrame") -> "TiffPage":
    if page.keyframe is None:
        raise EOFError("a page has no directory")
    return page.keyframe


def _touched(layout: _Layout, box: Box) -> Iterator[tuple[int, int]]:
    x0, y0, x1, y1 = box
    for row in range(y0 // layout.rows, -(-y1 // layout.rows)):
        for column in range(x0 // layout.columns, -(-x1 // layout.columns)):
            yield row, column


def _segment(
    page: "TiffPage | TiffFrame", layout: _Layout, place: tuple[int, int, int], cache: SegmentCache
) -> Segment:
    """Segment at (plane, row, column) of the grid of segments."""
    plane, row, column = place
    if layout.raw:
        return _raw_rows(page, layout, plane, row, cache)
    index = (plane * layout.down + row) * layout.across + column
    offset, count = page.dataoffsets[index], page.databytecounts[index]
    if count == 0:
        return None
    return cache.get(offset, lambda: _decoded(page, index))


def _raw_rows(
    page: "TiffPage | TiffFrame", layout: _Layout, plane: int, row: int, cache: SegmentCache
) -> Segment:
    keyframe = _keyframe(page)
    _, _, height, width, samples = keyframe.shaped
    dtype = np.dtype(keyframe.dtype).newbyteorder(page.parent.byteorder)
    row_bytes = width * samples * dtype.itemsize
    first = row * layout.rows
    rows = min(layout.rows, height - first)
    offset = page.dataoffsets[0] + (plane * height + first) * row_bytes

    def read() -> Segment:
        data = _bytes_at(page, offset, rows * row_bytes)
        return np.frombuffer(data, dtype).reshape(rows, width, samples)

    return cache.get(offset, read)


def _decoded(page: "TiffPage | TiffFrame", index: int) -> Segment:
    keyframe = _keyframe(page)
    data = _bytes_at(page, page.dataoffsets[index], page.databytecounts[index])
    tables = {}
    if keyframe.compression in _JPEG_COMPRESSIONS:
        tables = {"jpegtables": page.jpegtables, "jpegheader": keyframe.jpegheader}
    segment: NDArray[Any] | None = keyframe.decode(data, index, **tables)[0]
    return None if segment is None else segment[0]


def _bytes_at(page: "TiffPage | TiffFrame", offset: int, count: int) -> bytes:
    handle = page.parent.filehandle
    handle.seek(offset)
    data = handle.read(count)
    if len(data) < count:
        raise EOFError(f"the file ends {count - len(data)} bytes before the end of this part")
    return data

"""Samples of TIFF pages by region, decoding only the tiles or strips that a region touches."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.reader.decoding.damage import DECODE_ERRORS, DamageError
from pipeline.reader.decoding.lost_runs import Rows
from pipeline.reader.field import Box
from pipeline.reader.parts.cache import Segment, SegmentCache
from pipeline.reader.parts.damage import is_black_island, segment_damage

if TYPE_CHECKING:
    from tifffile import TiffFrame, TiffPage

__all__ = [
    "bytes_at",
    "data_within",
    "holds_data",
    "read_page",
    "sample_range",
    "segment_size",
]

_ROWS_BYTES = 1 << 20  # of the rows that stand for a segment where the px lie in the file as they are
_SAMPLED_SEGMENTS = 16  # of a page with more px than this:
_SAMPLED_WHOLE_PX = 1 << 24
_FLAT = 0.1  # of the range of samples: what packing makes of one colour
_ZERO_IS_BLACK = (1, 2)  # grey and RGB
_JPEG_COMPRESSIONS = (6, 7, 34892, 33007)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How a page is cut into segments; the px of a `raw` one lie in the file as they are, row by row."""

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
    result = np.empty((y1 - y0, x1 - x0, planes * contiguous), dtype)
    layout = _layout(page)
    for plane in range(planes):
        samples = slice(plane * contiguous, (plane + 1) * contiguous)
        if layout.raw:
            _check_rows(page, layout, (plane, y0, y1), cache)
            result[:, :, samples] = _raw_box(page, plane, box)
            continue
        for row, column in _touched(layout, box):
            segment = _segment(page, layout, (plane, row, column), cache)
            if segment is not None and not segment.any():
                _check_black(page, layout, (plane, row, column), cache)
            top, left = row * layout.rows, column * layout.columns
            ya, yb = max(y0, top), min(y1, top + layout.rows)
            xa, xb = max(x0, left), min(x1, left + layout.columns)
            target = result[ya - y0 : yb - y0, xa - x0 : xb - x0, samples]
            if segment is None:
                target[:] = np.iinfo(dtype).max
            else:
                target[:] = _inside(segment, ya - top, yb - top, xa - left, xb - left)
    return result


def _inside(segment: NDArray[Any], top: int, bottom: int, left: int, right: int) -> NDArray[Any]:
    if segment.shape[0] < bottom or segment.shape[1] < right:
        raise DamageError(f"a part is {segment.shape[1]} x {segment.shape[0]} px, smaller than its place")
    return segment[top:bottom, left:right]


def segment_size(page: "TiffPage") -> tuple[int, int]:
    """Width and height, px, of what is decoded, or looked at for lost rows, at once to read one px."""
    layout = _layout(page)
    return layout.columns, layout.rows


def holds_data(page: "TiffPage") -> bool:
    """Whether the directory of a page lists data for any of its segments."""
    return bool(page.dataoffsets) and any(page.databytecounts)


def data_within(page: "TiffPage", file_bytes: int) -> bool:
    """Whether any of the data that a page lists begins within a file of this size."""
    places = zip(page.dataoffsets, page.databytecounts, strict=False)
    return any(count and offset < file_bytes for offset, count in places)


def sample_range(page: "TiffPage | TiffFrame", samples: range, cache: SegmentCache) -> tuple[int, int] | None:
    """Least and largest of these samples of a px; of a large page, in 16 segments spread evenly over it.

    Segments that cannot be decoded are passed over; None where none can.
    """
    layout = _layout(page)
    planes, contiguous = _keyframe(page).shaped[0], _keyframe(page).shaped[4]
    number = layout.across * layout.down
    looked_at = number if number * layout.rows * layout.columns <= _SAMPLED_WHOLE_PX else _SAMPLED_SEGMENTS
    found: list[int] = []
    for index in sorted({number * k // looked_at for k in range(looked_at)}):
        row, column = divmod(index, layout.across)
        for plane in sorted({sample // contiguous for sample in samples if sample // contiguous < planes}):
            try:
                segment = _segment(page, layout, (plane, row, column), cache)
            except DECODE_ERRORS:
                continue
            if segment is not None:
                first = max(samples.start - plane * contiguous, 0)
                asked = segment[:, :, first : samples.stop - plane * contiguous]
                found += [int(asked.min()), int(asked.max())]
    return (min(found), max(found)) if found else None


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
        raise DamageError("a page has no directory")
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
        top = row * layout.rows
        bottom = min(top + layout.rows, _keyframe(page).imagelength)
        return _raw_box(page, plane, (0, top, layout.columns, bottom))
    index = (plane * layout.down + row) * layout.across + column
    if index >= min(len(page.dataoffsets), len(page.databytecounts)):
        raise DamageError("its directory lists no data for this part")
    offset, count = page.dataoffsets[index], page.databytecounts[index]
    if count == 0 and offset == 0:
        return None  # never scanned; a place without bytes means that they were lost
    if count == 0 or offset == 0:
        raise DamageError(f"its directory lists {count} bytes at {offset} for this part")
    segment = cache.get(offset, lambda: _decoded(page, index))
    if segment is not None and cache.is_shared(page, offset) and not _is_flat(segment):
        raise DamageError("other parts of the picture hold the same bytes")
    return segment


def _is_flat(segment: NDArray[Any]) -> bool:
    """Whether a segment is of one colour: so are those that scanners write once for all empty places."""
    spread = segment.max(axis=(0, 1)).astype(np.int64) - segment.min(axis=(0, 1))
    return bool((spread <= _FLAT * np.iinfo(segment.dtype).max).all())


def _check_black(
    page: "TiffPage | TiffFrame", layout: _Layout, place: tuple[int, int, int], cache: SegmentCache
) -> None:
    """Refuse a segment of zeros in the midst of a bright picture: its bytes were lost."""
    keyframe = _keyframe(page)
    if keyframe.compression in _JPEG_COMPRESSIONS or int(keyframe.photometric) not in _ZERO_IS_BLACK:
        return

    def segment_at(other: tuple[int, int]) -> Segment:
        try:
            return _segment(page, layout, (place[0], *other), cache)
        except DECODE_ERRORS:
            return None

    if is_black_island(place[1:], (layout.down, layout.across), segment_at):
        raise DamageError("this part holds nothing but zeros, and those beside it do not")


def _check_rows(
    page: "TiffPage | TiffFrame", layout: _Layout, asked: tuple[int, int, int], cache: SegmentCache
) -> None:
    """Refuse rows, of a plane from one to another, whose px lie in the file as they are and were lost."""
    keyframe = _keyframe(page)
    if keyframe.bitspersample not in (8, 16):
        return
    plane, top, bottom = asked
    px_bytes = _px_bytes(keyframe)
    row_bytes = layout.columns * px_bytes
    place = int(page.dataoffsets[0]) + plane * keyframe.imagelength * row_bytes
    came = max(0, page.parent.filehandle.size - place) // row_bytes  # that the file ends is said elsewhere

    def at(start: int, end: int) -> NDArray[np.uint8]:
        return np.frombuffer(bytes_at(page, place + start, end - start), np.uint8)

    rows = Rows(
        length=min(keyframe.imagelength, came) * row_bytes,
        row_bytes=row_bytes,
        px_bytes=px_bytes,
        place=place,
        at=at,
    )
    cache.rows.check(rows, (top, bottom), layout.rows)


def _raw_box(page: "TiffPage | TiffFrame", plane: int, box: Box) -> NDArray[Any]:
    """Samples of a box whose px lie in the file as they are: only its own bytes are read."""
    keyframe = _keyframe(page)
    _, _, height, width, samples = keyframe.shaped
    dtype = np.dtype(keyframe.dtype).newbyteorder(page.parent.byteorder)
    x0, y0, x1, y1 = box
    rows, row_px = (1, (y1 - y0) * width) if x1 - x0 == width else (y1 - y0, x1 - x0)
    px_bytes = samples * dtype.itemsize
    first = page.dataoffsets[0] + ((plane * height + y0) * width + x0) * px_bytes
    data = b"".join(bytes_at(page, first + row * width * px_bytes, row_px * px_bytes) for row in range(rows))
    return np.frombuffer(data, dtype).reshape(y1 - y0, x1 - x0, samples)


def _decoded(page: "TiffPage | TiffFrame", index: int) -> Segment:
    keyframe = _keyframe(page)
    data = bytes_at(page, page.dataoffsets[index], page.databytecounts[index])
    tables = {}
    if keyframe.compression in _JPEG_COMPRESSIONS:
        tables = {"jpegtables": page.jpegtables, "jpegheader": keyframe.jpegheader}
    segment: NDArray[Any] | None = keyframe.decode(data, index, **tables)[0]
    px_bytes = _px_bytes(keyframe) if keyframe.bitspersample in (8, 16) else 0
    row = segment_size(keyframe)[0] * px_bytes, px_bytes
    damage = segment_damage(data, keyframe.compression, page.jpegtables, row)
    if damage is not None:
        raise DamageError(damage)
    return None if segment is None else segment[0]


def _px_bytes(page: "TiffPage") -> int:
    """Bytes of a px of unpacked data, of one plane of it where its colours are apart."""
    return int(page.shaped[4]) * np.dtype(page.dtype).itemsize


def bytes_at(page: "TiffPage | TiffFrame", offset: int, count: int) -> bytes:
    """Bytes of a file from a place on, all of them.

    Raises
    ------
    DamageError
        The file ends before.
    """
    handle = page.parent.filehandle
    handle.seek(offset)
    data = handle.read(count)
    if len(data) < count:
        raise DamageError(f"the file ends {count - len(data)} bytes before the end of this part")
    return data

"""Segments of a JPEG picture, walked from its start to its end: the one walk that all checks take."""

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["END", "END_BYTES", "FIRST_RESTART", "SCAN", "JpegSegment", "first_scan", "segments"]

SCAN, END, FIRST_RESTART = 0xDA, 0xD9, 0xD0
"""Markers; T.81, B.1.1."""
END_BYTES = bytes((0xFF, END))
"""As it stands in a file."""
_FILL, _STAND_ALONE = 0xFF, frozenset({0x01, *range(0xD0, 0xD9)})
# Within a scan 0xFF is followed by 0x00, by a restart marker, or by the marker that ends it (T.81, B.1.1).
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


class JpegSegment(NamedTuple):
    """Marker, content, where the packed px behind it begin and end, and whether no marker ends these."""

    marker: int
    content: bytes
    start: int
    end: int
    is_open: bool = False


def segments(data: bytes) -> Iterator[JpegSegment]:
    """Segments in order, the end of the picture the last; fewer where they cannot be followed.

    Parameters
    ----------
    data : from the first byte of the picture; what stands behind its end is not looked at.
    """
    place = 2
    while place + 2 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == END:
            yield JpegSegment(marker, b"", place + 2, place + 2)
            return
        if marker == _FILL or marker in _STAND_ALONE:
            place += 1 if marker == _FILL else 2
            continue
        if place + 4 > len(data):
            return
        start = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        found = _NEXT_MARKER.search(data, start) if marker == SCAN else None
        end = start if marker != SCAN else len(data) if found is None else found.start()
        yield JpegSegment(marker, data[place + 4 : start], start, end, marker == SCAN and found is None)
        place = end


def first_scan(data: bytes) -> JpegSegment | None:
    """The first scan; None where the head cannot be followed to it."""
    if not data.startswith(b"\xff\xd8"):
        return None
    return next((segment for segment in segments(data) if segment.marker == SCAN), None)

"""Runs of zeros, or of ones, in packed pictures: sectors that were never written, or were lost.

Of WebP, AVIF, HEIC and JPEG 2000 nothing checks the data, and a decoder makes some picture of any bytes.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.reader.decoding.lost_runs import long_runs
from pipeline.reader.source import ContentKind

__all__ = ["has_gap", "is_gap_within"]

_NEVER_WRITTEN = (0, 255)  # as disks and cards read there; packed data of a photo has short runs
_JPEG_2000_DATA = b"\xff\x93"  # marker SOD; T.800, A.4.3
_WEBP_DATA = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_RIFF_HEAD, _BOX_HEAD, _LONG_BOX_HEAD = 12, 8, 16


def has_gap(data: NDArray[np.uint8], kind: ContentKind) -> bool:
    """Whether the packed pixels hold a run of zeros or of ones; False for kinds in which that means nothing.

    Parameters
    ----------
    data : uint8 (n,), the bytes of the file.
    """
    if kind not in {"WebP", "AVIF", "HEIC", "JPEG 2000"}:
        return False
    if not is_gap_within(data):
        return False
    whole = data.tobytes()
    if kind == "JPEG 2000":
        return is_gap_within(data[max(0, whole.find(_JPEG_2000_DATA)) :])
    parts = _webp_parts(whole) if kind == "WebP" else _media_parts(whole)
    return any(is_gap_within(data[start:end]) for start, end in parts)


def is_gap_within(packed: NDArray[np.uint8]) -> bool:
    """Whether packed pixels, uint8 (n,), hold a run of zeros or of ones as long as a sector."""
    return any(packed[start] in _NEVER_WRITTEN for start, _ in long_runs(packed))


def _webp_parts(data: bytes) -> list[tuple[int, int]]:
    """Where packed pixels lie in a RIFF file."""
    parts, place = [], _RIFF_HEAD
    while place + 8 <= len(data):
        end = place + 8 + int.from_bytes(data[place + 4 : place + 8], "little")
        if data[place : place + 4] in _WEBP_DATA:
            parts.append((place + 8, end))
        place = end + end % 2
    return parts


def _media_parts(data: bytes) -> list[tuple[int, int]]:
    """Where the boxes `mdat` lie in an ISO base media file; ISO/IEC 14496-12, 8.1.1.

    Without those that hold EXIF data too, which cameras fill up with zeros.
    """
    parts, place = [], 0
    while place + _BOX_HEAD <= len(data):
        size, head = int.from_bytes(data[place : place + 4], "big"), _BOX_HEAD
        if size == 1:
            size, head = int.from_bytes(data[place + 8 : place + 16], "big"), _LONG_BOX_HEAD
        end = place + size if size >= head else len(data)
        if data[place + 4 : place + 8] == b"mdat" and data.find(b"Exif\0\0", place, end) < 0:
            parts.append((place + head, end))
        place = end
    return parts

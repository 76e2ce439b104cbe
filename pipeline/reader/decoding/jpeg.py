"""Whether the bytes of a JPEG picture are whole: decoders make grey of what is not, and say nothing."""

import re

from pipeline.reader.decoding.jpeg_scans import lost_scans, segments

__all__ = ["EMPTY_RUN", "END", "first_scan", "jpeg_damage", "scan_end", "unread_jpeg"]

_START, _SCAN, END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
_STANDS_ALONE = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})  # markers without a length
# Within a scan 0xFF is followed by 0x00, by a restart marker, or by the marker that ends it (T.81, B.1.1).
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
EMPTY_RUN = bytes(32)
"""Sectors that were never written, or were lost."""
_BITS = 8  # of a sample
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA, 0xCB})
_HIERARCHICAL = frozenset({0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF, 0xDE})
_JPEG_LS = 0xF7
_MOST_PARSED_BYTES = 40_000_000  # of a picture whose oddity is looked into: that takes 15 times its bytes


def jpeg_damage(data: bytes, tables: bytes | None = None, *, is_odd: bool = False) -> str | None:
    """What is wrong with a baseline or progressive JPEG picture, or None.

    A quick scan of the bytes passes nearly every whole picture, at a twentieth of the cost of decoding. Only
    what looks suspicious is parsed strictly, because a blank picture may hold long runs of zeros as well.

    Parameters
    ----------
    tables : of an abbreviated stream, as the TIFF tag JPEGTables holds them.
    is_odd : a decoder said so.
    """
    lost = lost_scans(data)
    if lost is not None:
        return lost
    odd = _oddity(data) or ("the JPEG data is damaged" if is_odd else None)
    if odd is None or len(data) > _MOST_PARSED_BYTES:
        return odd
    from imagecodecs import jpegxl_encode_jpeg

    whole = data if not tables else data[:2] + tables[2:].removesuffix(END) + data[2:]
    try:
        # libjxl keeps every coefficient of a JPEG picture, so it must be able to read all of them.
        jpegxl_encode_jpeg(whole)
    except (RuntimeError, ValueError):
        return odd
    return None


def unread_jpeg(data: bytes) -> str | None:
    """What is not read of a JPEG picture whose head can be followed, and a way out; None where all is."""
    way_out = "save it as PNG or TIFF"
    for marker, content, _ in segments(data):
        if marker == _JPEG_LS:
            return f"is a JPEG-LS picture; expected a JPEG of 8 bits; {way_out}"
        if marker in _HIERARCHICAL:
            return f"is a JPEG in several sizes (hierarchical); expected a plain JPEG; {way_out}"
        if marker in _FRAMES and content and content[0] != _BITS:
            return f"is a JPEG of {content[0]} bits a sample; expected {_BITS} bits; {way_out}"
    return None


def first_scan(data: bytes) -> int | None:
    """Where the first scan's data begins; None where the head cannot be followed."""
    return _next_scan(data, len(_START)) if data.startswith(_START) else None


def scan_end(data: bytes, scan: int) -> int | None:
    """Where the marker stands that ends a scan; None where there is none."""
    marker = _NEXT_MARKER.search(data, scan)
    return None if marker is None else marker.start()


def _oddity(data: bytes) -> str | None:
    """What looks suspicious in any of the scans; a progressive picture has several."""
    scan = first_scan(data)
    if scan is None:
        return None  # the decoder says what is wrong with its head
    while True:
        end = scan_end(data, scan)
        if end is None:
            return "the JPEG data has no end"
        if data.find(EMPTY_RUN, scan, end) >= 0:
            return "the JPEG data has a gap of zeros"
        if data[end : end + 2] == END:
            return None
        following = _next_scan(data, end)
        if following is None:
            return f"the JPEG data is interrupted at byte {end}"
        scan = following


def _next_scan(data: bytes, place: int) -> int | None:
    """Where the data of the next scan begins; None where the segments before it cannot be followed."""
    while place + 4 <= len(data) and data[place] == 0xFF:
        if data[place + 1] in _STANDS_ALONE:
            place += 2
            continue
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        if data[place : place + 2] == _SCAN:
            return place + 2 + length
        place += 2 + length
    return None

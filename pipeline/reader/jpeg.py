"""Whether a JPEG picture is whole: decoders make grey or shifted pixels of a damaged one and say nothing."""

import re

__all__ = ["jpeg_damage"]

_START, _SCAN, _END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
_STANDS_ALONE = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})  # markers without a length
# Within a scan 0xFF is followed by 0x00, by a restart marker, or by the marker that ends it (T.81, B.1.1).
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_EMPTY_RUN = bytes(32)  # sectors that were never written, or were lost


def jpeg_damage(data: bytes, tables: bytes | None = None) -> str | None:
    """What is wrong with a baseline or progressive JPEG picture, or None.

    A quick scan of the bytes passes nearly every whole picture, at a twentieth of the cost of decoding. Only
    what looks suspicious is parsed strictly, because a blank picture may hold long runs of zeros as well.

    Parameters
    ----------
    tables : of an abbreviated stream, as the TIFF tag JPEGTables holds them.
    """
    odd = _oddity(data)
    if odd is None:
        return None
    from imagecodecs import jpegxl_encode_jpeg

    whole = data if not tables else data[:2] + tables[2:].removesuffix(_END) + data[2:]
    try:
        # libjxl keeps every coefficient of a JPEG picture, so it must be able to read all of them.
        jpegxl_encode_jpeg(whole)
    except (RuntimeError, ValueError):
        return odd
    return None


def _oddity(data: bytes) -> str | None:
    scan = _first_scan(data)
    if scan is None:
        return None  # the decoder says what is wrong with its head
    marker = _NEXT_MARKER.search(data, scan)
    if marker is None:
        return "the JPEG data has no end"
    if _EMPTY_RUN in data[scan : marker.start()]:
        return "the JPEG data has a gap of zeros"
    if marker.group() != _END:
        return f"the JPEG data is interrupted at byte {marker.start()}"
    return None


def _first_scan(data: bytes) -> int | None:
    """Where the first scan's data begins; None where the head cannot be followed."""
    if not data.startswith(_START):
        return None
    place = len(_START)
    while place + 4 <= len(data) and data[place] == 0xFF:
        if data[place + 1] in _STANDS_ALONE:
            place += 2
            continue
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        if data[place : place + 2] == _SCAN:
            return place + 2 + length
        place += 2 + length
    return None

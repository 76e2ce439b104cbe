"""Whether the bytes of a JPEG picture or part of a TIFF are whole: decoders make grey of what is not."""

import re

import cv2
import numpy as np

from pipeline.reader.decoding.jpeg_scans import lost_scans
from pipeline.reader.decoding.jpeg_segments import END, END_BYTES, SCAN, first_scan, segments
from pipeline.reader.decoding.opencv import decoded

__all__ = ["EMPTY_RUN", "jpeg_damage", "unread_jpeg"]

EMPTY_RUN = bytes(32)
"""Sectors that were never written, or were lost."""
_CORRUPT = b"Corrupt JPEG data"  # libjpeg, of what does not decode; it decodes on, into grey
_STRAY = re.compile(rb"Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd([0-79])")
# All codes are read, and next to nothing is painted of them.
_TO_HEAR = cv2.IMREAD_REDUCED_GRAYSCALE_8 | cv2.IMREAD_IGNORE_ORIENTATION
_BITS = 8  # of a sample
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA, 0xCB})
_HIERARCHICAL = frozenset({0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF, 0xDE})
_JPEG_LS = 0xF7
_MOST_PARSED_BYTES = 40_000_000  # of a picture whose oddity is looked into: that takes 15 times its bytes


def jpeg_damage(data: bytes, tables: bytes | None = None, *, remarks: bytes | None = None) -> str | None:
    """What is wrong with a baseline or progressive JPEG picture, or None.

    A quick scan of the bytes and what a decoder remarks pass nearly every whole picture, at half the cost of
    decoding. Only what looks suspicious is parsed strictly, because a blank picture may hold long runs of
    zeros as well, and some cameras fill up their data before its end.

    Parameters
    ----------
    tables : of an abbreviated stream, as the TIFF tag JPEGTables holds them.
    remarks : what libjpeg said as it decoded the picture; None has it decoded here, at the least scale.
    """
    lost = lost_scans(data)
    if lost is not None:
        return lost
    whole = data if not tables else data[:2] + tables[2:].removesuffix(END_BYTES) + data[2:]
    if remarks is None:
        remarks = decoded(np.frombuffer(whole, np.uint8), _TO_HEAR)[1]
    damaged = "the JPEG data is damaged"
    if _has_strays(data, remarks):
        return damaged
    odd = _oddity(data) or (damaged if _CORRUPT in remarks else None)
    if odd is None or len(data) > _MOST_PARSED_BYTES:
        return odd
    from imagecodecs import jpegxl_encode_jpeg

    try:
        # libjxl keeps every coefficient of a JPEG picture, so it must be able to read all of them.
        jpegxl_encode_jpeg(whole)
    except (RuntimeError, ValueError):
        return odd
    return None


def unread_jpeg(data: bytes) -> str | None:
    """What is not read of a JPEG picture whose head can be followed, and a way out; None where all is."""
    way_out = "save it as PNG or TIFF"
    for marker, content, *_ in segments(data):
        if marker == _JPEG_LS:
            return f"is a JPEG-LS picture; expected a JPEG of 8 bits; {way_out}"
        if marker in _HIERARCHICAL:
            return f"is a JPEG in several sizes (hierarchical); expected a plain JPEG; {way_out}"
        if marker in _FRAMES and content and content[0] != _BITS:
            return f"is a JPEG of {content[0]} bits a sample; expected {_BITS} bits; {way_out}"
    return None


def _has_strays(data: bytes, remarks: bytes) -> bool:
    """Whether codes are left over where the px were complete: bits in front of them were wrong.

    What cameras fill up the data with before the end of the picture is one byte over and over.
    """
    for number, marker in _STRAY.findall(remarks):
        if marker != b"9":
            return int(number) > 1
        last = [segment for segment in segments(data) if segment.marker == SCAN][-1:]
        if any(len(set(data[scan.start : scan.end].rstrip(b"\xff")[-int(number) :])) > 1 for scan in last):
            return True
    return False


def _oddity(data: bytes) -> str | None:
    """What looks suspicious in any of the scans; a progressive picture has several."""
    if first_scan(data) is None:
        return None  # the decoder says what is wrong with its head
    end = 0
    for segment in segments(data):
        if segment.marker == END:
            return None
        if segment.is_open:
            return "the JPEG data has no end"
        if segment.marker == SCAN and data.find(EMPTY_RUN, segment.start, segment.end) >= 0:
            return "the JPEG data has a gap of zeros"
        end = segment.end
    return f"the JPEG data is interrupted at byte {end}"

"""Whether a picture came whole, and the rows that came of one whose file was cut off at its end.

Decoders make grey or shifted pixels of a damaged picture and say nothing.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.reader.decoding.decoders import decoded_photo
from pipeline.reader.decoding.jpeg import EMPTY_RUN
from pipeline.reader.decoding.jpeg_segments import END_BYTES, first_scan
from pipeline.reader.decoding.pillow import strict_pillow
from pipeline.reader.decoding.png import PNG_CHANNELS
from pipeline.reader.source import ContentKind

__all__ = ["is_cut_off", "rows_that_came"]

_TAIL_BYTES = 4096  # in which the end of a file is looked for before all of it is read
_PNG_HEAD = 8
_PNG_END = b"IEND\xae\x42\x60\x82"  # the last chunk and its check


def is_cut_off(path: Path, kind: ContentKind) -> bool:
    """Whether a JPEG or PNG file may lack its end: a look at its last bytes, at all where those are odd."""
    if kind not in ("JPEG", "PNG"):
        return False
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        if (END_BYTES if kind == "JPEG" else _PNG_END) in stream.read():
            return False
        if kind == "PNG":
            return True
        stream.seek(0)
        data = stream.read()  # phones write a film behind the picture
    scan = first_scan(data)
    return scan is not None and scan.is_open


def rows_that_came(data: NDArray[np.uint8], kind: ContentKind) -> NDArray[np.uint8] | None:
    """Whole rows from the top of a picture that is cut off at its end, RGB uint8 (rows, W, 3).

    None where there is none: a progressive JPEG or an interlaced PNG comes in passes over all rows, other
    kinds are not looked into, and what is damaged before its end shows nothing that can be trusted.

    Parameters
    ----------
    data : uint8 (n,), the bytes of the file.
    """
    rows = _jpeg_rows(data.tobytes()) if kind == "JPEG" else None
    if kind == "PNG":
        shortened = _shortened_png(data.tobytes())
        rows = None if shortened is None else decoded_photo(np.frombuffer(shortened, np.uint8), "PNG", 1)
    return rows if rows is not None and len(rows) else None


def _jpeg_rows(data: bytes) -> NDArray[np.uint8] | None:
    from PIL.JpegImagePlugin import JpegImageFile

    scan = first_scan(data)
    if scan is None or EMPTY_RUN in data[scan.start :]:
        return None
    try:
        picture = JpegImageFile(BytesIO(data))
        with strict_pillow(), suppress(OSError):  # that it is cut off; what was decoded before is kept
            picture.load()
        picture.tile = []
        stored = np.asarray(picture)
        pixels = np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"), np.uint8)
    except (SyntaxError, ValueError, EOFError, OSError, RuntimeError):
        return None
    # What did not come is left at zero as it is stored, which is white in CMYK. A row of a photo that is
    # black in every px is not missed at its end.
    filled = np.flatnonzero(stored.reshape(len(stored), -1).any(axis=1))
    return pixels[: filled[-1] + 1] if len(filled) else None


def _shortened_png(data: bytes) -> bytes | None:
    """The whole rows of a PNG picture as one of fewer rows; None where there is none."""
    packed, kept, head = b"", [], b""
    for kind, content, whole in _png_chunks(data):
        if kind == b"IHDR":
            head = content
        elif kind == b"IDAT":
            packed += content
        elif whole and not packed:
            kept.append(_png_chunk(kind, content))
    if len(head) != struct.calcsize(">IIBBBBB"):
        return None
    width, height, bits, colours, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    if interlaced or colours not in PNG_CHANNELS:
        return None
    row_bytes = 1 + -(-width * PNG_CHANNELS[colours] * bits // 8)  # a row begins with its filter
    try:
        stored = zlib.decompressobj().decompress(packed, row_bytes * height)
    except zlib.error:
        return None
    rows = len(stored) // row_bytes
    if not rows:
        return None
    chunks = [
        _png_chunk(b"IHDR", struct.pack(">II", width, rows) + head[8:]),
        *kept,
        _png_chunk(b"IDAT", zlib.compress(stored[: rows * row_bytes], 0)),
        _png_chunk(b"IEND", b""),
    ]
    return data[:_PNG_HEAD] + b"".join(chunks)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Kind and content of each chunk, and whether all of it came; ends before one that is damaged."""
    place = _PNG_HEAD
    while place + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        end = place + 8 + size
        content = data[place + 8 : end]
        whole = end + 4 <= len(data)
        if whole and zlib.crc32(kind + content) != int.from_bytes(data[end : end + 4], "big"):
            return
        yield kind, content, whole
        place = end + 4


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

"""Head of a PNG file by its chunks, whatever texts and profiles stand among them."""

import struct
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PNG_CHANNELS", "PngHead", "png_head"]

PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples of a px by colour type; PNG (third edition), 11.2.1."""
_FILE_HEAD_BYTES = 8
_HEAD = struct.Struct(">IIBBBBB")
_PALETTE = 3
_DEPTHS = (1, 2, 4, 8, 16)
_MOST_CHUNKS = 100_000  # looked at for the way the picture is turned
_MOST_EXIF_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PngHead:
    """Size in px, bits of a sample, samples of a px as decoded, and EXIF data."""

    width: int
    height: int
    bits: int
    channels: int
    exif: bytes


def png_head(path: Path) -> PngHead | None:
    """Head of a PNG file, its EXIF data looked for in front of the px; None where it is damaged.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as stream:
        stream.seek(_FILE_HEAD_BYTES)
        size, kind = _chunk(stream.read(8))
        content = stream.read(_HEAD.size)
        if kind != b"IHDR" or size != _HEAD.size or len(content) < _HEAD.size:
            return None
        width, height, bits, colours, _, _, _ = _HEAD.unpack(content)
        if not (width and height) or colours not in PNG_CHANNELS or bits not in _DEPTHS:
            return None
        exif = b""
        for _ in range(_MOST_CHUNKS):
            stream.seek(4, 1)  # the check of the chunk before
            size, kind = _chunk(stream.read(8))
            if kind in (b"", b"IDAT", b"IEND"):
                break
            if kind == b"eXIf" and size <= _MOST_EXIF_BYTES:
                exif = stream.read(size)
            else:
                stream.seek(size, 1)
    channels = 4 if colours == _PALETTE else PNG_CHANNELS[colours]
    return PngHead(width=width, height=height, bits=bits, channels=channels, exif=exif)


def _chunk(start: bytes) -> tuple[int, bytes]:
    """Bytes and kind of a chunk; nothing where the file ended."""
    return struct.unpack(">I4s", start) if len(start) == 8 else (0, b"")

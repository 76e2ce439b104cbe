"""Heads of photos, read without decoding: size, how a px is stored, how the picture is displayed."""

import re
import struct
import warnings
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pipeline.errors import SlideError
from pipeline.reader.decoding.bitmap import bitmap_head
from pipeline.reader.decoding.jpeg import unread_jpeg
from pipeline.reader.decoding.pillow import unlimited_pillow
from pipeline.reader.decoding.png import png_head
from pipeline.reader.pixels import Orientation, orientation_of
from pipeline.reader.source import ContentKind, file_error, shown

__all__ = ["PhotoHeader", "read_header"]

_EXIF_ORIENTATION = 0x0112
_PILLOW_FORMATS = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "HEIC": ("pillow_heif.as_plugin", "HeifImageFile"),
    "JPEG 2000": ("PIL.Jpeg2KImagePlugin", "Jpeg2KImageFile"),
}
_SHORT = re.compile("truncated|expected to read|buffer|index out of range|decoder object", re.IGNORECASE)
_CHANNELS = {"1": 1, "L": 1, "I;16": 1, "I": 1, "RGB": 3}  # as decoded, by Pillow's mode; 4 for all others
_PNG_DEPTH_AT = 24  # byte of the bits of a sample; PNG (third edition), 11.2.1
_BITMAP_HEAD_BYTES = 128
_MP_ENTRIES, _MP_VIEW = 0xB002, "Multi-Frame Image"
"""Table of the pictures, and what Pillow calls those of several views; CIPA DC-007, Multi-Picture Format."""
_DAMAGE = (SyntaxError, ValueError, EOFError, OSError, RuntimeError, struct.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoHeader:
    """Size in px as stored, how it is displayed, what a px is stored as, and pictures in the file."""

    width: int
    height: int
    sample_bytes: int
    channels: int
    orientation: Orientation
    pictures: int = 1


def read_header(path: Path, kind: ContentKind) -> PhotoHeader:
    """Header of a photo of any kind but TIFF.

    Raises
    ------
    SlideError
        It is damaged, cannot be read, or says of a whole picture that it is stored in a way that is not read.
    """
    try:
        with path.open("rb") as stream:
            unread = _unread(stream.read(_BITMAP_HEAD_BYTES)) if kind == "BMP" else None
    except OSError as error:
        raise file_error(path, error) from error
    if unread is not None:
        raise SlideError(f"{shown(path)} {unread}")
    try:
        return _by_pillow(path, kind)
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise file_error(path, error) from error
        found = _by_hand(path, kind)
        if found is not None:
            return found
        where = "ends within its head" if _is_short(error) else "is damaged in its head"
        raise SlideError(
            f"{shown(path)} is truncated or damaged: the file {where}; "
            f"expected a whole {kind} picture; copy the file again"
        ) from error


def _by_pillow(path: Path, kind: ContentKind) -> PhotoHeader:
    # Pillow reads headers without decoding. Its formats are called one by one, because Image.open imports
    # them all and refuses photos above 179 megapixels.
    module, factory = _PILLOW_FORMATS[kind]
    with path.open("rb") as stream, warnings.catch_warnings(action="ignore"), unlimited_pillow():
        picture = getattr(import_module(module), factory)(stream)
        width, height = picture.size
        exif = picture.info.get("exif")
        pictures = _views_of_jpeg(picture) if kind == "JPEG" else int(getattr(picture, "n_frames", 1))
        channels = _CHANNELS.get(picture.mode, 4)
        stream.seek(_PNG_DEPTH_AT)
        wide = stream.read(1) == b"\x10" if kind == "PNG" else picture.mode.startswith("I;16")
    return PhotoHeader(
        width=width,
        height=height,
        sample_bytes=2 if wide else 1,
        channels=channels,
        orientation=_exif_orientation(exif),
        pictures=max(pictures, 1),
    )


def _views_of_jpeg(picture: Any) -> int:
    """Views in a JPEG of several: not the small pictures and maps of brightness that cameras add to one."""
    damage = (*_DAMAGE, LookupError, TypeError)
    with suppress(*damage):
        entries = (picture._getmp() or {}).get(_MP_ENTRIES, ())
        return sum(str(entry["Attribute"]["MPType"]).startswith(_MP_VIEW) for entry in entries)
    return 1


def _by_hand(path: Path, kind: ContentKind) -> PhotoHeader | None:
    """Header of a picture that Pillow does not want, for texts and profiles beside it; None where it is none.

    Raises
    ------
    SlideError
        The picture is whole, of a kind that is not read.
    """
    if kind == "JPEG":
        unread = unread_jpeg(path.read_bytes())
        if unread is not None:
            raise SlideError(f"{shown(path)} {unread}")
    head = png_head(path) if kind == "PNG" else None
    if head is None:
        return None
    return PhotoHeader(
        width=head.width,
        height=head.height,
        sample_bytes=2 if head.bits > 8 else 1,
        channels=head.channels,
        orientation=_exif_orientation(head.exif),
    )


def _unread(start: bytes) -> str | None:
    head = bitmap_head(start)
    return None if head is None else head.unread


def _is_short(error: Exception) -> bool:
    """Whether a decoder stumbled over the end of the file; what it says beside that is for its makers."""
    return isinstance(error, (struct.error, EOFError)) or _SHORT.search(str(error)) is not None


def _exif_orientation(exif: bytes | None) -> Orientation:
    if not exif:
        return orientation_of(1)
    from PIL.Image import Exif

    tags = Exif()
    # A damaged EXIF block says nothing about the picture beside it, which is displayed as stored.
    damage = (SyntaxError, ValueError, EOFError, OSError, LookupError, TypeError, struct.error)
    with suppress(*damage), warnings.catch_warnings(action="ignore"):
        tags.load(exif)
        return orientation_of(tags.get(_EXIF_ORIENTATION))
    return orientation_of(1)

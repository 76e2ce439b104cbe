"""Photos (JPEG, PNG, WebP, BMP) through OpenCV, decoded at the scale that is needed and not more."""

import os
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.reader.field import Turn
from pipeline.reader.pixels import (
    FULL_RANGE_BITS,
    Orientation,
    bits_used,
    block_mean,
    check_region,
    eight_bits,
    on_white,
    orient,
    orientation_of,
    rgb_of,
    too_small,
)
from pipeline.reader.source import ContentKind, file_error, one_line, shown

__all__ = ["MAX_PHOTO_MEGAPIXELS", "PhotoField", "open_photo"]

MAX_PHOTO_MEGAPIXELS = 400  # decoded in one piece this takes 1.2 GB; phones write up to 200

_EXIF_ORIENTATION = 0x0112
_PILLOW_FORMATS = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
}
_HELD_BYTES = 2**24  # of pictures at other shrinks than the last; light, scale and tiles ask for several
_REDUCED = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    1: cv2.IMREAD_COLOR,
}
_STDERR = 2
# The file descriptor belongs to the whole process, so its lock does too.
_stderr_lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """Size in px as stored, and how the picture is displayed."""

    width: int
    height: int
    orientation: Orientation


class PhotoField:
    """One photo as a field; keeps what it decoded last, and pictures at other shrinks while they are small.

    Attributes
    ----------
    name : of the field.
    width, height : level-0 px of the picture as displayed.
    um_per_px : always None; the dots per inch of a photo are never those of a microscope.
    """

    __slots__ = ("_decoded", "_header", "_kind", "_path", "_turn", "height", "name", "um_per_px", "width")

    def __init__(self, path: Path, name: str, kind: ContentKind, header: _Header, turn: Turn) -> None:
        self.name = name
        self.width, self.height = header.orientation.displayed_size(header.width, header.height)
        self.um_per_px: float | None = None
        self._path = path
        self._kind = kind
        self._header = header
        self._turn = turn
        self._decoded: dict[int, NDArray[np.uint8]] = {}

    def read(self, x: int, y: int, width: int, height: int, shrink: int) -> NDArray[np.uint8]:
        """RGB uint8 (height / shrink, width / shrink, 3) of a region in level-0 px; see `reader.Field`."""
        check_region((self.width, self.height), (x, y, x + width, y + height), shrink)
        self._turn.take(self._release)
        if shrink not in self._decoded:
            self._make_room()
            self._decoded[shrink] = self._decode(shrink)
        picture = self._decoded[shrink]
        return picture[y // shrink : (y + height) // shrink, x // shrink : (x + width) // shrink].copy()

    def _release(self) -> None:
        self._decoded = {}

    def _make_room(self) -> None:
        """Let go of the largest pictures until the rest is small."""
        while sum(picture.nbytes for picture in self._decoded.values()) > _HELD_BYTES:
            del self._decoded[min(self._decoded)]

    def _decode(self, shrink: int) -> NDArray[np.uint8]:
        try:
            data = np.fromfile(self._path, np.uint8)
        except OSError as error:
            raise file_error(self._path, error) from error
        reduction = self._reduction(shrink)
        stored = _decoded_jpeg(data, reduction) if self._kind == "JPEG" else _decoded_pixels(data)
        expected = -(-self._header.height // reduction), -(-self._header.width // reduction)
        if stored is None or stored.shape[:2] != expected:
            raise SlideError(
                f"{shown(self._path)} is truncated or damaged ({data.size} bytes found); "
                f"expected a whole {self._kind} picture; copy the file again"
            )
        return block_mean(orient(stored, self._header.orientation), shrink // reduction)

    def _reduction(self, shrink: int) -> int:
        """Largest reduction (1, 2, 4, 8) the decoder can make without shifting the grid of blocks."""
        if self._kind != "JPEG":
            return 1
        keeps_phase = self._header.orientation.keeps_phase
        return next(n for n in _REDUCED if n <= shrink and keeps_phase(self.width, self.height, n))


def open_photo(path: Path, name: str, kind: ContentKind, turn: Turn) -> PhotoField:
    """Field of one photo; only its header is read.

    Raises
    ------
    SlideError
        The header cannot be read, or the picture is too small or too large.
    """
    header = _read_header(path, kind)
    reason = too_small(*header.orientation.displayed_size(header.width, header.height))
    if reason is not None:
        raise SlideError(f"{shown(path)}: {reason}")
    megapixels = header.width * header.height / 1e6
    if megapixels > MAX_PHOTO_MEGAPIXELS:
        raise SlideError(
            f"{shown(path)} has {megapixels:.0f} megapixels; expected at most {MAX_PHOTO_MEGAPIXELS} in a "
            f"{kind} picture; convert it to a pyramidal TIFF, which is read in parts"
        )
    return PhotoField(path, name, kind, header, turn)


def _read_header(path: Path, kind: ContentKind) -> _Header:
    # Pillow reads headers without decoding. Its formats are called one by one, because Image.open imports
    # them all and refuses photos above 179 megapixels.
    module, factory = _PILLOW_FORMATS[kind]
    try:
        with path.open("rb") as stream, warnings.catch_warnings(action="ignore"):
            picture = getattr(import_module(module), factory)(stream)
            width, height = picture.size
            exif = picture.info.get("exif")
    except (SyntaxError, ValueError, EOFError, OSError, struct.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise file_error(path, error) from error
        raise SlideError(
            f"{shown(path)} is truncated or damaged: {one_line(error)}; "
            f"expected a whole {kind} picture; copy the file again"
        ) from error
    return _Header(width=width, height=height, orientation=_exif_orientation(exif))


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


def _decoded_jpeg(data: NDArray[np.uint8], reduction: int) -> NDArray[np.uint8] | None:
    flags = _REDUCED[reduction] & ~cv2.IMREAD_COLOR_BGR | cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    rgb = _imdecode(data, flags)
    return None if rgb is None else np.asarray(rgb, np.uint8)


def _decoded_pixels(data: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    pixels = _imdecode(data, cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        return None
    if pixels.ndim == 2:
        return rgb_of(_scaled(pixels))
    if pixels.shape[2] == 3:
        return np.asarray(cv2.cvtColor(_scaled(pixels), cv2.COLOR_BGR2RGB), np.uint8)
    alpha = eight_bits(pixels[:, :, 3], FULL_RANGE_BITS)
    rgb = np.asarray(cv2.cvtColor(_scaled(pixels[:, :, :3]), cv2.COLOR_BGR2RGB), np.uint8)
    # An alpha channel that is zero everywhere was never filled in: the colours are what was seen.
    return on_white(rgb, alpha) if alpha.any() else rgb


def _scaled(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    return eight_bits(pixels, bits_used(int(pixels.max())) if pixels.dtype == np.uint16 else 8)


def _imdecode(data: NDArray[np.uint8], flags: int) -> NDArray[Any] | None:
    """Decoded picture or None; whatever the decoders print about a damaged file is swallowed."""
    with _quiet_stderr():
        try:
            return cv2.imdecode(data, flags)
        except cv2.error:
            return None


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    # libjpeg and libpng write to file descriptor 2 from C, past sys.stderr. Their remarks about stray bytes
    # (many phones write them) would stand between the progress lines; damage is reported as an error.
    with _stderr_lock:
        try:
            kept = os.dup(_STDERR)
        except OSError:  # there is no stderr (a service without a console)
            yield
            return
        try:
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), _STDERR)
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)

"""Photos (JPEG, PNG, WebP, BMP, AVIF, HEIC, JPEG 2000), decoded at the scale that is needed and not more."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import NotAnImageError, SlideError, error_line
from pipeline.reader.decoding.decoders import REDUCTIONS, decoded_photo, peak_bytes
from pipeline.reader.decoding.header import PhotoHeader, read_header
from pipeline.reader.decoding.wholeness import is_cut_off, rows_that_came
from pipeline.reader.field import BrokenField, Turn
from pipeline.reader.formats import why_not
from pipeline.reader.pixels import (
    block_mean,
    check_region,
    orient,
    too_empty,
    too_small,
)
from pipeline.reader.source import ContentKind, file_error, shown, start_of

__all__ = [
    "MAX_PHOTO_MEGAPIXELS",
    "PhotoField",
    "check_installed",
    "open_photo",
    "photo_of",
]

MAX_PHOTO_MEGAPIXELS = 400  # decoded in one piece this takes 1.2 GB; phones write up to 200

_HELD_BYTES = 2**24  # of pictures at other shrinks than the last; light, scale and tiles ask for several
_MOST_BYTES = 1_200_000_000  # of a file and its decoding at its peak


class PhotoField:
    """One photo as a field; keeps what it decoded last, and pictures at other shrinks while they are small.

    Attributes
    ----------
    name : of the field.
    width, height : level-0 px of the picture as displayed.
    um_per_px : None but for a TIFF; the dots per inch of a photo are never those of a microscope.
    lost : the rows that did not come of a photo that was cut off; None where all did.
    left_out : pictures of other views in the file.
    """

    __slots__ = (
        "_damage",
        "_decoded",
        "_header",
        "_is_cut",
        "_kind",
        "_path",
        "_turn",
        "height",
        "left_out",
        "lost",
        "name",
        "um_per_px",
        "width",
    )

    def __init__(self, path: Path, name: str, kind: ContentKind, header: PhotoHeader, turn: Turn) -> None:
        self.name = name
        self.width, self.height = header.orientation.displayed_size(header.width, header.height)
        self.um_per_px: float | None = None
        self.lost: BrokenField | None = None
        self.left_out = header.pictures - 1
        self._path = path
        self._kind = kind
        self._header = header
        self._turn = turn
        self._decoded: dict[int, NDArray[np.uint8]] = {}
        self._damage: str | None = None
        self._is_cut = False

    def read(self, x: int, y: int, width: int, height: int, shrink: int) -> NDArray[np.uint8]:
        """RGB uint8 (height / shrink, width / shrink, 3) of a region in level-0 px; see `reader.Field`."""
        check_region((self.width, self.height), (x, y, x + width, y + height), shrink)
        self._turn.take(self._release)
        if shrink not in self._decoded:
            self._make_room()
            self._decoded[shrink] = self._decoded_once(shrink)
        picture = self._decoded[shrink]
        return picture[y // shrink : (y + height) // shrink, x // shrink : (x + width) // shrink].copy()

    def stored_shrink(self, shrink: int) -> int:
        """See `Field.stored_shrink`: whatever a decoder leaves out, all of a photo's file is gone through."""
        return 1

    def keep_what_came(self) -> None:
        """Be the rows that came of a file that was cut off, where they are enough of a picture."""
        if not self._header.orientation.keeps_rows:
            return  # what did not come would not be the lower part
        came = rows_that_came(self._bytes(), self._kind)
        if came is None or came.shape[1] != self.width or too_small(self.width, len(came)) is not None:
            return
        rows, height = len(came), self.height
        self.height, self._is_cut = rows, True
        if rows < height:
            self.lost = BrokenField(
                name=self.name,
                reason=f"{shown(self._path)} is cut off: {rows} of {height} rows came; expected a whole "
                f"{self._kind} picture; copy the file again",
                box=(0, rows, self.width, height - rows),
            )

    def _release(self) -> None:
        self._decoded = {}

    def _make_room(self) -> None:
        """Let go of the largest pictures until the rest is small."""
        while sum(picture.nbytes for picture in self._decoded.values()) > _HELD_BYTES:
            del self._decoded[min(self._decoded)]

    def _decoded_once(self, shrink: int) -> NDArray[np.uint8]:
        """Decode, or say again what is wrong: a thousand pieces ask, and none is to decode it again."""
        if self._damage is None:
            picture = self._decode(shrink)
            if picture is not None:
                return picture
            self._damage = (
                f"{shown(self._path)} is truncated or damaged ({self._path.stat().st_size} bytes found); "
                f"expected a whole {self._kind} picture; copy the file again"
            )
        raise SlideError(self._damage)

    def _decode(self, shrink: int) -> NDArray[np.uint8] | None:
        data = self._bytes()
        if self._is_cut:
            came = rows_that_came(data, self._kind)
            is_same = came is not None and came.shape[:2] == (self.height, self.width)
            return block_mean(came, shrink) if came is not None and is_same else None
        reduction = self._reduction(shrink)
        try:
            stored = decoded_photo(data, self._kind, reduction)
        except MemoryError as error:
            raise SlideError(f"{shown(self._path)}: {error_line(error)}") from error
        if stored is not None and stored.shape[:2] == (self._header.height, self._header.width):
            reduction = 1  # what is packed without loss is not reduced
        expected = -(-self._header.height // reduction), -(-self._header.width // reduction)
        if stored is None or stored.shape[:2] != expected:
            return None
        return block_mean(orient(stored, self._header.orientation), shrink // reduction)

    def _bytes(self) -> NDArray[np.uint8]:
        try:
            return np.fromfile(self._path, np.uint8)
        except OSError as error:
            raise file_error(self._path, error) from error

    def _reduction(self, shrink: int) -> int:
        """Largest reduction (1, 2, 4, 8) the decoder can make without shifting the grid of blocks."""
        if self._kind != "JPEG":
            return 1
        keeps_phase = self._header.orientation.keeps_phase
        return next(n for n in REDUCTIONS if n <= shrink and keeps_phase(self.width, self.height, n))


def open_photo(path: Path, name: str, kind: ContentKind, turn: Turn) -> PhotoField:
    """Field of one photo; only its header is read, unless its file was cut off.

    Raises
    ------
    NotAnImageError
        It is a HEIC picture, and what reads these is not installed.
    SlideError
        The header cannot be read, or the picture is too small or too large.
    """
    check_installed(path, kind)
    field = photo_of(path, name, kind, read_header(path, kind), turn)
    if is_cut_off(path, kind):
        field.keep_what_came()
    return field


def check_installed(path: Path, kind: ContentKind) -> None:
    """Say what a HEIC picture is where what reads these is not installed."""
    if kind == "HEIC" and find_spec("pillow_heif") is None:
        raise NotAnImageError(f"{shown(path)} {why_not(start_of(path))}")


def photo_of(
    path: Path,
    name: str,
    kind: ContentKind,
    header: PhotoHeader,
    turn: Turn,
    um_per_px: float | None = None,
) -> PhotoField:
    """Field of a photo whose header is known; errors as `open_photo`."""
    reason = too_small(*header.orientation.displayed_size(header.width, header.height))
    if reason is not None:
        raise SlideError(f"{shown(path)}: {reason}")
    megapixels = header.width * header.height / 1e6
    if megapixels > MAX_PHOTO_MEGAPIXELS:
        raise SlideError(
            f"{shown(path)} has {megapixels:.0f} megapixels; expected at most {MAX_PHOTO_MEGAPIXELS} in a "
            f"{kind} picture; convert it to a pyramidal TIFF, which is read in parts"
        )
    reason = _too_costly(header, kind, path.stat().st_size)
    if reason is not None:
        raise SlideError(f"{shown(path)} {reason}")
    field = PhotoField(path, name, kind, header, turn)
    field.um_per_px = um_per_px
    return field


def _too_costly(header: PhotoHeader, kind: ContentKind, file_bytes: int) -> str | None:
    """Why a picture is refused before it is decoded; None where it can be."""
    pixels = header.width * header.height
    peak = file_bytes + peak_bytes(kind, pixels, header.sample_bytes, header.channels)
    if not header.orientation.keeps_rows:
        peak += 3 * pixels
    if peak > _MOST_BYTES:
        asked = f"needs {peak / 1e9:.1f} GB of memory as a {kind} of {pixels / 1e6:.0f} megapixels"
        return f"{asked}; expected at most {_MOST_BYTES / 1e9:.1f} GB; convert it to a pyramidal TIFF"
    return too_empty(pixels, file_bytes, lossless=kind == "PNG")

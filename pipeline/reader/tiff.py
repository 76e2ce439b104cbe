"""Plain, OME, pyramidal and Big TIFF through tifffile, by region and from the level that is needed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.reader.decoding.damage import DECODE_ERRORS, DamageError, damage_of
from pipeline.reader.decoding.header import PhotoHeader
from pipeline.reader.field import Box, Turn
from pipeline.reader.parts.cache import SegmentCache
from pipeline.reader.parts.segments import read_page, sample_range, segment_size
from pipeline.reader.parts.views import is_same_view, view_sketch
from pipeline.reader.photo import PhotoField, photo_of
from pipeline.reader.pixels import FULL_RANGE_BITS, bits_used, check_region
from pipeline.reader.pyramid import Level, best_level, read_region
from pipeline.reader.repair import patched
from pipeline.reader.source import shown
from pipeline.reader.tiff_layout import TiffLayout, opened_tiff, rgb_of_samples, tiff_layout
from pipeline.reader.tiff_levels import pages_of, pictures, stored_levels

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPageSeries

__all__ = ["TiffField", "open_tiff"]

_MIDDLE_PX = 1024  # side of the middle of a focus plane that is looked at


class TiffField:
    """The picture of a TIFF file as a field; the file is open while the field has its turn.

    Attributes
    ----------
    plane, planes : which focus plane of how many is read, from 0.
    left_out : pictures of other views in the file.
    """

    __slots__ = (
        "_alpha",
        "_bits",
        "_cache",
        "_file",
        "_layout",
        "_levels",
        "_patched",
        "_path",
        "_turn",
        "height",
        "left_out",
        "name",
        "plane",
        "planes",
        "um_per_px",
        "width",
    )

    def __init__(self, path: Path, name: str, layout: TiffLayout, turn: Turn) -> None:
        self.name = name
        self.width, self.height = layout.pyramid.width, layout.pyramid.height
        self.um_per_px = layout.um_per_px
        self._path = path
        self._layout = layout
        self._turn = turn
        self._file: TiffFile | None = None
        self._levels: list[TiffPageSeries] = []
        self._patched = patched(layout.pyramid.levels, self._fetch, self._segment_size)
        self._cache = SegmentCache()
        self.plane, self.planes = 0, layout.planes
        self.left_out = layout.left_out
        self._alpha: int | None = None if layout.colours.alpha else 0
        self._bits = layout.colours.bits if layout.colours.bits < FULL_RANGE_BITS else 0

    def read(self, x: int, y: int, width: int, height: int, shrink: int) -> NDArray[np.uint8]:
        """RGB uint8 (height / shrink, width / shrink, 3) of a region in level-0 px; see `reader.Field`."""
        box = x, y, x + width, y + height
        check_region((self.width, self.height), box, shrink)
        self._turn.take(self._release)
        try:
            self._open()
            return read_region(self._layout.pyramid, box, shrink, self._patched)
        except SlideError:
            raise
        except DECODE_ERRORS as error:
            raise SlideError(
                f"{shown(self._path)} is truncated or damaged at x {x}, y {y}: "
                f"{damage_of(error)}; "
                "expected a whole TIFF file; copy or export it again"
            ) from error

    def stored_shrink(self, shrink: int) -> int:
        """See `Field.stored_shrink`: the factor of the level that is read."""
        return best_level(self._layout.pyramid, shrink).factor

    def _open(self) -> None:
        if self._file is not None:
            return
        self._file = opened_tiff(self._path)
        self._levels = stored_levels(pictures(self._file))
        expected = [(level.width, level.height) for level in self._layout.pyramid.levels]
        found = [(level.keyframe.imagewidth, level.keyframe.imagelength) for level in self._levels]
        if found[: len(expected) if self.planes > 1 else None] != expected:
            self._release()
            raise DamageError("another picture stands in its place since it was opened")

    def _release(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
        self._levels = []
        self._cache = SegmentCache()

    def _fetch(self, level: Level, box: Box) -> NDArray[np.uint8]:
        pages = pages_of(self._levels[level.index], self.plane)
        samples = [read_page(page, box, self._cache) for page in pages]
        pixels = samples[0] if len(samples) == 1 else np.concatenate(samples, axis=2)
        if self._alpha is None:
            self._alpha = self._find_alpha()
        colours = replace(self._layout.colours, alpha=self._alpha)
        return rgb_of_samples(pixels, colours, self._bits or self._find_bits())

    def middle_of(self, plane: int) -> NDArray[np.uint8] | None:
        """Green channel of the middle of a focus plane, uint8 (n, n); None where it cannot be read."""
        self.plane = plane
        side = min(self.width, self.height, _MIDDLE_PX)
        left, top = (self.width - side) // 2, (self.height - side) // 2
        try:
            return self.read(left, top, side, side, 1)[:, :, 1]
        except SlideError:
            return None

    def _segment_size(self, level: Level) -> tuple[int, int]:
        return segment_size(self._levels[level.index].keyframe)

    def _find_bits(self) -> int:
        """Bits in use of a 16-bit file, found once, from its smallest level, so that all regions agree."""
        found = self._smallest_range(range(self._layout.colours.number))
        most = 0 if found is None else found[1]
        self._bits = bits_used(max(most, self._layout.colours.most))
        return self._bits

    def _find_alpha(self) -> int:
        """Kind of the alpha channel; 0 where it is the same everywhere, for it was never filled in."""
        place = self._layout.colours.number
        found = self._smallest_range(range(place, place + 1))
        return 0 if found is not None and found[0] == found[1] else self._layout.colours.alpha

    def _smallest_range(self, samples: range) -> tuple[int, int] | None:
        """Least and largest sample of the smallest level that can be read; None where none can."""
        for level in reversed(self._levels):
            pages = pages_of(level, self.plane)
            found = [sample_range(page, samples, self._cache) for page in pages]
            known = [pair for pair in found if pair is not None]
            if known:
                return min(low for low, _ in known), max(high for _, high in known)
        return None


def open_tiff(path: Path, name: str, turn: Turn) -> TiffField | PhotoField:
    """Field of the largest picture of a TIFF file, of a focus stack the sharpest plane.

    Only the directories are read, and the middle of each plane of a stack.

    Raises
    ------
    SlideError
        The file is damaged, holds several pictures, or its samples are no colours of 8 or 16 bits.
    """
    layout = tiff_layout(path)
    if layout.whole:
        photo = photo_of(path, name, "TIFF", _header(layout), turn, layout.um_per_px)
        photo.left_out = layout.left_out
        return photo
    field = TiffField(path, name, layout, turn)
    if layout.planes > 1:
        stack = _FocusStack.of(field.middle_of(plane) for plane in range(layout.planes))
        if layout.unnamed and not stack.is_one_scene:
            raise SlideError(
                f"{shown(path)}: holds several pictures ({layout.planes} pages, {layout.pyramid.width} x "
                f"{layout.pyramid.height} px, of different views); expected one colour picture; "
                "export each as a file of its own into one folder"
            )
        field.plane = stack.sharpest
    return field


def _header(layout: TiffLayout) -> PhotoHeader:
    orientation = layout.pyramid.orientation
    width, height = orientation.displayed_size(layout.pyramid.width, layout.pyramid.height)
    return PhotoHeader(width=width, height=height, sample_bytes=1, channels=4, orientation=orientation)


@dataclass(frozen=True, slots=True, kw_only=True)
class _FocusStack:
    """What the middles of its planes say.

    Attributes
    ----------
    sharpest : index of the plane.
    is_one_scene : every plane shows what the one before it shows.
    """

    sharpest: int
    is_one_scene: bool

    @classmethod
    def of(cls, middles: Iterable[NDArray[np.uint8] | None]) -> Self:
        """From the middle of each plane, uint8 (n, n), one after the other; None is one that is damaged."""
        sketches, sharpness = [], []
        for middle in middles:
            sharpness.append(-1.0 if middle is None else _sharpness(middle))
            if middle is not None:
                sketches.append(view_sketch(middle))
        alike = all(is_same_view(one, other) for one, other in pairwise(sketches))
        return cls(sharpest=int(np.argmax(sharpness)), is_one_scene=alike)


def _sharpness(middle: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian. Pech-Pacheco et al., ICPR 2000."""
    return float(cv2.Laplacian(middle, cv2.CV_32F).var())

"""Plain, OME, pyramidal and Big TIFF through tifffile, by region and from the level that is needed."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.reader.field import Turn
from pipeline.reader.pixels import FULL_RANGE_BITS, Box, bits_used, check_region
from pipeline.reader.pyramid import Level, best_level, read_region
from pipeline.reader.repair import patched
from pipeline.reader.source import one_line, shown
from pipeline.reader.tiff_layout import TiffLayout, opened_tiff, rgb_of_samples, tiff_layout
from pipeline.reader.tiff_levels import pages_of, pictures, stored_levels
from pipeline.reader.tiff_segments import DECODE_ERRORS, SegmentCache, largest_sample, read_page, segment_size

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPageSeries

__all__ = ["TiffField", "open_tiff"]


class TiffField:
    """The picture of a TIFF file as a field; the file is open while the field has its turn."""

    __slots__ = (
        "_bits",
        "_cache",
        "_file",
        "_layout",
        "_levels",
        "_patched",
        "_path",
        "_turn",
        "height",
        "name",
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
                f"{one_line(error) or 'it cannot be decoded'}; "
                "expected a whole TIFF file; copy or export it again"
            ) from error

    def stored_shrink(self, shrink: int) -> int:
        """Factor of the level that is read for this shrink."""
        return best_level(self._layout.pyramid, shrink).factor

    def _open(self) -> None:
        if self._file is not None:
            return
        self._file = opened_tiff(self._path)
        self._levels = stored_levels(pictures(self._file))
        expected = [(level.width, level.height) for level in self._layout.pyramid.levels]
        found = [(level.keyframe.imagewidth, level.keyframe.imagelength) for level in self._levels]
        if found != expected:
            self._release()
            raise EOFError("another picture stands in its place since it was opened")

    def _release(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
        self._levels = []
        self._cache = SegmentCache()

    def _fetch(self, level: Level, box: Box) -> NDArray[np.uint8]:
        samples = [read_page(page, box, self._cache) for page in pages_of(self._levels[level.index])]
        pixels = samples[0] if len(samples) == 1 else np.concatenate(samples, axis=2)
        return rgb_of_samples(pixels, self._layout.colours, self._bits or self._find_bits())

    def _segment_size(self, level: Level) -> tuple[int, int]:
        return segment_size(self._levels[level.index].keyframe)

    def _find_bits(self) -> int:
        """Bits in use of a 16-bit file, found once, from its smallest level, so that all regions agree."""
        colours, largest = self._layout.colours.number, 0
        for level in reversed(self._levels):
            largest = max(largest_sample(page, colours, self._cache) for page in pages_of(level))
            if largest:  # else nothing of this level can be read
                break
        self._bits = bits_used(largest)
        return self._bits


def open_tiff(path: Path, name: str, turn: Turn) -> TiffField:
    """Field of the largest picture of a TIFF file; only its directories are read.

    Raises
    ------
    SlideError
        The file is damaged, holds several pictures, or its samples are no colours of 8 or 16 bits.
    """
    return TiffField(path, name, tiff_layout(path), turn)

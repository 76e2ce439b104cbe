"""Plain, OME, pyramidal and Big TIFF through tifffile, by region and from the level that is needed."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.reader_pixels import FULL_RANGE_BITS, Box, bits_used, check_region
from pipeline.reader_pyramid import Level, read_region
from pipeline.reader_source import Turn, one_line, shown
from pipeline.reader_tiff_layout import TiffLayout, opened_tiff, rgb_of_samples, tiff_layout
from pipeline.reader_tiff_pages import DECODE_ERRORS, SegmentCache, largest_sample, read_page

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffFrame, TiffPage

__all__ = ["TiffField", "open_tiff"]


class TiffField:
    """The picture of a TIFF file as a field; the file is open while the field has its turn."""

    __slots__ = (
        "_bits",
        "_cache",
        "_file",
        "_layout",
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
        self._cache = SegmentCache()
        self._bits = layout.colours.bits if layout.colours.bits < FULL_RANGE_BITS else 0

    def read(self, x: int, y: int, width: int, height: int, shrink: int) -> NDArray[np.uint8]:
        """RGB uint8 (height / shrink, width / shrink, 3) of a region in level-0 px; see `reader.Field`."""
        box = x, y, x + width, y + height
        check_region((self.width, self.height), box, shrink)
        self._turn.take(self._release)
        if self._file is None:
            self._file = opened_tiff(self._path)
        try:
            return read_region(self._layout.pyramid, box, shrink, self._fetch)
        except DECODE_ERRORS as error:
            raise SlideError(
                f"{shown(self._path)} is truncated or damaged at x {x}, y {y}: {one_line(error)}; "
                "expected a whole TIFF file; copy or export it again"
            ) from error

    def _release(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
        self._cache = SegmentCache()

    def _fetch(self, level: Level, box: Box) -> NDArray[np.uint8]:
        samples = [read_page(page, box, self._cache) for page in self._pages(level.index)]
        pixels = samples[0] if len(samples) == 1 else np.concatenate(samples, axis=2)
        return rgb_of_samples(pixels, self._layout.colours, self._bits or self._find_bits())

    def _pages(self, level: int) -> list["TiffPage | TiffFrame"]:
        if self._file is None:
            raise EOFError("the file was closed while it was read")
        pages = self._file.series[self._layout.series].levels[level].pages
        present = [page for page in pages if page is not None]
        if len(present) != len(pages):
            raise EOFError("a page is missing")
        return present

    def _find_bits(self) -> int:
        """Bits in use of a 16-bit file, found once, from its smallest level, so that all regions agree."""
        smallest = min(self._layout.pyramid.levels, key=lambda level: level.width)
        colours = self._layout.colours.number
        largest = max(largest_sample(page, colours, self._cache) for page in self._pages(smallest.index))
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

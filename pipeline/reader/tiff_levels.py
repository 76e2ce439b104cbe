"""Which directories of a TIFF file hold its largest picture, and which the same picture in fewer pixels."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from pipeline.reader.decoding.damage import DECODE_ERRORS, DamageError
from pipeline.reader.parts.segments import holds_data
from pipeline.reader.pyramid import whole_factor

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffFrame, TiffPage, TiffPageSeries

__all__ = ["ONE_PICTURE_AXES", "focus_planes", "is_unnamed_stack", "pages_of", "pictures", "stored_levels"]

ONE_PICTURE_AXES = ("YX", "YXS", "SYX", "CYX")
"""Axes of a picture as tifffile names them: rows, columns, and samples or channels of a colour."""

_UNNAMED_AXES = ("IYXS", "QYXS", "CYXS", "TYXS")  # pages, as tifffile or ImageJ number them
_MOST_PAGES = 4096  # followed in a file whose chain of directories is damaged
_COLOURS = {2: "colour", 6: "colour"}  # RGB and YCbCr are decoded to the same


def pictures(tiff: "TiffFile") -> list["TiffPageSeries"]:
    """Pictures in a file. Where the chain of directories breaks off, those in front of the break."""
    try:
        found = tiff.series
    except DECODE_ERRORS:
        found = _one_by_one(tiff)
    return [series for series in found if len(series.shape) >= 2 and all(series.shape)]


def stored_levels(every: list["TiffPageSeries"]) -> list["TiffPageSeries"]:
    """The largest picture, then the same picture with 2, 4, 8 ... 64 times fewer pixels along a side.

    A level is missing where its directory is damaged or lists no data. tifffile's own list of levels ends
    at the first that is missing, so the others are looked for among all pictures that are marked as reduced.

    Raises
    ------
    EOFError
        There is no picture.
    """
    if not every:
        raise DamageError("no picture in it")
    largest = max(enumerate(every), key=lambda pair: (_area(pair[1]), -pair[0]))[1]
    found = {1: largest}
    others = [level for series in every if series is not largest for level in series.levels]
    marked = [level for level in others if level.keyframe.is_reduced or level.keyframe.is_subifd]
    for level in [*largest.levels[1:], *marked]:
        factor = _factor(largest, level)
        if factor is not None and factor not in found and holds_data(level.keyframe):
            found[factor] = level
    return [found[factor] for factor in sorted(found)]


def pages_of(series: "TiffPageSeries", plane: int = 0) -> list["TiffPage | TiffFrame"]:
    """Pages of one level and focus plane, one for each plane of colour that has a page of its own."""
    each = len(series.pages) // focus_planes(series)
    present = [page for page in series.pages[plane * each : (plane + 1) * each] if page is not None]
    if len(present) != each:
        raise DamageError("a page is missing")
    return present


def focus_planes(series: "TiffPageSeries") -> int:
    """Focus planes of a picture: more than 1 where it is a stack of them and nothing else, or may be one."""
    stack = series.axes.startswith("Z") and series.axes[1:] in ONE_PICTURE_AXES
    stack |= is_unnamed_stack(series)
    planes = int(series.shape[0]) if stack else 1
    return planes if planes and len(series.pages) % planes == 0 else 1


def is_unnamed_stack(series: "TiffPageSeries") -> bool:
    """Whether it is a series of colour pictures of which nothing says what they are to one another."""
    return series.axes in _UNNAMED_AXES


def _one_by_one(tiff: "TiffFile") -> list["TiffPageSeries"]:
    """Each page that can be read as a picture of its own."""
    from tifffile import TiffPageSeries

    tiff.pages.useframes = False
    return [TiffPageSeries([page], page.shape, page.dtype, page.axes) for page in _readable(tiff)]


def _readable(tiff: "TiffFile") -> Iterator["TiffPage"]:
    from tifffile import TiffPage

    for index in range(_MOST_PAGES):
        try:
            page = tiff.pages[index]
        except DECODE_ERRORS:
            return
        if not isinstance(page, TiffPage) or not page.shape:
            continue
        yield page
        for number, offset in enumerate(page.subifds or ()):
            try:
                tiff.filehandle.seek(offset)
                reduced = TiffPage(tiff, (index, number))
            except DECODE_ERRORS:
                continue
            if reduced.shape:
                yield reduced


def _area(series: "TiffPageSeries") -> int:
    return int(series.keyframe.imagewidth) * int(series.keyframe.imagelength)


def _factor(base: "TiffPageSeries", level: "TiffPageSeries") -> int | None:
    """Level-0 px a px of a level covers, 2 to 64; None where it is no level of this picture."""
    large, small = base.keyframe, level.keyframe
    if (level.axes, len(level.pages), np.dtype(level.dtype)) != (
        base.axes,
        len(base.pages),
        np.dtype(base.dtype),
    ):
        return None
    if (small.samplesperpixel, _kind(small)) != (large.samplesperpixel, _kind(large)):
        return None
    if not (small.imagewidth and small.imagelength):
        return None
    across = whole_factor(large.imagewidth / small.imagewidth, large.imagewidth)
    down = whole_factor(large.imagelength / small.imagelength, large.imagelength)
    return across if across == down and across != 1 else None


def _kind(page: "TiffPage") -> str:
    return _COLOURS.get(int(page.photometric), str(int(page.photometric)))

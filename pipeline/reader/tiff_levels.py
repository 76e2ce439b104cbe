"""Which directories of a TIFF file hold its largest picture, and which the same picture in fewer pixels."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.reader.decoding.damage import DECODE_ERRORS, DamageError
from pipeline.reader.parts.segments import holds_data
from pipeline.reader.parts.views import is_same_view, view_sketch
from pipeline.reader.pyramid import whole_factor

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffFrame, TiffPage, TiffPageSeries

__all__ = [
    "ONE_PICTURE_AXES",
    "focus_planes",
    "is_unnamed_stack",
    "other_views",
    "pages_of",
    "pictures",
    "stored_levels",
]

ONE_PICTURE_AXES = ("YX", "YXS", "SYX", "CYX")
"""Axes of a picture as tifffile names them: rows, columns, and samples or channels of a colour."""

_UNNAMED_AXES = ("IYXS", "QYXS", "CYXS", "TYXS")  # pages, as tifffile or ImageJ number them
_MOST_PAGES = 4096  # followed in a file whose chain of directories is damaged
_COLOURS = {2: "colour", 6: "colour"}  # RGB and YCbCr are decoded to the same
_MASK = 4  # NewSubfileType, TIFF 6.0
_OF_THE_GLASS = ("label", "macro", "overview", "preview", "thumbnail")
"""What a scanner names the pictures of the slide itself, and small ones of the scan."""
_SAME_FORM = 1.03
"""Most by which the ratios of the sides of a picture and a small one of it differ: these are whole px."""
_MOST_COMPARED_PX = 2**26
"""Of a picture that is decoded to see whether another shows the same: 0.5 s. A small picture of the form of a
larger one is taken for a thumbnail of it."""


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
    It takes any picture of half the sides for a level: one that is not marked must show the same view.

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
    for level in [*largest.levels[1:], *filter(_is_marked, others)]:
        factor = _factor(largest, level)
        if factor is None or factor in found or not holds_data(level.keyframe):
            continue
        if _is_marked(level) or _is_the_same(found[max(found)], level):
            found[factor] = level
    return [found[factor] for factor in sorted(found)]


def other_views(every: list["TiffPageSeries"], levels: list["TiffPageSeries"]) -> int:
    """Pictures in a file that show another view than the one that is counted, in the sizes `levels`."""
    own = {id(level) for level in levels}
    beside = [series for series in (*every, *levels[0].levels) if id(series) not in own]
    others = {
        id(series): series for series in beside if not _is_marked(series) and not _is_of_the_glass(series)
    }
    return sum(_number(series) for series in others.values() if not _is_the_same(levels[-1], series))


def _is_marked(series: "TiffPageSeries") -> bool:
    page = series.keyframe
    return bool(page.is_reduced or page.is_subifd)


def _is_of_the_glass(series: "TiffPageSeries") -> bool:
    named = str(series.name).lower()
    return bool(int(series.keyframe.subfiletype) & _MASK) or any(word in named for word in _OF_THE_GLASS)


def _number(series: "TiffPageSeries") -> int:
    """Pictures in a series."""
    if series.axes in ONE_PICTURE_AXES:
        return 1
    planes = focus_planes(series)
    return planes if planes > 1 else len(series.pages)


def _is_the_same(base: "TiffPageSeries", series: "TiffPageSeries") -> bool:
    """Whether a picture is the counted one, `base` in its fewest px, in other px."""
    large, small = base.keyframe, series.keyframe
    form, other = (page.imagewidth / page.imagelength for page in (large, small))
    if max(form / other, other / form) > _SAME_FORM or _number(series) > 1:
        return False
    if _area(base) > _MOST_COMPARED_PX:
        return True
    try:
        return is_same_view(view_sketch(_grey(large)), view_sketch(_grey(small)))
    except DECODE_ERRORS:
        return False


def _grey(page: "TiffPage") -> NDArray[Any]:
    """One channel of a page, (height, width)."""
    samples = np.asarray(page.asarray())
    if samples.ndim == 2:
        return samples
    return samples[..., 1] if samples.shape[-1] == page.samplesperpixel else samples[1]


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

"""What the directories of a TIFF file say: which picture, its levels, colours and size of a pixel."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.reader.decoding.damage import DECODE_ERRORS, DamageError, damage_of
from pipeline.reader.decoding.directories import MOST_DIRECTORIES, directories
from pipeline.reader.parts.segments import data_within, holds_data
from pipeline.reader.pixel_size import tiff_um_per_px
from pipeline.reader.pixels import (
    FULL_RANGE_BITS,
    eight_bits,
    on_white,
    orientation_of,
    rgb_of,
    too_small,
)
from pipeline.reader.pyramid import Level, Pyramid, whole_factor
from pipeline.reader.source import file_error, shown
from pipeline.reader.tiff_levels import (
    focus_planes,
    is_unnamed_stack,
    other_views,
    pictures,
    stored_levels,
)
from pipeline.reader.tiff_refusal import MIN_IS_WHITE, PALETTE, YCBCR, channels_of, tiff_refusal

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage, TiffPageSeries

__all__ = ["TiffColours", "TiffLayout", "check_directories", "opened_tiff", "rgb_of_samples", "tiff_layout"]

_ORIENTATION = 274
_LARGEST = (341, 281)  # SMaxSampleValue, MaxSampleValue; TIFF 6.0
_MOST_SAMPLE = 2**FULL_RANGE_BITS - 1  # stated, it says nothing: so it is where nothing is stated
_ASSOCIATED_ALPHA, _UNASSOCIATED_ALPHA = 1, 2
_JPEG_KINDS = frozenset({6, 7, 33003, 33005, 33007, 34712, 34892, 50001})
"""Compressions whose decoders give RGB: JPEG, JPEG 2000 and WebP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffColours:
    """How the samples of a px become a colour.

    Attributes
    ----------
    number : samples of a colour, 1 or 3; an alpha channel follows.
    inverted : the smallest value is white.
    palette : (n, 3) uint8, or None.
    alpha : TIFF 6.0 ExtraSamples of the alpha channel, 1 or 2; 0 for none.
    bits : of a sample as stated, 8 to 16.
    most : largest sample as stated; 0 where nothing is stated.
    """

    number: int
    inverted: bool
    palette: NDArray[np.uint8] | None
    alpha: int
    bits: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffLayout:
    """What was read from a file's directories; a level's index is its place in `stored_levels`.

    Attributes
    ----------
    planes : focus planes, 1 for a picture that is no stack.
    unnamed : nothing says that the planes are focus planes.
    left_out : pictures of other views in the file.
    whole : the samples are YCbCr, perhaps at two scales, and no JPEG: it is decoded whole, by libtiff.
    """

    pyramid: Pyramid
    colours: TiffColours
    um_per_px: float | None
    planes: int
    whole: bool
    unnamed: bool = False
    left_out: int = 0


def tiff_layout(path: Path) -> TiffLayout:
    """Layout of the largest picture of a TIFF file.

    Raises
    ------
    SlideError
        The file is damaged, holds several pictures, or its samples are no colours of 8 or 16 bits.
    """
    with opened_tiff(path) as tiff:
        try:
            every = pictures(tiff)
            levels = stored_levels(every)
            largest, page = levels[0], levels[0].keyframe
            reason = tiff_refusal(every, largest) or too_small(page.imagewidth, page.imagelength)
            if reason is None:
                _check_data(page, tiff.filehandle.size)
                planes = focus_planes(largest)
                return TiffLayout(
                    pyramid=_pyramid(levels[:1] if planes > 1 else levels),
                    colours=_colours(largest),
                    um_per_px=tiff_um_per_px(tiff, largest),
                    planes=planes,
                    whole=page.photometric == YCBCR and page.compression not in _JPEG_KINDS,
                    unnamed=planes > 1 and is_unnamed_stack(largest),
                    left_out=other_views(every, levels),
                )
        except DECODE_ERRORS as error:
            raise _damaged(path, error) from error
    raise SlideError(f"{shown(path)}: {reason}")


def check_directories(path: Path) -> None:
    """Refuse a file of so many directories that reading them all takes minutes.

    Raises
    ------
    SlideError
        As it says, or the file cannot be read.
    """
    try:
        found = directories(path)
    except OSError as error:
        raise file_error(path, error) from error
    if found > MOST_DIRECTORIES:
        raise SlideError(
            f"{shown(path)} holds more than {MOST_DIRECTORIES} pages; expected one colour picture or a scan; "
            "export each field as a file of its own into one folder"
        )


def opened_tiff(path: Path) -> "TiffFile":
    """Open TIFF file; the caller closes it."""
    from tifffile import TiffFile

    check_directories(path)
    # tifffile reports oddities of a file to its logger; without a handler they would land on stderr.
    logger = logging.getLogger("tifffile")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    try:
        # A file that is called .ndpi and is none is read as what it is; OpenSlide reads those that are.
        return TiffFile(path, _multifile=False, is_ndpi=False)
    except FileNotFoundError as error:
        raise file_error(path, error) from error
    except DECODE_ERRORS as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise file_error(path, error) from error
        raise _damaged(path, error) from error


def rgb_of_samples(pixels: NDArray[Any], colours: TiffColours, bits: int) -> NDArray[np.uint8]:
    """Samples (H, W, n) of any picture as RGB uint8."""
    if colours.palette is not None:
        return np.asarray(colours.palette[pixels[:, :, 0]], np.uint8)
    shades = eight_bits(pixels[:, :, : colours.number], bits)
    if colours.inverted:
        shades = ~shades
    rgb = rgb_of(shades[:, :, 0]) if colours.number == 1 else shades
    if colours.alpha:
        alpha = eight_bits(pixels[:, :, colours.number], colours.bits)
        rgb = on_white(rgb, alpha, premultiplied=colours.alpha == _ASSOCIATED_ALPHA)
    return np.ascontiguousarray(rgb)


def _damaged(path: Path, error: Exception) -> SlideError:
    return SlideError(
        f"{shown(path)} is truncated or damaged: {damage_of(error)}; "
        "expected a whole TIFF file; copy or export it again"
    )


def _check_data(page: "TiffPage", file_bytes: int) -> None:
    """Refuse a file none of whose pixels at full resolution lie in it."""
    if not holds_data(page):
        raise DamageError("its directory lists no pixels, so it was never finished")
    if not data_within(page, file_bytes):
        raise DamageError(f"the file ends after {file_bytes} bytes, before the first pixel")


def _pyramid(stored: list["TiffPageSeries"]) -> Pyramid:
    base = stored[0].keyframe
    orientation = orientation_of(base.tags.valueof(_ORIENTATION, 1))
    levels = []
    for index, page in enumerate(series.keyframe for series in stored):
        factor = whole_factor(base.imagewidth / page.imagewidth, base.imagewidth) or 1
        levels.append(Level(index=index, width=page.imagewidth, height=page.imagelength, factor=factor))
    width, height = orientation.displayed_size(base.imagewidth, base.imagelength)
    return Pyramid(
        width=width,
        height=height,
        levels=tuple(levels),
        orientation=orientation,
        full_width=not base.is_tiled,
    )


def _colours(series: "TiffPageSeries") -> TiffColours:
    page = series.keyframe
    palette: NDArray[np.uint8] | None = None
    if page.photometric == PALETTE and page.colormap is not None:
        palette = (np.asarray(page.colormap).T >> 8).astype(np.uint8)
    extra = [int(kind) for kind in page.extrasamples]
    return TiffColours(
        number=channels_of(series) - len(extra),
        inverted=page.photometric == MIN_IS_WHITE,
        palette=palette,
        alpha=extra[0] if extra and extra[0] in (_ASSOCIATED_ALPHA, _UNASSOCIATED_ALPHA) else 0,
        bits=page.bitspersample,
        most=_most(page),
    )


def _most(page: "TiffPage") -> int:
    """Largest sample that a file states, 0 where it states none."""
    for tag in _LARGEST:
        stated = page.tags.valueof(tag)
        values = stated if isinstance(stated, tuple) else (stated,)
        known = [int(value) for value in values if isinstance(value, int | float)]
        if known and 0 < max(known) < _MOST_SAMPLE:
            return max(known)
    return 0

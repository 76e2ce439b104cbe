"""What the directories of a TIFF file say: which picture, its levels, colours and size of a pixel."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.reader.pixel_size import tiff_um_per_px
from pipeline.reader.pixels import (
    FULL_RANGE_BITS,
    eight_bits,
    on_white,
    orientation_of,
    rgb_of,
    too_empty,
    too_small,
)
from pipeline.reader.pyramid import Level, Pyramid, whole_factor
from pipeline.reader.source import file_error, shown
from pipeline.reader.tiff_levels import (
    ONE_PICTURE_AXES,
    focus_planes,
    is_unnamed_stack,
    pictures,
    stored_levels,
)
from pipeline.reader.tiff_segments import (
    DECODE_ERRORS,
    DamageError,
    damage_of,
    data_within,
    holds_data,
    segment_size,
)

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage, TiffPageSeries

__all__ = ["TiffColours", "TiffLayout", "opened_tiff", "rgb_of_samples", "tiff_layout"]

_ORIENTATION = 274
_MAX_SEGMENT_MEGAPIXELS = 200  # of a strip or tile that can only be decoded whole: 0.65 GB a process
_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
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
    """

    number: int
    inverted: bool
    palette: NDArray[np.uint8] | None
    alpha: int
    bits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffLayout:
    """What was read from a file's directories; a level's index is its place in `stored_levels`.

    Attributes
    ----------
    planes : focus planes, 1 for a picture that is no stack.
    unnamed : nothing says that the planes are focus planes.
    whole : the samples are YCbCr, perhaps at two scales, and no JPEG: it is decoded whole, by libtiff.
    """

    pyramid: Pyramid
    colours: TiffColours
    um_per_px: float | None
    planes: int
    whole: bool
    unnamed: bool = False


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
            reason = _refusal(every, largest) or too_small(page.imagewidth, page.imagelength)
            if reason is None:
                _check_data(page, tiff.filehandle.size)
                planes = focus_planes(largest)
                return TiffLayout(
                    pyramid=_pyramid(levels[:1] if planes > 1 else levels),
                    colours=_colours(largest),
                    um_per_px=tiff_um_per_px(tiff, largest),
                    planes=planes,
                    whole=page.photometric == _YCBCR and page.compression not in _JPEG_KINDS,
                    unnamed=planes > 1 and is_unnamed_stack(largest),
                )
        except DECODE_ERRORS as error:
            raise _damaged(path, error) from error
    raise SlideError(f"{shown(path)}: {reason}")


def opened_tiff(path: Path) -> "TiffFile":
    """Open TIFF file; the caller closes it."""
    from tifffile import TiffFile

    # tifffile reports oddities of a file to its logger; without a handler they would land on stderr.
    logger = logging.getLogger("tifffile")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    try:
        return TiffFile(path, _multifile=False)
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


def _refusal(every: list["TiffPageSeries"], series: "TiffPageSeries") -> str | None:
    """Why this picture cannot be counted; None where it can."""
    page = series.keyframe
    alike = sum(other.keyframe.shape == page.shape for other in every)
    axes = series.axes
    one = axes in ONE_PICTURE_AXES or focus_planes(series) > 1
    if alike > 1 or not one or page.shaped[1] != 1:
        sizes = " x ".join(str(n) for n in series.shape)
        way_out = "export each as a file of its own into one folder"
        if "Z" in axes:
            way_out = "export the sharpest plane of each field as a file of its own into one folder"
        found = f"holds several pictures ({alike} of axes {axes}, {sizes})"
        return f"{found}; expected one colour picture; {way_out}"
    if series.dtype not in (np.uint8, np.uint16) or not 8 <= page.bitspersample <= FULL_RANGE_BITS:
        return (
            f"has samples of {page.bitspersample} bits ({series.dtype}); expected 8 or 16 bits; "
            "export it as 8-bit RGB"
        )
    channels = _channels(series)
    if page.photometric not in (_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, _PALETTE, _YCBCR) or (
        channels - len(page.extrasamples) not in (1, 3)
    ):
        return (
            f"has {channels} channels of colour kind {int(page.photometric)}; expected grey or RGB; "
            "export it as 8-bit RGB"
        )
    pixels = segment_size(page)[0] * segment_size(page)[1]
    megapixels = pixels / 1e6
    if megapixels > _MAX_SEGMENT_MEGAPIXELS:
        return (
            f"is compressed in one piece of {megapixels:.0f} megapixels; "
            f"expected parts of at most {_MAX_SEGMENT_MEGAPIXELS}; convert it to a tiled TIFF"
        )
    return too_empty(pixels, max(page.databytecounts, default=0))


def _channels(series: "TiffPageSeries") -> int:
    return len(series.pages) // focus_planes(series) * int(series.keyframe.samplesperpixel)


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
    if page.photometric == _PALETTE and page.colormap is not None:
        palette = (np.asarray(page.colormap).T >> 8).astype(np.uint8)
    extra = [int(kind) for kind in page.extrasamples]
    return TiffColours(
        number=_channels(series) - len(extra),
        inverted=page.photometric == _MIN_IS_WHITE,
        palette=palette,
        alpha=extra[0] if extra and extra[0] in (_ASSOCIATED_ALPHA, _UNASSOCIATED_ALPHA) else 0,
        bits=page.bitspersample,
    )

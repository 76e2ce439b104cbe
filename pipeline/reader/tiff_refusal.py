"""Why the picture of a TIFF file cannot be counted: its pages, samples, colours, or size in one piece."""

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.reader.parts.segments import segment_size
from pipeline.reader.parts.weight import px_and_bytes
from pipeline.reader.pixels import FULL_RANGE_BITS, too_empty
from pipeline.reader.tiff_levels import ONE_PICTURE_AXES, focus_planes

if TYPE_CHECKING:
    from tifffile import TiffPageSeries

__all__ = ["MIN_IS_WHITE", "PALETTE", "YCBCR", "channels_of", "tiff_refusal"]

_MAX_SEGMENT_MEGAPIXELS = 200  # of a strip or tile that can only be decoded whole: 0.65 GB a process
_MOST_PLANES = 256  # each is looked at to find the sharpest, 1 MB and some ms; microscopes write a few dozen
MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, PALETTE, YCBCR = 0, 1, 2, 3, 6
_KNOWN_KINDS = (MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, PALETTE, YCBCR)
_OTHER_KINDS = {
    4: ("is a mask", "hand in the picture that it belongs to"),
    5: ("has the colours of printing (CMYK)", "export it as 8-bit RGB"),
    8: ("has CIELab colours", "export it as 8-bit RGB"),
    9: ("has ICC Lab colours", "export it as 8-bit RGB"),
    10: ("has ITU Lab colours", "export it as 8-bit RGB"),
    32803: ("is raw data of a camera (DNG)", "develop it, and export it as 8-bit RGB"),
    34892: ("is raw data of a camera (linear DNG)", "develop it, and export it as 8-bit RGB"),
    32844: ("has logarithmic samples (LogL)", "export it as 8-bit RGB"),
    32845: ("has logarithmic samples (LogLuv)", "export it as 8-bit RGB"),
}
"""PhotometricInterpretation of TIFF 6.0 and its supplements that is not read: what it is, and a way out."""
_SAMPLE_KINDS = {
    "f": "floating point",
    "i": "with a sign",
    "u": "whole numbers",
    "b": "black and white",
    "c": "complex",
}
_SIDE_BY_SIDE, _APART = 1, 2  # PlanarConfiguration


def tiff_refusal(every: list["TiffPageSeries"], series: "TiffPageSeries") -> str | None:
    """Why a picture among those of a file cannot be counted; None where it can."""
    reason = _too_many(every, series) or _unread_samples(series) or _unread_colours(series)
    if reason is not None:
        return reason
    page = series.keyframe
    pixels = segment_size(page)[0] * segment_size(page)[1]
    megapixels = pixels / 1e6
    if megapixels > _MAX_SEGMENT_MEGAPIXELS:
        return (
            f"is compressed in one piece of {megapixels:.0f} megapixels; "
            f"expected parts of at most {_MAX_SEGMENT_MEGAPIXELS}; convert it to a tiled TIFF"
        )
    return too_empty(pixels, max(page.databytecounts, default=0)) or too_empty(*px_and_bytes(page))


def channels_of(series: "TiffPageSeries") -> int:
    """Samples of a px, of all pages that its colours are spread over."""
    return len(series.pages) // focus_planes(series) * int(series.keyframe.samplesperpixel)


def _too_many(every: list["TiffPageSeries"], series: "TiffPageSeries") -> str | None:
    page, axes = series.keyframe, series.axes
    alike = sum(other.keyframe.shape == page.shape for other in every)
    planes = focus_planes(series)
    if planes > _MOST_PLANES:
        return (
            f"holds {planes} pages; expected one colour picture, or at most {_MOST_PLANES} focus planes; "
            "export each field as a file of its own into one folder"
        )
    if alike == 1 and (axes in ONE_PICTURE_AXES or planes > 1) and page.shaped[1] == 1:
        return None
    sizes = " x ".join(str(n) for n in series.shape)
    way_out = "export each as a file of its own into one folder"
    if "Z" in axes:
        way_out = "export the sharpest plane of each field as a file of its own into one folder"
    return f"holds several pictures ({alike} of axes {axes}, {sizes}); expected one colour picture; {way_out}"


def _unread_samples(series: "TiffPageSeries") -> str | None:
    page, dtype = series.keyframe, np.dtype(series.dtype)
    bits: Any = page.bitspersample  # a number for each sample where they differ
    if dtype in (np.uint8, np.uint16) and isinstance(bits, int) and 8 <= bits <= FULL_RANGE_BITS:
        return None
    if not isinstance(bits, int) or bits < 1:
        return (
            f"has samples of {bits} bits; expected one depth of 8 to 16 bits for all; export it as 8-bit RGB"
        )
    kind = _SAMPLE_KINDS.get(dtype.kind, "of another kind")
    number = f"{bits} bit{'s' if bits > 1 else ''}"
    return (
        f"has samples of {number}, {kind}; expected whole numbers of 8 to 16 bits without a sign; "
        "export it as 8-bit RGB"
    )


def _unread_colours(series: "TiffPageSeries") -> str | None:
    page = series.keyframe
    kind, channels = int(page.photometric), channels_of(series)
    if kind in _OTHER_KINDS:
        found, way_out = _OTHER_KINDS[kind]
        return f"{found}; expected grey or RGB; {way_out}"
    if kind not in _KNOWN_KINDS or channels - len(page.extrasamples) not in (1, 3):
        return f"has {channels} channels of colour kind {kind}; expected grey or RGB; export it as 8-bit RGB"
    if int(page.planarconfig) not in (_SIDE_BY_SIDE, _APART):
        return (
            f"has samples in an order that is not known ({int(page.planarconfig)}); expected 1 or 2; "
            "export it as 8-bit RGB"
        )
    return None

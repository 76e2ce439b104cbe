"""Size of a pixel as a file states it, taken only where a microscope could have written it."""

import math
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from pipeline.settings import UM_PER_PX_MIN

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage, TiffPageSeries

__all__ = ["MAX_UM_PER_PX", "plausible_um_per_px", "tiff_um_per_px"]

MAX_UM_PER_PX = 2.0  # a red cell would be 4 px across; 72 dpi is 353 µm per px

_MAX_ANISOTROPY = 0.02  # relative difference of x and y; beyond it one of them is wrong
_UM_PER_UNIT = {
    "nm": 1e-3,
    "um": 1.0,
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "mm": 1e3,
    "cm": 1e4,
    "m": 1e6,
}
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 282, 283, 296
_UM_PER_RESOLUTION_UNIT = {2: 25_400.0, 3: 10_000.0}  # inch, centimetre
_INCH = 2  # the default of the TIFF 6.0 specification


def plausible_um_per_px(x: float | None, y: float | None) -> float | None:
    """Mean of two sizes of a pixel in µm; None where they are missing, absurd or contradict each other."""
    if x is None or y is None or not (math.isfinite(x) and math.isfinite(y)):
        return None
    mean = (x + y) / 2
    if not UM_PER_PX_MIN <= mean <= MAX_UM_PER_PX or abs(x - y) > _MAX_ANISOTROPY * mean:
        return None
    return mean


def tiff_um_per_px(tiff: "TiffFile", series: "TiffPageSeries") -> float | None:
    """µm per px of the largest level by OME metadata, ImageJ's unit or the resolution tags, in this order."""
    page = series.keyframe
    if tiff.is_ome and tiff.ome_metadata:
        stated = _ome_um_per_px(tiff.ome_metadata, page.imagewidth, page.imagelength)
        if stated is not None:
            return stated
    unit = _imagej_um(tiff) or _UM_PER_RESOLUTION_UNIT.get(page.tags.valueof(_RESOLUTION_UNIT, _INCH))
    if unit is None:
        return None
    return plausible_um_per_px(
        _unit_per_px(page, _X_RESOLUTION, unit), _unit_per_px(page, _Y_RESOLUTION, unit)
    )


def _ome_um_per_px(xml: str, width: int, height: int) -> float | None:
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        return None
    for pixels in root.iter():
        if not pixels.tag.endswith("}Pixels") and pixels.tag != "Pixels":
            continue
        if (pixels.get("SizeX"), pixels.get("SizeY")) == (str(width), str(height)):
            return plausible_um_per_px(_ome_length(pixels, "X"), _ome_length(pixels, "Y"))
    return None


def _ome_length(pixels: ElementTree.Element, axis: str) -> float | None:
    unit = _um_of(pixels.get(f"PhysicalSize{axis}Unit", "um"))
    try:
        return float(pixels.get(f"PhysicalSize{axis}", "")) * unit if unit else None
    except ValueError:
        return None


def _imagej_um(tiff: "TiffFile") -> float | None:
    metadata = tiff.imagej_metadata if tiff.is_imagej else None
    return _um_of(str(metadata.get("unit", ""))) if metadata else None


def _um_of(unit: str) -> float | None:
    # The micro sign, the Greek letter mu, and ImageJ's way to escape the first.
    for mu in ("µ", "μ", "\\u00B5"):
        unit = unit.replace(mu, "u")
    return _UM_PER_UNIT.get(unit.strip())


def _unit_per_px(page: "TiffPage", tag: int, unit: float) -> float | None:
    """Length of a pixel for a resolution tag, a fraction of px per unit."""
    value = page.tags.valueof(tag)
    try:
        numerator, denominator = value
        return float(unit * denominator / numerator)
    except (TypeError, ValueError, ZeroDivisionError):
        return None

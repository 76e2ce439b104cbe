"""Draws the map of a slide's film: what is not counted is tinted and hatched; a legend says why.

The hatching differs as the colours do, so that the areas can be distinguished without colour vision. Colours
follow Okabe and Ito, Color Universal Design (2008).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.output.letters import draw_text, text_width
from pipeline.planning.area import CountedArea
from segmentation.film import SQUARE_PX, Area

__all__ = ["areas_legend", "tint_areas"]

Canvas = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    """How an area is drawn.

    Attributes
    ----------
    part : of `SlideSummary.area_mm2`. words : for the legend. colour : of its tint and lines.
    across, down : px that a line of the hatching goes to the right and down; (0, 0) is no hatching.
    """

    part: str
    words: str
    colour: tuple[int, int, int]
    across: int = 0
    down: int = 0


OUTSIDE = 255
"""Code of what lies outside of the region that was asked for, beside those of `Area`."""
STYLES: dict[int, _Style] = {
    Area.READABLE: _Style(part="counted", words="counted", colour=(255, 255, 255)),
    Area.THICK: _Style(part="thick_end", words="too thick", colour=(213, 94, 0), across=1, down=-1),
    Area.FEATHERED: _Style(part="feathered_edge", words="too thin", colour=(0, 114, 178), across=1, down=1),
    Area.EMPTY: _Style(part="empty_glass", words="empty glass", colour=(110, 110, 110), across=1),
    OUTSIDE: _Style(part="outside_region", words="not asked for", colour=(60, 60, 60)),
}
TINT = 0.35
"""How much of a tint's colour covers the picture: what lies under it stays visible."""
HATCH_PARTS = 90
"""Lines of hatching along the long side of a picture."""
OUTLINE = (25, 25, 25)


def tint_areas(picture: Canvas, area: CountedArea) -> Canvas:
    """Picture of a field with what is not counted tinted and hatched.

    Parameters
    ----------
    picture : RGB uint8 (H, W, 3) of the whole field; left as it is.

    Returns
    -------
    RGB uint8 (H, W, 3).
    """
    height, width = picture.shape[:2]
    row = ((np.arange(height) + 0.5) * area.height / height).astype(int)
    column = ((np.arange(width) + 0.5) * area.width / width).astype(int)
    left, top, right, foot = area.region
    inside = ((row >= top) & (row < foot))[:, None] & ((column >= left) & (column < right))[None]
    codes = np.where(inside, area.areas[np.ix_(row // SQUARE_PX, column // SQUARE_PX)], OUTSIDE)
    canvas = picture.copy()
    spacing, line = _spacing(width, height)
    for code, style in STYLES.items():
        if code != Area.READABLE:
            _cover(canvas, codes == code, style, spacing, line)
    _outline(canvas, codes == Area.READABLE, line)
    return canvas


def _spacing(width: int, height: int) -> tuple[int, int]:
    """Px between two lines of the hatching, and their width."""
    spacing = max(6, max(width, height) // HATCH_PARTS)
    return spacing, max(1, spacing // 12)


def _cover(canvas: Canvas, where: NDArray[np.bool_], style: _Style, spacing: int, line: int) -> None:
    """Tint the px of an area and draw its hatching over them, in bands: a large picture is not doubled."""
    colour = np.asarray(style.colour, np.float32)
    for top in range(0, canvas.shape[0], 256):
        band, chosen = canvas[top : top + 256], where[top : top + 256]
        if not chosen.any():
            continue
        band[chosen] = np.rint(band[chosen] * (1 - TINT) + colour * TINT).astype(np.uint8)
        y, x = np.nonzero(chosen)
        phase = (style.across * (y + top) - style.down * x) if style.across else np.full(len(y), line)
        hatched = phase % spacing < line
        band[y[hatched], x[hatched]] = style.colour


def _outline(canvas: Canvas, counted: NDArray[np.bool_], line: int) -> None:
    """A dark line round what is counted."""
    outlines, _ = cv2.findContours(counted.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(canvas, outlines, -1, OUTLINE, line + 1, cv2.LINE_AA)


def areas_legend(width: int, area_mm2: Mapping[str, float]) -> Canvas:
    """White strip of a width with a swatch for each part of a slide, what it means, and its share.

    Parameters
    ----------
    area_mm2 : mm² of each part, as in `SlideSummary.area_mm2`.
    """
    letters = min(max(width / 95, 8.0), 30.0)
    total = max(sum(area_mm2.values()), 1e-9)
    lines: list[list[tuple[int, str, float]]] = [[]]
    left = 0.0
    for code, style in STYLES.items():
        if style.part not in area_mm2:
            continue
        words = f"{style.words}: {100 * area_mm2[style.part] / total:.0f}%"
        entry = text_width(words, letters) + 7 * letters
        if left + entry > width and lines[-1]:
            lines.append([])
            left = 0.0
        lines[-1].append((code, words, left))
        left += entry
    strip = np.full((round(letters * 3.2 * len(lines)), width, 3), 255, np.uint8)
    for row, entries in enumerate(lines):
        for code, words, start in entries:
            foot = letters * (3.2 * row + 2.1)
            _swatch(strip, code, (start + letters, foot - 1.6 * letters), letters)
            draw_text(strip, (start + 4.6 * letters, foot), words, letters)
    return strip


def _swatch(strip: Canvas, code: int, corner: tuple[float, float], letters: float) -> None:
    left, top = round(corner[0]), round(corner[1])
    right, foot = round(corner[0] + 3 * letters), round(corner[1] + 2.2 * letters)
    patch = strip[max(top, 0) : foot, left:right]
    if code != Area.READABLE:
        _cover(patch, np.ones(patch.shape[:2], bool), STYLES[code], max(6, round(letters / 2)), 1)
    cv2.rectangle(strip, (left, top), (right, foot), OUTLINE, 1)

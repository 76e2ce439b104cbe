"""Lines of text drawn into pictures, with a font of Latin, Greek, Cyrillic, Arabic and other letters."""

from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.names import for_picture

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

__all__ = ["INK", "draw_text", "text_width"]

INK = (25, 25, 25)
FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
CAPITAL = 0.729  # height of a capital letter of FONT, of its size
BOLD_MIN_PX = 16.0  # height of letters from which a bold line is drawn twice, a px apart
LONGEST = 2000  # characters of a line; no picture is wide enough for more
_NO_CHARACTER = "\U0010ffff"  # of no font: what it is drawn as stands for every letter that is missing


def draw_text(
    canvas: NDArray[np.uint8], left_foot: tuple[float, float], text: str, height: float, *, bold: bool = False
) -> None:
    """Write a line of text in dark ink, its capitals so many px high, from the left end of its foot line.

    Letters that the font lacks are written as their codes; what lies outside of the canvas is cut off.

    Parameters
    ----------
    canvas : RGB uint8 (H, W, 3), drawn on.
    left_foot : x, y, px.
    """
    from PIL import Image, ImageDraw

    font, line = _font(_size(height)), _drawable(text)
    sides = font.getbbox(line, anchor="ls")
    left, top, right, foot = int(sides[0]) - 1, int(sides[1]) - 1, int(sides[2]) + 2, int(sides[3]) + 2
    x, y = round(left_foot[0]), round(left_foot[1])
    x0, y0 = max(0, x + left), max(0, y + top)
    x1, y1 = min(canvas.shape[1], x + right), min(canvas.shape[0], y + foot)
    if x1 <= x0 or y1 <= y0:
        return
    ink = Image.new("L", (x1 - x0, y1 - y0))
    for beside in range(2 if bold and height >= BOLD_MIN_PX else 1):
        ImageDraw.Draw(ink).text((x - x0 + beside, y - y0), line, fill=255, font=font, anchor="ls")
    cover = np.asarray(ink, np.float32)[:, :, np.newaxis] / 255
    place = canvas[y0:y1, x0:x1]
    place[:] = np.rint(place * (1 - cover) + np.asarray(INK, np.float32) * cover).astype(np.uint8)


def text_width(text: str, height: float) -> float:
    """Width of a line of text whose capitals are so many px high, px."""
    return float(_font(_size(height)).getlength(_drawable(text)))


def _drawable(text: str) -> str:
    line = for_picture(text, _holds)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _size(height: float) -> float:
    """Size of the font, in quarters of a px: few sizes are kept."""
    return max(1.0, round(4 * height / CAPITAL) / 4)


@lru_cache(maxsize=32)
def _font(size: float) -> "FreeTypeFont":
    from PIL import ImageFont

    return ImageFont.truetype(FONT, size)


@cache
def _holds(character: str) -> bool:
    """Whether the font has a letter: else it draws the same box for all."""
    font = _font(16.0)
    return bytes(font.getmask(character)) != bytes(font.getmask(_NO_CHARACTER))

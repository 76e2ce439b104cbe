"""The dark part of a picture of one cell, by which a nucleus is told from a late parasite.

Both fill much of a cell and take up the dye deeply. A white cell's nucleus is violet: it lets blue light
pass. A late parasite holds black pigment, which absorbs blue as it does green, and where it holds none its
chromatin is magenta: it lets red pass too (docs/lab/one_cell.md).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from classifier.precut import USUAL_CELL_PX
from classifier.tight import ground_colour
from segmentation.illumination import white_point

__all__ = ["DarkPart", "dark_part"]

INNER = 0.95
"""Of the ellipse that fits into the picture: beyond lies the ground, or a neighbour; squared radius."""
DARKEST_PERCENTILE = 90.0
"""Of the cell's px by what green they absorb, those that the hue is told by: the nucleus, or the pigment."""
LEAST_GREEN = 0.01
"""Absorbance of green below which nothing is darker than the rest, and no hue is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DarkPart:
    """What of a cell is darker than the rest.

    Attributes
    ----------
    share : of the cell, parted from the rest by Otsu's threshold, 0 to 1.
    green : absorbance of green there, natural logarithm, median.
    red_share, blue_share : absorbance of red and blue in the darkest tenth of the cell, over that of green.
    """

    share: float
    green: float
    red_share: float
    blue_share: float


def dark_part(picture: NDArray[np.uint8]) -> DarkPart:
    """The dark part of the cell that fills a picture, uint8 (H, W, 3), RGB, without a black surround."""
    ground = ground_colour(picture, white_point(picture, None))
    height, width = picture.shape[:2]
    step = USUAL_CELL_PX / (height * width) ** 0.5
    size = (max(2, round(width * step)), max(2, round(height * step)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if step < 1 else cv2.INTER_LINEAR)
    y, x = np.ogrid[: size[1], : size[0]]
    inner = ((x + 0.5) / size[0] * 2 - 1) ** 2 + ((y + 0.5) / size[1] * 2 - 1) ** 2 <= INNER
    light = np.maximum(small[inner].astype(np.float64), 1.0) / ground
    red, green, blue = np.maximum(-np.log(light), 0.0).T
    dark = _darker(green)
    darkest = green >= np.percentile(green, DARKEST_PERCENTILE)
    deep = max(float(green[darkest].mean()), LEAST_GREEN)
    return DarkPart(
        share=float(dark.mean()),
        green=float(np.median(green[dark])),
        red_share=float(red[darkest].mean()) / deep,
        blue_share=float(blue[darkest].mean()) / deep,
    )


def _darker(absorbance: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where this much is absorbed or more, by Otsu's threshold, bool (n,); everywhere where all is alike."""
    most = float(absorbance.max(initial=0.0))
    if most <= LEAST_GREEN:
        return np.ones(absorbance.shape, bool)
    levels = np.rint(absorbance / most * 255).astype(np.uint8)
    threshold, _ = cv2.threshold(levels[None], 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return levels > threshold

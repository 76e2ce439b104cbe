"""What a film's usual red cell absorbs."""

import numpy as np
from numpy.typing import NDArray

from segmentation.resample import WHITE_LEVEL

__all__ = ["STAINED_PERCENTILE", "absorbed", "usual_absorbance"]

WITHIN = 0.42
"""Half-axes of what is measured of a cell, as a share of its box: background shines into its rim."""
STAINED_PERCENTILE = 25.0
"""Of a cell's pixels by their brightness: its stain, not its pallor, which on badly dried films is a hole."""
DECIMALS = 3
"""Of an absorbance, so that it is the same number wherever it is written down."""


def absorbed(
    colour: NDArray[np.floating], white: NDArray[np.floating] | float = WHITE_LEVEL
) -> tuple[float, float, float]:
    """Absorbance of a colour in red, green and blue, natural logarithm, 0 and more.

    Parameters
    ----------
    colour : (3,), 0 to 255. white : level of full light, or colour of the background, (3,).
    """
    passed = np.maximum(np.asarray(colour, np.float64), 1.0) / white
    red, green, blue = np.round(np.maximum(-np.log(passed), 0.0), DECIMALS).tolist()
    return red, green, blue


def usual_absorbance(
    picture: NDArray[np.uint8], boxes: NDArray[np.floating], percentile: float = STAINED_PERCENTILE
) -> tuple[float, float, float] | None:
    """Absorbance of the usual cell in red, green and blue, natural logarithm, 0 and more; None without cells.

    The median over the cells of each one's stained part: a few infected ones change nothing.

    Parameters
    ----------
    picture : uint8 (H, W, 3), RGB, normalised, detector scale.
    boxes : (n, 4), x_min, y_min, x_max, y_max of the red cells in px of the picture.
    percentile : of a cell's pixels by their brightness, that is measured.
    """
    colours = [
        colour for box in boxes.tolist() if (colour := _stained_colour(picture, box, percentile)) is not None
    ]
    return absorbed(np.median(colours, axis=0)) if colours else None


def _stained_colour(
    picture: NDArray[np.uint8], box: list[float], percentile: float
) -> NDArray[np.float64] | None:
    """Colour of a cell's stained part, float64 (3,); None where nothing of it lies in the picture."""
    x0, y0, x1, y1 = box
    left, top = max(int(x0), 0), max(int(y0), 0)
    part = picture[top : max(int(np.ceil(y1)), 0), left : max(int(np.ceil(x1)), 0)]
    y, x = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
    across = (x + 0.5 - (x0 + x1) / 2) / max(WITHIN * (x1 - x0), 1e-6)
    down = (y + 0.5 - (y0 + y1) / 2) / max(WITHIN * (y1 - y0), 1e-6)
    within = across**2 + down**2 <= 1
    return np.percentile(part[within], percentile, axis=0) if within.any() else None

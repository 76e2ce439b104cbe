"""Evens the stain: a film's usual red cell becomes grey, and what is stained otherwise has colour.

Light is absorbed by depth (Beer-Lambert), so a thick or crenated cell, or two that overlap, have the hue of
all other cells of their film and become grey too. Chromatin and cytoplasm of a parasite take up other dyes.
The hue of red cells differs between laboratories and cameras far more than a parasite from its cell
(`docs/lab/stain.md`).
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.cell_colour import STAINED_PERCENTILE, absorbed
from segmentation.resample import WHITE_LEVEL

__all__ = ["USUAL_ABSORBANCE", "even_stain", "own_absorbance"]

USUAL_ABSORBANCE = 0.33
"""Of the usual red cell in every channel after evening, natural logarithm: 72% of the light passes."""
LEAST_ABSORBANCE = 0.10
"""A channel in which cells absorb less shows its noise, not its stain, when it is scaled."""
LEAST_GAIN, MOST_GAIN = 0.3, 3.0
"""Bounds of what an absorbance is multiplied by."""
RIM_PX = 2
"""Width of a cell's rim, crop px, that is not measured: background shines into it."""
LEAST_INNER_PX = 60
"""Fewest pixels within the rim to measure; of a smaller cell all are."""


def even_stain(
    picture: NDArray[np.uint8], absorbance: Sequence[float] | None, white: int = WHITE_LEVEL
) -> NDArray[np.uint8]:
    """The picture, uint8 (..., H, W, 3), RGB, normalised, with each channel's absorbance scaled.

    Parameters
    ----------
    absorbance : of the film's usual red cell in red, green and blue, natural logarithm; None: not known, the
        picture stays as it is.
    white : level of full light.
    """
    if absorbance is None or not picture.size:
        return picture.copy()
    gains = USUAL_ABSORBANCE / np.maximum(np.asarray(absorbance, np.float64), LEAST_ABSORBANCE)
    light = np.arange(256, dtype=np.float64)[:, None] / white
    table = np.rint(white * light ** np.clip(gains, LEAST_GAIN, MOST_GAIN))
    levels = np.clip(table, 0, 255).astype(np.uint8)[None]
    flat = np.ascontiguousarray(picture).reshape(-1, picture.shape[-2], 3)
    return np.asarray(cv2.LUT(flat, levels), np.uint8).reshape(picture.shape)


def own_absorbance(picture: NDArray[np.uint8], mask: NDArray[np.uint8]) -> tuple[float, float, float]:
    """Absorbance of a single cell in red, green and blue: of its stained part within the rim, 0 and more.

    Parameters
    ----------
    picture : uint8 (H, W, 3), RGB, normalised, crop scale. mask : uint8 (H, W), 1 on the cell, 0 elsewhere.
    """
    inner = np.asarray(cv2.erode(mask, np.ones((2 * RIM_PX + 1,) * 2, np.uint8)), bool)
    chosen = inner if inner.sum() >= LEAST_INNER_PX else mask.astype(bool)
    if not chosen.any():
        return 0.0, 0.0, 0.0
    return absorbed(np.percentile(picture[chosen], STAINED_PERCENTILE, axis=0))

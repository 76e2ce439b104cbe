"""Light of the films that pre-cut cells were cut out of, by all cells of a patient."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from classifier.crops import CROP_PX
from classifier.precut import CellLight, cell_light

__all__ = ["film_lights"]

BY_ITSELF = 2
"""One pre-cut cell in so many is taken alone, as `classify` sees it."""
BACKGROUND = 95.0
"""Percentile of the brightest places of a patient's cells that is the colour of the background."""


def film_lights(pictures: Iterable[NDArray[np.uint8]], patients: NDArray[np.str_]) -> list[CellLight | None]:
    """Light of each cell's film by all cells of the patient; None for those that are taken alone.

    Parameters
    ----------
    pictures : uint8 (H, W, 3) each, RGB, one cell that fills it. patients : str (n,), whose each is.
    """
    pictures = list(pictures)
    alone = [cell_light(picture, CROP_PX) for picture in pictures]
    lights: list[CellLight | None] = [None] * len(alone)
    for patient in np.unique(patients):
        own = np.flatnonzero(patients == patient).tolist()
        white = np.percentile([alone[one].white for one in own], BACKGROUND, axis=0).astype(np.float32)
        each = [cell_light(pictures[one], CROP_PX, white).absorbance for one in own]
        red, green, blue = np.median(each, axis=0).tolist()
        usual = CellLight(white=white, absorbance=(red, green, blue))
        for one in own:
            lights[one] = usual if one % BY_ITSELF else None
    return lights

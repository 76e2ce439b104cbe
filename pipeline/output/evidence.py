"""What a result keeps for its report beside the cells: the map of the film and the slide's own specks."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from classifier.specks import FULL_LIGHT
from pipeline.counting.result import CountResult
from segmentation.film import Area

__all__ = ["AREA_GREYS", "SPECKS_SHOWN", "evidence_pictures"]

SPECKS_SHOWN = 12
"""Specks that are kept, side by side in one picture."""
AREA_GREYS = {Area.EMPTY: 255, Area.FEATHERED: 200, Area.READABLE: 120, Area.THICK: 40}
"""Grey of a square of the film map: the thicker the film, the darker."""


def evidence_pictures(result: CountResult) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """What is written as PNG into `pipeline.output.place.EVIDENCE_FOLDER`, by its name.

    Yields
    ------
    name : 'film_map.png' of a slide of one field of which a map or a region chose what is counted, a px a
        square; 'specks.png' where specks lie on the ground.
    picture : uint8 (H, W) grey or (H, W, 3) RGB.
    """
    areas = list(result.areas.values())
    if len(result.summary.fields) == 1 and areas:
        greys = np.zeros(256, np.uint8)
        for area, grey in AREA_GREYS.items():
            greys[area] = grey
        yield "film_map.png", greys[areas[0].areas]
    if len(result.specks):
        light = np.minimum(result.specks[:SPECKS_SHOWN].astype(np.int64) * 255 // FULL_LIGHT, 255)
        yield "specks.png", np.hstack(list(light.astype(np.uint8)))

"""Knobs of crenated cells, which are no parasites: they have the hue of their own cell."""

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.resample import WHITE_LEVEL

__all__ = ["crenated"]

KNOBS = (8, 25)
"""Fewest and most knobs of a cell, on its face and along its rim."""
KNOB_PX = (1.2, 2.8)
"""Least and greatest standard deviation of a knob, crop px: 0.5 to 1.2 µm across at half its height."""
DEEPER = (0.25, 1.0)
"""How much deeper a knob is, in parts of what the cell absorbs."""
ON_RIM = 0.35
"""Share of the knobs that stand on the rim."""
FACE = (0.85, 1.15)
"""What the face between the knobs absorbs, in parts of before."""


def crenated(crop: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The crop, uint8 (side, side, 4), its cell marked, with knobs of the cell's own hue all over its cell.

    A knob is a thicker place: it absorbs more of the same in each channel (Beer-Lambert).
    """
    on_cell = crop[..., 3] > 127
    rows, columns = np.nonzero(on_cell)
    if not len(rows):
        return crop
    inner = cv2.erode(
        on_cell.astype(np.uint8), np.ones((5, 5), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    rim = np.nonzero(on_cell & (inner == 0))
    absorbed = -np.log(np.maximum(crop[..., :3].astype(np.float32), 1.0) / np.float32(WHITE_LEVEL))
    usual = np.median(absorbed[on_cell], axis=0)
    y, x = np.mgrid[: crop.shape[0], : crop.shape[1]].astype(np.float32)
    depth = np.zeros(on_cell.shape, np.float32)
    for _ in range(int(rng.integers(*KNOBS, endpoint=True))):
        places = rim if rng.random() < ON_RIM else (rows, columns)
        which = int(rng.integers(len(places[0])))
        wide, deeper = rng.uniform(*KNOB_PX), rng.uniform(*DEEPER)
        away = (y - places[0][which]) ** 2 + (x - places[1][which]) ** 2
        depth = np.maximum(depth, np.float32(deeper) * np.exp(-away / np.float32(2 * wide**2)))
    face = np.where(on_cell, np.float32(rng.uniform(*FACE)), np.float32(1))[..., None]
    light = WHITE_LEVEL * np.exp(-(absorbed * face + depth[..., None] * usual))
    return np.dstack([np.clip(np.rint(light), 0, 255).astype(np.uint8), crop[..., 3]])

"""Pictures of a film at low magnification: discs for cells, as many as are asked for in each square."""

import cv2
import numpy as np
from numpy.typing import NDArray

WHITE = np.asarray([230, 230, 230], np.float32)
PX_UM = 1.5
SQUARE = 64
"""Px of a square of 96 µm."""
CELL_PX = 2.5
"""Radius of a cell."""
DISC = 7
"""Side of the patch that a cell is drawn in, px."""


def film_picture(layers: NDArray[np.float64], *, passed: float = 0.6, seed: int = 0) -> NDArray[np.uint8]:
    """RGB picture of squares in each of which cells lie at random, enough to cover it so many times.

    Parameters
    ----------
    layers : (rows, columns), area of the cells as a part of their square's.
    passed : share of the green light that a cell lets through.
    """
    rng = np.random.default_rng(seed)
    piled = np.zeros((layers.shape[0] * SQUARE, layers.shape[1] * SQUARE), np.float32)
    around = SQUARE + 2 * DISC
    for (row, column), share in np.ndenumerate(layers):
        wide = np.zeros((around, around), np.float32)
        for _ in range(round(share * around**2 / (np.pi * CELL_PX**2))):
            _add_disc(wide, rng.uniform(0, around - DISC, 2))
        # Cells end where their square ends, so that each square is what was asked for.
        place = slice(row * SQUARE, (row + 1) * SQUARE), slice(column * SQUARE, (column + 1) * SQUARE)
        piled[place] = wide[DISC:-DISC, DISC:-DISC]
    green = 230 * passed**piled
    picture = np.stack([230 - 0.4 * (230 - green), green, 230 - 0.6 * (230 - green)], axis=2)
    noisy = picture + rng.normal(0, 1.0, picture.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def _add_disc(square: NDArray[np.float32], corner: NDArray[np.float64]) -> None:
    """Lay a cell over what is there; `corner` is (x, y) of the box around it."""
    left, top = int(corner[0]), int(corner[1])
    patch = np.zeros((DISC, DISC), np.float32)
    centre = [round((part + DISC / 2 - 0.5) * 16) for part in (corner[0] - left, corner[1] - top)]
    cv2.circle(patch, (centre[0], centre[1]), round(CELL_PX * 16), 1.0, cv2.FILLED, cv2.LINE_AA, 4)
    square[top : top + DISC, left : left + DISC] += patch

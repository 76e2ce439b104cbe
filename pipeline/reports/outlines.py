"""Outlines of cells for programs that want polygons: the ellipse that fills a cell's box."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["RING_POINTS", "rings"]

RING_POINTS = 12
"""Corners of an outline; it covers 95% of its ellipse."""
LEAST_HALF_PX = 1.0
"""Half of the shortest axis: a smaller outline would fold where its corners are rounded to 0.1 px."""


def rings(cells: pd.DataFrame, origin: tuple[float, float] = (0.0, 0.0)) -> NDArray[np.float64]:
    """Closed outlines, float64 (n, RING_POINTS + 1, 2) of x and y, level-0 px; the last point is the first.

    A count keeps a cell's box and not its mask: the outline is an ellipse, not the cell's own edge.

    Parameters
    ----------
    cells : columns x_min, y_min, x_max and y_max, level-0 px.
    origin : subtracted, level-0 px.
    """
    sides = cells[["x_min", "y_min", "x_max", "y_max"]].to_numpy(float)
    centre = (sides[:, :2] + sides[:, 2:]) / 2 - np.asarray(origin)
    half = np.maximum((sides[:, 2:] - sides[:, :2]) / 2, LEAST_HALF_PX)
    angle = 2 * np.pi * (np.arange(RING_POINTS + 1) % RING_POINTS) / RING_POINTS
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.asarray(np.round(centre[:, None] + half[:, None] * circle[None], 1), np.float64)

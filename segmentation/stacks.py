"""Windows of many cells in one array: one call works on a hundred of them, each too small to pay for it.

Each window has a margin of a pixel around it, so that a cell's result does not depend on the other cells.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["GREY_LEVELS", "MARGIN_PX", "Stack", "percentiles", "stacks"]

MARGIN_PX = 1
"""Between a window and the next: enough for what looks at the eight pixels around one."""
MOST_PX = 2**17
"""Pixels of a stack: its arrays stay in the processor's cache."""
GREY_LEVELS = 256
"""Values of a pixel of 8 bits."""

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Windows of similar size, one on top of the other, each in the top left corner within its margin.

    Attributes
    ----------
    rows : intp (n,), which windows of all.
    windows : int64 (n, 4) x_min, y_min, x_max, y_max, half-open, px of the picture.
    inside : bool (n, H, W), true in the windows.
    """

    rows: NDArray[np.intp]
    windows: NDArray[np.int64]
    inside: NDArray[np.bool_]

    def gather(self, picture: NDArray[Scalar]) -> NDArray[Scalar]:
        """The windows of a picture (height, width), zero around them; (n, H, W)."""
        parts = (picture[y0:y1, x0:x1] for x0, y0, x1, y1 in self.windows.tolist())
        return self.lay(parts, picture.dtype)

    def lay(self, parts: Iterable[NDArray[Scalar]], dtype: "np.dtype[Scalar]") -> NDArray[Scalar]:
        """What each window holds, (height, width), in its place, zero around it; (n, H, W)."""
        stacked = np.zeros(self.inside.shape, dtype)
        for place, part in zip(stacked, parts, strict=True):
            place[MARGIN_PX : MARGIN_PX + len(part), MARGIN_PX : MARGIN_PX + part.shape[1]] = part
        return stacked

    def windows_of(self, stacked: NDArray[Scalar]) -> Iterator[NDArray[Scalar]]:
        """The window of each cell in (n, H, W)."""
        for place, (x0, y0, x1, y1) in zip(stacked, self.windows.tolist(), strict=True):
            yield place[MARGIN_PX : MARGIN_PX + y1 - y0, MARGIN_PX : MARGIN_PX + x1 - x0]

    def widened(self, pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Pixels (n, H, W) and the eight around each, within the windows."""
        return _morphed(cv2.dilate, pixels) & self.inside

    def narrowed(self, pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Pixels (n, H, W) whose eight neighbours are such pixels or lie outside of the window."""
        return _morphed(cv2.erode, pixels | ~self.inside) & self.inside

    def rim(self) -> NDArray[np.bool_]:
        """The outermost pixels of each window, bool (n, H, W)."""
        return self.inside & ~_morphed(cv2.erode, self.inside)

    def counts(self, values: NDArray[np.uint8], which: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How often each value stands in a window, int64 (n, 2, 256): where not `which`, and where it is.

        Both arrays (n, H, W); zero, as `gather` leaves it, and False around the windows.
        """
        kinds = np.arange(0, 2 * len(values), 2, dtype=np.int32)[:, None, None] + which
        counted = np.bincount((kinds * GREY_LEVELS + values).ravel(), minlength=2 * len(values) * GREY_LEVELS)
        counts = counted.reshape(-1, 2, GREY_LEVELS)
        counts[:, 0, 0] -= (~self.inside).sum(axis=(1, 2))
        return np.asarray(counts, np.int64)


def stacks(windows: NDArray[np.int64]) -> Iterator[Stack]:
    """Stacks of windows (n, 4), x_min, y_min, x_max, y_max within the picture; the largest come first."""
    sizes = windows[:, 2:] - windows[:, :2]
    sides = sizes.max(axis=1, initial=1) + 2 * MARGIN_PX
    order = np.argsort(-sides, kind="stable")
    start = 0
    while start < len(order):
        rows = order[start : start + max(1, MOST_PX // int(sides[order[start]]) ** 2)]
        start += len(rows)
        width, height = sizes[rows].max(axis=0)
        x, y = np.arange(width + 2 * MARGIN_PX) - MARGIN_PX, np.arange(height + 2 * MARGIN_PX) - MARGIN_PX
        across = (x >= 0) & (x < sizes[rows, :1])
        down = (y >= 0) & (y < sizes[rows, 1:])
        yield Stack(rows=rows, windows=windows[rows], inside=down[:, :, None] & across[:, None, :])


def percentiles(counts: NDArray[np.int64], percent: float) -> NDArray[np.float64]:
    """Percentile of each row of numbers 0 to 255, float64 (n,), as `numpy.percentile` gives it.

    Parameters
    ----------
    counts : int64 (n, 256), how often each number stands in the row; a row of nothing gives 0.
    """
    total = counts.sum(axis=1)
    place = (total - 1) * (percent / 100)
    first = np.floor(place)
    ranked = counts.cumsum(axis=1)
    low = (ranked <= first[:, None]).sum(axis=1)
    high = (ranked <= np.minimum(first + 1, total - 1)[:, None]).sum(axis=1)
    step, part = high - low, place - first
    # Two ways round, as NumPy goes them: the last bit of a count must not depend on who interpolates.
    return np.asarray(np.where(part >= 0.5, high - step * (1 - part), low + step * part), np.float64)


def _morphed(operation: Any, pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    tall = pixels.view(np.uint8).reshape(-1, pixels.shape[2])
    morphed = operation(tall, np.ones((3, 3), np.uint8))
    return np.asarray(morphed, np.uint8).view(np.bool_).reshape(pixels.shape)

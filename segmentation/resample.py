"""Resample a picture onto the working grid, whose phase is that of the whole field and never of a tile."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["CROP_UM_PER_PX", "DETECTOR_UM_PER_PX", "WorkingGrid", "halve", "normalise", "working_grid"]

DETECTOR_UM_PER_PX = 0.375
"""µm per detector px: a red cell of 7.5 µm is 20 px across."""
CROP_UM_PER_PX = DETECTOR_UM_PER_PX / 2
"""µm per crop px: a red cell of 7.5 µm is 40 px across."""
WHITE_LEVEL = 230
"""Value that the white point is moved to, of 255: leaves room for what is brighter than the background."""
MAX_SHRINK = 64
BAND_ROWS = 32
"""Rows resampled in one go: the tables of where they come from stay in the processor's cache."""
_FRACTION_BITS = 5  # of OpenCV's fixed-point remap tables


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingGrid:
    """The crop-scale grid of one field: working px (i, j) covers level-0 px [j * step, (j + 1) * step).

    Attributes
    ----------
    step : level-0 px per working px.
    shrink : power of two by which the reader shrinks before the last, bilinear step.
    width, height : size of the field in working px, rounded up to whole detector px (even numbers).
    """

    step: float
    shrink: int
    width: int
    height: int

    def source_window(self, x: int, y: int, width: int, height: int) -> tuple[int, int, int, int]:
        """Level-0 window (x, y, width, height), multiples of `shrink`, that working px are made from.

        It may reach past the field; the caller clips it and `cut` repeats the edge.
        """
        x0, y0 = self._shrunk_floor(x), self._shrunk_floor(y)
        x1, y1 = self._shrunk_floor(x + width - 1) + 2, self._shrunk_floor(y + height - 1) + 2
        return x0 * self.shrink, y0 * self.shrink, (x1 - x0) * self.shrink, (y1 - y0) * self.shrink

    def cut(
        self, shrunk: NDArray[np.uint8], origin: tuple[int, int], window: tuple[int, int, int, int]
    ) -> NDArray[np.uint8]:
        """Working px of `window` (x, y, width, height) out of a shrunk picture.

        Parameters
        ----------
        shrunk : uint8 (h, w, 3), pixels of `shrink` level-0 px each.
        origin : (x, y) of its first pixel in shrunk px of the field.

        Returns
        -------
        uint8 (height, width, 3); the same values whatever window they are asked in.
        """
        x, y, width, height = window
        from_x, part_x = self._fixed_point(np.arange(x, x + width))
        from_y, part_y = self._fixed_point(np.arange(y, y + height))
        rows, offsets = (from_y - origin[1]).astype(np.int16), (part_y << _FRACTION_BITS).astype(np.uint16)
        places = np.empty((BAND_ROWS, width, 2), np.int16)
        places[..., 0] = from_x - origin[0]
        cut = np.empty((height, width, 3), np.uint8)
        for top in range(0, height, BAND_ROWS):
            band = cut[top : top + BAND_ROWS]
            places[: len(band), :, 1] = rows[top : top + BAND_ROWS, None]
            cv2.remap(
                shrunk,
                places[: len(band)],
                offsets[top : top + BAND_ROWS, None] + part_x.astype(np.uint16),
                cv2.INTER_LINEAR,
                dst=band,
                borderMode=cv2.BORDER_REPLICATE,
            )
        return cut

    def _shrunk_floor(self, position: int) -> int:
        return int(self._fixed_point(np.asarray([position]))[0][0])

    def _fixed_point(self, positions: NDArray[np.int_]) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
        """Whole and fractional (1/32) shrunk px of the centres of working px."""
        centres = (positions + 0.5) * (self.step / self.shrink) - 0.5
        fixed = np.floor(centres * (1 << _FRACTION_BITS) + 0.5).astype(np.int64)
        return fixed >> _FRACTION_BITS, fixed & ((1 << _FRACTION_BITS) - 1)


def working_grid(width: int, height: int, um_per_px: float) -> WorkingGrid:
    """Grid for a field of (width, height) level-0 px with pixels of `um_per_px`."""
    step = CROP_UM_PER_PX / um_per_px
    shrink = 1
    while shrink * 2 <= step and shrink < MAX_SHRINK:
        shrink *= 2
    even_width = 2 * max(1, int(np.ceil(width / step / 2)))
    even_height = 2 * max(1, int(np.ceil(height / step / 2)))
    return WorkingGrid(step=step, shrink=shrink, width=even_width, height=even_height)


def halve(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Detector-scale picture (h / 2, w / 2, 3) of a crop-scale one with even sides: exact 2 x 2 means."""
    height, width = picture.shape[:2]
    return np.asarray(cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8)


def normalise(picture: NDArray[np.uint8], white_point: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Picture with its white point (3 values, 1 to 255) moved to neutral `WHITE_LEVEL`; uint8 (H, W, 3)."""
    levels = np.arange(256, dtype=np.float64)[:, None] * (WHITE_LEVEL / np.maximum(white_point, 1.0))
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)[None]
    return np.asarray(cv2.LUT(picture, table), dtype=np.uint8)

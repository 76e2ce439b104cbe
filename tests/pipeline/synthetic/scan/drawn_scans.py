"""Whole slides drawn in memory, read by region as a file is."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.planning.field import FieldLight, FieldPlan, plan_field
from segmentation.illumination import BrightView
from tests.segmentation.film_pictures import PX_UM, SQUARE, WHITE, film_picture

UM_PER_PX = 0.5
"""Of a drawn scan: its px of 1.5 µm are drawn three times as large."""


class DrawnScan:
    """A field held in memory; reading a region that shares px with a broken box fails."""

    um_per_px: float | None = None
    name = "drawn"

    def __init__(self, picture: NDArray[np.uint8], broken: tuple[int, int, int, int] | None = None) -> None:
        self.picture = picture
        self.height, self.width = picture.shape[:2]
        self.broken = broken
        self.largest_px = 0

    def stored_shrink(self, shrink: int) -> int:
        """All of it is stored at full resolution."""
        return 1

    def read(self, x: int, y: int, width: int, height: int, shrink: int) -> NDArray[np.uint8]:
        """See `pipeline.reader.field.Field.read`."""
        if x % shrink or y % shrink or width % shrink or height % shrink or min(x, y) < 0:
            raise ValueError(f"{x},{y},{width},{height} is off the grid of {shrink}")
        if self.broken is not None:
            left, top, right, bottom = self.broken
            if x < right and x + width > left and y < bottom and y + height > top:
                raise SlideError("drawn: a tile is broken; copy the file again")
        self.largest_px = max(self.largest_px, width * height // shrink**2)
        below, beside = -self.height % shrink, -self.width % shrink
        if x + width > self.width + beside or y + height > self.height + below:
            raise ValueError(f"{x},{y},{width},{height} lies outside of the picture")
        whole = cv2.copyMakeBorder(self.picture, 0, below, 0, beside, cv2.BORDER_REPLICATE)
        part = whole[y : y + height, x : x + width]
        size = width // shrink, height // shrink
        return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)


def drawn_scan(
    layers: NDArray[np.float64], broken: tuple[int, int, int, int] | None = None, passed: float = 0.6
) -> DrawnScan:
    """A scan of squares of 96 µm that are covered so many times with cells that let through so much light."""
    scale = round(PX_UM / UM_PER_PX)
    picture = film_picture(layers, passed=passed)
    large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return DrawnScan(np.asarray(large, np.uint8), broken)


def plan_of(scan: DrawnScan, um_per_px: float = UM_PER_PX, view: BrightView | None = None) -> FieldPlan:
    """Plan of a drawn scan whose white point is known."""
    light = FieldLight(white_point=WHITE, view=view, saturated_fraction=0.0, dark_fraction=0.0)
    return plan_field(0, scan, um_per_px, light)


SQUARE_PX = round(SQUARE * PX_UM / UM_PER_PX)
"""Level-0 px of a square of a drawn scan."""

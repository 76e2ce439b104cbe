"""What part of a field is counted, in whole detector px, so that every part of it is accounted for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline.reader.field import Box
from segmentation.film import SQUARE_PX, Area
from segmentation.resample import DETECTOR_UM_PER_PX

__all__ = ["CountedArea", "area_mm2"]

_NAMES = {Area.EMPTY: "empty_glass", Area.FEATHERED: "feathered_edge", Area.THICK: "thick_end"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedArea:
    """The squares of one field and what is counted of them.

    Attributes
    ----------
    width, height : detector px of the field.
    areas : uint8 (rows, columns), an `Area` a square; those that are READABLE are counted.
    region : x_min, y_min, x_max, y_max, detector px, half-open, within the field: nothing outside is counted.
    is_chosen : whether a region or a map of the film chose what is counted; else it is all of the field.
    hidden : bool (h, w), spread over the field: no film is in sight, as in the black around a round view, a
        margin, a scale bar or text. It is still searched, since cells reach into it. None where all is seen.
    """

    width: int
    height: int
    areas: NDArray[np.uint8]
    region: Box
    is_chosen: bool = True
    hidden: NDArray[np.bool_] | None = None

    @classmethod
    def whole(cls, width: int, height: int) -> Self:
        """All of a field, given in detector px."""
        shape = -(-height // SQUARE_PX), -(-width // SQUARE_PX)
        areas = np.full(shape, Area.READABLE, np.uint8)
        return cls(width=width, height=height, areas=areas, region=(0, 0, width, height), is_chosen=False)

    def squares(self) -> NDArray[np.int64]:
        """Column and row of each square that holds something to count, int64 (n, 2), row by row."""
        rows, columns = np.nonzero((self.areas == Area.READABLE) & (self._pixels(self.region) > 0))
        return np.stack([columns, rows], axis=1).astype(np.int64)

    def touches(self, box: Box) -> bool:
        """Whether a box, detector px, holds something to count."""
        return bool((self._pixels(self._clipped(box)) * (self.areas == Area.READABLE)).any())

    def mask(self, box: Box) -> NDArray[np.bool_]:
        """What is counted of a box (detector px), bool (y1 - y0, x1 - x0)."""
        x0, y0, x1, y1 = box
        columns, rows = np.arange(x0, x1), np.arange(y0, y1)
        readable = self.areas == Area.READABLE
        counted = readable[np.ix_(rows // SQUARE_PX, columns // SQUARE_PX)]
        left, top, right, bottom = self.region
        inside = ((rows >= top) & (rows < bottom))[:, None] & ((columns >= left) & (columns < right))[None]
        return np.asarray(counted & inside, bool)

    def pixels_by_part(self, failed: Iterable[Box], reached: NDArray[np.bool_] | None) -> dict[str, int]:
        """Detector px of each part of the field; they sum to all of it.

        Parameters
        ----------
        failed : boxes, detector px, of tiles that could not be worked on.
        reached : bool (rows, columns), squares that were worked on; None is all.
        """
        inside = self._pixels(self.region)
        readable = self.areas == Area.READABLE
        done = readable if reached is None else readable & reached
        broken = sum(
            (np.where(done, self._pixels(self._clipped(box)), 0) for box in failed), np.zeros_like(inside)
        )
        broken = np.minimum(broken, inside)
        hidden = np.where(done, np.minimum(self._hidden_pixels(), inside - broken), 0)
        parts = {
            "counted": int((inside - broken - hidden)[done].sum()),
            **{name: int(inside[self.areas == area].sum()) for area, name in _NAMES.items()},
            "outside_region": self.width * self.height - int(inside.sum()),
            "outside_view": int(hidden.sum()),
            "not_reached": int(inside[readable & ~done].sum()),
            "unreadable": int(broken[done].sum()),
        }
        return {name: pixels for name, pixels in parts.items() if pixels or name == "counted"}

    def _hidden_pixels(self) -> NDArray[np.int64]:
        """Detector px of each square, within the region, where no film is in sight, int64 (rows, columns)."""
        if self.hidden is None:
            return np.zeros(self.areas.shape, np.int64)
        left, top, right, bottom = self.region
        rows, columns = self.areas.shape
        by_row = _by_square(self.hidden.view(np.uint8), self.height, (top, bottom), rows)
        return _by_square(by_row.T, self.width, (left, right), columns).T

    def _clipped(self, box: Box) -> Box:
        left, top, right, bottom = self.region
        x0, y0 = max(box[0], left), max(box[1], top)
        return x0, y0, max(min(box[2], right), x0), max(min(box[3], bottom), y0)

    def _pixels(self, box: Box) -> NDArray[np.int64]:
        """Detector px that each square shares with a box, int64 (rows, columns)."""
        rows, columns = self.areas.shape
        across = _shared(columns, self.width, box[0], box[2])
        return _shared(rows, self.height, box[1], box[3])[:, None] * across[None]


def area_mm2(pixels: int) -> float:
    """Area of so many detector px, mm²."""
    return round(pixels * (DETECTOR_UM_PER_PX / 1000) ** 2, 6)


def _by_square(
    parts: NDArray[np.integer], side: int, within: tuple[int, int], squares: int
) -> NDArray[np.int64]:
    """Sums over the px of each square along a side, int64 (squares, n), of the parts they fall on.

    Parameters
    ----------
    parts : (parts, n), of equal length along the side. within : half-open, px that are summed.
    """
    sums = np.zeros((squares, parts.shape[1]), np.int64)
    places = np.arange(*within)
    if not len(places):
        return sums
    part = np.minimum((2 * places + 1) * len(parts) // (2 * side), len(parts) - 1)
    starts = np.flatnonzero(np.diff(places // SQUARE_PX, prepend=-1))
    sums[places[starts] // SQUARE_PX] = np.add.reduceat(parts[part], starts, axis=0, dtype=np.int64)
    return sums


def _shared(squares: int, side: int, low: int, high: int) -> NDArray[np.int64]:
    """Length that each of the squares along a side shares with an interval, px."""
    starts = np.arange(squares, dtype=np.int64) * SQUARE_PX
    ends = np.minimum(starts + SQUARE_PX, side)
    return np.asarray(np.maximum(np.minimum(ends, high) - np.maximum(starts, low), 0), np.int64)

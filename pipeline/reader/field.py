"""One picture of a slide, read by region: what every reader gives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Box", "BrokenField", "Field", "Turn"]

Box = tuple[int, int, int, int]
"""x_min, y_min, x_max, y_max in px, half-open; of which px, its user says."""


class Field(Protocol):
    """One picture of a slide, read by region.

    The frame is the picture as displayed: level-0 px, x to the right, y down, the origin the top left corner
    of the top left px.
    """

    @property
    def name(self) -> str:
        """Name of the field within its slide."""

    @property
    def width(self) -> int:
        """Level-0 px of the picture as displayed."""

    @property
    def height(self) -> int:
        """Level-0 px of the picture as displayed."""

    @property
    def um_per_px(self) -> float | None:
        """µm per level-0 px as the file states it; None where it is missing or absurd."""

    def read(self, x: int, y: int, width: int, height: int, shrink: int) -> NDArray[np.uint8]:
        """Read a region, each px the mean of `shrink` x `shrink` level-0 px.

        Parameters
        ----------
        x, y, width, height : level-0 px, multiples of `shrink`, within the picture rounded up to whole
            blocks of `shrink`; past the last px the last row and column count as repeated.
        shrink : a power of two from 1 to 64.

        Returns
        -------
        (height / shrink, width / shrink, 3) uint8 RGB, the caller's own; a px has the same value whatever
        region it is read in.

        Raises
        ------
        SlideError
            The file cannot be read, is truncated or damaged.
        ValueError
            The region is off the grid of `shrink` or outside the picture.
        """

    def stored_shrink(self, shrink: int) -> int:
        """Level-0 px, along a side, of the stored px that are decoded to read at `shrink`: what it costs.

        A scan of gigapixels without small levels gives 1, and a small picture of it means decoding all of it.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenField:
    """A picture of a folder that cannot be opened, or the part of one that did not come.

    Attributes
    ----------
    name : what the field is or would be called.
    reason : one line.
    box : x, y, width, height, level-0 px, of the part; all 0 for a picture that cannot be opened.
    """

    name: str
    reason: str
    box: tuple[int, int, int, int] = (0, 0, 0, 0)


class Turn:
    """Lets one field at a time hold decoded pixels or an open file.

    A slide of a hundred photos must not keep a hundred decoded pictures: the field that is read takes the
    turn, and whoever had it before lets go of what it holds.
    """

    __slots__ = ("_release",)

    def __init__(self) -> None:
        self._release: Callable[[], None] | None = None

    def take(self, release: Callable[[], None]) -> None:
        """Take the turn; `release` is called when another field takes it or the slide is closed."""
        if self._release is not None and self._release != release:
            self._release()
        self._release = release

    def end(self) -> None:
        """Let go of whatever is held."""
        if self._release is not None:
            self._release()
        self._release = None

"""A small picture of all of a field, or of windows spread over it, made from what of it can be read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.planning.pieces import cut_across, cut_down, read_pieces
from pipeline.reader.field import Box, Field

__all__ = ["FieldPicture", "field_picture", "is_costly", "sampled_picture"]

LEAST_PIECE_PX = 64
"""Px of the small picture: a piece of it that cannot be read is halved until it is no larger than this."""
MOST_READ_PX = 2**29
"""Stored px that are decoded for one small picture: 2 to 4 s. The largest photo has fewer."""
WINDOWS, WINDOW_PX = 8, 1024
"""Windows along a side, and level-0 px along a window's side: 67 megapixels, a quarter of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPicture:
    """A small picture.

    Attributes
    ----------
    pixels : uint8 (h, w, 3); what could not be read has the middle colour of the rest.
    known : bool (h, w), what could be read.
    """

    pixels: NDArray[np.uint8]
    known: NDArray[np.bool_]


def is_costly(field: Field, shrink: int) -> bool:
    """Whether a small picture of all of the field cannot be had without decoding gigapixels."""
    stored = field.stored_shrink(shrink)
    return field.width * field.height > MOST_READ_PX * stored**2


def field_picture(field: Field, shrink: int) -> FieldPicture:
    """All of a field at 1/shrink; a part that cannot be read is left out.

    Raises
    ------
    SlideError
        None of it can be read.
    """
    width, height = -(-field.width // shrink), -(-field.height // shrink)
    pixels = np.zeros((height, width, 3), np.uint8)
    known = np.zeros((height, width), bool)
    failures: list[SlideError] = []
    for (x0, y0, x1, y1), piece in read_pieces(field, (0, 0, width, height), shrink, _halves):
        if isinstance(piece, SlideError):
            failures.append(piece)
        else:
            pixels[y0:y1, x0:x1], known[y0:y1, x0:x1] = piece, True
    if failures:
        if not known.any():
            raise failures[0]
        pixels[~known] = np.median(pixels[known], axis=0).astype(np.uint8)
    return FieldPicture(pixels=pixels, known=known)


def sampled_picture(field: Field, shrink: int) -> NDArray[np.uint8]:
    """Windows spread evenly over a field at 1/shrink, side by side, uint8 (h, n, 3); see `field_picture`."""
    width, height = -(-field.width // shrink), -(-field.height // shrink)
    side = max(1, min(WINDOW_PX // shrink, width, height))
    windows, failures = [], []
    for y in _starts(height, side):
        for x in _starts(width, side):
            try:
                windows.append(field.read(x * shrink, y * shrink, side * shrink, side * shrink, shrink))
            except SlideError as error:
                failures.append(error)
    if not windows:
        raise failures[0]
    return np.concatenate(windows, axis=1)


def _halves(box: Box) -> Sequence[Box]:
    """The halves of a piece, px of the small picture, across its longer side."""
    x0, y0, x1, y1 = box
    if max(x1 - x0, y1 - y0) <= LEAST_PIECE_PX:
        return ()
    if y1 - y0 >= x1 - x0:
        return cut_across(box, y0 + _half(y1 - y0))
    return cut_down(box, x0 + _half(x1 - x0))


def _half(side: int) -> int:
    """The power of two below a side: the pieces then begin where a file's tiles do."""
    return 1 << (side - 1).bit_length() - 1


def _starts(side: int, window: int) -> list[int]:
    """First px of each window along a side."""
    return [round(start) for start in np.linspace(0, side - window, WINDOWS)]

"""Reads a region of a field piece by piece: what cannot be read is halved, as far as may be."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.reader.field import Box, Field

__all__ = ["cut_across", "cut_down", "read_pieces"]


def read_pieces(
    field: Field, box: Box, shrink: int, halves: Callable[[Box], Sequence[Box]]
) -> Iterator[tuple[Box, NDArray[np.uint8] | SlideError]]:
    """The box, or the pieces of it that can be read and those that cannot, with why.

    Parameters
    ----------
    box : px at 1/shrink. halves : of a piece that cannot be read; nothing where it is small enough.
    """
    x0, y0, x1, y1 = box
    try:
        yield box, field.read(x0 * shrink, y0 * shrink, (x1 - x0) * shrink, (y1 - y0) * shrink, shrink)
    except SlideError as error:
        cut = halves(box)
        if not cut:
            yield box, error
        for half in cut:
            yield from read_pieces(field, half, shrink, halves)


def cut_across(box: Box, y: int) -> tuple[Box, Box]:
    """What lies above a row of px, and the rest."""
    x0, y0, x1, y1 = box
    return (x0, y0, x1, y), (x0, y, x1, y1)


def cut_down(box: Box, x: int) -> tuple[Box, Box]:
    """What lies left of a column of px, and the rest."""
    x0, y0, x1, y1 = box
    return (x0, y0, x, y1), (x, y0, x1, y1)

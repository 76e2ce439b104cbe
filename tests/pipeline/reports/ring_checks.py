"""Checks of an outline that need no geometry library."""

import itertools
from collections.abc import Sequence

__all__ = ["is_simple", "signed_area"]

Point = Sequence[float]


def signed_area(ring: Sequence[Point]) -> float:
    """Above 0 where the corners go round with x towards y."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring)) / 2


def is_simple(ring: Sequence[Point]) -> bool:
    """Whether a closed ring neither crosses nor touches itself."""
    sides = list(itertools.pairwise(ring))
    for i, one in enumerate(sides):
        if list(one[0]) == list(one[1]):
            return False
        for j in range(i + 2, len(sides)):
            if (i, j) != (0, len(sides) - 1) and _cross(*one, *sides[j]):
                return False
    return True


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    turns = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    return turns[0] * turns[1] <= 0 and turns[2] * turns[3] <= 0


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

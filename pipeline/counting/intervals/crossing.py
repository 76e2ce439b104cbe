"""Where a rising function of a fraction crosses zero."""

from collections.abc import Callable

__all__ = ["crossing"]

HALVINGS = 32
"""Halvings of the range 0 to 1: the place is right to less than 1e-9."""
_NEAR = 2.0**-34
"""How near to the crossing both ends of a bracket are brought before the halvings, which are coarser."""


def crossing(rising: Callable[[float], float]) -> float:
    """Fraction, 0 to 1, at which `rising` crosses zero; it is below zero at 0 and above at 1.

    By halving; which half holds the crossing is mostly told by a bracket that was found in a third of the
    steps. Importing `scipy.optimize` for it costs every count that starts a tenth of a second.
    """
    below, above = _bracket(rising)
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if middle >= above or (middle > below and rising(middle) >= 0):
            high = middle
        else:
            low = middle
    return (low + high) / 2


def _bracket(rising: Callable[[float], float]) -> tuple[float, float]:
    """Two fractions less than about `_NEAR` apart with the crossing between them.

    References
    ----------
    T. R. Chandrupatla, A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear
    function without using derivatives, Adv. Eng. Software 28 (1997) 145.
    """
    newest, other = (0.0, rising(0.0)), (1.0, rising(1.0))
    if newest[1] >= 0:
        return 0.0, 0.0
    if other[1] < 0:
        return 1.0, 1.0
    share = 0.5
    while abs(other[0] - newest[0]) > 2 * _NEAR:
        place = newest[0] + share * (other[0] - newest[0])
        found = place, rising(place)
        if (found[1] >= 0) == (newest[1] >= 0):
            before, newest = newest, found
        else:
            before, other, newest = other, newest, found
        least = _NEAR / max(abs(other[0] - newest[0]), _NEAR)
        share = min(max(_share(newest, other, before), least), 1 - least) if least < 0.5 else 0.5
    low, high = sorted((newest[0], other[0]))
    return low, high


Point = tuple[float, float]
"""A fraction, and the function there."""


def _share(newest: Point, other: Point, before: Point) -> float:
    """Where between the ends of the bracket to look next: by a parabola where that can be trusted."""
    (a, at_a), (b, at_b), (c, at_c) = newest, other, before
    if at_a == at_b or at_c in {at_a, at_b} or b == c:
        return 0.5
    place, height = (a - b) / (c - b), (at_a - at_b) / (at_c - at_b)
    if not 0 <= place <= 1 or not 1 - (1 - place) ** 0.5 < height < place**0.5:
        return 0.5
    near = at_a / (at_b - at_a) * at_c / (at_b - at_c)
    share = near + (c - a) / (b - a) * at_a / (at_c - at_a) * at_b / (at_c - at_b)
    return share if 0 < share < 1 else 0.5  # nothing where the function is too flat for floats

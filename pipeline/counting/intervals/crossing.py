"""Where a rising function of a fraction crosses zero."""

from collections.abc import Callable

__all__ = ["crossing"]

HALVINGS = 32
"""Halvings of the range 0 to 1: the place is right to less than 1e-9."""


def crossing(rising: Callable[[float], float]) -> float:
    """Fraction, 0 to 1, at which `rising` crosses zero; it is below zero at 0 and above at 1.

    By halving: importing `scipy.optimize` for it costs every count that starts a tenth of a second.
    """
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) >= 0 else (middle, high)
    return (low + high) / 2

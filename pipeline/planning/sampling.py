"""Order of places in which every beginning samples a slide evenly, so that a count may stop early."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["along_curve", "even_order"]

GOLDEN_SECTION = np.uint64(0x9E3779B97F4A7C15)
"""0.618 of 2 to the 64th: whole numbers, so that the order is the same on every machine."""


def even_order(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order in which places are visited so that the first few, however many, are spread over all of them.

    The places are strung on a Hilbert curve, along which neighbours stay neighbours, numbered, and visited in
    the order of the fraction that is left of their number times the golden section: wherever one stops, the
    gaps between those visited have at most three lengths (Slater, Proc. Camb. Phil. Soc. 63, 1967). No chance
    is involved.

    Parameters
    ----------
    places : (n, 2) int64, column and row of each, none negative, no two the same.

    Returns
    -------
    (n,) int64, a permutation: place `places[order[k]]` is visited k-th. Which place that is depends on the
    set of places alone and not on the order in which they are given.

    Raises
    ------
    ValueError : `places` is not of shape (n, 2), or holds a negative number.
    """
    strung = along_curve(places)
    # From the middle on, not from the curve's end, which lies in a corner of the slide.
    number = (np.arange(len(strung)) - len(strung) // 2).astype(np.uint64)
    return strung[np.argsort(number * GOLDEN_SECTION, kind="stable")]


def along_curve(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Permutation (n,) int64 that strings places on a Hilbert curve; parameters and errors as `even_order`.

    Hilbert, Math. Ann. 38 (1891): places that follow one another lie near one another.
    """
    places = np.asarray(places, np.int64)
    if places.ndim != 2 or places.shape[1] != 2:
        raise ValueError(f"places have shape {places.shape}, expected (n, 2): a column and a row for each")
    if places.min(initial=0) < 0:
        raise ValueError(f"a place is {places.min()}, expected none below 0; count columns and rows from 0")
    return np.argsort(_curve_position(places), kind="stable").astype(np.int64)


def _curve_position(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Position of each place on the Hilbert curve through the smallest square of a power of two."""
    x, y = places[:, 0].copy(), places[:, 1].copy()
    position = np.zeros(len(places), np.int64)
    side = 1 << int(places.max(initial=0)).bit_length()
    half = side // 2
    while half:
        right, lower = (x & half) > 0, (y & half) > 0
        position += half * half * ((3 * right) ^ lower)
        # Each quarter holds the curve turned its own way.
        flipped = right & ~lower
        x[flipped], y[flipped] = side - 1 - x[flipped], side - 1 - y[flipped]
        x, y = np.where(lower, x, y), np.where(lower, y, x)
        half //= 2
    return position

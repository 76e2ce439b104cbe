"""Which objects lie near one another, found by laying a grid over them."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["near_pairs"]


def near_pairs(centres: NDArray[np.float32], reach: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of objects that may lie near one another, each pair both ways, by the first one's number.

    Every pair less than `reach` apart in x and in y is among them, and some up to twice as far apart.

    Parameters
    ----------
    centres : float32 (n, 2).
    reach : more than 0, in the same unit.

    Returns
    -------
    first, second : intp (pairs,), never the same object.
    """
    if not len(centres):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    places = np.floor(centres.astype(np.float64) / reach).astype(np.int64)
    places -= places.min(axis=0) - 1
    columns = int(places[:, 0].max()) + 2  # an empty column on each side: a row never runs into the next
    keys = places[:, 1] * columns + places[:, 0]
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    rows = keys[:, None] + np.asarray((-columns, 0, columns))
    start = np.searchsorted(ranked, rows - 1, side="left").ravel()
    held = np.searchsorted(ranked, rows + 1, side="right").ravel() - start
    steps = np.arange(held.sum()) - np.repeat(np.cumsum(held) - held, held)
    first = np.repeat(np.arange(len(centres)), held.reshape(-1, 3).sum(axis=1))
    second = order[np.repeat(start, held) + steps]
    other = first != second
    return first[other], second[other]

"""How much the blocks of 8 px that a JPEG file is stored in stand out of a picture."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["BLOCK_PX", "steps_by_place", "stored_blocks"]

BLOCK_PX = 8


def steps_by_place(levels: NDArray[np.int16]) -> NDArray[np.float64]:
    """Mean step to the next px at each of eight places, from where it is largest on, over all; float64 (8,).

    Parameters
    ----------
    levels : int16 (h, w); steps are along the rows.
    """
    steps = np.abs(np.diff(levels, axis=1)).mean(axis=0)
    place = np.arange(len(steps)) % BLOCK_PX
    means = np.asarray([steps[place == one].mean() for one in range(BLOCK_PX)])
    return np.roll(means, -int(means.argmax())) / max(float(means.mean()), 1e-6)


def stored_blocks(sides: Iterable[NDArray[np.int16]]) -> float:
    """Mean step from one block to the next over that within blocks; 1 where there is nothing to be seen.

    Parameters
    ----------
    sides : int16 (n, n), levels of parts of a picture, as they are and turned on their side.
    """
    ratios = []
    for levels in sides:
        places = steps_by_place(levels)
        ratios.append(places[0] / max(float(places[1:].mean()), 1e-6))
    return float(np.median(ratios)) if ratios else 1.0

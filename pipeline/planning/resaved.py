"""Which of some files of the same pixels was saved again as JPEG, by the blocks that stand in its pixels."""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from pipeline.errors import SlideError
from pipeline.reader.field import Field

__all__ = ["block_free", "saved_again"]

BLOCK_PX = 8
MIDDLE_PX = 328
"""Most px, along a side, of the middle that is looked at."""
SAME_LEVELS = 6.0
"""Mean difference, levels, of pictures of the same pixels: what is 1.12 times as bright differs by 10."""
FAINTEST = 1.5
"""Levels of the faintest wave that counts: rounding to whole levels leaves less."""
LESS_FREE = 0.9
"""Of two files of the same pixels that one was saved again that is less free of blocks by this: a JPEG of
quality 60 of 23 real fields has 0.79 of what the field has at most, but for one that was as poor before."""
FREE, MORE_DETAIL = 0.9, 1.03
"""What is freer of blocks than this was resized perhaps: then that with so many times its detail is kept."""


def saved_again(fields: Mapping[int, Field], detail: Mapping[int, int]) -> set[int]:
    """Those of photos of one view, by their index, of which a better file of the same pixels is there.

    Parameters
    ----------
    detail : of each, see `sketch.detail_of`.
    """
    middles = {index: middle for index, field in fields.items() if (middle := _middle(field)) is not None}
    if len({middle.tobytes() for middle in middles.values()}) < 2:
        return set()
    free = {index: block_free(middle) for index, middle in middles.items()}

    def is_better(one: int, other: int) -> bool:
        if free[other] >= LESS_FREE * free[one] or not _same_pixels(middles[one], middles[other]):
            return False
        return free[one] <= FREE or detail[other] <= MORE_DETAIL * detail[one]

    return {index for index in middles if any(is_better(other, index) for other in middles if other != index)}


def block_free(middle: NDArray[np.uint8]) -> float:
    """Waves that blocks of 8 px of a picture hold where they hold fewest, over those that they usually hold.

    JPEG drops the faint waves of its blocks, the more the poorer it is; 1 where no blocks stand in a picture.

    Parameters
    ----------
    middle : uint8 (h, w, 3).
    """
    grey = np.asarray(cv2.cvtColor(middle, cv2.COLOR_RGB2GRAY), np.float32)
    down, across = (side // BLOCK_PX - 1 for side in grey.shape)
    if min(down, across) < 1:
        return 1.0
    held = []
    for top in range(BLOCK_PX):
        for left in range(BLOCK_PX):
            part = grey[top : top + down * BLOCK_PX, left : left + across * BLOCK_PX]
            blocks = part.reshape(down, BLOCK_PX, across, BLOCK_PX).transpose(0, 2, 1, 3)
            waves = dctn(blocks, axes=(2, 3), norm="ortho")
            held.append(int(np.count_nonzero(np.abs(waves) > FAINTEST)))
    return min(held) / max(float(np.median(held)), 1.0)


def _middle(field: Field) -> NDArray[np.uint8] | None:
    width, height = min(field.width, MIDDLE_PX), min(field.height, MIDDLE_PX)
    try:
        return field.read((field.width - width) // 2, (field.height - height) // 2, width, height, 1)
    except SlideError:
        return None


def _same_pixels(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Whether two pictures, uint8 (h, w, 3), differ by no more than what saving leaves."""
    return one.shape == other.shape and float(cv2.absdiff(one, other).mean()) <= SAME_LEVELS

"""Lines that someone drew into a photo in a vivid colour: circles, boxes, arrows, letters of any hue."""

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.illumination import brightest_channel, darkest_channel

__all__ = ["drawn_strokes"]

DARKEST, LEAST_DIFFERENCE = 60, 120
"""Darkest channel at most, and how much the brightest exceeds it at least, levels: stain is less pure."""
BRIGHTEST_SHARE = 0.9
"""Of the background's brightest channel that the colour of a line has at least: stain darkens."""
LEAST_LONG_PX, SLENDER = 12, 0.35
"""Longer side of a line's box, px, and its thickness relative to that at most: blobs are no lines."""
FLAT_LEVELS, FLAT_SHARE = 16, 0.6
"""Levels by which px of a line may differ from its colour, and share of them that do not: stain varies."""
MOST_PIECES, MOST_SHARE = 400, 0.05
"""Vivid pieces, and share of the picture, from which on the colours of the photo itself are vivid."""


def drawn_strokes(picture: NDArray[np.uint8], white: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """Px of such lines, bool (h, w); None where there is none.

    Where more of what is vivid is no line, the photo itself is: then there is none either.

    Parameters
    ----------
    picture : uint8 (h, w, 3). white : float32 (3,), colour of the background.
    """
    dark, bright = darkest_channel(picture), brightest_channel(picture)
    pure = (dark <= DARKEST) & (bright >= BRIGHTEST_SHARE * float(white.max()))
    vivid = (pure & (cv2.subtract(bright, dark) >= LEAST_DIFFERENCE)).view(np.uint8)
    share = float(vivid.mean())
    if not 0 < share <= MOST_SHARE:
        return None
    number, labels, stats, _ = cv2.connectedComponentsWithStats(vivid, connectivity=8)
    stats = np.asarray(stats, np.int32)
    large = [place for place in range(1, number) if max(stats[place, 2:4]) >= LEAST_LONG_PX]
    if len(large) > MOST_PIECES:
        return None
    lines = [place for place in large if _is_line(picture, np.asarray(labels, np.int32), stats[place], place)]
    drawn = np.isin(labels, lines)
    if not lines or 2 * int(drawn.sum()) < int(vivid.sum()):
        return None
    return np.asarray(drawn, bool)


def _is_line(
    picture: NDArray[np.uint8], labels: NDArray[np.int32], stats: NDArray[np.integer], place: int
) -> bool:
    left, top, width, height = (int(one) for one in stats[:4])
    box = (slice(top, top + height), slice(left, left + width))
    piece = labels[box] == place
    thick = cv2.distanceTransform(np.pad(piece.view(np.uint8), 1), cv2.DIST_L2, 3).max()
    if 2 * float(thick) > SLENDER * max(width, height):
        return False
    colours = picture[box][piece].astype(np.int16)
    difference = np.abs(colours - np.median(colours, axis=0)).max(axis=1)
    return bool((difference <= FLAT_LEVELS).mean() >= FLAT_SHARE)

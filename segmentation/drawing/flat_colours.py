"""Colours that a program painted with: many px have just that colour, and hardly any one beside it.

The colours of a photo are spread by its noise, those of its cells by their stain and their edges. What was
painted over it, letters, bars, boxes and panels of a window, has one colour, whatever it is.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["painted"]

BIN_BITS, BINS = 2, 64
"""Colours are told apart by steps of 4 levels a channel: JPEG spreads a painted colour about as far."""
NEAR, AROUND = 3, 7
"""Bins, along each channel, that hold a painted colour, and of what lies around it."""
LEAST_SHARE = 0.0004
"""Share of the picture that a painted colour has at least: a short word."""
STANDS_OUT = 45.0
"""Times as many px to a bin as around it, at least. Of 1,460 real fields of nine sets six
hold a colour that has so many, three of them arrows, besides the black bars of `iml`."""
LEAST_AROUND = 1e-7
"""Share of the picture to a bin that is taken to lie around, at least."""
FROM_WHITE = 40
"""Levels of one channel by which it is darker than the background at least: empty ground is even as well."""
FROM_FILM = 30
"""Levels of one channel by which it differs from the usual stained place at least: cells may be even too."""
MOST_COLOURS = 12
"""From so many on, the picture itself was stored with a palette, and nothing is told."""
PAINT_LEVELS = 10
"""Levels of each channel by which px of it may differ, as JPEG leaves beside an edge."""
PURE_LEVELS, PURE_SHARE = 4, 0.5
"""Of a painted piece so many px differ by no more than this: the parts of a cell that have its colour do."""
MOST_SHARE = 0.5
"""Share of a picture above which it is no photo that was painted over."""
LEAST_PIECE_PX = 24
"""Px of the smallest piece, a thin letter."""


def painted(
    picture: NDArray[np.uint8], white: NDArray[np.float32], film: NDArray[np.float32]
) -> NDArray[np.bool_] | None:
    """Px of a picture that were painted over it in flat colours, bool (h, w); None where none were.

    Parameters
    ----------
    picture : uint8 (h, w, 3).
    white, film : float32 (3,), colours of the background and of the usual stained place.
    """
    found = [_painted_in(picture, colour) for colour in _flat_colours(picture, white, film)]
    every = np.logical_or.reduce(found) if found else None
    return every if every is not None and 0 < every.mean() <= MOST_SHARE else None


def _flat_colours(
    picture: NDArray[np.uint8], white: NDArray[np.float32], film: NDArray[np.float32]
) -> list[tuple[int, int, int]]:
    """Colours that stand out of those around them, but for those of the background and the cells."""
    bins = (picture >> BIN_BITS).astype(np.int32)
    codes = (bins[..., 0] * BINS + bins[..., 1]) * BINS + bins[..., 2]
    counts = np.bincount(codes.ravel(), minlength=BINS**3).reshape(BINS, BINS, BINS).astype(np.float64)
    near, wide = (_summed(counts, side) for side in (NEAR, AROUND))
    least = LEAST_SHARE * codes.size
    around = np.maximum((wide - near) / (AROUND**3 - NEAR**3), LEAST_AROUND * codes.size)
    found = np.argwhere((near >= least) & (near >= STANDS_OUT * NEAR**3 * around))
    chosen: list[tuple[int, int, int]] = []
    for place in sorted(found.tolist(), key=lambda each: (-near[tuple(each)], each)):
        colour = _commonest(picture, codes, counts, place)
        apart = [max(abs(a - b) for a, b in zip(colour, other, strict=True)) for other in chosen]
        if min(apart, default=PAINT_LEVELS) >= PAINT_LEVELS:
            chosen.append(colour)
    if len(chosen) > MOST_COLOURS:
        return []
    return [
        colour
        for colour in chosen
        if (white - np.asarray(colour)).max() >= FROM_WHITE
        and np.abs(film - np.asarray(colour)).max() >= FROM_FILM
    ]


def _commonest(
    picture: NDArray[np.uint8], codes: NDArray[np.int32], counts: NDArray[np.float64], place: list[int]
) -> tuple[int, int, int]:
    """Mean colour of the px of the fullest bin around a place."""
    cube = tuple(slice(max(each - NEAR // 2, 0), each + NEAR // 2 + 1) for each in place)
    fullest = np.unravel_index(int(counts[cube].argmax()), counts[cube].shape)
    red, green, blue = (part.start + int(each) for part, each in zip(cube, fullest, strict=True))
    red, green, blue = picture[codes == (red * BINS + green) * BINS + blue].mean(axis=0).round().tolist()
    return int(red), int(green), int(blue)


def _painted_in(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Px of the pieces of a picture, uint8 (h, w, 3), that are painted in a colour, bool (h, w)."""
    near, pure = (_within(picture, colour, levels) for levels in (PAINT_LEVELS, PURE_LEVELS))
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA]
    exact = np.bincount(np.asarray(pieces)[pure > 0].ravel(), minlength=len(area))
    painted = (area >= LEAST_PIECE_PX) & (exact >= PURE_SHARE * area)
    painted[0] = False
    return np.asarray(painted[pieces], bool)


def _within(picture: NDArray[np.uint8], colour: tuple[int, int, int], levels: int) -> NDArray[np.uint8]:
    low, high = (np.clip(np.asarray(colour) + side, 0, 255).astype(np.uint8) for side in (-levels, levels))
    return np.asarray(cv2.inRange(picture, low, high), np.uint8)


def _summed(counts: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Sums over cubes of an odd side around each bin, float64 (BINS, BINS, BINS)."""
    for axis in range(3):
        padded = np.pad(counts, [(side // 2 + 1, side // 2) if axis == each else (0, 0) for each in range(3)])
        ranked = padded.cumsum(axis=axis)
        ends = [np.take(ranked, np.arange(start, start + BINS), axis=axis) for start in (side, 0)]
        counts = ends[0] - ends[1]
    return counts

"""Which photos of a slide show the same view, and which overlap: their small pictures are compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.planning.landmarks import similarity, zoom_of
from pipeline.planning.resaved import saved_again
from pipeline.planning.sketch import SKETCH_PX, Sketch, detail_of

__all__ = ["Shared", "contained", "overlapping", "same_views"]

_Part = tuple[slice, slice]

SAME_CORRELATION = 0.9
"""From which on two sketches show the same view: copies reach 0.97, other fields of a slide 0.32 at most."""
BLOCK_PX, FINE_PX, SAME_IN_BLOCKS, MOST_BLOCKS = 16, 2.0, 0.3, 0.7
"""Side of the blocks, share of them whose detail must be the same too, and how much: in all round views
the rim is alike, and the shade beside it, so that other fields of them reach 0.96 as a whole."""
SAME_TONES = 0.2
"""Most that the tones of two sketches of one view differ, however they lie: copies reach 0.05."""
OVERLAP_CORRELATION = 0.6
"""From which on two parts show the same cells: overlaps of a tenth reach 0.8, others 0.36 at most."""
LEAST_OVERLAP = 0.08
"""Share of a view; in less of it there are too few cells to compare."""
CONTAINED = 0.9
"""Share of a view that another one shows too from which on it shows nothing of its own."""
AS_MUCH = 0.03
"""Difference of these shares below which two photos show as much as one another: the better one is kept."""
FINER = 0.87
"""Size of a px of what is contained, to that of the other, below which it shows more and is kept."""
PEAKS = 3
"""Shifts that are tried: what is the same in all photos may give the first."""
MOST_PAIRS, MOST_TURNED_PAIRS = 10_000, 2_000
"""Pairs of photos that are compared, 0.7 ms each, and as turned or resized ones, 4 ms: of more than 141 (63)
photos, those that follow one another."""
COLOURLESS = 0.5
"""Of photos of one view those are not taken that have less colour than this share of the most."""
MORE_DETAIL, MORE_BY_PX = 1.01, 1.03
"""Of photos of one view that with the most detail is taken, if it has this many times as much, or this many
where it has more px: than one blurred by 1 px 1.12, than half the size 1.035 and more; one that was made 1.5
times as large seems to have up to 1.022 times as much (24 photos of eight laboratories)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What two photos, the one and the other, both show.

    Attributes
    ----------
    of_one, of_other : share of each view, 0 to 1.
    zoom : size of a px of the other to that of the one, on the film.
    """

    of_one: float
    of_other: float
    zoom: float = 1.0


def same_views(sketches: Mapping[int, Sketch]) -> dict[int, int]:
    """Index of each field that shows the view of another, and of that one, which is the best of them.

    Copies of a file, the same pixels saved again, larger or smaller, lighter or darker, turned or mirrored,
    and the same view in another focus are one view. The best can be read whole, is no grey copy, and has the
    most detail, which blur and compression take; of several the fewest pixels, or the shortest name.
    """
    groups: list[list[int]] = []
    for index in sorted(sketches):
        for group in groups:
            if _is_same(sketches[group[0]], sketches[index]):
                group.append(index)
                break
        else:
            groups.append([index])
    found = {}
    for group in groups:
        best = _best(group, sketches)
        found.update({index: best for index in group if index != best})
    return found


def overlapping(sketches: Mapping[int, Sketch]) -> dict[tuple[int, int], Shared]:
    """Indices of the pairs of fields of which one shows a part of the other, and how much they share.

    Kuglin and Hines, Proc. IEEE Conf. on Cybernetics and Society (1975), finds a shift, landmarks find how a
    photo lies that was turned or resized besides; each counts where what they lay on one another is the same.
    """
    spectrum = lru_cache(maxsize=2 * SKETCH_PX)(lambda index: _spectrum(sketches[index]))
    found = {}
    for one, other in _pairs(sorted(sketches), MOST_PAIRS):
        pair = sketches[one], sketches[other]
        if shared := _shifted(*_of_one_size(*pair, spectrum(one), spectrum(other))):
            found[one, other] = shared
    for one, other in _pairs(sorted(sketches), MOST_TURNED_PAIRS):
        if (one, other) not in found and (shared := _turned(sketches[one], sketches[other])):
            found[one, other] = shared
    return found


def contained(sketches: Mapping[int, Sketch], overlaps: Mapping[tuple[int, int], Shared]) -> dict[int, int]:
    """Index of each field that shows a part of another and nearly nothing else, and of that one.

    A photo that was cut, or taken before the stage moved, would be counted twice; one that shows the cells
    larger, as a stronger objective does, is none of these.

    Parameters
    ----------
    overlaps : as `overlapping` gives them.
    """
    within: dict[int, int] = {}
    for (one, other), shared in overlaps.items():
        ways = [(one, other)] if shared.of_one >= CONTAINED and shared.zoom * FINER <= 1 else []
        ways += [(other, one)] if shared.of_other >= CONTAINED and shared.zoom >= FINER else []
        if len(ways) == 2:
            more = shared.of_other - shared.of_one
            kept = _best([one, other], sketches) if abs(more) < AS_MUCH else one if more > 0 else other
            ways = [way for way in ways if way[1] == kept]
        for smaller, larger in ways:
            within.setdefault(smaller, larger)
    for index in within:
        while within[index] in within:
            within[index] = within[within[index]]
    return within


def _level(sketch: Sketch) -> float:
    """Level-0 px of a sketch px."""
    return float(max(sketch.field.width, sketch.field.height) / max(sketch.pixels.shape))


def _turned(one: Sketch, other: Sketch) -> Shared | None:
    """As `_shifted`, however the other lies on the one."""
    lies = similarity(one.landmarks, other.landmarks)
    if lies is None:
        return None
    size, zoom = (one.pixels.shape[1], one.pixels.shape[0]), zoom_of(lies)
    pixels, inside = (
        np.asarray(cv2.warpAffine(side, lies, size, flags=cv2.INTER_LINEAR), np.float32)
        for side in (other.pixels, other.lit)
    )
    lit = np.asarray(one.lit * (inside > 0.99), np.float32)
    area = float(lit.sum())
    of_one, of_other = area / float(one.lit.sum()), area / (float(other.lit.sum()) * zoom**2)
    if max(of_one, of_other) < LEAST_OVERLAP or not _agrees(one.pixels, pixels, lit, OVERLAP_CORRELATION):
        return None
    return Shared(of_one=of_one, of_other=min(of_other, 1.0), zoom=zoom * _level(one) / _level(other))


def _of_one_size(
    one: Sketch, other: Sketch, of_one: NDArray[np.complex64], of_other: NDArray[np.complex64]
) -> tuple[Sketch, Sketch, NDArray[np.complex64]]:
    """Both sketches with their px of one size, the larger one's, and their spectra, one against the other.

    Photos of one microscope differ in size where one was cut; one that was made smaller is no overlap.
    """
    ratio = max(one.field.width, one.field.height) / max(other.field.width, other.field.height)
    if ratio < 1:
        one = _zoomed(one, ratio)
        of_one = _spectrum(one)
    elif ratio > 1:
        other = _zoomed(other, 1 / ratio)
        of_other = _spectrum(other)
    return one, other, of_one * np.conj(of_other)


def _zoomed(sketch: Sketch, zoom: float) -> Sketch:
    height, width = sketch.pixels.shape
    return _stretched(sketch, (max(1, round(zoom * height)), max(1, round(zoom * width))))


def _stretched(sketch: Sketch, shape: tuple[int, ...]) -> Sketch:
    """The same with so many rows and columns: a photo may have been saved with other sides than it had."""
    size = shape[1], shape[0]
    pixels, lit = (
        cv2.resize(side, size, interpolation=cv2.INTER_AREA) for side in (sketch.pixels, sketch.lit)
    )
    return replace(sketch, pixels=np.asarray(pixels, np.float32), lit=(lit > 0.99).astype(np.float32))


def _is_same(one: Sketch, other: Sketch) -> bool:
    """Whether one view is the other, as it is or in one of the seven other ways that a picture can lie."""
    if _shows_same(one, other):
        return True
    if np.abs(one.tones - other.tones).max() > SAME_TONES:
        return False
    lying = (np.rot90, np.fliplr, np.flipud, lambda side: np.rot90(side, 2), lambda side: np.rot90(side, 3))
    ways = (*lying, np.transpose, lambda side: np.rot90(side, 2).T)
    turned = (replace(other, pixels=way(other.pixels), lit=way(other.lit)) for way in ways)
    return any(_shows_same(one, each) for each in turned)


def _shows_same(one: Sketch, other: Sketch) -> bool:
    if one.pixels.shape != other.pixels.shape:
        other = _stretched(other, one.pixels.shape)
    return _agrees(one.pixels, other.pixels, one.lit * other.lit, SAME_CORRELATION)


def _agrees(
    first: NDArray[np.float32], second: NDArray[np.float32], lit: NDArray[np.float32], least: float
) -> bool:
    """Whether two pictures show the same where they are lit: as a whole, and in most of their blocks."""
    if _alike(first, second, lit) < least:
        return False
    corners = ((y, x) for y in range(0, lit.shape[0], BLOCK_PX) for x in range(0, lit.shape[1], BLOCK_PX))
    blocks = [(slice(y, y + BLOCK_PX), slice(x, x + BLOCK_PX)) for y, x in corners]
    seen = [block for block in blocks if lit[block].mean() > 0.5]
    one, other = (
        np.asarray(pixels - cv2.GaussianBlur(pixels, (0, 0), FINE_PX), np.float32)
        for pixels in (first, second)
    )
    each = [_alike(one[block], other[block], lit[block]) >= SAME_IN_BLOCKS for block in seen]
    return sum(each) >= max(MOST_BLOCKS * len(each), 1)


def _best(group: list[int], sketches: Mapping[int, Sketch]) -> int:
    whole = [index for index in group if sketches[index].is_whole] or group
    most_colour = max(sketches[index].colour for index in whole)
    whole = [index for index in whole if sketches[index].colour >= COLOURLESS * most_colour]
    largest = max(max(sketches[index].field.width, sketches[index].field.height) for index in whole)
    detail = {index: detail_of(sketches[index].field, largest) for index in whole}
    again = saved_again({index: sketches[index].field for index in whole}, detail)
    whole = [index for index in whole if index not in again] or whole
    px = {index: _pixels(sketches[index]) for index in whole}

    def excels(one: int, other: int) -> bool:
        return detail[one] > detail[other] * (MORE_DETAIL if px[one] <= px[other] else MORE_BY_PX)

    fine = [index for index in whole if not any(excels(other, index) for other in whole)]
    return min(fine, key=lambda index: (px[index], len(sketches[index].field.name), index))


def _pairs(indices: list[int], most: int) -> Iterator[tuple[int, int]]:
    """Pairs of indices, neighbours first, at most so many of them."""
    left = most
    for distance in range(1, len(indices)):
        pairs = list(zip(indices, indices[distance:], strict=False))[:left]
        yield from pairs
        left -= len(pairs)
        if not left:
            return


def _spectrum(sketch: Sketch) -> NDArray[np.complex64]:
    """Of the sketch in a frame of twice its side, so that no shift wraps round."""
    return np.asarray(np.fft.rfft2(sketch.pixels, (2 * SKETCH_PX, 2 * SKETCH_PX)), np.complex64)


def _pixels(sketch: Sketch) -> int:
    return sketch.field.width * sketch.field.height


def _shifted(one: Sketch, other: Sketch, crossed: NDArray[np.complex64]) -> Shared | None:
    """What both views show where one of a few shifts is right; None where none is."""
    side = 2 * SKETCH_PX
    phase = crossed / (np.abs(crossed) + np.float32(1e-9))
    peaks = np.fft.irfft2(phase, (side, side))
    for _ in range(PEAKS):
        down, across = divmod(int(peaks.argmax()), side)
        shift = (down + SKETCH_PX) % side - SKETCH_PX, (across + SKETCH_PX) % side - SKETCH_PX
        here, there = _laid(one, other, shift)
        lit = one.lit[here] * other.lit[there]
        shares = float(lit.sum()) / float(one.lit.sum()), float(lit.sum()) / float(other.lit.sum())
        first, second = one.pixels[here], other.pixels[there]
        if max(shares) >= LEAST_OVERLAP and _agrees(first, second, lit, OVERLAP_CORRELATION):
            return Shared(of_one=shares[0], of_other=shares[1])
        around = (np.arange(-1, 2)[:, None] + down) % side, (np.arange(-1, 2)[None] + across) % side
        peaks[around] = -np.inf
    return None


def _alike(first: NDArray[np.float32], second: NDArray[np.float32], lit: NDArray[np.float32]) -> float:
    """Pearson's correlation of two pictures, each float32 (h, w), where they are lit; 0 of an even one."""
    area = max(float(lit.sum()), 1.0)
    first, second = (_centred(pixels, lit, area) for pixels in (first, second))
    norm = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float((first * second).sum()) / norm if norm else 0.0


def _laid(one: Sketch, other: Sketch, shift: tuple[int, int]) -> tuple[_Part, _Part]:
    """The part that two sketches share where the other is shifted, in the one and in the other."""
    down, across = (_shared(*side) for side in zip(one.pixels.shape, other.pixels.shape, shift, strict=True))
    return (down[0], across[0]), (down[1], across[1])


def _shared(side: int, other: int, shift: int) -> tuple[slice, slice]:
    """Px along a side that two sketches share, in the one and in the other."""
    low, high = max(0, shift), max(min(side, other + shift), 0)
    return slice(low, high), slice(low - shift, max(high - shift, low - shift))


def _centred(pixels: NDArray[np.float32], lit: NDArray[np.float32], area: float) -> NDArray[np.float32]:
    return np.asarray((pixels - float((pixels * lit).sum()) / area) * lit, np.float32)

"""Which photos of a slide show the same view, and which overlap: their small pictures are compared."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.planning.field import FieldLight, light_shrink
from pipeline.planning.overview import field_picture, is_costly
from pipeline.reader.field import Field

__all__ = ["Sketch", "contained", "overlapping", "same_views", "sketch_of"]

_Part = tuple[slice, slice]

SKETCH_PX = 128
"""Long side of a sketch, px: a red cell is 3 px or more across in a view of up to 300 µm."""
GROUND_PX = 8.0
"""Width (standard deviation) of the blur that is taken off: uneven light is alike in all photos."""
MOST_DEVIATION = 3.0
"""Standard deviations to which a sketch is clipped: burnt-in text and dirt on the camera are alike in all."""
SAME_CORRELATION = 0.9
"""From which on two sketches show the same view: copies reach 0.97, other fields of a slide 0.32 at most."""
TONES = (5, 20, 35, 50, 65, 80, 95)
"""Shares of a sketch, percent, whose levels are its tones."""
SAME_TONES = 0.2
"""Most that the tones of two sketches of one view differ, however they lie: copies reach 0.05."""
OVERLAP_CORRELATION = 0.6
"""From which on two parts show the same cells: overlaps of a tenth reach 0.8, others 0.36 at most."""
LEAST_OVERLAP = 0.08
"""Share of a view; in less of it there are too few cells to compare."""
CONTAINED = 0.9
"""Share of a view that another one shows too from which on it shows nothing of its own."""
PEAKS = 3
"""Shifts that are tried: what is the same in all photos may give the first."""
MOST_PAIRS = 10_000
"""Pairs of photos that are compared, 0.7 ms each: of more than 141 photos, those that follow one another."""
NOISE_PX = 1.5
"""Width of the blur before sharpness is measured: a camera's noise and the blocks of a JPEG are no detail."""
SHARPER = 2.0
"""Of photos of one view the sharpest is taken, if it is this many times as sharp (variance of the
Laplacian; a focus 2.5 px off has a fifteenth)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A small picture of a field, of which only what differs from place to place is kept.

    Attributes
    ----------
    name, width, height : of the field, level-0 px.
    pixels : float32 (h, w), around 0, and 0 outside of the lit view.
    lit : float32 (h, w), 1 inside the lit view, else 0.
    sharpness : of the picture it was made from.
    is_whole : all of the field can be read.
    tones : levels that some shares of it stay below, in standard deviations: the same however it lies.
    """

    name: str
    width: int
    height: int
    pixels: NDArray[np.float32]
    lit: NDArray[np.float32]
    sharpness: float
    is_whole: bool
    tones: NDArray[np.float64]


def sketch_of(field: Field, light: FieldLight) -> Sketch | None:
    """Sketch of a field; None where it cannot be read, or only at great cost, or shows nothing at all."""
    shrink = light_shrink(field)
    if is_costly(field, shrink):
        return None
    try:
        read = field_picture(field, shrink)
        picture = read.pixels[..., 1].astype(np.float32) / light.white_point[1]
    except SlideError:
        return None
    zoom = SKETCH_PX / max(picture.shape)
    size = max(1, round(picture.shape[1] * zoom)), max(1, round(picture.shape[0] * zoom))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    lit = np.ones(small.shape, np.float32)
    if light.view is not None:
        inside = cv2.resize(light.view.mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        lit = cv2.erode((inside > 0.99).astype(np.float32), np.ones((5, 5)))
    ground = cv2.GaussianBlur(small * lit, (0, 0), GROUND_PX)
    weight = np.maximum(cv2.GaussianBlur(lit, (0, 0), GROUND_PX), np.float32(1e-3))
    detail = (small - ground / weight) * lit
    deviation = float(np.sqrt((detail**2).sum() / max(float(lit.sum()), 1.0)))
    if deviation < 1e-4:
        return None
    clipped = np.clip(detail, -MOST_DEVIATION * deviation, MOST_DEVIATION * deviation).astype(np.float32)
    return Sketch(
        name=field.name,
        width=field.width,
        height=field.height,
        pixels=clipped,
        lit=lit.astype(np.float32),
        sharpness=float(cv2.Laplacian(cv2.GaussianBlur(picture, (0, 0), NOISE_PX), cv2.CV_32F).var()),
        is_whole=bool(read.known.all()),
        tones=np.asarray(np.percentile(clipped, TONES) / deviation, np.float64),
    )


def same_views(sketches: Mapping[int, Sketch]) -> dict[int, int]:
    """Index of each field that shows the view of another, and of that one, which is the best of them.

    Copies of a file, the same pixels saved again, larger or smaller, lighter or darker, turned or mirrored,
    and the same view in another focus are one view. The best can be read whole, has the
    most pixels, is by far the sharpest, or has the shortest name.
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


def overlapping(sketches: Mapping[int, Sketch]) -> list[tuple[int, int]]:
    """Indices of the pairs of fields of which one shows a part of the other (phase correlation).

    Kuglin and Hines, Proc. IEEE Conf. on Cybernetics and Society (1975); a shift counts where the parts that
    it lays on one another show the same.
    """
    spectrum = lru_cache(maxsize=2 * SKETCH_PX)(lambda index: _spectrum(sketches[index]))
    return [
        (one, other)
        for one, other in _pairs(sorted(sketches))
        if _overlap(*_of_one_size(sketches[one], sketches[other], spectrum(one), spectrum(other)))
    ]


def contained(sketches: Mapping[int, Sketch], pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Index of each field that shows a part of another and nearly nothing else, and of that one.

    A photo that was cut, or taken before the stage moved, would be counted twice.

    Parameters
    ----------
    pairs : those that overlap.
    """
    within: dict[int, int] = {}
    for pair in pairs:
        smaller, larger = sorted(pair, key=lambda index: (_pixels(sketches[index]), -index))
        spectra = _spectrum(sketches[larger]), _spectrum(sketches[smaller])
        if _overlap(*_of_one_size(sketches[larger], sketches[smaller], *spectra)) >= CONTAINED:
            within.setdefault(smaller, larger)
    for index in within:
        while within[index] in within:
            within[index] = within[within[index]]
    return within


def _of_one_size(
    one: Sketch, other: Sketch, of_one: NDArray[np.complex64], of_other: NDArray[np.complex64]
) -> tuple[Sketch, Sketch, NDArray[np.complex64]]:
    """Both sketches with their px of one size, the larger one's, and their spectra, one against the other.

    Photos of one microscope differ in size where one was cut; one that was made smaller is no overlap.
    """
    ratio = max(one.width, one.height) / max(other.width, other.height)
    if ratio < 1:
        one = _zoomed(one, ratio)
        of_one = _spectrum(one)
    elif ratio > 1:
        other = _zoomed(other, 1 / ratio)
        of_other = _spectrum(other)
    return one, other, of_one * np.conj(of_other)


def _zoomed(sketch: Sketch, zoom: float) -> Sketch:
    height, width = sketch.pixels.shape
    size = max(1, round(zoom * width)), max(1, round(zoom * height))
    pixels, lit = (
        cv2.resize(side, size, interpolation=cv2.INTER_AREA) for side in (sketch.pixels, sketch.lit)
    )
    return replace(sketch, pixels=np.asarray(pixels, np.float32), lit=(lit > 0.99).astype(np.float32))


def _is_same(one: Sketch, other: Sketch) -> bool:
    """Whether one view is the other, as it is or in one of the seven other ways that a picture can lie."""
    if one.pixels.shape == other.pixels.shape and _correlation(one, other) >= SAME_CORRELATION:
        return True
    if np.abs(one.tones - other.tones).max() > SAME_TONES:
        return False
    lying = (np.rot90, np.fliplr, np.flipud, lambda side: np.rot90(side, 2), lambda side: np.rot90(side, 3))
    ways = (*lying, np.transpose, lambda side: np.rot90(side, 2).T)
    turned = (replace(other, pixels=way(other.pixels), lit=way(other.lit)) for way in ways)
    return any(
        one.pixels.shape == each.pixels.shape and _correlation(one, each) >= SAME_CORRELATION
        for each in turned
    )


def _best(group: list[int], sketches: Mapping[int, Sketch]) -> int:
    whole = [index for index in group if sketches[index].is_whole] or group
    most = max(_pixels(sketches[index]) for index in whole)
    large = [index for index in whole if _pixels(sketches[index]) == most]
    sharpest = max(sketches[index].sharpness for index in large)
    sharp = [index for index in large if sketches[index].sharpness * SHARPER >= sharpest]
    return min(sharp, key=lambda index: (len(sketches[index].name), index))


def _pairs(indices: list[int]) -> Iterator[tuple[int, int]]:
    """Pairs of indices, neighbours first, at most `MOST_PAIRS` of them."""
    left = MOST_PAIRS
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
    return sketch.width * sketch.height


def _overlap(one: Sketch, other: Sketch, crossed: NDArray[np.complex64]) -> float:
    """Share of the smaller view that the other shows too; 0 where that is nothing."""
    side = 2 * SKETCH_PX
    phase = crossed / (np.abs(crossed) + np.float32(1e-9))
    peaks = np.fft.irfft2(phase, (side, side))
    for _ in range(PEAKS):
        down, across = divmod(int(peaks.argmax()), side)
        shift = (down + SKETCH_PX) % side - SKETCH_PX, (across + SKETCH_PX) % side - SKETCH_PX
        if _correlation(one, other, shift) >= OVERLAP_CORRELATION:
            return _lit_share(one, other, _laid(one, other, shift))
        around = (np.arange(-1, 2)[:, None] + down) % side, (np.arange(-1, 2)[None] + across) % side
        peaks[around] = -np.inf
    return 0.0


def _correlation(one: Sketch, other: Sketch, shift: tuple[int, int] = (0, 0)) -> float:
    """Pearson's correlation of what two sketches share where the other is shifted; 0 where that is little."""
    here, there = _laid(one, other, shift)
    if _lit_share(one, other, (here, there)) < LEAST_OVERLAP:
        return 0.0
    lit = one.lit[here] * other.lit[there]
    area = float(lit.sum())
    first, second = (_centred(pixels, lit, area) for pixels in (one.pixels[here], other.pixels[there]))
    norm = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float((first * second).sum()) / norm if norm else 0.0


def _laid(one: Sketch, other: Sketch, shift: tuple[int, int]) -> tuple[_Part, _Part]:
    """The part that two sketches share where the other is shifted, in the one and in the other."""
    down, across = (_shared(*side) for side in zip(one.pixels.shape, other.pixels.shape, shift, strict=True))
    return (down[0], across[0]), (down[1], across[1])


def _lit_share(one: Sketch, other: Sketch, laid: tuple[_Part, _Part]) -> float:
    """Lit px of a shared part, as a share of the smaller view."""
    smaller = min(float(one.lit.sum()), float(other.lit.sum()))
    return float((one.lit[laid[0]] * other.lit[laid[1]]).sum()) / max(smaller, 1.0)


def _shared(side: int, other: int, shift: int) -> tuple[slice, slice]:
    """Px along a side that two sketches share, in the one and in the other."""
    low, high = max(0, shift), max(min(side, other + shift), 0)
    return slice(low, high), slice(low - shift, max(high - shift, low - shift))


def _centred(pixels: NDArray[np.float32], lit: NDArray[np.float32], area: float) -> NDArray[np.float32]:
    return np.asarray((pixels - float((pixels * lit).sum()) / area) * lit, np.float32)

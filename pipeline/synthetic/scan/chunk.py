"""Draws one chunk of a rendered scan and encodes its tiles, at full size and at the first halvings."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.drawn import FilmWindow
from pipeline.synthetic.optics import BLUR_REACH, BRIGHTEST
from pipeline.synthetic.scan.film import Film
from pipeline.synthetic.scan.stamps import Placed, Stamps
from pipeline.synthetic.shapes import F32

__all__ = [
    "CHUNK_PX",
    "LEVELS_IN_CHUNK",
    "TILE_PX",
    "Chunk",
    "ChunkArtist",
    "DrawnChunk",
    "encoded",
    "halved",
]

TILE_PX = 256
LEVELS_IN_CHUNK = 3
"""Levels whose tiles a chunk holds whole; those below are put together from what is left of it."""
CHUNK_PX = TILE_PX << (LEVELS_IN_CHUNK - 1)

_NOISE_PX = 1024  # side of the noise that is drawn once; each tile takes another part of it
_PLASMA_PX = 32  # between two places at which the plasma's thickness is looked up

_U8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What is to be drawn: the bodies in and around a square of CHUNK_PX whose corner is (left, top)."""

    row: int
    column: int
    bodies: tuple[Placed, ...]

    @property
    def left(self) -> int:
        """Level-0 px."""
        return self.column * CHUNK_PX

    @property
    def top(self) -> int:
        """Level-0 px."""
        return self.row * CHUNK_PX


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnChunk:
    """A chunk's tiles.

    Attributes
    ----------
    row, column : of the chunk.
    tiles : for each of the first levels its tiles by row and column within the chunk, as JPEG.
    rest : the chunk's pixels at the level below those, uint8 RGB (TILE_PX / 2, TILE_PX / 2, 3).
    """

    row: int
    column: int
    tiles: tuple[tuple[tuple[bytes, ...], ...], ...]
    rest: _U8


class ChunkArtist:
    """Draws chunks of one film; what is drawn many times is kept."""

    def __init__(self, film: Film) -> None:
        self._film, self._settings = film, film.settings
        self._stamps = Stamps(film.styles)
        rng = np.random.default_rng([film.settings.seed, 8])
        shape = (_NOISE_PX, _NOISE_PX, 3)
        strength = film.settings.optics.noise / np.sqrt(255)
        self._noise = rng.standard_normal(shape, np.float32) * np.float32(strength)
        cv2.setNumThreads(1)

    def __call__(self, chunk: Chunk) -> DrawnChunk:
        """Draw and encode one chunk."""
        pixels = self.pixels(chunk)
        levels = []
        for _ in range(LEVELS_IN_CHUNK):
            levels.append(_tiles(pixels, self._settings.optics.jpeg_quality))
            pixels = halved(pixels)
        return DrawnChunk(row=chunk.row, column=chunk.column, tiles=tuple(levels), rest=pixels)

    def pixels(self, chunk: Chunk) -> _U8:
        """uint8 RGB (CHUNK_PX, CHUNK_PX, 3); past the picture its last row and column are repeated."""
        width = min(CHUNK_PX, self._settings.width - chunk.left)
        height = min(CHUNK_PX, self._settings.height - chunk.top)
        sigma = self._settings.optics.defocus_um / self._settings.um_per_px
        halo = int(np.ceil(BLUR_REACH * sigma)) + 1
        absorbance = self._absorbance(chunk, width + 2 * halo, height + 2 * halo, halo)
        drawn = np.empty((CHUNK_PX, CHUNK_PX, 3), np.uint8)
        for row in range(0, height, TILE_PX):  # what is worked on at a time stays in the processor's cache
            rows = min(TILE_PX, height - row)
            light = self._blurred(absorbance[row : row + rows + 2 * halo], sigma)
            light = light[halo : halo + rows, halo : halo + width]
            drawn[row : row + rows, :width] = self._exposed(light, chunk.left, chunk.top + row)
        drawn[height:], drawn[:, width:] = drawn[height - 1], drawn[:, width - 1 : width]
        return drawn

    def _blurred(self, absorbance: F32, sigma: float) -> F32:
        passed = np.negative(absorbance)
        np.minimum(passed, np.float32(-BRIGHTEST), out=passed)
        flat = passed.reshape(len(passed), -1)
        cv2.exp(flat, flat)
        return np.asarray(cv2.GaussianBlur(passed, (0, 0), sigma), np.float32) if sigma > 0.2 else passed

    def _exposed(self, light: F32, left: int, top: int) -> _U8:
        """What the camera makes of the light that passes, a row of tiles at a time."""
        picture = light * np.asarray(self._settings.palette.light, np.float32)
        grain = np.empty_like(picture)
        for column in range(0, picture.shape[1], TILE_PX):
            tile = grain[:, column : column + TILE_PX]
            tile[:] = self._noise_at(left + column, top)[: tile.shape[0], : tile.shape[1]]
        grain *= cv2.sqrt(picture.reshape(len(picture), -1)).reshape(picture.shape)
        grain += picture
        return np.asarray(cv2.convertScaleAbs(grain), np.uint8)

    def _absorbance(self, chunk: Chunk, width: int, height: int, halo: int) -> F32:
        absorbance = self._plasma(chunk.left - halo, chunk.top - halo, width, height)
        window = FilmWindow(absorbance=absorbance, red=np.zeros_like(absorbance))
        for placed in chunk.bodies:
            stamp = self._stamps.of(placed)
            left = round(placed.body.x) + stamp.left - chunk.left + halo
            top = round(placed.body.y) + stamp.top - chunk.top + halo
            window.lay(stamp, left, top, self._film.styles[placed.style].palette.overlap)
        absorbance += window.red
        return absorbance

    def _plasma(self, left: int, top: int, width: int, height: int) -> F32:
        """Absorbance of the dried plasma (height, width, 3); the same at a pixel whatever the window."""
        colour = np.asarray(self._settings.palette.plasma, np.float32)
        if not self._film.across:
            return np.tile(colour, (height, width, 1))
        step = _PLASMA_PX
        columns = np.arange(left // step - 1, (left + width) // step + 2)
        rows = np.arange(top // step - 1, (top + height) // step + 2)
        coarse = self._film.plasma((columns * step + step // 2).tolist(), (rows * step + step // 2).tolist())
        fine = cv2.resize(coarse, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)
        from_row, from_column = top - rows[0] * step, left - columns[0] * step
        return fine[from_row : from_row + height, from_column : from_column + width, None] * colour

    def _noise_at(self, left: int, top: int) -> F32:
        rng = np.random.default_rng([self._settings.seed, 9, top, left])
        x, y = rng.integers(0, _NOISE_PX - TILE_PX, 2).tolist()
        return self._noise[y : y + TILE_PX, x : x + TILE_PX]


def halved(pixels: _U8) -> _U8:
    """Each px the mean of two by two; the sides are even."""
    size = (pixels.shape[1] // 2, pixels.shape[0] // 2)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def encoded(tile: _U8, quality: int) -> bytes:
    """A tile as a JPEG of its own, YCbCr with the colours at half the resolution."""
    from imagecodecs import jpeg8_encode

    return bytes(
        jpeg8_encode(
            np.ascontiguousarray(tile),
            quality,
            colorspace="RGB",
            outcolorspace="YCBCR",
            subsampling="420",
        )
    )


def _tiles(pixels: _U8, quality: int) -> tuple[tuple[bytes, ...], ...]:
    sides = range(0, pixels.shape[0], TILE_PX)
    return tuple(
        tuple(encoded(pixels[y : y + TILE_PX, x : x + TILE_PX], quality) for x in sides) for y in sides
    )

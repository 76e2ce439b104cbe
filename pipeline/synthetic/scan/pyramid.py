"""Writes a picture that comes in chunks as a tiled, pyramidal TIFF, without ever holding it."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.scan.chunk import LEVELS_IN_CHUNK, TILE_PX, DrawnChunk, encoded, halved

__all__ = ["PyramidSpool", "level_sizes"]

_SMALLEST_SIDE_PX = 512  # the last level's smaller side is no more
_BIG_BYTES = 1 << 32  # of the uncompressed picture, beyond which the offsets of a plain TIFF could run out

_U8 = NDArray[np.uint8]


def level_sizes(width: int, height: int) -> list[tuple[int, int]]:
    """Width and height (px) of each level, each half of the one before, rounded up."""
    sizes = [(width, height)]
    while min(sizes[-1]) > _SMALLEST_SIDE_PX:
        sizes.append((-(-sizes[-1][0] // 2), -(-sizes[-1][1] // 2)))
    return sizes


class PyramidSpool:
    """Keeps the tiles of chunks that come row by row in a file, and writes the TIFF from it at the end."""

    def __init__(self, size: tuple[int, int], quality: int, file: IO[bytes]) -> None:
        self._sizes, self._quality, self._file = level_sizes(*size), quality, file
        self._places = [
            np.zeros((-(-height // TILE_PX), -(-width // TILE_PX), 2), np.int64)
            for width, height in self._sizes
        ]
        self._row: list[_U8] = []
        # For each level below those in the chunks, the half row of tiles that waits for its other half.
        self._halves: list[_U8 | None] = [None] * len(self._sizes)
        self._done = [0] * len(self._sizes)

    def add(self, chunk: DrawnChunk) -> None:
        """Take the next chunk; they come row by row, from left to right."""
        for level, rows in enumerate(chunk.tiles[: len(self._sizes)]):
            side = len(rows)
            for row, tiles in enumerate(rows, chunk.row * side):
                for column, tile in enumerate(tiles, chunk.column * side):
                    self._keep(level, row, column, tile)
        if len(self._sizes) > LEVELS_IN_CHUNK:
            if chunk.column == 0 and self._row:
                self._end_row()
            self._row.append(chunk.rest)

    def write(self, path: Path, um_per_px: float) -> None:
        """Write the TIFF; every chunk has been added."""
        from tifffile import TiffWriter

        if self._row:
            self._end_row()
        self._end_halves()
        per_cm = 10_000 / um_per_px
        width, height = self._sizes[0]
        with TiffWriter(path, bigtiff=3 * width * height > _BIG_BYTES) as tiff:
            for level, (width, height) in enumerate(self._sizes):
                tiff.write(
                    self._tiles(level),
                    shape=(height, width, 3),
                    dtype=np.uint8,
                    tile=(TILE_PX, TILE_PX),
                    photometric="ycbcr",
                    compression="jpeg",
                    subsampling=(2, 2),
                    subfiletype=int(level > 0),
                    resolution=(per_cm / (1 << level), per_cm / (1 << level)),
                    resolutionunit="CENTIMETER",
                    software="smearcount",
                    metadata=None,
                )

    def _tiles(self, level: int) -> Iterator[bytes]:
        for offset, length in self._places[level].reshape(-1, 2).tolist():
            self._file.seek(offset)
            yield self._file.read(length)

    def _keep(self, level: int, row: int, column: int, tile: bytes) -> None:
        places = self._places[level]
        if row < places.shape[0] and column < places.shape[1]:
            places[row, column] = self._file.tell(), len(tile)
            self._file.write(tile)

    def _end_row(self) -> None:
        self._lower(LEVELS_IN_CHUNK, np.concatenate(self._row, axis=1))
        self._row = []

    def _lower(self, level: int, half: _U8) -> None:
        """Take half a row of tiles of one level; two halves are encoded and handed one level down."""
        if level >= len(self._sizes):
            return
        upper = self._halves[level]
        if upper is None:
            self._halves[level] = half
            return
        self._halves[level] = None
        beside = -half.shape[1] % TILE_PX
        row = np.pad(np.concatenate([upper, half]), ((0, 0), (0, beside), (0, 0)), mode="edge")
        for column, left in enumerate(range(0, row.shape[1], TILE_PX)):
            self._keep(
                level, self._done[level], column, encoded(row[:, left : left + TILE_PX], self._quality)
            )
        self._done[level] += 1
        self._lower(level + 1, halved(row))

    def _end_halves(self) -> None:
        for level in range(len(self._sizes)):  # from above, for the last row of one level goes to the next
            upper = self._halves[level]
            if upper is not None:
                self._lower(level, np.repeat(upper[-1:], len(upper), axis=0))

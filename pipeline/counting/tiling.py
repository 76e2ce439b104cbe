"""Cuts a field's working grid into tiles: half-open cores that cover it once, each with a halo."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from segmentation.detector import ALIGNMENT_PX, RECEPTIVE_RADIUS_PX
from segmentation.film import SQUARE_PX
from segmentation.resample import WorkingGrid

__all__ = ["HALO_PX", "Tile", "squares_of", "tile_at", "tiles", "with_halo"]

HALO_PX = RECEPTIVE_RADIUS_PX + 32
"""Detector px around a core: what the network sees of a cell in it, and a cell and a half beyond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One tile of one field, detector px of the field.

    Attributes
    ----------
    field : index of the field in the slide.
    core : x_min, y_min, x_max, y_max, half-open: a cell belongs to the tile that holds its centre.
    outer : the same with the halo, clipped to the grid.
    """

    field: int
    core: tuple[int, int, int, int]
    outer: tuple[int, int, int, int]


def tiles(field: int, grid: WorkingGrid, core_px: int) -> Iterator[Tile]:
    """Tiles of a field, row by row, all about as large: a sliver at the border would be mostly halo.

    Parameters
    ----------
    core_px : longest side of a core, detector px; a multiple of `ALIGNMENT_PX`, so that every tile lies on
        the network's stride and a cell looks the same to it in each.

    Raises
    ------
    ValueError
        Where `core_px` is no positive multiple of `ALIGNMENT_PX`.
    """
    if core_px < ALIGNMENT_PX or core_px % ALIGNMENT_PX:
        raise ValueError(
            f"tile side is {core_px} px, expected a positive multiple of {ALIGNMENT_PX}; pass another"
        )
    columns, rows = _edges(grid.width // 2, core_px), _edges(grid.height // 2, core_px)
    for top, foot in pairwise(rows):
        for left, right in pairwise(columns):
            yield with_halo(field, grid, (left, top, right, foot))


def _edges(side_px: int, core_px: int) -> list[int]:
    """Where the cores along a side begin and end: on whole squares of the film map, where they hold some."""
    unit_px = SQUARE_PX if core_px % SQUARE_PX == 0 else ALIGNMENT_PX
    units = -(-side_px // unit_px)
    number = -(-units // (core_px // unit_px))
    return [min(index * units // number * unit_px, side_px) for index in range(number + 1)]


def squares_of(tile: Tile, grid: WorkingGrid) -> list[Tile]:
    """A tile cut along the squares of the film map: the same pieces of a field for any larger tiles."""
    x0, y0, x1, y1 = tile.core
    rows = [y0, *range(y0 - y0 % SQUARE_PX + SQUARE_PX, y1, SQUARE_PX), y1]
    columns = [x0, *range(x0 - x0 % SQUARE_PX + SQUARE_PX, x1, SQUARE_PX), x1]
    return [
        with_halo(tile.field, grid, (left, top, right, foot))
        for top, foot in pairwise(rows)
        for left, right in pairwise(columns)
    ]


def tile_at(field: int, grid: WorkingGrid, corner: tuple[int, int], core_px: int) -> Tile:
    """The tile whose core begins at a corner (x, y), detector px on the network's stride."""
    width, height = grid.width // 2, grid.height // 2
    x, y = corner
    return with_halo(field, grid, (x, y, min(x + core_px, width), min(y + core_px, height)))


def with_halo(field: int, grid: WorkingGrid, core: tuple[int, int, int, int]) -> Tile:
    """The tile of a core."""
    width, height = grid.width // 2, grid.height // 2
    outer = (
        max(core[0] - HALO_PX, 0),
        max(core[1] - HALO_PX, 0),
        min(core[2] + HALO_PX, width),
        min(core[3] + HALO_PX, height),
    )
    return Tile(field=field, core=core, outer=outer)

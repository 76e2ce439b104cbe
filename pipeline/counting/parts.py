"""All cells of a slide in their order, part by part, so that a gigapixel slide is never one table."""

from collections.abc import Iterable, Iterator, Sequence, Set
from copy import copy
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.manifest import Manifest
from pipeline.counting.debris import DebrisSample, joined_samples
from pipeline.counting.rules import cell_table
from pipeline.counting.tile import TileCells
from pipeline.counting.tile_store import TileStore
from pipeline.counting.tiling import Tile
from pipeline.planning.field import FieldPlan
from pipeline.quality.measures import FieldSeen
from pipeline.records import CELL_COLUMNS
from segmentation.stacks import GREY_LEVELS

__all__ = ["CellParts"]

BAND_PX = 1024
"""Height of the bands of a field that a part is made of, detector px; it does not depend on the tiles."""
PART_CELLS = 20_000
"""Cells after which a part ends with the band: 20 MB of table."""

CONTROLS_AT_ONCE = 64
"""Tiles whose share of the debris control is held apart before they are joined."""

Band = tuple[int, int]
"""Index of a field, and which of its bands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """Tiles with objects in a band, and how many they are."""

    tiles: list[Tile]
    number: int


class CellParts:
    """Tables of a slide's cells, one after the other; can be gone through again and again.

    The same cells give the same parts, whatever the tiles.

    Attributes
    ----------
    seen : what the tiles of each field add up to, by its index.
    """

    def __init__(
        self,
        slide: str,
        plans: Sequence[FieldPlan],
        tiles: Iterable[Tile],
        store: TileStore,
        classifier: Manifest,
    ) -> None:
        self._slide = slide
        self._plans = {plan.index: plan for plan in plans}
        self._store = store
        self._classifier = classifier
        nothing = FieldSeen(objects=0, depths=np.zeros(GREY_LEVELS, np.int64))
        self.seen = dict.fromkeys(self._plans, nothing)
        self._controls: dict[int, list[DebrisSample]] = {index: [] for index in self._plans}
        self._parts = _grouped(self._bands(tiles))
        self._only: pd.DataFrame | None = None

    def without(self, left_out: Set[int], tiles: Iterable[Tile]) -> "CellParts":
        """The same without some fields, given by their indices; a table that was built is built no more.

        Parameters
        ----------
        tiles : those of the other fields.
        """
        plans = [plan for index, plan in self._plans.items() if index not in left_out]
        others = CellParts(self._slide, plans, tiles, self._store, self._classifier)
        if self._only is not None:
            left = self._only[~self._only["field_index"].isin(left_out)].reset_index(drop=True)
            others._only = left.assign(cell=np.arange(1, 1 + len(left)))
        return others

    @property
    def control(self) -> DebrisSample:
        """What the tiles keep for the slide's debris control."""
        return joined_samples(one for held in self._controls.values() for one in held)

    def from_store(self, store: TileStore) -> "CellParts":
        """The same of a store that differs in what is decided of the cells alone."""
        others = copy(self)
        others._store, others._only = store, None
        return others

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Tables of `CELL_COLUMNS`, one row an object; one at least, empty where nothing was found."""
        for table in self.with_features():
            yield table[list(CELL_COLUMNS)]

    def with_features(self) -> Iterator[pd.DataFrame]:
        """The same with the columns that quality control asks for, see `rules.FEATURE_COLUMNS`."""
        if len(self._parts) == 1:
            if self._only is None:
                self._only = self._table(self._parts[0], 1)
            yield self._only
            return
        first = 1
        for part in self._parts:
            table = self._table(part, first)
            first += len(table)
            yield table

    def _bands(self, tiles: Iterable[Tile]) -> dict[Band, _Cells]:
        bands: dict[Band, _Cells] = {}
        for tile in tiles:
            cells = self._store.load(tile)
            self.seen[tile.field] = self.seen[tile.field].with_tile(len(cells.kinds), cells.colours)
            self._keep(tile.field, cells.control)
            numbers, counts = np.unique(self._band_of(cells), return_counts=True)
            for band, count in zip(numbers.tolist(), counts.tolist(), strict=True):
                held = bands.setdefault((tile.field, band), _Cells(tiles=[], number=0))
                bands[tile.field, band] = _Cells(tiles=[*held.tiles, tile], number=held.number + count)
        return {band: bands[band] for band in sorted(bands)}

    def _keep(self, field: int, control: DebrisSample) -> None:
        """Keep what a tile gives to the control: of many tiles what the control takes of them."""
        held = self._controls[field]
        held.append(control)
        if len(held) >= CONTROLS_AT_ONCE:
            self._controls[field] = [joined_samples(held)]

    def _band_of(self, cells: TileCells) -> NDArray[np.int64]:
        """Band of each object, int64 (n,)."""
        middle = (cells.boxes[:, 1] + cells.boxes[:, 3]) / 2
        return np.floor(middle / (BAND_PX * self._plans[cells.field].step)).astype(np.int64)

    def _table(self, part: "dict[Band, _Cells]", first: int) -> pd.DataFrame:
        found = []
        for (_, band), held in part.items():
            for tile in held.tiles:
                cells = self._store.load(tile)
                found.append(_taken(cells, self._band_of(cells) == band))
        return cell_table(self._slide, list(self._plans.values()), found, self._classifier, first)


def _grouped(bands: dict[Band, _Cells]) -> "list[dict[Band, _Cells]]":
    parts: list[dict[Band, _Cells]] = [{}]
    number = 0
    for band, held in bands.items():
        if number >= PART_CELLS:
            parts.append({})
            number = 0
        parts[-1][band] = held
        number += held.number
    return parts


def _taken(cells: TileCells, chosen: NDArray[np.bool_]) -> TileCells:
    """Those objects of a tile that are chosen."""
    if chosen.all():
        return cells
    columns = {
        name: getattr(cells, name)[chosen]
        for name in (field.name for field in fields(cells))
        if name not in {"field", "colours", "control", "doubtful", "failed"}
    }
    colours = replace(cells.colours, objects=cells.colours.objects[chosen])
    return replace(cells, colours=colours, **columns)

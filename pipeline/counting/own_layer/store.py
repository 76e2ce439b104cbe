"""Gives the cells of a slide's tiles as its own last layer decides them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from classifier.predict import Doubtful
from classifier.slide_layer import SlideLayer, relabelled
from pipeline.counting.tile import TileCells
from pipeline.counting.tile_store import TileStore
from pipeline.counting.tiling import Tile

__all__ = ["OwnLayerStore", "decided_by"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLayerStore:
    """A store whose cells are given as the slide's layer decides them; it keeps them as they came."""

    store: TileStore
    layer: SlideLayer

    def add(self, tile: Tile, cells: TileCells) -> None:
        """See `TileStore.add`."""
        self.store.add(tile, cells)

    def load(self, tile: Tile) -> TileCells:
        """See `TileStore.load`."""
        return decided_by(self.layer, self.store.load(tile))

    def kept(self) -> Sequence[Tile]:
        """See `TileStore.kept`."""
        return self.store.kept()


def decided_by(layer: SlideLayer, cells: TileCells) -> TileCells:
    """The same cells; the doubtful ones have the probability that this layer gives them."""
    own = cells.doubtful
    if not len(own.cells):
        return cells
    p_infected = cells.p_infected.copy()
    asked = p_infected[own.cells]
    by_layer = relabelled(asked, own.features, (layer.layer, layer.calibration))
    # What is no red cell after all has no probability.
    p_infected[own.cells] = np.where(np.isnan(asked), asked, by_layer)
    return replace(cells, p_infected=p_infected, doubtful=Doubtful.empty())

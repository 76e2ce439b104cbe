"""One tile of a field to its cells: detection, masks and measurements, composed."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.runtime import Network
from segmentation.colours import TileColours, tile_colours
from segmentation.detections import Detections
from segmentation.detector import detect
from segmentation.masks import CellMask, cell_masks, stain_depth
from segmentation.measure import Measurement, edge_strength, measure
from segmentation.resample import halve
from segmentation.sharpness import edge_sums

__all__ = ["SegmentedCells", "segment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentedCells:
    """Cells that a tile owns.

    Attributes
    ----------
    found : detections, detector px of the tile's picture.
    measurements : one an object. overlaps : bool (n,) where a neighbour's pixels adjoin.
    masks : one an object, detector px.
    colours : of all objects and of the core.
    everything : all detections of the picture, the halo included.
    """

    found: Detections
    measurements: tuple[Measurement, ...]
    overlaps: NDArray[np.bool_]
    masks: tuple[CellMask, ...]
    colours: TileColours
    everything: Detections


def segment(
    picture: NDArray[np.uint8],
    core: tuple[int, int, int, int],
    network: Network,
    threshold: float,
    counted: NDArray[np.bool_] | None = None,
) -> SegmentedCells:
    """Cells whose centre lies in the half-open core of a tile.

    Parameters
    ----------
    picture : uint8 (2H, 2W, 3), normalised, crop scale, core and halo.
    core : x_min, y_min, x_max, y_max in detector px of the picture.
    counted : bool, of the core's size: cells with their centre elsewhere are left out; None takes all.
    """
    small = halve(picture)
    everything = detect(small, network, threshold)
    centres = everything.centres
    owned = np.all((centres >= core[:2]) & (centres < core[2:]), axis=1)
    if counted is not None:
        columns, rows = np.floor(centres[owned] - core[:2]).astype(np.intp).T
        owned[owned] = counted[rows, columns]
    depth = stain_depth(small)
    edges = edge_strength(depth)
    masks = [mask for mask in cell_masks(depth, everything, owned) if mask is not None]
    found = everything.take(owned)
    return SegmentedCells(
        found=found,
        measurements=measure(masks, depth, edges),
        overlaps=np.asarray([mask.touches for mask in masks], bool),
        masks=tuple(masks),
        colours=replace(tile_colours(small, core, found, counted), edges=edge_sums(picture, core, counted)),
        everything=everything,
    )

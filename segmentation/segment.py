"""One tile of a field to its cells: detection, masks and measurements, composed."""

from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from models.runtime import Network
from segmentation.colours import TileColours, tile_colours
from segmentation.detections import Detections, overlap_with
from segmentation.detector import detect
from segmentation.masks import CellMask, cell_masks, stain_depth
from segmentation.measure import Measurement, edge_strength, measure
from segmentation.overlaps.neighbours import near_pairs
from segmentation.resample import halve
from segmentation.sharpness import edge_sums

__all__ = ["SAME_OBJECT", "SURE_PEAK", "SegmentedCells", "seen_colours", "segment"]

SAME_OBJECT = 0.3
"""Intersection over union from which on two boxes, of whatever kinds, are of one object."""
SURE_PEAK = 0.40
"""Least peak of the cells that a classifier is trained, calibrated or checked on: fainter ones may be two
cells, or dirt (`docs/lab/detection_limits.md`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentedCells:
    """Cells that a tile owns.

    Attributes
    ----------
    found : detections, detector px of the tile's picture.
    measurements : one an object. overlaps : bool (n,) where a neighbour's pixels adjoin.
    masks : one an object, detector px.
    colours : of all objects and of the core.
    everything : all detections of the picture, the halo included, without the faint ones.
    faint : bool (n,), objects below the threshold; they change nothing of the others.
    """

    found: Detections
    measurements: tuple[Measurement, ...]
    overlaps: NDArray[np.bool_]
    masks: tuple[CellMask, ...]
    colours: TileColours
    everything: Detections
    faint: NDArray[np.bool_]

    def take(self, which: NDArray[np.bool_]) -> "SegmentedCells":
        """The chosen objects, bool (n,); `everything` stays."""
        return replace(
            self,
            found=self.found.take(which),
            measurements=tuple(compress(self.measurements, which.tolist())),
            overlaps=self.overlaps[which],
            masks=tuple(compress(self.masks, which.tolist())),
            colours=replace(self.colours, objects=self.colours.objects[which]),
            faint=self.faint[which],
        )


def segment(
    picture: NDArray[np.uint8],
    core: tuple[int, int, int, int],
    network: Network,
    threshold: float,
    counted: NDArray[np.bool_] | None = None,
    faintest: float | None = None,
) -> SegmentedCells:
    """Cells whose centre lies in the half-open core of a tile.

    Parameters
    ----------
    picture : uint8 (2H, 2W, 3), normalised, crop scale, core and halo.
    core : x_min, y_min, x_max, y_max in detector px of the picture.
    counted : bool, of the core's size: cells with their centre elsewhere are left out; None takes all.
    faintest : least peak of a faint object; None takes none.
    """
    small = halve(picture)
    least = threshold if faintest is None else min(faintest, threshold)
    peaks = detect(small, network, least, pairs_apart=True)
    sure = peaks.scores > threshold
    everything = peaks.take(sure)
    objects = _with_faint(everything, peaks.take(~sure))
    faint = np.arange(len(objects)) >= len(everything)
    centres = objects.centres
    owned = np.all((centres >= core[:2]) & (centres < core[2:]), axis=1)
    if counted is not None:
        columns, rows = np.floor(centres[owned] - core[:2]).astype(np.intp).T
        owned[owned] = counted[rows, columns]
    depth = stain_depth(small)
    edges = edge_strength(depth)
    # The sure ones as if there were no others: what is faint may be nothing, and takes no pixel of theirs.
    both = (*cell_masks(depth, everything, owned[~faint]), *cell_masks(depth, objects, owned & faint))
    masks = [mask for mask in both if mask is not None]
    found = objects.take(owned)
    return SegmentedCells(
        found=found,
        measurements=measure(masks, depth, edges),
        overlaps=np.asarray([mask.touches for mask in masks], bool),
        masks=tuple(masks),
        colours=seen_colours(picture, core, found, counted),
        everything=everything,
        faint=faint[owned],
    )


def seen_colours(
    picture: NDArray[np.uint8],
    core: tuple[int, int, int, int],
    found: Detections,
    seen: NDArray[np.bool_] | None,
) -> TileColours:
    """Colours and edges of a tile, of the pixels that are seen: bool, of the core's size; None is all."""
    return replace(tile_colours(halve(picture), core, found, seen), edges=edge_sums(picture, core, seen))


def _with_faint(sure: Detections, faint: Detections) -> Detections:
    """The sure objects, and those of the faint ones that lie on none of them and on no stronger faint one."""
    objects = sure.and_these(faint)
    first, second = near_pairs(objects.centres, float(objects.sides.max(initial=1.0)))
    later = (second > first) & (second >= len(sure))
    first, second = first[later], second[later]
    same = overlap_with(objects.boxes[first], objects.boxes[second]) > SAME_OBJECT
    kept = np.ones(len(objects), bool)
    for one, other in zip(first[same].tolist(), second[same].tolist(), strict=True):
        if kept[one]:
            kept[other] = False
    return objects.take(kept)

"""Pairs found cells with labelled ones, one to one, and leaves out what the border or the rim cuts."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from segmentation.illumination import BrightView

__all__ = [
    "MAX_DISTANCE_DIAMETERS",
    "MIN_IOU",
    "Frame",
    "Matched",
    "Places",
    "match_boxes",
    "match_cells",
    "match_points",
]

MIN_IOU: Final = 0.5
"""Least intersection over union of a pair of boxes (Pascal VOC, Everingham et al., IJCV 2010)."""
MAX_DISTANCE_DIAMETERS: Final = 0.5
"""Farthest a found centre may lie from a labelled point, in red-cell diameters."""
BORDER_DIAMETERS: Final = 0.05
"""A box that ends nearer to the picture's border is taken as cut: the detector's grid is that coarse."""
POINT_BORDER_DIAMETERS: Final = 0.6
"""A labelled point nearer to the picture's border is taken as a cut cell: half a cell and a bit."""
RIM_DIAMETERS: Final = 1.0
"""Width of the ring left out inside a bright view's edge: seen on nih_fields, where whole cells up to about
one diameter from the edge have no label."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Where the cells of one field are, level-0 px.

    Attributes
    ----------
    centres : float64 (n, 2), x and y.
    boxes : float64 (n, 4), x_min, y_min, x_max, y_max; NaN where only the centre is known.
    cut : bool (n,), already said to be cut by the border.
    """

    centres: NDArray[np.float64]
    boxes: NDArray[np.float64]
    cut: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The picture of one field, level-0 px; `view` is the bright view of an eyepiece photo, or None."""

    width: int
    height: int
    view: BrightView | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matched:
    """Row numbers, int64, of what is scored and of what is left out; every row stands in exactly one place.

    Attributes
    ----------
    pairs : (n, 2), rows of truth and of the found cells, one to one.
    missed, extra : rows of truth without a found cell, and of found cells without truth.
    left_out_truth, left_out_found : rows at the border or the rim, and their partners.
    """

    pairs: NDArray[np.int64]
    missed: NDArray[np.int64]
    extra: NDArray[np.int64]
    left_out_truth: NDArray[np.int64]
    left_out_found: NDArray[np.int64]


def match_cells(truth: Places, found: Places, frame: Frame, diameter_px: float) -> Matched:
    """Pair the found cells of a field with the labelled ones, then leave out the border on both sides.

    By box where every labelled cell has one, else by centre. A pair is left out where either of the two is
    cut, so that a cell which only one side calls cut is no error of the other.

    Parameters
    ----------
    diameter_px : diameter of a red cell in this field.
    """
    by_box = bool(np.isfinite(truth.boxes).all())
    if by_box:
        pairs = match_boxes(truth.boxes, found.boxes)
    else:
        pairs = match_points(truth.centres, found.centres, MAX_DISTANCE_DIAMETERS * diameter_px)
    truth_cut = _cut(truth, frame, diameter_px, by_box=by_box)
    found_cut = _cut(found, frame, diameter_px, by_box=by_box)
    out = truth_cut[pairs[:, 0]] | found_cut[pairs[:, 1]]
    single_truth = np.setdiff1d(np.arange(len(truth.centres)), pairs[:, 0])
    single_found = np.setdiff1d(np.arange(len(found.centres)), pairs[:, 1])
    alone_truth, alone_found = truth_cut[single_truth], found_cut[single_found]
    return Matched(
        pairs=pairs[~out],
        missed=single_truth[~alone_truth],
        extra=single_found[~alone_found],
        left_out_truth=np.sort(np.concatenate([pairs[out, 0], single_truth[alone_truth]])),
        left_out_found=np.sort(np.concatenate([pairs[out, 1], single_found[alone_found]])),
    )


def match_boxes(
    truth: NDArray[np.float64], found: NDArray[np.float64], min_iou: float = MIN_IOU
) -> NDArray[np.int64]:
    """Pair boxes one to one: as many pairs as can be, among those the greatest sum of IoU.

    Parameters
    ----------
    truth, found : float64 (n, 4) and (m, 4), x_min, y_min, x_max, y_max, of any one unit.

    Returns
    -------
    int64 (pairs, 2), rows of truth and of found, ordered by the row of truth.
    """
    if len(truth) == 0 or len(found) == 0:
        return np.zeros((0, 2), dtype=np.int64)
    sides = np.concatenate([truth[:, 2:] - truth[:, :2], found[:, 2:] - found[:, :2]])
    # Overlap along x is at least min_iou times the wider box, so the centres are this near; likewise along y.
    reach = (1.0 - min_iou) * float(sides.max()) * (1.0 + 1e-9)
    near = _near((truth[:, :2] + truth[:, 2:]) / 2, (found[:, :2] + found[:, 2:]) / 2, reach, norm=np.inf)
    a, b = truth[near[:, 0]], found[near[:, 1]]
    overlap = np.clip(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0.0, None)
    shared = overlap.prod(axis=1)
    together = (a[:, 2:] - a[:, :2]).prod(axis=1) + (b[:, 2:] - b[:, :2]).prod(axis=1) - shared
    iou = shared / together
    good = iou >= min_iou
    return _assigned(near[good], iou[good])


def match_points(
    truth: NDArray[np.float64], found: NDArray[np.float64], max_distance: float
) -> NDArray[np.int64]:
    """Pair points one to one: as many pairs as can be, among those the least sum of distances.

    Parameters
    ----------
    truth, found : float64 (n, 2) and (m, 2), x and y, in the unit of `max_distance`.

    Returns
    -------
    int64 (pairs, 2), rows of truth and of found, ordered by the row of truth.
    """
    if len(truth) == 0 or len(found) == 0 or max_distance <= 0:
        return np.zeros((0, 2), dtype=np.int64)
    near = _near(truth, found, max_distance, norm=2.0)
    distance = np.linalg.norm(truth[near[:, 0]] - found[near[:, 1]], axis=1)
    return _assigned(near, 1.0 - distance / (max_distance * (1.0 + 1e-9)))


def _near(
    truth: NDArray[np.float64], found: NDArray[np.float64], reach: float, *, norm: float
) -> NDArray[np.int64]:
    """All (truth, found) rows not farther apart than `reach`, int64 (n, 2)."""
    neighbours = cKDTree(found).query_ball_point(truth, reach, p=norm)
    counts = np.array([len(rows) for rows in neighbours], dtype=np.int64)
    flat = np.array([row for rows in neighbours for row in rows], dtype=np.int64)
    return np.stack([np.repeat(np.arange(len(truth), dtype=np.int64), counts), flat], axis=1)


def _assigned(edges: NDArray[np.int64], quality: NDArray[np.float64]) -> NDArray[np.int64]:
    """Choose edges so that no row is used twice: most edges, then the greatest sum of quality (0 to 1)."""
    if len(edges) == 0:
        return edges
    rows, columns = int(edges[:, 0].max()) + 1, int(edges[:, 1].max()) + 1
    graph = coo_matrix(
        (np.ones(len(edges)), (edges[:, 0], edges[:, 1] + rows)), shape=(rows + columns, rows + columns)
    )
    _, component = connected_components(graph, directed=False)
    order = np.argsort(component[edges[:, 0]], kind="stable")
    starts = np.flatnonzero(np.diff(component[edges[order, 0]])) + 1
    chosen = [_best(edges[part], quality[part]) for part in np.split(order, starts)]
    pairs = np.concatenate(chosen)
    return pairs[np.argsort(pairs[:, 0], kind="stable")]


def _best(edges: NDArray[np.int64], quality: NDArray[np.float64]) -> NDArray[np.int64]:
    if len(edges) == 1:
        return edges
    left, row = np.unique(edges[:, 0], return_inverse=True)
    right, column = np.unique(edges[:, 1], return_inverse=True)
    one_more_pair = min(len(left), len(right)) + 1.0  # outweighs every quality together
    value = np.zeros((len(left), len(right)))
    value[row, column] = one_more_pair + quality
    i, j = linear_sum_assignment(value, maximize=True)
    taken = value[i, j] > 0
    return np.stack([left[i[taken]], right[j[taken]]], axis=1)


def _cut(places: Places, frame: Frame, diameter_px: float, *, by_box: bool) -> NDArray[np.bool_]:
    """Cut by the picture's border, or too near to a bright view's edge; bool (n,)."""
    size = np.array([frame.width, frame.height], dtype=np.float64)
    margin = max(1.0, BORDER_DIAMETERS * diameter_px)
    cut = places.cut | (places.boxes[:, :2] <= margin).any(axis=1)
    cut |= (places.boxes[:, 2:] >= size - margin).any(axis=1)
    if not by_box:
        margin = POINT_BORDER_DIAMETERS * diameter_px
        cut |= ((places.centres < margin) | (places.centres > size - margin)).any(axis=1)
    if frame.view is not None:
        to_rim = frame.view.distance_at(
            places.centres[:, 0].astype(np.float32), places.centres[:, 1].astype(np.float32)
        )
        cut |= to_rim < RIM_DIAMETERS * diameter_px
    return cut

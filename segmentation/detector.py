"""Network output to detections: peaks of the heatmaps, their boxes, and one detection an object."""

from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from models.runtime import Network
from segmentation.detections import Detections, Kind, overlap_with
from segmentation.overlaps.neighbours import near_pairs
from segmentation.overlaps.pairs import split_pairs
from segmentation.resample import WHITE_LEVEL

__all__ = ["ALIGNMENT_PX", "BOX_UNIT_PX", "CLASSES", "OUTPUT_STRIDE", "RECEPTIVE_RADIUS_PX", "detect"]

ALIGNMENT_PX = 8
"""Pictures are padded to a multiple of this (the network halves three times)."""
PADDING_LEVEL = WHITE_LEVEL
"""Value of padding: the normalised white point."""
WHOLE_PX = 800
"""Longest side that the network is given whole; a longer one is cut into pieces of `PIECE_PX`.

What the network needs of memory grows with the picture, and each new size costs it half a run."""
PIECE_PX = 672
"""Side of a piece, a multiple of `ALIGNMENT_PX`: two of them cover a tile of the usual size with its halo."""
SAME_OBJECT_IOU = 0.55
"""Overlap above which two detections of one class are one object."""
BOX_STEPS = 64
"""Steps per detector px that box sides are rounded to."""
MOST_AT_ONCE, BLOCK = 2_000, 256
"""Objects of a tile that are held against all others near them at once, and how many of more than that decide
at a time: a saturated answer has 46,000."""
INSIDE_WHITE_CELL = 0.35
"""What lies nearer to a surer white cell's centre than this many of its sides is part of it."""


def detect(
    picture: NDArray[np.uint8], network: Network, threshold: float, *, pairs_apart: bool = False
) -> Detections:
    """Objects in a normalised picture, uint8 (H, W, 3) at detector scale; boxes in its px.

    Parameters
    ----------
    threshold : least height of a peak, 0 to 1.
    pairs_apart : take two cells that were found as one apart.
    """
    height, width = picture.shape[:2]
    padded = cv2.copyMakeBorder(
        picture,
        0,
        -height % ALIGNMENT_PX,
        0,
        -width % ALIGNMENT_PX,
        cv2.BORDER_CONSTANT,
        value=(PADDING_LEVEL,) * 3,
    )
    heat, box = _answer(np.asarray(padded, np.uint8), network)
    found, places = _peaks(heat, box, threshold)
    inside = np.all((found.centres >= 0) & (found.centres < (width, height)), axis=1)
    inside[inside] = _one_an_object(found.take(inside))
    cells, hot = found.take(inside), heat[..., Kind.RED_CELL]
    if not pairs_apart:
        return cells
    apart = split_pairs(cells, places[inside], hot, partial(_sides, box), (width, height))
    return apart.take(_one_an_object(apart)) if len(apart) > len(cells) else cells


def _answer(picture: NDArray[np.uint8], network: Network) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Heat and box of a padded picture, float32 (h, w, 3) and (h, w, 4): in pieces as of the whole."""
    size = picture.shape[0] // OUTPUT_STRIDE, picture.shape[1] // OUTPUT_STRIDE
    heat, box = np.empty((*size, len(CLASSES)), np.float32), np.empty((*size, 4), np.float32)
    for rows, rows_given, rows_kept in _pieces(picture.shape[0]):
        for columns, columns_given, columns_kept in _pieces(picture.shape[1]):
            heads = _heads(network.run(np.ascontiguousarray(picture[rows, columns])[None]))
            for whole, piece in zip((heat, box), heads, strict=True):
                whole[rows_given, columns_given] = piece[0, rows_kept, columns_kept]
    return heat, box


def _pieces(side_px: int) -> list[tuple[slice, slice, slice]]:
    """Pieces of a picture's side: what the network sees of it, px; what that gives of the whole answer, and
    where in the piece's answer that lies, output px. What the cut edge of a piece influences is left out.
    """
    if side_px <= WHOLE_PX:
        return [(slice(0, side_px), slice(None), slice(None))]
    pieces = []
    given = 0
    while given < side_px:
        start = min(max(given - RECEPTIVE_RADIUS_PX, 0), side_px - PIECE_PX)
        end = start + PIECE_PX
        until = end if end == side_px else end - RECEPTIVE_RADIUS_PX
        first, last, before = given // OUTPUT_STRIDE, until // OUTPUT_STRIDE, start // OUTPUT_STRIDE
        pieces.append((slice(start, end), slice(first, last), slice(first - before, last - before)))
        given = until
    return pieces


def _heads(
    outputs: tuple[NDArray[np.float32], ...],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Heat and box of a network that gives them apart, in any order, or as one."""
    if len(outputs) == 1:
        return outputs[0][..., : len(CLASSES)], outputs[0][..., len(CLASSES) :]
    heat, box = sorted(outputs, key=lambda output: output.shape[-1])
    return heat, box


def _peaks(
    heat: NDArray[np.float32], box: NDArray[np.float32], threshold: float
) -> tuple[Detections, NDArray[np.intp]]:
    """Detections, strongest first, and row and column of each one's peak, (n, 2)."""
    least = np.float32(np.log(threshold / (1 - threshold)))
    rows, columns, kinds = [], [], []
    for kind in range(len(CLASSES)):
        layer = np.ascontiguousarray(heat[..., kind])
        highest = cv2.dilate(layer, np.ones((3, 3), np.uint8))
        row, column = np.nonzero((layer >= highest) & (layer > least))
        rows.append(row)
        columns.append(column)
        kinds.append(np.full(len(row), kind, np.uint8))
    row, column, kind_of = np.concatenate(rows), np.concatenate(columns), np.concatenate(kinds)
    scores = 1 / (1 + np.exp(-heat[row, column, kind_of]))
    order = np.lexsort((column, row, -scores))
    found = Detections(boxes=_boxes(box, row, column), kinds=kind_of, scores=scores.astype(np.float32))
    return found.take(order), np.stack([row, column], axis=1)[order]


def _boxes(box: NDArray[np.float32], row: NDArray[np.intp], column: NDArray[np.intp]) -> NDArray[np.float32]:
    """Boxes that the network gives at rows and columns of its answer, float32 (n, 4)."""
    sides = _sides(box, row, column)
    x = (column + np.float32(0.5)) * OUTPUT_STRIDE
    y = (row + np.float32(0.5)) * OUTPUT_STRIDE
    boxes = [x - sides[:, 0], y - sides[:, 1], x + sides[:, 2], y + sides[:, 3]]
    return np.stack(boxes, axis=1).astype(np.float32)


def _sides(box: NDArray[np.float32], row: NDArray[np.intp], column: NDArray[np.intp]) -> NDArray[np.float32]:
    """How far the box's sides lie from rows and columns of the answer, px, float32 (..., 4)."""
    distances = np.logaddexp(box[row, column], np.float32(0)) * np.float32(BOX_UNIT_PX)
    # On a grid of 1/64 px all sums are exact, wherever in a field the tile lies.
    return np.asarray(np.rint(distances * BOX_STEPS) / np.float32(BOX_STEPS), np.float32)


def _one_an_object(found: Detections) -> NDArray[np.bool_]:
    """Which are kept where a stronger one explains the others, bool (n,); only near neighbours decide, so
    that a tile does not matter.
    """
    kept = np.ones(len(found), bool)
    if len(found) > MOST_AT_ONCE:
        _keep_by_blocks(found, kept)
        return kept
    strong, weak = near_pairs(found.centres, float(found.sides.max(initial=1.0)))
    later = weak > strong
    _drop_explained(found, kept, strong[later], weak[later])
    return kept


def _keep_by_blocks(found: Detections, kept: NDArray[np.bool_]) -> None:
    """The same for a picture that is no film, where an answer is high everywhere and all lie near all others.

    The strongest decide first, so that few are left to hold against one another.
    """
    left, centres = np.arange(len(found)), found.centres
    reach = (
        found.boxes[:, 2:] - found.boxes[:, :2]
    ).max() / 2  # of two that share half, or a white cell's part
    while len(left):
        block, left = left[:BLOCK], left[BLOCK:]
        one, other = np.triu_indices(len(block), 1)
        _drop_explained(found, kept, block[one], block[other])
        deciding = block[kept[block]]
        for begin in range(0, len(left), MOST_AT_ONCE):
            some = left[begin : begin + MOST_AT_ONCE]
            apart = np.abs(centres[deciding, None] - centres[some])
            one, other = np.nonzero((apart < reach).all(axis=-1))
            _drop_explained(found, kept, deciding[one], some[other])
        left = left[kept[left]]


def _drop_explained(
    found: Detections, kept: NDArray[np.bool_], strong: NDArray[np.intp], weak: NDArray[np.intp]
) -> None:
    """Drop the weaker of each pair that is the same object, or inside a white cell, while the other is kept.

    The pairs come by their stronger one, the strongest first.
    """
    same = found.kinds[strong] == found.kinds[weak]
    gone = same & (overlap_with(found.boxes[strong], found.boxes[weak]) > SAME_OBJECT_IOU)
    white = ~same & (found.kinds[strong] == Kind.WHITE_CELL)
    apart = found.centres[weak[white]] - found.centres[strong[white]]
    gone[white] = np.hypot(*apart.T) < INSIDE_WHITE_CELL * found.sides[strong[white]]
    for one, other in zip(strong[gone].tolist(), weak[gone].tolist(), strict=True):
        if kept[one]:
            kept[other] = False


CLASSES = ("red_cell", "white_cell", "platelet")


OUTPUT_STRIDE = 2
"""Detector px per output px."""


BOX_UNIT_PX = 10.0
"""Detector px per unit of a box distance after softplus."""


RECEPTIVE_RADIUS_PX = 48
"""No output depends on input farther away than this (detector px); the tile's halo must cover it."""

"""What the detector should answer for annotated cells, and where it is asked at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segmentation.detector import BOX_UNIT_PX, CLASSES, OUTPUT_STRIDE

__all__ = ["TARGET_CHANNELS", "AnnotatedCells", "draw_targets"]

TARGET_CHANNELS = 2 * len(CLASSES) + 5
"""Heatmaps, their weights, four box distances (in units of the network) and the box's weight."""
SPREAD = 0.12
"""Standard deviation of a centre's peak as a fraction of the box side."""
BOX_REACH = 0.4
"""Heat above which an output px also answers for the box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedCells:
    """Annotated cells of a picture, detector px.

    Attributes
    ----------
    boxes : float32 (n, 4) x_min, y_min, x_max, y_max.
    kinds : int (n,) index into `CLASSES`; -1: something that is neither right nor wrong (`difficult`).
    has_box : bool (n,) false where the source gave a point and the box is only the usual size.
    """

    boxes: NDArray[np.float32]
    kinds: NDArray[np.int64]
    has_box: NDArray[np.bool_]


def draw_targets(
    size: tuple[int, int], cells: AnnotatedCells, asked: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Targets of a training picture.

    Parameters
    ----------
    size : (height, width) of the picture, multiples of `OUTPUT_STRIDE`.
    asked : float32 (height / 2, width / 2, 3), 0 where a missing annotation proves nothing (per class).

    Returns
    -------
    float32 (height / 2, width / 2, TARGET_CHANNELS).
    """
    height, width = size[0] // OUTPUT_STRIDE, size[1] // OUTPUT_STRIDE
    classes = len(CLASSES)
    targets = np.zeros((height, width, TARGET_CHANNELS), np.float32)
    targets[..., classes : 2 * classes] = asked
    for box, kind, has_box in zip(cells.boxes, cells.kinds, cells.has_box, strict=True):
        _draw_cell(targets, box, int(kind), bool(has_box))
    return targets


def _draw_cell(targets: NDArray[np.float32], box: NDArray[np.float32], kind: int, has_box: bool) -> None:
    rows, columns = _window(targets.shape[:2], box)
    if rows.size == 0 or columns.size == 0:
        return
    window = targets[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    classes = len(CLASSES)
    if kind < 0:
        window[..., classes : 2 * classes] = 0
        return
    centre_x, centre_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    x = (columns + 0.5) * OUTPUT_STRIDE
    y = (rows + 0.5) * OUTPUT_STRIDE
    # The peak stands on the output px that holds the centre, so that every cell has one px of heat 1.
    peak_x = (np.floor(centre_x / OUTPUT_STRIDE) + 0.5) * OUTPUT_STRIDE
    peak_y = (np.floor(centre_y / OUTPUT_STRIDE) + 0.5) * OUTPUT_STRIDE
    spread_x, spread_y = SPREAD * (box[2] - box[0]), SPREAD * (box[3] - box[1])
    heat = np.exp(
        -(((x - peak_x) / spread_x) ** 2)[None, :] / 2 - (((y - peak_y) / spread_y) ** 2)[:, None] / 2
    ).astype(np.float32)
    window[..., kind] = np.maximum(window[..., kind], heat)
    # An annotated centre is known to be no other kind, whatever the source left unsaid.
    sure = heat > BOX_REACH
    window[sure, classes : 2 * classes] = 1.0
    nearest = sure & (heat >= window[..., -1])
    if has_box:
        _draw_box(window, nearest, box, (np.asarray(x, np.float64), np.asarray(y, np.float64)))
        window[nearest, -1] = heat[nearest]
    else:
        window[nearest, -1] = 0.0


def _draw_box(
    window: NDArray[np.float32],
    where: NDArray[np.bool_],
    box: NDArray[np.float32],
    places: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    x, y = np.broadcast_arrays(places[0][None, :], places[1][:, None])
    sides = (x - box[0], y - box[1], box[2] - x, box[3] - y)
    for channel, side in enumerate(sides, start=2 * len(CLASSES)):
        window[where, channel] = np.maximum(side[where], 0.5) / BOX_UNIT_PX


def _window(shape: tuple[int, ...], box: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows = np.arange(max(0, int(box[1] // OUTPUT_STRIDE)), min(shape[0], int(box[3] // OUTPUT_STRIDE) + 1))
    columns = np.arange(max(0, int(box[0] // OUTPUT_STRIDE)), min(shape[1], int(box[2] // OUTPUT_STRIDE) + 1))
    return rows, columns

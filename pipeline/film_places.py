"""Places of a slide that show cells side by side, found before the size of its pixels is known."""

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.field_plan import THUMBNAIL_PX, FieldLight
from pipeline.reader import Field
from pipeline.sampling import along_curve
from segmentation.film import LEVELS, cells_apart, depth_counts
from segmentation.masks import stain_depth
from segmentation.resample import MAX_SHRINK, normalise

__all__ = ["places_to_look"]

BLOCK_PX = 16
"""Side of the parts of the thumbnail that are told apart, px: 0.25 mm on a scan of 30 mm."""
LOOKS = 12
"""Parts looked at closely for each place that is asked for."""
CLOSER = 16
"""How many times closer: a part is then 256 px wide, if the slide has as many."""
BARE_LEVELS = 5.0
"""Grey levels by which a part with cells is at least deeper stained than the barest one."""


def places_to_look(field: Field, light: FieldLight, number: int) -> list[tuple[float, float]]:
    """Level-0 px (x, y) of up to so many places where cells lie side by side, the plainest first.

    Parts of the film, spread over the whole of it, are looked at closely. Those are taken in which cells and
    gaps stand apart most plainly: glass, the thick end and single specks of dirt show no such thing. None is
    given where no part does, nor for what cannot be read.
    """
    shrink = _thumbnail_shrink(field)
    parts = _film_parts(field, light, shrink)
    parts = parts[along_curve(parts)]
    looks = min(LOOKS * number, len(parts))
    seen = parts[((np.arange(looks) + 0.5) / max(looks, 1) * len(parts)).astype(int)]
    counts = np.asarray([_look(field, light, part, shrink) for part in seen.tolist()], np.uint16)
    plainness = cells_apart(counts.reshape(-1, LEVELS))
    best = [index for index in np.argsort(-plainness, kind="stable") if plainness[index] > 0][:number]
    side = BLOCK_PX * shrink
    return [((column + 0.5) * side, (row + 0.5) * side) for column, row in seen[best].tolist()]


def _thumbnail_shrink(field: Field) -> int:
    shrink = 1
    while max(field.width, field.height) / shrink > 2 * THUMBNAIL_PX and shrink < MAX_SHRINK:
        shrink *= 2
    return shrink


def _film_parts(field: Field, light: FieldLight, shrink: int) -> NDArray[np.int64]:
    """Column and row, (n, 2), of the parts of the thumbnail that are not bare; whole and lit ones only."""
    columns, rows = (side // (BLOCK_PX * shrink) for side in (field.width, field.height))
    depth = np.zeros((rows, columns), np.float64)
    for row in range(rows):
        picture = _picture(field, (0, row, columns, 1), shrink, shrink)
        if picture is not None:
            stained = stain_depth(normalise(picture, light.white_point))
            depth[row] = stained.reshape(BLOCK_PX, columns, BLOCK_PX).mean(axis=(0, 2))
    film = depth > 0
    if light.view is not None:
        side = BLOCK_PX * shrink
        x, y = np.meshgrid((np.arange(columns) + 0.5) * side, (np.arange(rows) + 0.5) * side)
        film &= light.view.distance_at(x.astype(np.float32), y.astype(np.float32)) > side
    if film.any():
        film &= depth > depth[film].min() + BARE_LEVELS
    return np.argwhere(film)[:, ::-1].astype(np.int64)


def _look(field: Field, light: FieldLight, part: list[int], shrink: int) -> NDArray[np.uint16]:
    """How many px of a part have which depth of stain, (LEVELS,), seen closely; 0 where it cannot be read."""
    picture = _picture(field, (part[0], part[1], 1, 1), shrink, max(1, shrink // CLOSER))
    if picture is None:
        return np.zeros(LEVELS, np.uint16)
    ends = np.asarray([0, picture.shape[0]], np.int64)
    return depth_counts(picture, light.white_point, (ends, ends), None).reshape(LEVELS)


def _picture(
    field: Field, parts: tuple[int, int, int, int], shrink: int, seen_at: int
) -> NDArray[np.uint8] | None:
    """Picture of some parts (column, row, columns, rows), each px of `seen_at` level-0 px."""
    x, y, width, height = (BLOCK_PX * shrink * side for side in parts)
    try:
        return field.read(x, y, width, height, seen_at)
    except SlideError:
        return None

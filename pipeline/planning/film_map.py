"""Map of a whole slide's film, read at low magnification: where cells can be counted and where not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.planning.field import FieldLight, FieldPlan
from pipeline.planning.pieces import cut_across, cut_down, read_pieces
from pipeline.reader.field import Box, Field
from segmentation.film import COARSEST_UM, PART_PX, PARTS, Area, map_areas
from segmentation.resample import MAX_SHRINK
from segmentation.stain_layers import DEPTH_LEVELS, depth_counts

__all__ = ["map_film", "needs_map"]

PHOTO_MM2 = 0.5
"""Largest picture taken for a photo of a chosen view, mm²: it is counted whole. A view at 40x is 0.25 mm²."""
STRIP_PX = 10_000_000
"""Most px of low magnification in memory at once, 30 MB."""
STRIP_ROWS, LEAST_STRIP_ROWS = 1024, 64
"""Rows read at once, a multiple of the fewest: so strips begin where a file's tiles do, read only once."""
RIM_PX = 4
"""Px of low magnification at the edge of a bright view that are left out: they are dim, not stained."""


def needs_map(plan: FieldPlan) -> bool:
    """Whether a field is a scan of a slide and not a photo of a view that a person chose."""
    return plan.width * plan.height * (plan.um_per_px / 1000) ** 2 > PHOTO_MM2


def map_film(field: Field, plan: FieldPlan) -> NDArray[np.uint8]:
    """What each square of a field's film is, read in strips so that memory does not grow with the height.

    Square (row, column) covers detector px from `SQUARE_PX` x (column, row) on; those of the last row and
    column are cut by the field's border.

    A square of which a part cannot be read is taken for readable, so that the tiles there are tried and
    reported as failed one by one. Squares outside the bright view are taken for empty.
    """
    parts = _parts(plan)
    rows, columns = (-(-(len(edges) - 1) // PARTS) for edges in (parts.rows, parts.columns))
    counts = np.zeros((PARTS * rows, PARTS * columns, DEPTH_LEVELS), np.uint16)
    unread = np.zeros((rows, columns), bool)
    for strip in _strips(parts):
        for piece, picture in read_pieces(field, strip, parts.shrink, partial(_halves, parts)):
            row, column = parts.touched_by(piece)
            if isinstance(picture, SlideError):
                unread[row.start // PARTS, column.start // PARTS] = True
                continue
            lit = _lit(plan.light, parts.shrink, piece)
            counts[row, column] += depth_counts(picture, plan.light.white_point, parts.edges_in(piece), lit)
            del picture  # so that the next strip is not read beside it
    counts[unread.repeat(PARTS, axis=0).repeat(PARTS, axis=1)] = 0
    areas = map_areas(counts)
    areas[unread] = Area.READABLE
    return areas


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """Where the parts of the squares of a field lie at low magnification.

    Attributes
    ----------
    shrink : level-0 px per px of low magnification.
    rows, columns : int64, px of low magnification at which parts begin, and where the last one ends.
    """

    shrink: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]

    def touched_by(self, piece: Box) -> tuple[slice, slice]:
        """Rows and columns of the parts that share px with a piece."""
        x0, y0, x1, y1 = piece
        return _touched(self.rows, y0, y1), _touched(self.columns, x0, x1)

    def edges_in(self, piece: Box) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Edges of what of the parts is inside a piece, rows and columns, px of the piece."""
        x0, y0, x1, y1 = piece
        return _clipped(self.rows, y0, y1), _clipped(self.columns, x0, x1)


def _parts(plan: FieldPlan) -> _Parts:
    shrink = 1
    while 2 * shrink * plan.um_per_px <= COARSEST_UM and shrink < MAX_SHRINK:
        shrink *= 2
    return _Parts(
        shrink=shrink,
        rows=_low_edges(plan.height, plan.grid.height // 2, plan.step, shrink),
        columns=_low_edges(plan.width, plan.grid.width // 2, plan.step, shrink),
    )


def _edges(side: int, number: int, each: float) -> NDArray[np.float64]:
    """Level-0 px at which so many pieces of `each` px begin along a side of the field, and its end."""
    edges = np.minimum(np.arange(number + 1, dtype=np.float64) * each, float(side))
    edges[-1] = side
    return edges


def _low_edges(side: int, side_px: int, step: float, shrink: int) -> NDArray[np.int64]:
    """Px of low magnification at which parts begin along a side, of which each has one at least.

    Parameters
    ----------
    side, side_px : of the field, level-0 px and detector px.
    step : level-0 px per detector px. shrink : level-0 px per px of low magnification.
    """
    number = -(-side_px // PART_PX)
    edges = np.rint(_edges(side, number, PART_PX * step) / shrink).astype(np.int64)
    edges[-1] = -(-side // shrink)
    return np.asarray(np.minimum(edges, edges[-1] - np.arange(number + 1)[::-1]), np.int64)


def _touched(edges: NDArray[np.int64], start: int, stop: int) -> slice:
    first = int(np.searchsorted(edges, start, side="right")) - 1
    return slice(first, int(np.searchsorted(edges, stop, side="left")))


def _clipped(edges: NDArray[np.int64], start: int, stop: int) -> NDArray[np.int64]:
    touched = _touched(edges, start, stop)
    return np.asarray(np.clip(edges[touched.start : touched.stop + 1], start, stop) - start, np.int64)


def _strips(parts: _Parts) -> Iterator[Box]:
    """Strips, px of low magnification, of the whole width that cover the field once, from top to foot."""
    width, height = int(parts.columns[-1]), int(parts.rows[-1])
    fitting = STRIP_PX // width // LEAST_STRIP_ROWS * LEAST_STRIP_ROWS
    rows = min(max(fitting, LEAST_STRIP_ROWS), STRIP_ROWS)
    for top in range(0, height, rows):
        yield 0, top, width, min(top + rows, height)


def _halves(parts: _Parts, piece: Box) -> Sequence[Box]:
    """A piece cut in two between parts, across its longer side; nothing where it lies in one part."""
    rows, columns = parts.touched_by(piece)
    down, across = rows.stop - rows.start, columns.stop - columns.start
    if max(down, across) == 1:
        return ()
    if down > across:
        return cut_across(piece, int(parts.rows[rows.start + down // 2]))
    return cut_down(piece, int(parts.columns[columns.start + across // 2]))


def _lit(light: FieldLight, shrink: int, piece: Box) -> NDArray[np.bool_] | None:
    """Which px of a piece lie in the bright view, clear of its rim; None where there is none."""
    if light.view is None:
        return None
    x0, y0, x1, y1 = piece
    x = ((np.arange(x0, x1) + 0.5) * shrink).astype(np.float32)[None, :]
    y = ((np.arange(y0, y1) + 0.5) * shrink).astype(np.float32)[:, None]
    return np.asarray(light.view.distance_at(x, y) > RIM_PX * shrink, bool)

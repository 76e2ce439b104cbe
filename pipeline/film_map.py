"""Map of a whole slide's film, read at low magnification: where cells can be counted and where not."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.field_plan import FieldLight, FieldPlan
from pipeline.reader import Field
from segmentation.film import COARSEST_UM, LEVELS, SQUARE_PX, Area, depth_counts, map_areas
from segmentation.resample import MAX_SHRINK

__all__ = ["FilmMap", "map_film", "needs_map"]

PHOTO_MM2 = 0.5
"""Largest picture that was aimed by a person, mm²: it is counted whole. A view at 40x is 0.25 mm²."""
STRIP_PX = 10_000_000
"""Most px of low magnification in memory at once, 30 MB."""
STRIP_ROWS, LEAST_STRIP_ROWS = 1024, 64
"""Rows read at once, a multiple of the fewest: so strips begin where a file's tiles do, read only once."""
RIM_PX = 4
"""Px of low magnification at the edge of a bright view that are left out: they are dim, not stained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmMap:
    """What each square of a field is.

    Attributes
    ----------
    areas : uint8 (rows, columns), values of `Area`. Square (row, column) covers detector px from
        `SQUARE_PX` x (column, row) on; those of the last row and column are cut by the field's border.
    """

    areas: NDArray[np.uint8]

    def readable(self) -> NDArray[np.int64]:
        """Column and row of each square that is to be counted, (n, 2) int64, row by row."""
        return np.argwhere(self.areas == Area.READABLE)[:, ::-1].astype(np.int64)

    def counted_mask(self, core: tuple[int, int, int, int]) -> NDArray[np.bool_]:
        """Which detector px of a core lie in squares that are to be counted.

        Parameters
        ----------
        core : x_min, y_min, x_max, y_max, detector px of the field, half-open, inside it.

        Returns
        -------
        bool (y_max - y_min, x_max - x_min).
        """
        x0, y0, x1, y1 = core
        rows, columns = np.arange(y0, y1) // SQUARE_PX, np.arange(x0, x1) // SQUARE_PX
        return np.asarray((self.areas == Area.READABLE)[rows[:, None], columns[None, :]], bool)

    def areas_mm2(self, plan: FieldPlan) -> dict[str, float]:
        """Size of each area, mm², by its name in lower case; together they are the field's."""
        heights = np.diff(_square_edges(plan.height, plan.step))
        widths = np.diff(_square_edges(plan.width, plan.step))
        sizes = heights[:, None] * widths[None, :] * (plan.um_per_px / 1000) ** 2
        return {area.name.lower(): float(sizes[self.areas == area].sum()) for area in Area}


def needs_map(plan: FieldPlan) -> bool:
    """Whether a field is a scan of a slide and not a photo, which a person has aimed at what is readable."""
    return plan.width * plan.height * (plan.um_per_px / 1000) ** 2 > PHOTO_MM2


def map_film(field: Field, plan: FieldPlan) -> FilmMap:
    """Map a field's film, read in strips so that the memory is the same for a slide of any height.

    A square of which a part cannot be read is taken for readable, so that the tiles there are tried and
    reported as failed one by one. Squares outside the bright view are taken for empty.
    """
    squares = _squares(plan)
    counts = np.zeros((len(squares.rows) - 1, len(squares.columns) - 1, LEVELS), np.uint16)
    unread = np.zeros(counts.shape[:2], bool)
    for strip in _strips(squares):
        for piece, picture in _read(field, squares, strip):
            place = squares.touched_by(piece)
            if picture is None:
                unread[place] = True
                continue
            lit = _lit(plan.light, squares.shrink, piece)
            counts[place] += depth_counts(picture, plan.light.white_point, squares.edges_in(piece), lit)
    counts[unread] = 0
    areas = map_areas(counts)
    areas[unread] = Area.READABLE
    return FilmMap(areas=areas)


_Piece = tuple[int, int, int, int]
"""x_min, y_min, x_max, y_max, px of low magnification."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Squares:
    """Where the squares of a field lie at low magnification.

    Attributes
    ----------
    shrink : level-0 px per px of low magnification.
    rows, columns : int64, px of low magnification at which squares begin, and where the last one ends.
    """

    shrink: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]

    def touched_by(self, piece: _Piece) -> tuple[slice, slice]:
        """Rows and columns of the squares that share px with a piece."""
        x0, y0, x1, y1 = piece
        return _touched(self.rows, y0, y1), _touched(self.columns, x0, x1)

    def edges_in(self, piece: _Piece) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Edges of the squares' parts inside a piece, rows and columns, px of the piece."""
        x0, y0, x1, y1 = piece
        return _clipped(self.rows, y0, y1), _clipped(self.columns, x0, x1)


def _squares(plan: FieldPlan) -> _Squares:
    shrink = 1
    while 2 * shrink * plan.um_per_px <= COARSEST_UM and shrink < MAX_SHRINK:
        shrink *= 2
    return _Squares(
        shrink=shrink,
        rows=_low_edges(plan.height, plan.step, shrink),
        columns=_low_edges(plan.width, plan.step, shrink),
    )


def _square_edges(side: int, step: float) -> NDArray[np.float64]:
    """Level-0 px at which squares begin along a side of the field, and its end."""
    number = -(-max(1, int(np.ceil(side / step))) // SQUARE_PX)
    return np.minimum(np.arange(number + 1, dtype=np.float64) * (SQUARE_PX * step), float(side))


def _low_edges(side: int, step: float, shrink: int) -> NDArray[np.int64]:
    """The same in px of low magnification, of which each square has one at least."""
    edges = np.rint(_square_edges(side, step) / shrink).astype(np.int64)
    end = -(-side // shrink)
    edges = np.minimum(edges, end - np.arange(len(edges))[::-1])
    edges[-1] = end
    return edges


def _touched(edges: NDArray[np.int64], start: int, stop: int) -> slice:
    first = int(np.searchsorted(edges, start, side="right")) - 1
    return slice(first, int(np.searchsorted(edges, stop, side="left")))


def _clipped(edges: NDArray[np.int64], start: int, stop: int) -> NDArray[np.int64]:
    touched = _touched(edges, start, stop)
    return np.clip(edges[touched.start : touched.stop + 1], start, stop) - start


def _strips(squares: _Squares) -> Iterator[_Piece]:
    """Strips of the whole width that cover the field once, from top to foot."""
    width, height = int(squares.columns[-1]), int(squares.rows[-1])
    fitting = STRIP_PX // width // LEAST_STRIP_ROWS * LEAST_STRIP_ROWS
    rows = min(max(fitting, LEAST_STRIP_ROWS), STRIP_ROWS)
    for top in range(0, height, rows):
        yield 0, top, width, min(top + rows, height)


def _read(
    field: Field, squares: _Squares, piece: _Piece
) -> Iterator[tuple[_Piece, NDArray[np.uint8] | None]]:
    """A piece and its picture; one that cannot be read is halved until single squares are left, as None."""
    shrink = squares.shrink
    x0, y0, x1, y1 = piece
    try:
        sides = x0 * shrink, y0 * shrink, (x1 - x0) * shrink, (y1 - y0) * shrink
        picture = field.read(*sides, shrink)
    except SlideError:
        halves = _halves(squares, piece)
        if not halves:
            yield piece, None
        for half in halves:
            yield from _read(field, squares, half)
    else:
        yield piece, picture


def _halves(squares: _Squares, piece: _Piece) -> list[_Piece]:
    """A piece cut in two between squares, across its longer side; nothing where it lies in one square."""
    x0, y0, x1, y1 = piece
    rows, columns = squares.touched_by(piece)
    down, across = rows.stop - rows.start, columns.stop - columns.start
    if max(down, across) == 1:
        return []
    if down > across:
        middle = int(squares.rows[rows.start + down // 2])
        return [(x0, y0, x1, middle), (x0, middle, x1, y1)]
    middle = int(squares.columns[columns.start + across // 2])
    return [(x0, y0, middle, y1), (middle, y0, x1, y1)]


def _lit(light: FieldLight, shrink: int, piece: _Piece) -> NDArray[np.bool_] | None:
    """Which px of a piece lie in the bright view, clear of its rim; None where there is none."""
    if light.view is None:
        return None
    x0, y0, x1, y1 = piece
    x = ((np.arange(x0, x1) + 0.5) * shrink).astype(np.float32)[None, :]
    y = ((np.arange(y0, y1) + 0.5) * shrink).astype(np.float32)[:, None]
    return np.asarray(light.view.distance_at(x, y) > RIM_PX * shrink, bool)

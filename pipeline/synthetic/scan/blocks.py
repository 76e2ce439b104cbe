"""Fills one block of a rendered scan's film with bodies; the blocks before are obstacles to it."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from pipeline.synthetic.layout import Body, Kind
from pipeline.synthetic.scan.film import Film
from pipeline.synthetic.scan.stamps import Placed, stamped, variants

__all__ = ["Block", "Cell", "Filler", "Taken"]

_TRIES = 40  # for each red cell that is wanted
_FULL = 0.8  # of the film's area; where more is covered, cells are no longer laid against one another
_HEAPED = 0.7  # most that the radii of two cells may overlap there
_SPARSE = 0.5  # of the film's area; where more is covered, cells may lie over one another wherever they fall

_SHARED_KINDS: tuple[Kind, ...] = ("red_cell", "platelet", "speck")

_Place = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of the scan, half open: px from (left, top) up to (right, bottom)."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A healthy red cell: drawn with a seed of its own as `own`, or stamped from a shared drawing."""

    own: Body
    shared: Placed


class Taken:
    """Discs on the film that others keep away from; a grid of squares keeps the look-up short."""

    def __init__(self, square: float) -> None:
        self.square = square
        self.squares: defaultdict[tuple[int, int], list[tuple[float, float, float]]] = defaultdict(list)

    def free(self, place: _Place, radius: float, overlap: float) -> bool:
        """Whether no disc is nearer than 1 - `overlap` of the two radii's sum."""
        x, y = place
        column, row = int(x // self.square), int(y // self.square)
        for near_row in (row - 1, row, row + 1):
            for near_column in (column - 1, column, column + 1):
                for other_x, other_y, other in self.squares.get((near_column, near_row), ()):
                    reach = (radius + other) * (1 - overlap)
                    if (x - other_x) ** 2 + (y - other_y) ** 2 < reach * reach:
                        return False
        return True

    def take(self, place: _Place, radius: float) -> None:
        """Put a disc onto the film."""
        x, y = place
        self.squares[int(x // self.square), int(y // self.square)].append((x, y, radius))

    def forget_above(self, y: float) -> None:
        """Drop the discs that nothing below y comes near to."""
        last = int(y // self.square) - 1
        for key in [key for key in self.squares if key[1] < last]:
            del self.squares[key]


class Filler:
    """Fills block after block of one film."""

    def __init__(self, film: Film) -> None:
        self._film, self._settings = film, film.settings
        self.taken = Taken(2.5 * film.settings.cell_um / film.settings.um_per_px)
        self._shared: dict[tuple[Kind, int], tuple[Body, ...]] = {
            (kind, style): variants(film.styles, style, kind)
            for kind in _SHARED_KINDS
            for style in range(len(film.styles))
        }

    def fill(self, block: Block, rng: np.random.Generator) -> tuple[list[Cell], list[Placed]]:
        """The red cells of a block, and its white cells, platelets and dirt."""
        settings = self._settings
        most = self._film.most(block.left, block.top, block.right, block.bottom)
        area = (block.right - block.left) * (block.bottom - block.top) * settings.um_per_px**2
        cells = area / (np.pi * (settings.cell_um / 2) ** 2)  # that would cover the block once
        full, even = most * cells, settings.density * cells
        others = self._white_cells(block, rng, int(rng.poisson(settings.white_cells * full / 100)))
        red = self._red_cells(block, rng, most, int(full + rng.random()))
        others += self._platelets(block, rng, int(rng.poisson(settings.platelets * full / 100)))
        others += self._dirt(block, rng, int(rng.poisson(settings.dirt * even / 100)))
        return red, others

    def _white_cells(self, block: Block, rng: np.random.Generator, wanted: int) -> list[Placed]:
        placed: list[Placed] = []
        for _ in range(wanted):
            radius_um = rng.uniform(5.5, 7.8)
            radius, place = radius_um / self._settings.um_per_px, _somewhere(block, rng)
            if self._film.density(*place) > 0 and self.taken.free(place, radius, 0.0):
                self.taken.take(place, radius)
                body = _body("white_cell", "white_blood_cell", place, radius_um, rng)
                placed.append(Placed(body=body, style=self._film.style(*place)))
        return placed

    def _red_cells(self, block: Block, rng: np.random.Generator, most: float, wanted: int) -> list[Cell]:
        cells: list[Cell] = []
        heading = float(rng.uniform(0, 2 * np.pi))
        for _ in range(_TRIES * wanted):
            if wanted <= 0:
                break
            if cells and most <= _FULL and rng.random() < self._settings.clumping:
                stacked = rng.random() < 0.5
                last = cells[-1].own if stacked else cells[rng.integers(len(cells))].own
                heading = heading + rng.normal(0, 0.35) if stacked else rng.uniform(0, 2 * np.pi)
                place, overlap = self._against(last, heading, rng)
                crowd = self._film.density(*place)
            else:
                place, overlap = _somewhere(block, rng), -0.02
                crowd = self._film.density(*place)
                if rng.random() * most >= crowd:
                    wanted -= 1  # a place where less of the film is covered
                    continue
            if crowd > _SPARSE:
                overlap = max(overlap, min(_HEAPED, crowd - _SPARSE))
            if crowd > 0 and _holds(block, place):
                style = self._film.style(*place)
                variant = self._variant("red_cell", style, rng)
                radius = variant.radius_um / self._settings.um_per_px
                if self.taken.free(place, radius, overlap):
                    self.taken.take(place, radius)
                    own = _body("red_cell", "uninfected", place, variant.radius_um, rng)
                    cells.append(Cell(own=own, shared=_stamped(variant, style, place, rng)))
                    wanted -= 1
        return cells

    def _against(self, last: Body, heading: float, rng: np.random.Generator) -> tuple[_Place, float]:
        """A place beside or on another cell, and by how much of the radii the two overlap there."""
        near = rng.uniform(0.5, 0.9) if rng.random() < self._settings.stacking else rng.uniform(0.88, 1.03)
        step = near * 2 * last.radius_um / self._settings.um_per_px
        x, y = np.rint((last.x + step * np.cos(heading), last.y + step * np.sin(heading))).tolist()
        return (x, y), max(1 - near, 0.0) + 0.03

    def _platelets(self, block: Block, rng: np.random.Generator, wanted: int) -> list[Placed]:
        placed: list[Placed] = []
        for _ in range(wanted):
            place = _somewhere(block, rng)
            style = self._film.style(*place)
            variant = self._variant("platelet", style, rng)
            radius = variant.radius_um / self._settings.um_per_px
            lies_on_cells = rng.random() < 0.25
            if self._film.density(*place) > 0 and self.taken.free(place, radius, float(lies_on_cells)):
                placed.append(_stamped(variant, style, place, rng))
        return placed

    def _dirt(self, block: Block, rng: np.random.Generator, wanted: int) -> list[Placed]:
        placed: list[Placed] = []
        for _ in range(wanted):
            place, draw = _somewhere(block, rng), rng.random()
            style = self._film.style(*place)
            if draw < 0.75:
                placed.append(_stamped(self._variant("speck", style, rng), style, place, rng))
                continue
            kind: Kind = "smudge" if draw < 0.96 else "scratch"
            radius_um = (4.0 if kind == "smudge" else 18.0) * rng.uniform(0.25, 1.0)
            body = _body(kind, "", place, radius_um, rng)
            placed.append(Placed(body=body, style=style))
        return placed

    def _variant(self, kind: Kind, style: int, rng: np.random.Generator) -> Body:
        choice = self._shared[kind, style]
        return choice[int(rng.random() * len(choice))]


def _stamped(variant: Body, style: int, place: _Place, rng: np.random.Generator) -> Placed:
    return Placed(body=stamped(variant, place), style=style, turn=int(rng.random() * 8), shared=True)


def _somewhere(block: Block, rng: np.random.Generator) -> _Place:
    x = block.left + int(rng.random() * (block.right - block.left))
    y = block.top + int(rng.random() * (block.bottom - block.top))
    return float(x), float(y)


def _holds(block: Block, place: _Place) -> bool:
    return block.left <= place[0] < block.right and block.top <= place[1] < block.bottom


def _body(kind: Kind, label: str, place: _Place, radius_um: float, rng: np.random.Generator) -> Body:
    x, y = place
    return Body(kind=kind, label=label, x=x, y=y, radius_um=float(radius_um), seed=_seed(rng))


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**62))

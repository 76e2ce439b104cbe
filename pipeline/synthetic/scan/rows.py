"""The bodies of a rendered scan as a stream of rows of blocks: pressed, infected, never all in memory."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from pipeline.synthetic.layout import Body
from pipeline.synthetic.scan.blocks import Block, Cell, Filler
from pipeline.synthetic.scan.film import Film
from pipeline.synthetic.scan.pressed import PressedCells
from pipeline.synthetic.scan.stamps import Placed
from pipeline.synthetic.settings import STAGES, RenderSettings

__all__ = ["BodyRows", "block_px"]

_BLOCK_CELLS = 20  # side of a block, mean cell diameters
_CROWDED = 0.6  # of the film's area; where more is covered, cells lie over each other and press no more
_SPARE = 20  # cells among which a crescent looks for the loneliest

_Places = NDArray[np.float64]


@dataclass(slots=True)
class _Row:
    """One row of blocks; `contacts` has the angle and distance of the lines where neighbours press."""

    cells: list[Cell] = field(default_factory=list)
    contacts: defaultdict[int, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    others: list[Placed] = field(default_factory=list)

    def places(self) -> _Places:
        return np.array([(cell.own.x, cell.own.y) for cell in self.cells], np.float64).reshape(-1, 2)


def block_px(settings: RenderSettings) -> int:
    """Side of a block, px."""
    return max(16, round(_BLOCK_CELLS * settings.cell_um / settings.um_per_px))


class BodyRows:
    """Lays a scan out row by row of blocks.

    A block has a random generator of its own, from the seed, its row and its column. What lies two rows up is
    forgotten.

    Attributes
    ----------
    red_cells, infected : given out so far; infected is round(parasitaemia x red_cells) after each row.
    """

    def __init__(self, film: Film) -> None:
        self._film, self._settings = film, film.settings
        self._filler = Filler(film)
        self._pressed = [PressedCells(film.styles, style) for style in range(len(film.styles))]
        self.red_cells = self.infected = 0

    def __iter__(self) -> Iterator[list[Placed]]:
        """The bodies row by row; those of one row in the order in which they are drawn."""
        side = block_px(self._settings)
        count = -(-self._settings.height // side)
        above: _Places = np.empty((0, 2))
        before: _Row | None = None
        for index in range(count):
            row = self._filled(index, side)
            rng = np.random.default_rng([self._settings.seed, 5, index])
            self._press(row, row, rng)
            if before is not None:
                self._press(before, row, rng)
                yield self._finished(before, np.concatenate([above, row.places()]), index - 1)
                above = before.places()
            before = row
            self._filler.taken.forget_above(index * side)
        if before is not None:
            yield self._finished(before, above, count - 1)

    def _filled(self, index: int, side: int) -> _Row:
        row, settings = _Row(), self._settings
        bottom = min((index + 1) * side, settings.height)
        for column, left in enumerate(range(0, settings.width, side)):
            right = min(left + side, settings.width)
            rng = np.random.default_rng([settings.seed, 6, index, column])
            block = Block(left=left, top=index * side, right=right, bottom=bottom)
            cells, others = self._filler.fill(block, rng)
            row.cells += cells
            row.others += others
        return row

    def _press(self, upper: _Row, lower: _Row, rng: np.random.Generator) -> None:
        """Flatten pairs that touch or overlap a little against each other, the more the less they stack."""
        for one, other in _near_pairs(upper, lower, 1.6 * self._settings.cell_um / self._settings.um_per_px):
            first, second = upper.cells[one].own, lower.cells[other].own
            apart = np.array((second.x - first.x, second.y - first.y)) * self._settings.um_per_px
            distance, angle = float(np.hypot(*apart)), float(np.arctan2(apart[1], apart[0]))
            both = first.radius_um + second.radius_um
            if not 0.8 * both < distance < 1.02 * both or rng.random() <= self._settings.stacking:
                continue
            if self._film.density((first.x + second.x) / 2, (first.y + second.y) / 2) < _CROWDED:
                share = distance / both * rng.uniform(0.92, 1.0)
                upper.contacts[one].append((angle, first.radius_um * share))
                lower.contacts[other].append((angle + np.pi, second.radius_um * share))

    def _finished(self, row: _Row, around: _Places, index: int) -> list[Placed]:
        rng = np.random.default_rng([self._settings.seed, 7, index])
        self.red_cells += len(row.cells)
        wanted = round(self._settings.parasitaemia * self.red_cells) - self.infected
        self.infected += wanted
        infected = self._infected(row, around, wanted, rng)
        placed = []
        for number, cell in enumerate(row.cells):
            contacts = tuple(row.contacts.get(number, ()))
            sick = infected.get(number)
            if sick is None and not contacts:
                placed.append(cell.shared)
            elif sick is None and len(contacts) == 1:
                pressed = self._pressed[cell.shared.style]
                placed.append(pressed.at((cell.own.x, cell.own.y), *contacts[0]))
            else:
                body = replace(sick or cell.own, contacts=contacts)
                placed.append(Placed(body=body, style=cell.shared.style))
        return [*placed, *row.others]

    def _infected(self, row: _Row, around: _Places, wanted: int, rng: np.random.Generator) -> dict[int, Body]:
        """The row's infected cells by their index; those whose parasite would lie out of sight come last."""
        order = rng.permutation(len(row.cells)).tolist()
        queue = [index for index in order if self._depth(row.cells[index].own) >= 0.5]
        queue += [index for index in order if self._depth(row.cells[index].own) < 0.5]
        spare = [index for index in queue[wanted:] if self._depth(row.cells[index].own) >= 1.75]
        places = row.places()
        tree = cKDTree(np.concatenate([places, around]))
        settings = self._settings
        weights = np.asarray(settings.stages, float) / sum(settings.stages)
        infected: dict[int, Body] = {}
        for index in queue[:wanted]:
            stage = STAGES[rng.choice(len(STAGES), p=weights)]
            if stage == "gametocyte" and settings.species == "falciparum":
                style = row.cells[index].shared.style
                alike = (other for other in spare if row.cells[other].shared.style == style)
                near = [index, *islice(alike, _SPARE)]
                nearest, _ = tree.query(places[near], k=2)
                index = near[int(np.argmax(nearest[:, 1]))]  # the loneliest has room for a crescent
                spare = [other for other in spare if other != index]
            own = row.cells[index].own
            growth = rng.uniform(1.0, 1.1 if stage == "ring" else 1.3) if settings.species == "vivax" else 1.0
            radius_um = min(own.radius_um * growth, settings.cell_um * 0.68)
            infected[index] = replace(own, label=stage, radius_um=float(radius_um))
        return infected

    def _depth(self, cell: Body) -> float:
        """How far the cell's centre lies inside the picture, radii."""
        settings = self._settings
        inside = min(cell.x, cell.y, settings.width - cell.x, settings.height - cell.y)
        return inside * settings.um_per_px / cell.radius_um


def _near_pairs(upper: _Row, lower: _Row, reach: float) -> list[tuple[int, int]]:
    """Indices of pairs of cells of two rows, or of one, whose centres are within `reach` px."""
    if upper is lower:
        if not upper.cells:
            return []
        pairs = cKDTree(upper.places()).query_pairs(reach, output_type="ndarray")
        return sorted((int(one), int(other)) for one, other in pairs)
    first, second = upper.places(), lower.places()
    if not len(first) or not len(second):
        return []
    edge = second[:, 1].min()
    seam = np.flatnonzero(first[:, 1] > edge - reach)
    if not len(seam):
        return []
    found = cKDTree(first[seam]).query_ball_point(second, reach)
    return sorted((int(seam[one]), other) for other, near in enumerate(found) for one in near)

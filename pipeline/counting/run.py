"""Works on the tiles of a slide, here, in processes or on a cluster, until enough cells are counted."""

from bisect import bisect_left
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.counting.rules import decided
from pipeline.counting.tile import FailedPart, TileCells, TileWorker, failed_tile, make_tile_worker
from pipeline.counting.tile_store import TileStore
from pipeline.counting.tiling import Tile, tile_at, tiles
from pipeline.execution.processes import WorkerDiedError, run_here, run_in_processes
from pipeline.planning.field import FieldPlan
from pipeline.planning.protocols import VIEW_MM2, Goal
from pipeline.planning.sampling import even_order
from pipeline.settings import CountSettings, Progress, with_absolute_paths
from segmentation.detections import Kind
from segmentation.film import SQUARE_PX
from segmentation.resample import DETECTOR_UM_PER_PX

__all__ = ["Found", "TileJob", "run_tiles", "tiles_to_do"]

Answer = TileCells | WorkerDiedError


@dataclass(frozen=True, slots=True, kw_only=True)
class TileJob:
    """What is to be done on the tiles of a slide.

    Attributes
    ----------
    source, settings : from which another process makes a worker of its own.
    worker : works on a tile in this process.
    goal : red cells after which the count stops; None counts all.
    left_out : indices of the fields that are not counted after all; what a tile holds does not depend on it.
    """

    source: Path
    settings: CountSettings
    worker: TileWorker
    goal: Goal | None
    left_out: frozenset[int] = frozenset()

    @property
    def plans(self) -> Mapping[int, FieldPlan]:
        """Plan of each field that is counted, by its index."""
        return {index: plan for index, plan in self.worker.plans.items() if index not in self.left_out}


@dataclass(slots=True, kw_only=True)
class Found:
    """What became of the tiles of a slide.

    Attributes
    ----------
    tiles : those that belong to the count; the store holds their cells.
    failed : index of the field, and part of it that belongs to the count but could not be worked on.
    """

    tiles: Sequence[Tile]
    failed: list[tuple[int, FailedPart]] = field(default_factory=list)

    def without(self, left_out: frozenset[int]) -> "Found":
        """The same without some fields, given by their indices."""
        return Found(
            tiles=[tile for tile in self.tiles if tile.field not in left_out],
            failed=[(index, part) for index, part in self.failed if index not in left_out],
        )

    def reached(self, plan: FieldPlan) -> NDArray[np.bool_]:
        """Squares of a field that were tried, bool (rows, columns)."""
        reached = np.zeros(plan.area.areas.shape, bool)
        for tile in self.tiles:
            if tile.field == plan.index:
                x0, y0, x1, y1 = tile.core
                reached[y0 // SQUARE_PX : -(-y1 // SQUARE_PX), x0 // SQUARE_PX : -(-x1 // SQUARE_PX)] = True
        return reached


def tiles_to_do(job: TileJob) -> list[Tile]:
    """Tiles that hold something to count.

    With a goal they are single squares, in an order of which every beginning samples the slide evenly.
    """
    if job.goal is not None:
        squares = _squares(list(job.plans.values()))
        return _of_views(squares, list(job.plans), job.goal.fields) if job.goal.fields else squares
    return [
        tile
        for plan in job.plans.values()
        for tile in tiles(plan.index, plan.grid, job.settings.tile_px)
        if plan.area.touches(tile.core)
    ]


def run_tiles(job: TileJob, todo: Sequence[Tile], store: TileStore, progress: Progress | None) -> Found:
    """Work on those tiles of a slide that the store does not hold yet; their cells are in the store then.

    With a goal, a tile belongs to the count if those before it in the order hold too few cells. Which tiles
    these are depends on nothing else, whoever worked on them and whatever was ready first.

    Parameters
    ----------
    todo : see `tiles_to_do`.
    """
    run = _Run(worker=job.worker, goal=job.goal, todo=todo)
    kept = set(store.kept())
    for tile in todo:
        # What failed in an earlier run may have been mended since.
        if tile in kept and not (cells := store.load(tile)).failed:
            run.take(tile, cells)
    answers = _answers(job, [tile for tile in todo if tile not in run.taken])
    try:
        while not run.enough():
            answered = next(answers, None)
            if answered is None:
                break
            tile, answer = answered
            cells = answer if isinstance(answer, TileCells) else failed_tile(tile, answer)
            store.add(tile, cells)
            run.take(tile, cells)
            if progress is not None:
                progress(len(run.taken), len(todo), run.red_cells)
    finally:
        answers.close()
    return run.found()


@dataclass(slots=True, kw_only=True)
class _Run:
    """Tiles as they become ready, and how far the goal is reached by those at the beginning."""

    worker: TileWorker
    goal: Goal | None
    todo: Sequence[Tile]
    taken: dict[Tile, tuple[int, int]] = field(default_factory=dict)
    failed: dict[Tile, tuple[FailedPart, ...]] = field(default_factory=dict)
    red_cells: int = 0
    _first_open: int = 0
    _counted: int = 0
    _infected: int = 0

    def take(self, tile: Tile, cells: TileCells) -> None:
        self.red_cells += int((cells.kinds == Kind.RED_CELL).sum())
        self.taken[tile] = (0, 0) if self.goal is None else self._calls(cells)
        self.failed[tile] = cells.failed

    def enough(self) -> bool:
        if self.goal is None:
            return len(self.taken) == len(self.todo)
        while self._first_open < len(self.todo) and self.goal.missing(self._infected, self._counted):
            taken = self.taken.get(self.todo[self._first_open])
            if taken is None:
                return False
            self._counted += taken[0]
            self._infected += taken[1]
            self._first_open += 1
        return True

    def found(self) -> Found:
        used = self.todo if self.goal is None else self.todo[: self._first_open]
        return Found(tiles=used, failed=[(tile.field, part) for tile in used for part in self.failed[tile]])

    def _calls(self, cells: TileCells) -> tuple[int, int]:
        """Counted red cells of a tile, and the infected among them."""
        plan, classifier = self.worker.plans[cells.field], self.worker.classifier.manifest
        red, infected, at_border = decided(plan, cells, classifier)
        return int((red & ~at_border).sum()), int((infected & ~at_border).sum())


def _squares(plans: Sequence[FieldPlan]) -> list[Tile]:
    """The squares of all fields, the fields laid side by side, in even order."""
    places, found, left = [], [], 0
    for plan in plans:
        squares = plan.area.squares()
        places.append(squares + np.asarray((left, 0)))
        corners = (squares * SQUARE_PX).tolist()
        found += [tile_at(plan.index, plan.grid, (x, y), SQUARE_PX) for x, y in corners]
        left += plan.area.areas.shape[1]
    return [found[index] for index in even_order(np.concatenate(places)).tolist()]


def _of_views(squares: list[Tile], fields: list[int], views: int) -> list[Tile]:
    """Squares of so many photos, spread evenly; of a single one or a scan, of so many views."""
    if len(fields) == 1:
        wanted_px = views * VIEW_MM2 * (1000 / DETECTOR_UM_PER_PX) ** 2
        sizes = [(right - left) * (foot - top) for left, top, right, foot in (one.core for one in squares)]
        return squares[: bisect_left(list(accumulate(sizes)), wanted_px) + 1]
    chosen = (
        {fields[index * len(fields) // views] for index in range(views)} if views < len(fields) else fields
    )
    return [square for square in squares if square.field in chosen]


def _answers(job: TileJob, todo: Sequence[Tile]) -> Generator[tuple[Tile, Answer]]:
    settings = job.settings
    if settings.scheduler is not None and todo:
        from pipeline.execution.dask import run_on_cluster

        there = job.source.absolute()
        arguments = (there, with_absolute_paths(settings), job.worker.plans)
        yield from run_on_cluster(make_tile_worker, arguments, todo, settings.scheduler, readable=(there,))
    elif settings.workers > 1 and len(todo) > 1:
        arguments = (job.source, settings, job.worker.plans)
        yield from run_in_processes(make_tile_worker, arguments, todo, settings.workers)
    else:
        yield from run_here(job.worker, todo)

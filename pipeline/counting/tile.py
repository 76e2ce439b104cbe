"""Works on one tile: reads its pixels, finds its cells, and asks the classifier about the red ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from classifier.crops import red_cell_crops
from classifier.predict import predict, sure_stage
from pipeline.counting.tiling import Tile, squares_of
from pipeline.errors import SlideError, SmearcountError
from pipeline.networks import Classifier, Detector, load_classifier, load_detector
from pipeline.planning.field import FieldPlan, read_window
from pipeline.reader.slide import Slide, open_slide
from pipeline.settings import CountSettings
from segmentation.colours import LEVELS, TileColours
from segmentation.detections import Kind
from segmentation.segment import segment

__all__ = ["FailedPart", "TileCells", "TileWorker", "failed_tile", "make_tile_worker"]


_FAILURES = (SmearcountError, OSError, ValueError, MemoryError, cv2.error)
"""What a broken file, a full memory or an absurd picture raises; anything else is a mistake of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPart:
    """A part of a tile that could not be worked on.

    Attributes
    ----------
    core : x_min, y_min, x_max, y_max, detector px of the field, half-open.
    reason : one line.
    """

    core: tuple[int, int, int, int]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TileCells:
    """Cells of one tile, level-0 px of its field.

    Attributes
    ----------
    field : index of the field.
    boxes : float64 (n, 4). kinds : uint8 (n,), see `Kind`. scores : float32 (n,).
    measured : float64 (n, 4): area_um2, diameter_um, circularity, focus.
    overlaps : bool (n,). p_infected : float32 (n,), NaN for what is no red cell.
    stages : int64 (n,), place in the manifest's stages, -1 where the stage is unknown.
    colours : of the cells and of the tile, for quality control.
    failed : parts of the tile that could not be worked on.
    """

    field: int
    boxes: NDArray[np.float64]
    kinds: NDArray[np.uint8]
    scores: NDArray[np.float32]
    measured: NDArray[np.float64]
    overlaps: NDArray[np.bool_]
    p_infected: NDArray[np.float32]
    stages: NDArray[np.int64]
    colours: TileColours
    failed: tuple[FailedPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TileWorker:
    """Everything one process needs to work on any tile of a slide; call it with a tile.

    Attributes
    ----------
    plans : plan of each readable field, by its index.
    """

    slide: Slide
    plans: Mapping[int, FieldPlan]
    detector: Detector
    classifier: Classifier

    def __call__(self, tile: Tile) -> TileCells:
        """Cells of the tile; a broken part of the file costs its own squares and must not end the slide."""
        plan = self.plans[tile.field]
        try:
            return self._work(tile, plan)
        except _FAILURES:
            parts = [self._tried(square, plan) for square in squares_of(tile, plan.grid)]
        return _joined(tile.field, parts)

    def _tried(self, square: Tile, plan: FieldPlan) -> TileCells:
        if plan.area is not None and not plan.area.touches(square.core):
            return _without_cells(square.field, ())
        try:
            return self._work(square, plan)
        except _FAILURES as error:
            return failed_tile(square, error)

    def _work(self, tile: Tile, plan: FieldPlan) -> TileCells:
        x0, y0, x1, y1 = tile.outer
        window = (2 * x0, 2 * y0, 2 * (x1 - x0), 2 * (y1 - y0))
        picture = read_window(self.slide.fields[tile.field], plan.grid, plan.light, window)
        core = (tile.core[0] - x0, tile.core[1] - y0, tile.core[2] - x0, tile.core[3] - y0)
        counted = None if plan.area is None else plan.area.mask(tile.core)
        cells = segment(picture, core, self.detector.network, self.detector.manifest.threshold, counted)
        red = cells.found.kinds == Kind.RED_CELL
        crops = red_cell_crops(picture, cells)
        calls = predict(crops, self.classifier.network, self.classifier.calibration)
        probability = np.full(len(cells.found), np.nan, np.float32)
        probability[red] = calls.p_infected
        stages = np.full(len(cells.found), -1, np.int64)
        stages[red] = sure_stage(calls.stages, self.classifier.least_stage)
        origin = np.asarray((x0, y0, x0, y0), np.float64)
        rows = [(m.area_um2, m.diameter_um, m.circularity, m.focus) for m in cells.measurements]
        return TileCells(
            field=tile.field,
            boxes=(cells.found.boxes.astype(np.float64) + origin) * plan.step,
            kinds=cells.found.kinds,
            scores=cells.found.scores,
            measured=np.asarray(rows, np.float64).reshape(-1, 4),
            overlaps=cells.overlaps,
            p_infected=probability,
            stages=stages,
            colours=cells.colours,
        )


def failed_tile(tile: Tile, error: Exception) -> TileCells:
    """No cells, and why: a tile that could not be worked on."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return _without_cells(tile.field, (FailedPart(core=tile.core, reason=reason),))


def _without_cells(field: int, failed: tuple[FailedPart, ...]) -> TileCells:
    nothing = np.zeros(0)
    return TileCells(
        field=field,
        boxes=np.zeros((0, 4)),
        kinds=nothing.astype(np.uint8),
        scores=nothing.astype(np.float32),
        measured=np.zeros((0, 4)),
        overlaps=nothing.astype(bool),
        p_infected=nothing.astype(np.float32),
        stages=nothing.astype(np.int64),
        colours=TileColours(objects=np.zeros((0, 3), np.float32), depths=np.zeros(LEVELS, np.int64)),
        failed=failed,
    )


def _joined(field: int, parts: Sequence[TileCells]) -> TileCells:
    """The cells of several parts of a tile as one."""
    columns = ("boxes", "kinds", "scores", "measured", "overlaps", "p_infected", "stages")
    colours = TileColours(
        objects=np.concatenate([part.colours.objects for part in parts]),
        depths=np.sum([part.colours.depths for part in parts], axis=0),
    )
    return TileCells(
        field=field,
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in columns},
        colours=colours,
        failed=tuple(failed for part in parts for failed in part.failed),
    )


def make_tile_worker(
    source: Path, settings: CountSettings, plans: Mapping[int, FieldPlan]
) -> Callable[[Tile], TileCells]:
    """A worker in a new process: opens the slide and loads the networks anew.

    A slide that went away since it was planned costs the tiles that are not yet done.
    """
    cv2.setNumThreads(1)
    detector, classifier = load_detector(settings), load_classifier(settings)
    try:
        slide = open_slide(source)
    except SlideError as error:
        return partial(failed_tile, error=error)
    return TileWorker(slide=slide, plans=plans, detector=detector, classifier=classifier)

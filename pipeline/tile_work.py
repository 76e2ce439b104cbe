"""Works on one tile: reads its pixels, finds its cells, and asks the classifier about the red ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from classifier.predict import predict, sure_stage
from pipeline.errors import SmearcountError
from pipeline.field_plan import FieldPlan, read_window
from pipeline.networks import Classifier, Detector, load_classifier, load_detector
from pipeline.reader import Slide, open_slide
from pipeline.records import FailedTile
from pipeline.settings import CountSettings
from pipeline.tiling import Tile
from segmentation.colours import TileColours
from segmentation.detections import Kind
from segmentation.segment import segment

__all__ = ["TileCells", "TileWorker", "make_tile_worker"]


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

    def __call__(self, tile: Tile) -> TileCells | FailedTile:
        """Cells of the tile, or why it failed; a broken tile must not end the slide."""
        plan = self.plans[tile.field]
        try:
            return self._work(tile, plan)
        except (SmearcountError, OSError, ValueError, MemoryError, cv2.error) as error:
            return failed_tile(tile, plan, error)

    def _work(self, tile: Tile, plan: FieldPlan) -> TileCells:
        x0, y0, x1, y1 = tile.outer
        window = (2 * x0, 2 * y0, 2 * (x1 - x0), 2 * (y1 - y0))
        picture = read_window(self.slide.fields[tile.field], plan.grid, plan.light, window)
        core = (tile.core[0] - x0, tile.core[1] - y0, tile.core[2] - x0, tile.core[3] - y0)
        crop = self.classifier.manifest.crop
        if crop is None:
            raise ValueError("the classifier's manifest names no crop style; expected context or masked")
        counted = None if plan.area is None else plan.area.mask(tile.core)
        cells = segment(picture, core, self.detector.network, self.detector.manifest.threshold, crop, counted)
        red = cells.found.kinds == Kind.RED_CELL
        calls = predict(cells.crops, self.classifier.network, self.classifier.calibration)
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


def failed_tile(tile: Tile, plan: FieldPlan, error: Exception) -> FailedTile:
    """Record of a tile that could not be worked on."""
    x0, y0, x1, y1 = (round(side * plan.step) for side in tile.core)
    reason = " ".join(str(error).split()) or type(error).__name__
    return FailedTile(
        field=plan.name,
        x=x0,
        y=y0,
        width=min(x1, plan.width) - x0,
        height=min(y1, plan.height) - y0,
        reason=reason,
    )


def make_tile_worker(source: Path, settings: CountSettings, plans: Mapping[int, FieldPlan]) -> TileWorker:
    """A worker in a new process: opens the slide and loads the networks anew."""
    cv2.setNumThreads(1)
    return TileWorker(
        slide=open_slide(source),
        plans=plans,
        detector=load_detector(settings),
        classifier=load_classifier(settings),
    )

"""Works on one tile: reads its pixels, finds its cells, and asks the classifier about the red ones."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from classifier.control import GRAIN_UM2
from classifier.crops import object_crops
from classifier.predict import Doubtful, predict, sure_stage
from classifier.specks import FULL_LIGHT, empty_ground, find_specks, searched_ground
from classifier.stain import even_stain
from pipeline.counting.debris import (
    CLEAN_P,
    DebrisSample,
    Kept,
    is_kept,
    joined_samples,
    kept_share,
    place_keys,
)
from pipeline.counting.tiling import Tile, squares_of
from pipeline.errors import SlideError, SmearcountError, reason_of
from pipeline.networks import Classifier, Detector, load_classifier, load_detector
from pipeline.planning.field import FieldPlan, read_window
from pipeline.reader.slide import Slide, open_slide
from pipeline.settings import CountSettings
from segmentation.colours import TileColours
from segmentation.detections import Kind, overlap_with
from segmentation.resample import WHITE_LEVEL, halve
from segmentation.segment import SAME_OBJECT, SURE_PEAK, SegmentedCells, seen_colours, segment
from segmentation.stacks import GREY_LEVELS

__all__ = ["FailedPart", "TileCells", "TileWorker", "failed_tile", "make_tile_worker", "no_cells"]

SMALLEST_LATE_UM, LARGEST_LATE_UM = 4.5, 12.0
"""Diameters of what may be a late stage: no platelet is so large, and a white cell mostly is larger."""
FAINTEST_PEAK, SURE_LATE_P = 0.2, 0.8
"""Least peak of what may be a late stage (`docs/lab/detection_limits.md`), and least probability at which it
is a red cell: white cells must not become infected cells."""
LIT = 0.8 * WHITE_LEVEL
"""Least level of empty ground: darker is the rim of the view, or a cell that was not found."""
_FAILURES = (SmearcountError, OSError, ValueError, MemoryError, cv2.error)
"""What a broken file, a full memory or an absurd picture raises; anything else is a bug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPart:
    """A part of a tile that could not be worked on.

    `core` : x_min, y_min, x_max, y_max, detector px of the field, half-open. `reason` : one line.
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
    control : what is kept for the slide's debris control.
    doubtful : features of the cells that the slide's own last layer may decide otherwise.
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
    control: DebrisSample = dataclasses.field(default_factory=DebrisSample.empty)
    doubtful: Doubtful = dataclasses.field(default_factory=Doubtful.empty)
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
        """Cells of the tile; a broken part of the file fails its own squares only."""
        plan = self.plans[tile.field]
        try:
            return self._work(tile, plan)
        except _FAILURES:
            parts = [self._tried(square, plan) for square in squares_of(tile, plan.grid)]
        return _joined(tile.field, parts)

    def _tried(self, square: Tile, plan: FieldPlan) -> TileCells:
        if not plan.area.touches(square.core):
            return no_cells(square.field)
        try:
            return self._work(square, plan)
        except _FAILURES as error:
            return failed_tile(square, error)

    def _work(self, tile: Tile, plan: FieldPlan) -> TileCells:
        x0, y0, x1, y1 = tile.outer
        window = (2 * x0, 2 * y0, 2 * (x1 - x0), 2 * (y1 - y0))
        picture = read_window(self.slide.fields[tile.field], plan.grid, plan.light, window)
        evened = even_stain(picture, plan.absorbance)
        core = (tile.core[0] - x0, tile.core[1] - y0, tile.core[2] - x0, tile.core[3] - y0)
        counted = plan.area.mask(tile.core)
        found_by = self.detector.network, self.detector.manifest.threshold
        cells = segment(picture, core, *found_by, counted, FAINTEST_PEAK)
        if (drawn := plan.drawn_over(tile.core)) is not None:  # letters are no stain
            colours = seen_colours(picture, core, cells.found, counted & ~drawn)
            cells = dataclasses.replace(cells, colours=colours)
        kinds, probability, stages, doubtful = self._decided(evened, cells)
        kept = ~cells.faint | (kinds == Kind.RED_CELL)
        cells, kinds, probability, stages = cells.take(kept), kinds[kept], probability[kept], stages[kept]
        rows = [(m.area_um2, m.diameter_um, m.circularity, m.focus) for m in cells.measurements]
        return TileCells(
            field=tile.field,
            boxes=(cells.found.boxes.astype(np.float64) + np.asarray((x0, y0, x0, y0))) * plan.step,
            kinds=kinds,
            scores=cells.found.scores,
            measured=np.asarray(rows, np.float64).reshape(-1, 4),
            overlaps=cells.overlaps,
            p_infected=probability,
            stages=stages,
            colours=cells.colours,
            control=self._control((picture, evened), cells, (tile, probability), counted),
            doubtful=doubtful.among(kept),
        )

    def _decided(
        self, evened: NDArray[np.uint8], cells: SegmentedCells
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int64], Doubtful]:
        """Kind, probability and stage of each object, and features of the doubtful ones.

        A late stage may look like another kind to the detector, or like hardly anything: what is of a red
        cell's size is asked about too, a red cell where the classifier is sure; else what is faint is none.
        """
        red = (cells.found.kinds == Kind.RED_CELL) & ~cells.faint
        diameters = np.asarray([m.diameter_um for m in cells.measurements], np.float64)
        late_size = (diameters >= SMALLEST_LATE_UM) & (diameters <= LARGEST_LATE_UM)
        asked = red | (late_size & ~_on_a_red_cell(cells))
        calls = predict(
            object_crops(evened, cells, asked), self.classifier.network, self.classifier.calibration
        )
        probability = np.full(len(cells.found), np.nan, np.float32)
        probability[asked] = calls.p_infected
        stages = np.full(len(cells.found), -1, np.int64)
        stages[asked] = sure_stage(calls.stages, self.classifier.least_stage)
        late = ~red & asked & (np.nan_to_num(probability) >= SURE_LATE_P)
        kinds = np.where(cells.faint, np.uint8(Kind.ARTEFACT), cells.found.kinds)
        kinds = np.where(late, np.uint8(Kind.RED_CELL), kinds).astype(np.uint8)
        other = kinds != Kind.RED_CELL
        probability[other], stages[other] = np.nan, -1
        return kinds, probability, stages, Doubtful.of(asked, calls, CLEAN_P)

    def _control(
        self,
        pictures: tuple[NDArray[np.uint8], NDArray[np.uint8]],
        cells: SegmentedCells,
        of: tuple[Tile, NDArray[np.float32]],
        counted: NDArray[np.bool_],
    ) -> DebrisSample:
        """What the tile keeps for the control, by its pictures (as it is, evened) and `of` its calls."""
        (picture, evened), (tile, probability) = pictures, of
        corner = np.asarray(tile.outer[:2], np.float64)
        # What is hardly seen may be dirt itself, and platelets lie on cells as often as beside them.
        sure = (cells.everything.kinds != Kind.PLATELET) & (cells.everything.scores > SURE_PEAK)
        ground = empty_ground(halve(picture).shape[:2], cells.everything.take(sure))
        specks = find_specks(picture, ground)
        low, high = np.asarray(tile.core[:2]) - corner, np.asarray(tile.core[2:]) - corner
        places = specks.centres.astype(np.float64) / 2
        owned = np.all((places >= low) & (places < high), axis=1)
        columns, rows = slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))
        searched = searched_ground(ground)[rows, columns] & counted
        across, down = np.floor(places[owned] - low).astype(np.intp).T
        owned[owned] = whole = counted[down, across]
        counts, specks = searched[down, across][whole], specks.take(owned)
        keys = place_keys(tile.field, specks.centres + 2 * corner)
        some = is_kept(keys, self._kept.specks)
        cell_keys = place_keys(tile.field, 2 * (cells.found.centres + corner))
        clean = (np.nan_to_num(probability, nan=1.0) < CLEAN_P) & (cells.found.scores > SURE_PEAK)
        clean &= is_kept(cell_keys, self._kept.cells)
        red = cells.found.kinds == Kind.RED_CELL
        return DebrisSample(
            ground_px=int((searched & (halve(picture)[rows, columns, 1] >= LIT)).sum()),
            cells_px=sum(int(cells.masks[one].pixels.sum()) for one in np.flatnonzero(red)),
            specks=int(counts.sum()),
            grains=int((counts & (specks.areas_um2 <= GRAIN_UM2)).sum()),
            passed=even_stain(specks.passed[some], self.plans[tile.field].absorbance, FULL_LIGHT),
            areas_um2=specks.areas_um2[some],
            speck_keys=keys[some],
            crops=object_crops(evened, cells, clean),
            cell_keys=cell_keys[clean],
        )

    @property
    def _kept(self) -> Kept:
        """Shares of the slide's cells and specks that its tiles keep for the control."""
        return kept_share(sum(plan.width * plan.height * plan.um_per_px**2 for plan in self.plans.values()))


def _on_a_red_cell(cells: SegmentedCells) -> NDArray[np.bool_]:
    """bool (n,), whether an object shares much of its box with a red cell: it is that cell, found twice."""
    reds = cells.everything.boxes[cells.everything.kinds == Kind.RED_CELL]
    return np.asarray([(overlap_with(box, reds) > SAME_OBJECT).any() for box in cells.found.boxes], bool)


def failed_tile(tile: Tile, error: Exception) -> TileCells:
    """No cells, and why: a tile that could not be worked on."""
    return no_cells(tile.field, (FailedPart(core=tile.core, reason=reason_of(error)),))


def no_cells(field: int, failed: tuple[FailedPart, ...] = ()) -> TileCells:
    """A tile of a field that holds none."""
    return TileCells(
        field=field,
        boxes=np.zeros((0, 4)),
        kinds=np.zeros(0, np.uint8),
        scores=np.zeros(0, np.float32),
        measured=np.zeros((0, 4)),
        overlaps=np.zeros(0, bool),
        p_infected=np.zeros(0, np.float32),
        stages=np.zeros(0, np.int64),
        colours=TileColours(objects=np.zeros((0, 3), np.float32), depths=np.zeros(GREY_LEVELS, np.int64)),
        failed=failed,
    )


def _joined(field: int, parts: Sequence[TileCells]) -> TileCells:
    """The cells of several parts of a tile as one."""
    columns = ("boxes", "kinds", "scores", "measured", "overlaps", "p_infected", "stages")
    colours = TileColours(
        objects=np.concatenate([part.colours.objects for part in parts]),
        depths=np.sum([part.colours.depths for part in parts], axis=0),
        levels=np.sum([part.colours.levels for part in parts], axis=0),
        edges=np.sum([part.colours.edges for part in parts], axis=0),
    )
    return TileCells(
        field=field,
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in columns},
        colours=colours,
        control=joined_samples(part.control for part in parts),
        doubtful=_joined_doubtful(parts),
        failed=tuple(failed for part in parts for failed in part.failed),
    )


def _joined_doubtful(parts: Sequence[TileCells]) -> Doubtful:
    """The doubtful cells of several parts, counted through."""
    before = np.cumsum([0, *(len(part.kinds) for part in parts)])
    some = [
        (part.doubtful, shift) for part, shift in zip(parts, before, strict=False) if len(part.doubtful.cells)
    ]
    if not some:
        return Doubtful.empty()
    return Doubtful(
        cells=np.concatenate([one.cells + shift for one, shift in some]),
        features=np.concatenate([one.features for one, _ in some]),
    )


def make_tile_worker(
    source: Path, settings: CountSettings, plans: Mapping[int, FieldPlan]
) -> Callable[[Tile], TileCells]:
    """A worker in a new process: opens the slide and loads the networks anew.

    If the slide's file has gone since it was planned, the tiles not yet done fail.
    """
    cv2.setNumThreads(1)
    detector, classifier = load_detector(settings), load_classifier(settings)
    try:
        slide = open_slide(source)
    except SlideError as error:
        return partial(failed_tile, error=error)
    return TileWorker(slide=slide, plans=plans, detector=detector, classifier=classifier)

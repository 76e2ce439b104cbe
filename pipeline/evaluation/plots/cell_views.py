"""Pictures of single cells for a gallery: the crop that the classifier sees, and the photo around it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.crops import CROP_PX, red_cell_crops
from classifier.precut import as_cut
from classifier.stain import even_stain
from pipeline.counting.tile import FAINTEST_PEAK
from pipeline.counting.tiling import tiles
from pipeline.evaluation.labelled import CropSet, read_crops
from pipeline.networks import Detector
from pipeline.planning.field import FieldPlan, read_window
from pipeline.planning.slide import plan_slide
from pipeline.reader.field import Field
from pipeline.reader.slide import open_slide
from pipeline.settings import CountSettings
from segmentation.detections import Kind
from segmentation.scale import RED_CELL_UM
from segmentation.segment import segment

__all__ = ["CellView", "crop_views", "field_views"]

PHOTO_CELLS = 2.4
"""Side of the part of the photo that is shown, in diameters of a usual red cell."""
PHOTO_PX = 240
"""Side that this part is brought to."""
TILE_PX = 64
"""Side of the tile a cell is cut in anew, detector px: a count gives the same for any."""
SAME_CELL = 0.1
"""A cell found anew is the one that was counted where its centre is nearer than this share of a diameter."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellView:
    """Two pictures of one cell, RGB uint8 (H, W, 3).

    Attributes
    ----------
    seen : the crop that the classifier was given; None where the cell was not detected.
    photo : the cell and what lies around it, enlarged.
    box : x_min, y_min, x_max, y_max of the cell in px of `photo`; None where the cell fills it.
    """

    seen: NDArray[np.uint8] | None
    photo: NDArray[np.uint8]
    box: tuple[float, float, float, float] | None


def field_views(image: Path, um_per_px: float, cells: pd.DataFrame, detector: Detector) -> Iterator[CellView]:
    """View of each cell of one field, in the order of the rows.

    Parameters
    ----------
    um_per_px : that the field was counted at.
    cells : x, y, x_min, y_min, x_max, y_max, level-0 px (NaN for a label that is only a point), and
        p_infected (NaN where the cell was not detected).
    """
    with open_slide(image) as slide:
        field = slide.fields[0]
        plan = plan_slide(slide, image, CountSettings(um_per_px=um_per_px), detector).fields[0]
        for cell in cells.to_dict("records"):
            centre = (float(cell["x"]), float(cell["y"]))
            sides = tuple(float(cell[name]) for name in ("x_min", "y_min", "x_max", "y_max"))
            decided = bool(np.isfinite(cell["p_infected"]))
            photo, box = _photo(field, plan, centre, sides)
            seen = _seen(field, plan, centre, detector) if decided else None
            yield CellView(seen=seen, photo=photo, box=box)


def crop_views(crop_set: CropSet, names: list[str]) -> Iterator[CellView]:
    """View of each named crop: as the classifier sees it, and as it stands in the set, enlarged."""
    for picture in read_crops(crop_set, names):
        scale = PHOTO_PX / max(picture.shape[:2])
        size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
        photo = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)
        yield CellView(seen=as_cut(picture, CROP_PX)[..., :3], photo=photo, box=None)


def _photo(
    field: Field, plan: FieldPlan, centre: tuple[float, float], sides: tuple[float, ...]
) -> tuple[NDArray[np.uint8], tuple[float, float, float, float]]:
    """The photo around the cell, white beyond its border, and the cell's box in it."""
    diameter = RED_CELL_UM / plan.um_per_px
    reach = max(round(PHOTO_CELLS * diameter / 2), 4)
    left, top = round(centre[0]) - reach, round(centre[1]) - reach
    part = np.full((2 * reach, 2 * reach, 3), 255, np.uint8)
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + 2 * reach, field.width), min(top + 2 * reach, field.height)
    if x1 > x0 and y1 > y0:
        part[y0 - top : y1 - top, x0 - left : x1 - left] = field.read(x0, y0, x1 - x0, y1 - y0, 1)
    scale = PHOTO_PX / (2 * reach)
    photo = cv2.resize(
        part, (PHOTO_PX, PHOTO_PX), interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    )
    if not np.isfinite(sides).all():
        x, y = centre
        sides = (x - diameter / 2, y - diameter / 2, x + diameter / 2, y + diameter / 2)
    box = (
        (sides[0] - left) * scale,
        (sides[1] - top) * scale,
        (sides[2] - left) * scale,
        (sides[3] - top) * scale,
    )
    return np.asarray(photo, np.uint8), box


def _seen(
    field: Field, plan: FieldPlan, centre: tuple[float, float], detector: Detector
) -> NDArray[np.uint8] | None:
    """The crop of the counted cell at `centre`, cut anew in a small tile; None where it is not found."""
    x, y = (place / plan.step for place in centre)
    for tile in tiles(0, plan.grid, TILE_PX):
        if not (tile.core[0] <= x < tile.core[2] and tile.core[1] <= y < tile.core[3]):
            continue
        x0, y0, x1, y1 = tile.outer
        picture = read_window(field, plan.grid, plan.light, (2 * x0, 2 * y0, 2 * (x1 - x0), 2 * (y1 - y0)))
        core = (tile.core[0] - x0, tile.core[1] - y0, tile.core[2] - x0, tile.core[3] - y0)
        least = detector.manifest.threshold
        cells = segment(picture, core, detector.network, least, faintest=FAINTEST_PEAK)
        red = cells.found.take(cells.found.kinds == Kind.RED_CELL)
        if not len(red):
            return None
        away = np.linalg.norm(red.centres - np.asarray((x - x0, y - y0)), axis=1) * plan.step
        nearest = int(np.argmin(away))
        if away[nearest] <= SAME_CELL * RED_CELL_UM / plan.um_per_px:
            evened = even_stain(picture, plan.absorbance)
            return np.asarray(red_cell_crops(evened, cells)[nearest, ..., :3])
    return None

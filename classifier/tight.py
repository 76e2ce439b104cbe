"""Pictures of single cells cut out by their box, made to look as a count cuts its own."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from classifier.crops import CROP_PX, cut_crops
from classifier.precut import BLACK_LEVEL, USUAL_CELL_PX
from classifier.stain import even_stain
from segmentation.cell_colour import usual_absorbance
from segmentation.detections import Detections, Kind
from segmentation.illumination import white_point
from segmentation.masks import cell_masks, stain_depth
from segmentation.resample import CROP_UM_PER_PX, WHITE_LEVEL, halve, normalise

__all__ = ["CANVAS_PX", "TightCell", "ground_colour", "has_black_surround", "place_cell"]

CANVAS_PX = 2 * CROP_PX
"""Side of the white canvas at crop scale that a cell is laid on; 21 µm."""
BLACK_CORNERS = 2
"""Corners that are black, of four, from which on a picture has the black surround of a cell that was cut out
along its edge."""
PALE_PERCENTILE, STAIN_OVER_PALE = 75.0, 1.2
"""Of a cell's pixels by their brightness, those that its stain is told by, and what the usual cell absorbs in
its stained part over that: the rest a late stage may fill (docs/lab/one_cell.md)."""
CORNER_PERCENTILE = 75.0
"""Of the pixels in the corners of a box, ground beside a round cell: in a cell that a late stage fills, the
threshold of `white_point` parts the parasite from the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TightCell:
    """A cell that was cut out by its box.

    Attributes
    ----------
    crop : uint8 (CROP_PX, CROP_PX, 4), as `classifier.crops.cut_crops` cuts it from a field.
    canvas : uint8 (CANVAS_PX / 2, CANVAS_PX / 2, 3), the picture in the middle of white, at detector scale.
    side_um : width and height of the picture, µm. mask_share : of the picture that the cell's mask covers.
    """

    crop: NDArray[np.uint8]
    canvas: NDArray[np.uint8]
    side_um: tuple[float, float]
    mask_share: float


def has_black_surround(picture: NDArray[np.uint8]) -> bool:
    """Whether the corners are black, as where a cell was cut out along its edge; picture uint8 (H, W, 3)."""
    corners = picture[[0, 0, -1, -1], [0, -1, 0, -1]]
    return int((corners.max(axis=1) <= BLACK_LEVEL).sum()) >= BLACK_CORNERS


def place_cell(picture: NDArray[np.uint8], um_per_px: float | None) -> TightCell:
    """The picture of one cell, uint8 (H, W, 3), RGB, cut out by its box, as a count would have cut it.

    Parameters
    ----------
    um_per_px : µm per px of the picture; None takes it that the picture is as large as the usual red cell.
    """
    height, width = picture.shape[:2]
    step = USUAL_CELL_PX / (height * width) ** 0.5 if um_per_px is None else um_per_px / CROP_UM_PER_PX
    white = white_point(picture, None)
    canvas = halve(_laid(normalise(picture, white), step))
    half = np.asarray((width, height)) * step / 4
    middle = CANVAS_PX / 4
    box = np.asarray([[middle - half[0], middle - half[1], middle + half[0], middle + half[1]]], np.float32)
    cell = Detections(boxes=box, kinds=np.asarray([Kind.RED_CELL], np.uint8), scores=np.ones(1, np.float32))
    mask = cell_masks(stain_depth(canvas), cell, np.ones(1, bool))[0]
    if mask is None:
        raise ValueError("a wanted cell has a mask")
    lit = _laid(normalise(picture, ground_colour(picture, white)), step)
    stain = usual_absorbance(halve(lit), box, PALE_PERCENTILE)
    absorbance = None if stain is None else [STAIN_OVER_PALE * channel for channel in stain]
    crop = cut_crops(even_stain(lit, absorbance), cell.centres, [mask])[0]
    um = CROP_UM_PER_PX * step
    return TightCell(
        crop=crop,
        canvas=canvas,
        side_um=(width * um, height * um),
        mask_share=float(mask.pixels.sum()) / max(float(4 * half.prod()), 1.0),
    )


def ground_colour(picture: NDArray[np.uint8], white: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colour of the background of a cell cut out by its box, float32 (3,), 1 to 255.

    Parameters
    ----------
    picture : uint8 (H, W, 3), RGB. white : by `white_point`; most of the corners where they are brighter.
    """
    height, width = picture.shape[:2]
    y, x = np.ogrid[:height, :width]
    corners = ((x + 0.5) / width * 2 - 1) ** 2 + ((y + 0.5) / height * 2 - 1) ** 2 > 1
    if not corners.any():
        return white
    bright = np.percentile(picture[corners], CORNER_PERCENTILE, axis=0)
    return np.asarray(np.maximum(white, bright), np.float32)


def _laid(picture: NDArray[np.uint8], step: float) -> NDArray[np.uint8]:
    """The picture in the middle of a white canvas, `step` crop px a px, uint8 (CANVAS_PX, CANVAS_PX, 3)."""
    height, width = picture.shape[:2]
    if step < 1:  # the mean over what falls into one crop px, as a field is read
        size = (max(1, round(width * step)), max(1, round(height * step)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        across, down = size[0] / width, size[1] / height
        step_x, step_y = step / across, step / down
    else:
        step_x = step_y = step
    height, width = picture.shape[:2]
    middle = (CANVAS_PX - 1) / 2
    matrix = np.asarray(
        [[step_x, 0, middle - step_x * (width - 1) / 2], [0, step_y, middle - step_y * (height - 1) / 2]],
        np.float64,
    )
    laid = cv2.warpAffine(
        picture,
        matrix,
        (CANVAS_PX, CANVAS_PX),
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(WHITE_LEVEL,) * 3,
    )
    return np.asarray(laid, np.uint8)

"""Specks of the empty ground (stain, dust, platelets), kept as light that passes, and laid on cells."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.detections import Detections
from segmentation.resample import CROP_UM_PER_PX, WHITE_LEVEL

__all__ = ["FULL_LIGHT", "SPECK_PX", "Specks", "empty_ground", "find_specks", "laid_on", "searched_ground"]

SPECK_PX = 24
"""Side of a kept speck, crop px: 4.5 µm, with its soft edge."""
SMALLEST_UM2, LARGEST_UM2 = 0.2, 8.0
"""Area of a speck, µm²: below it is noise of the sensor, above it a cell that was not found."""
DARKER = 0.75
"""A speck lets less than this share of the white point through, in green, where stain absorbs most."""
BRIGHT_AROUND = 0.85
"""Least share of the white point in a ring around a speck: it lies on empty ground, not at a cell's rim."""
CLEARANCE = 0.55
"""Half-axes of what an object covers, as a share of its box: a tenth more than the object itself."""
_RING_PX = 3
_REACH_PX = 3
"""Detector px from the middle of a small speck to the outer edge of the ring around it: nearer than this to a
cell a speck cannot be told, so that neither such ground nor such specks may count."""
FULL_LIGHT = 200
"""Level of a kept px through which all light passes: up to 1.27 times the white point can be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Specks:
    """Specks of a picture.

    Attributes
    ----------
    passed : uint8 (n, SPECK_PX, SPECK_PX, 3), light that passes, 200 where all of it does.
    areas_um2 : float32 (n,). centres : float32 (n, 2), x, y in crop px of the picture.
    """

    passed: NDArray[np.uint8]
    areas_um2: NDArray[np.float32]
    centres: NDArray[np.float32]

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> "Specks":
        """The chosen ones."""
        return Specks(passed=self.passed[which], areas_um2=self.areas_um2[which], centres=self.centres[which])


def empty_ground(shape: tuple[int, int], objects: Detections) -> NDArray[np.bool_]:
    """What no object covers, bool (H, W) in detector px."""
    covered = np.zeros(shape, np.uint8)
    for x0, y0, x1, y1 in objects.boxes.tolist():
        centre = (round((x0 + x1) / 2), round((y0 + y1) / 2))
        axes = (int((x1 - x0) * CLEARANCE) + 1, int((y1 - y0) * CLEARANCE) + 1)
        cv2.ellipse(covered, centre, axes, 0, 0, 360, 1, cv2.FILLED)
    return np.asarray(covered == 0, bool)


def searched_ground(ground: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the middle of a small speck must lie to be found, bool (H, W) in detector px.

    Parameters
    ----------
    ground : see `empty_ground`; of a whole picture, or of a part with a rim as wide as half a kept speck.
    """
    around = np.ones((2 * _REACH_PX + 1,) * 2, np.uint8)
    free = cv2.erode(ground.astype(np.uint8), around) > 0
    edge = SPECK_PX // 4
    free[:edge], free[-edge:], free[:, :edge], free[:, -edge:] = False, False, False, False
    return np.asarray(free, bool)


def find_specks(picture: NDArray[np.uint8], ground: NDArray[np.bool_]) -> Specks:
    """Dark blobs on the empty ground.

    Parameters
    ----------
    picture : uint8 (2H, 2W, 3), normalised, crop scale. ground : bool (H, W), see `empty_ground`.
    """
    free = cv2.resize(ground.astype(np.uint8), picture.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    green = picture[..., 1]
    dark = ((green < WHITE_LEVEL * DARKER) & (free > 0)).astype(np.uint8)
    number, labels, boxes, centres = cv2.connectedComponentsWithStats(dark)
    areas = boxes[:, cv2.CC_STAT_AREA] * CROP_UM_PER_PX**2
    passed, kept = [], []
    for index in np.flatnonzero((areas >= SMALLEST_UM2) & (areas <= LARGEST_UM2)):
        if index == 0 or index >= number:
            continue
        one = _passed(picture, np.asarray(labels, np.int32), int(index), centres[index])
        if one is not None:
            passed.append(one)
            kept.append(index)
    which = np.asarray(kept, np.intp)
    return Specks(
        passed=np.stack(passed) if passed else np.empty((0, SPECK_PX, SPECK_PX, 3), np.uint8),
        areas_um2=areas[which].astype(np.float32),
        centres=centres[which].astype(np.float32).reshape(-1, 2),
    )


def _passed(
    picture: NDArray[np.uint8], labels: NDArray[np.int32], index: int, centre: NDArray[np.float64]
) -> NDArray[np.uint8] | None:
    """Light that passes a blob, softly cut out; None where it is no lone speck on bright ground."""
    left, top = (round(float(place)) - SPECK_PX // 2 for place in centre)
    rows, columns = slice(top, top + SPECK_PX), slice(left, left + SPECK_PX)
    window = picture[rows, columns]
    if left < 0 or top < 0 or window.shape[:2] != (SPECK_PX, SPECK_PX):
        return None
    own = (labels[rows, columns] == index).astype(np.uint8)
    if own[0].any() or own[-1].any() or own[:, 0].any() or own[:, -1].any():
        return None
    near = cv2.dilate(own, np.ones((3, 3), np.uint8))
    ring = (cv2.dilate(near, np.ones((2 * _RING_PX + 1,) * 2, np.uint8)) - near) > 0
    if window[..., 1][ring].mean() < BRIGHT_AROUND * WHITE_LEVEL:
        return None
    white = np.maximum(np.median(window[ring], axis=0), 1.0)
    soft = cv2.GaussianBlur(near.astype(np.float32), (5, 5), 0)[..., None]
    through = 1 - (1 - np.clip(window / white, 0, 1.05)) * soft
    return np.asarray(np.rint(through * FULL_LIGHT), np.uint8)


def laid_on(crop: NDArray[np.uint8], passed: NDArray[np.uint8], place: tuple[int, int]) -> NDArray[np.uint8]:
    """The crop, uint8 (S, S, 4), seen through a speck.

    Parameters
    ----------
    passed : uint8 (p, p, 3), see `Specks.passed`. place : row and column of the speck's middle.
    """
    side, half = crop.shape[0], passed.shape[0] // 2
    top, left = place[0] - half, place[1] - half
    rows = slice(max(top, 0), min(top + passed.shape[0], side))
    columns = slice(max(left, 0), min(left + passed.shape[1], side))
    laid = crop.copy()
    part = passed[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    seen = laid[rows, columns, :3].astype(np.float32) * part / FULL_LIGHT
    laid[rows, columns, :3] = np.clip(np.rint(seen), 0, 255)
    return laid

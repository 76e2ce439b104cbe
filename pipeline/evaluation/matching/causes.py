"""Says of a labelled red cell that was not matched what the count made of it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluation.matching.cells import MAX_DISTANCE_DIAMETERS, MIN_IOU, Places
from segmentation.detections import overlap_with

__all__ = ["CAUSES", "causes_of"]

CAUSES: Final = ("white_cell", "platelet", "artefact", "shared", "misplaced", "nothing")
"""What a missed cell was taken for, an artefact where a rule of size excludes it; `shared`: its box belongs
to another label, so that two cells were found as one; `misplaced`: a red cell lies there whose box does not
fit; `nothing`: there is no object."""
NEAR_IOU: Final = 0.25
"""Least intersection over union with an object that is no match: half of it lies on the cell."""


def causes_of(
    missed: Places, found: Places, kinds: NDArray[np.object_], matched: NDArray[np.int64], diameter_px: float
) -> NDArray[np.object_]:
    """One of `CAUSES` for each missed cell: that of the object that fits it best, another kind first.

    Parameters
    ----------
    missed, found : labelled cells without a partner, and every object of the count.
    kinds : kind of each object. matched : rows of the objects that another label has.
    diameter_px : diameter of a red cell in this field.
    """
    taken = np.isin(np.arange(len(kinds)), matched)
    causes = np.full(len(missed.centres), "nothing", object)
    for row, fit in enumerate(_fits(missed, found, diameter_px)):
        near = fit >= NEAR_IOU
        other = near & (kinds != "red_cell")
        if other.any():
            causes[row] = kinds[np.argmax(np.where(other, fit, 0.0))]
        elif (near & taken & (fit >= MIN_IOU)).any():
            causes[row] = "shared"
        elif near.any():
            causes[row] = "misplaced"
    return causes


def _fits(missed: Places, found: Places, diameter_px: float) -> list[NDArray[np.float64]]:
    """Intersection over union of each missed cell with every object; of a point without a box, 1 at the
    object's centre, `MIN_IOU` as far away as a match may lie, and 0 beyond.
    """
    boxes = found.boxes.astype(np.float32)
    fits = []
    for centre, box in zip(missed.centres, missed.boxes, strict=True):
        if np.isfinite(box).all():
            fits.append(np.asarray(overlap_with(box.astype(np.float32), boxes), np.float64))
        else:
            away = np.linalg.norm(found.centres - centre, axis=1)
            reach = max(MAX_DISTANCE_DIAMETERS * diameter_px, 1e-6)
            fits.append(np.where(away <= reach, 1.0 - MIN_IOU * away / reach, 0.0))
    return fits

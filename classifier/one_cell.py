"""Whether a picture shows one red cell that fills it: by size, mask and what the detector finds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.precut import cell_mask
from classifier.tight import TightCell, has_black_surround, place_cell
from models.runtime import Network
from segmentation.detections import Detections, Kind, overlap_with
from segmentation.detector import detect
from segmentation.resample import DETECTOR_UM_PER_PX
from segmentation.scale import RED_CELL_UM

__all__ = ["OneCellLimits", "why_not_one_cell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneCellLimits:
    """Limits of a picture of one cell, set so that of 368 cells that counts had cut out of nine sets 2 in 100
    pass one, and of 250 pre-cut cells of NIH 2 in 100 (docs/lab/one_cell.md).

    Attributes
    ----------
    longest_px : longest side; the largest red cell that is counted is 280 px across.
    shortest_um, longest_um : sides at a stated scale, µm.
    aspect : longest side / shortest.
    fit, cut_out_fit : least overlap of a found red cell's box with the picture's, times its score, of a
        picture with background around the cell, and of one with a black surround; 0 to 1.
    cells, small_cells : red cells found, were the picture one cell, or 2.5 cells, wide; fewer are one cell.
    mask_share : of the picture that the stained part covers, 0 to 1; a round cell leaves the corners free.
    """

    longest_px: int = 450
    shortest_um: float = 3.0
    longest_um: float = 18.0
    aspect: float = 2.0
    fit: float = 0.2
    cut_out_fit: float = 0.12
    cells: int = 3
    small_cells: int = 6
    mask_share: float = 0.97


SMALL_CELLS_WIDE = 2.5
"""Cells that the picture is taken to be wide when it is searched for several."""
SOUGHT_SCORE, SURE_SCORE = 0.1, 0.3
"""Least detector scores of the one cell that is sought, and of each of several."""
BRIGHT_PERCENTILE = 97.0
"""Of the cell's own pixels: what a black surround is filled with."""


def why_not_one_cell(
    picture: NDArray[np.uint8],
    um_per_px: float | None,
    network: Network,
    limits: OneCellLimits | None = None,
) -> str | None:
    """What was measured that speaks against one red cell, one sentence; None where nothing does.

    Parameters
    ----------
    picture : uint8 (H, W, 3), RGB. um_per_px : as for `place_cell`. network : the detector.
    """
    limits = limits or OneCellLimits()
    height, width = picture.shape[:2]
    if max(height, width) > limits.longest_px:
        return f"it is {width} x {height} px, expected at most {limits.longest_px} px for one cell"
    if max(height, width) > limits.aspect * min(height, width):
        return f"it is {width} x {height} px, expected sides of at most {limits.aspect:.0f} to 1 for one cell"
    black = has_black_surround(picture)
    shown = _without_surround(picture) if black else picture
    placed = place_cell(shown, um_per_px)
    if um_per_px is not None and not _in_range(placed, limits):
        sides = " x ".join(f"{side:.1f}" for side in placed.side_um)
        return (
            f"it is {sides} µm, expected {limits.shortest_um:.0f} to {limits.longest_um:.0f} µm for one cell"
        )
    if not black and placed.mask_share > limits.mask_share:
        return f"{placed.mask_share:.0%} of it is as dark as a cell: no edge of one cell is in it"
    return _by_detector(shown, placed, network, (limits.cut_out_fit if black else limits.fit, limits))


def _in_range(placed: TightCell, limits: OneCellLimits) -> bool:
    return min(placed.side_um) >= limits.shortest_um and max(placed.side_um) <= limits.longest_um


def _by_detector(
    picture: NDArray[np.uint8], placed: TightCell, network: Network, asked: tuple[float, OneCellLimits]
) -> str | None:
    least_fit, limits = asked
    found = _red(detect(placed.canvas, network, SOUGHT_SCORE))
    several = int((found.scores >= SURE_SCORE).sum())
    if several >= limits.cells:
        return f"{several} red cells were found in it, expected one"
    height, width = picture.shape[:2]
    finer = place_cell(picture, SMALL_CELLS_WIDE * RED_CELL_UM / (height * width) ** 0.5)
    small = len(_red(detect(finer.canvas, network, SURE_SCORE)))
    if small >= limits.small_cells:
        return f"{small} small red cells were found in it, expected one that fills it"
    fit = _fit(found, placed)
    if fit < least_fit:
        return f"no red cell was found that fills it (fit {fit:.2f}, expected at least {least_fit:.2f})"
    return None


def _red(found: Detections) -> Detections:
    return found.take(found.kinds == Kind.RED_CELL)


def _fit(found: Detections, placed: TightCell) -> float:
    """Best overlap of a red cell with the picture, times its score, 0 to 1; 0 where there is none."""
    if not len(found):
        return 0.0
    half = np.asarray(placed.side_um, np.float32) / DETECTOR_UM_PER_PX / 2
    middle = np.float32(placed.canvas.shape[0] / 2)
    box = np.concatenate([middle - half, middle + half])
    return float((overlap_with(box, found.boxes) * found.scores).max())


def _without_surround(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with its black surround as bright as the brightest of the cell."""
    cell = cell_mask(picture).astype(bool)
    if not cell.any():
        return picture
    bright = np.percentile(picture[cell], BRIGHT_PERCENTILE, axis=0)
    return np.asarray(np.where(cell[..., None], picture, np.rint(bright)), np.uint8)

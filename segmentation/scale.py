"""Size of a pixel from the cells themselves: the scale at which the detector finds them of the right size."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.runtime import Network
from segmentation.detections import Kind
from segmentation.detector import detect
from segmentation.resample import DETECTOR_UM_PER_PX

__all__ = ["RED_CELL_UM", "View", "estimate_um_per_px"]

RED_CELL_UM = 7.5
"""Diameter of a red cell in a dried film, µm (Turgeon, Clinical Hematology, 6th ed.)."""
SMALLEST_CELL_PX, LARGEST_CELL_PX = 14.0, 280.0
"""Red cells looked for, level-0 px across."""
STEP = 2**0.5
"""Ratio of one tried size to the next; the detector answers from half to twice the true size."""
SURE = 0.35
"""Least score of a detection that speaks for a scale."""
LOG_TOLERANCE = 0.35
"""Width (natural log of the size) of the trust in a size that differs from the tried one."""
ROUNDS, CLOSE_ENOUGH = 4, 0.02

View = Callable[[float], NDArray[np.uint8] | None]
"""Normalised part of the field, uint8 (h, w, 3) at detector scale, were its level-0 px of that many µm."""


def estimate_um_per_px(view: View, network: Network) -> tuple[float, int] | None:
    """µm per level-0 px at which red cells are `RED_CELL_UM` across, and the number of cells behind it.

    None where no size gives cells. The sizes are tried coarsely, then the best is improved until the
    detector's own boxes agree with it.
    """
    tried = np.geomspace(
        SMALLEST_CELL_PX,
        LARGEST_CELL_PX,
        1 + round(float(np.log(LARGEST_CELL_PX / SMALLEST_CELL_PX) / np.log(STEP))),
    )
    best = max(((_support(view, network, float(size))), float(size)) for size in tried)
    if best[0][0] <= 0:
        return None
    size, ratio, cells = best[1], best[0][1], best[0][2]
    for _ in range(ROUNDS):
        if abs(np.log(ratio)) < CLOSE_ENOUGH:
            break
        size = float(np.clip(size * ratio, SMALLEST_CELL_PX / 2, 2 * LARGEST_CELL_PX))
        strength, ratio, cells = _support(view, network, size)
        if strength <= 0:
            return None
    return RED_CELL_UM / (size * ratio), cells


def _support(view: View, network: Network, cell_px: float) -> tuple[float, float, int]:
    """How much speaks for cells of `cell_px`: support, found size / tried size, number of cells."""
    picture = view(RED_CELL_UM / cell_px)
    if picture is None:
        return 0.0, 1.0, 0
    found = detect(picture, network, SURE)
    red = found.take(found.kinds == Kind.RED_CELL)
    if not len(red):
        return 0.0, 1.0, 0
    usual = RED_CELL_UM / DETECTOR_UM_PER_PX
    ratio = float(np.median(red.sides)) / usual
    covered = float((red.scores * red.sides**2).sum()) / picture[..., 0].size
    return covered * float(np.exp(-(np.log(ratio) ** 2) / (2 * LOG_TOLERANCE**2))), ratio, len(red)

"""Size of a pixel from the cells themselves: the scale at which the detector finds them of the right size."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.runtime import Network
from segmentation.cell_colour import usual_absorbance
from segmentation.detections import Kind
from segmentation.detector import detect
from segmentation.resample import DETECTOR_UM_PER_PX

__all__ = ["RED_CELL_UM", "CellsInView", "View", "estimate_um_per_px"]

RED_CELL_UM = 7.5
"""Diameter of a red cell in a dried film, µm (Turgeon, Clinical Hematology, 6th ed.)."""
SMALLEST_CELL_PX, LARGEST_CELL_PX = 14.0, 280.0
"""Red cells looked for, level-0 px across."""
SIZES, QUICK_SIZES = 10, 6
"""Sizes tried, from the smallest to the largest; the detector answers from half to twice the true size."""
WINDOW_PX, QUICK_WINDOW_PX = 448, 224
"""Side of the part of the field that is measured, detector px: to measure in, and to choose a size by."""
SURE = 0.35
"""Least score of a detection that speaks for a scale."""
LOG_TOLERANCE = 0.35
"""Width (natural log of the size) of the trust in a size that differs from the tried one."""
ROUNDS, CLOSE_ENOUGH = 4, 0.02
QUICK_CELLS, QUICK_COVERED = 20, 0.1
"""Fewest cells, and least share of the view under them, for a quick answer to be trusted."""

View = Callable[[float, int], NDArray[np.uint8] | None]
"""Normalised part of the field, uint8 (h, w, 3) at detector scale, were its level-0 px of that many µm; at
most so many detector px wide and high. None where the field is too small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellsInView:
    """What the red cells of a view say.

    Attributes
    ----------
    um_per_px : µm per level-0 px. cells : their number.
    absorbance : of the usual one in red, green and blue, see `usual_absorbance`.
    """

    um_per_px: float
    cells: int
    absorbance: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Support:
    """How much speaks for cells of a size.

    Attributes
    ----------
    cell_px, window_px : size tried, level-0 px, in a window of that side, detector px.
    ratio : size found / size tried. cells : number of cells found.
    covered : share of the window under them, each weighed with its score.
    picture, boxes : the window, detector scale, and the cells in it, (n, 4).
    """

    cell_px: float
    window_px: int
    ratio: float = 1.0
    cells: int = 0
    covered: float = 0.0
    picture: NDArray[np.uint8] | None = None
    boxes: NDArray[np.float32] | None = None

    @property
    def strength(self) -> float:
        """The share covered, lowered where the size found differs from the tried one."""
        return self.covered * float(np.exp(-(np.log(self.ratio) ** 2) / (2 * LOG_TOLERANCE**2)))

    @property
    def convinces(self) -> bool:
        """Whether so many cells were found that a few sizes need no others beside them."""
        return self.cells >= QUICK_CELLS and self.covered >= QUICK_COVERED

    @property
    def agrees(self) -> bool:
        """Whether the cells found are of the size that was tried."""
        return self.covered > 0 and abs(float(np.log(self.ratio))) < CLOSE_ENOUGH


def estimate_um_per_px(view: View, network: Network) -> CellsInView | None:
    """µm per level-0 px at which red cells are `RED_CELL_UM` across, and the cells behind it.

    None where no size gives cells. Sizes are tried coarsely, then the best is improved until the detector's
    own boxes agree with it: first few sizes in a small window; more in a large one where that convinces not.
    """
    found = _improved(view, network, _first_peak(view, network))
    if not (found.agrees and found.convinces):
        found = _improved(view, network, _best(view, network))
    if found.picture is None or found.boxes is None:
        return None
    absorbance = usual_absorbance(found.picture, found.boxes)
    if absorbance is None:
        return None
    um_per_px = RED_CELL_UM / (found.cell_px * found.ratio)
    return CellsInView(um_per_px=um_per_px, cells=found.cells, absorbance=absorbance)


def _first_peak(view: View, network: Network) -> _Support:
    """The first well supported of a few sizes, the largest first: those are read off a small picture."""
    best = _Support(cell_px=LARGEST_CELL_PX, window_px=QUICK_WINDOW_PX)
    for size in _sizes(QUICK_SIZES):
        found = _support(view, network, size, QUICK_WINDOW_PX)
        if best.convinces and found.strength < best.strength:
            break
        best = max(best, found, key=lambda support: support.strength)
    return best


def _best(view: View, network: Network) -> _Support:
    """The best supported of all sizes."""
    tried = (_support(view, network, size, WINDOW_PX) for size in _sizes(SIZES))
    return max(tried, key=lambda found: found.strength)


def _sizes(number: int) -> list[float]:
    """So many sizes, evenly spread as ratios, the largest first."""
    return [float(size) for size in np.geomspace(LARGEST_CELL_PX, SMALLEST_CELL_PX, number)]


def _improved(view: View, network: Network, start: _Support) -> _Support:
    """Support of the size that the cells found have, in a large window, going from a size near it."""
    found = start
    for _ in range(ROUNDS):
        if found.covered <= 0 or (found.agrees and found.window_px == WINDOW_PX):
            break
        size = float(np.clip(found.cell_px * found.ratio, SMALLEST_CELL_PX / 2, 2 * LARGEST_CELL_PX))
        found = _support(view, network, size, WINDOW_PX)
    return found


def _support(view: View, network: Network, cell_px: float, window_px: int) -> _Support:
    picture = view(RED_CELL_UM / cell_px, window_px)
    nothing = _Support(cell_px=cell_px, window_px=window_px)
    if picture is None:
        return nothing
    found = detect(picture, network, SURE)
    red = found.take(found.kinds == Kind.RED_CELL)
    if not len(red):
        return nothing
    return _Support(
        cell_px=cell_px,
        window_px=window_px,
        ratio=float(np.median(red.sides)) / (RED_CELL_UM / DETECTOR_UM_PER_PX),
        cells=len(red),
        covered=float((red.scores * red.sides**2).sum()) / picture[..., 0].size,
        picture=picture,
        boxes=red.boxes,
    )

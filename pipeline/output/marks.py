"""The mark of each kind of cell on an overlay, and the lines it is drawn with.

Marks differ in shape and line width as well as in colour, so that colour vision is not needed:
a thin outline for an uninfected cell, a thick double ring with its probability for an infected one, a broken
ring for one that a person must look at, a crossed outline for a cell that is not counted, a double box for a
white cell, a diamond for a platelet.
Colours follow Okabe and Ito, Color Universal Design (2008), darkened where they would drown on a pale film.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.output.letters import INK, draw_text, text_width
from pipeline.planning.own_marks import BLUE, GREEN, RED, YELLOW

__all__ = [
    "MARKS",
    "OUTLINED_MIN_PX",
    "CellPlace",
    "label_infected",
    "outline_uninfected",
]

OUTLINED_MIN_PX = 12.0  # diameter below which an uninfected cell is left unmarked: the outline would cover it
RING_MIN_PX = 14.0  # diameter below which an infected cell's ring is drawn larger than the cell
LABELLED_MIN_PX = 24.0  # diameter below which an infected cell's probability is left out
LABEL_PX = 11.0  # height of a probability's digits at line width 1
SUBPIXEL_BITS = 4  # of the fixed-point coordinates that OpenCV draws with

WHITE = (255, 255, 255)
GREY = (75, 75, 75)

Canvas = NDArray[np.uint8]
Colour = tuple[int, int, int]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPlace:
    """Where a mark is drawn: sides in px of the overlay; the probability is NaN where there is none."""

    left: float
    top: float
    right: float
    bottom: float
    p_infected: float

    @property
    def centre(self) -> Point:
        """Middle of the box, px of the overlay."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def half_axes(self) -> Point:
        """Half of the width and of the height, px of the overlay."""
        return (self.right - self.left) / 2, (self.bottom - self.top) / 2

    @property
    def diameter(self) -> float:
        """The shorter side, px of the overlay."""
        return min(self.right - self.left, self.bottom - self.top)


def outline_uninfected(canvas: Canvas, sides: NDArray[np.float64], line: int) -> None:
    """Outline many uninfected cells, in their order: nearly all cells are such.

    Parameters
    ----------
    sides : (n, 4), left, top, right and bottom of their boxes, px of the overlay.
    """
    low, high = sides[:, :2], sides[:, 2:]
    large = (high - low).min(axis=1, initial=np.inf) >= OUTLINED_MIN_PX
    centres = np.rint((low + high)[large] / 2 * 2**SUBPIXEL_BITS).astype(np.int64)
    axes = np.rint(np.maximum((high - low)[large] / 2, 1.0) * 2**SUBPIXEL_BITS).astype(np.int64)
    for centre, half in zip(centres.tolist(), axes.tolist(), strict=True):
        cv2.ellipse(canvas, centre, half, 0, 0, 360, GREEN, line, cv2.LINE_AA, SUBPIXEL_BITS)


def label_infected(canvas: Canvas, boxes: list[CellPlace], spared: list[CellPlace], line: int) -> None:
    """Write the probability of each infected cell on a plate beside its ring.

    It is put where it covers least of the other infected cells, of their plates, and of the spared boxes.
    Plates are drawn after all rings. Cells too small to be labelled, or without a probability, get none.
    """
    placed: list[CellPlace] = []
    labelled = [box for box in boxes if box.diameter >= LABELLED_MIN_PX and np.isfinite(box.p_infected)]
    for box in labelled:
        text, letters = f"{box.p_infected:.2f}", LABEL_PX * line
        size = text_width(text, letters) + letters, 1.8 * letters
        plates = _plates(box, canvas, size, line)
        near = _reached_by(plates, boxes + spared + placed)
        plate = min(plates, key=lambda place: _shared_px(place, near))
        placed.append(plate)
        top_left, bottom_right = (
            (round(plate.left), round(plate.top)),
            (round(plate.right), round(plate.bottom)),
        )
        cv2.rectangle(canvas, top_left, bottom_right, WHITE, cv2.FILLED)
        cv2.rectangle(canvas, top_left, bottom_right, RED, line, cv2.LINE_AA)
        draw_text(canvas, (plate.left + 0.5 * letters, plate.bottom - 0.4 * letters), text, letters)


def _draw_uninfected(canvas: Canvas, box: CellPlace, line: int) -> None:
    outline_uninfected(canvas, np.asarray([[box.left, box.top, box.right, box.bottom]]), line)


def _draw_infected(canvas: Canvas, box: CellPlace, line: int) -> None:
    gap = _ring_gap(box, line)
    _ellipse(canvas, box, gap + 1.5 * line, WHITE, 9 * line)
    _ellipse(canvas, box, gap, RED, 3 * line)
    _ellipse(canvas, box, gap + 4.5 * line, RED, line)


def _draw_stands_out(canvas: Canvas, box: CellPlace, line: int) -> None:
    """A broken ring: eight dashes."""
    gap = _ring_gap(box, line)
    for first in range(0, 360, 45):
        _ellipse(canvas, box, gap, WHITE, 6 * line, (first, first + 27))
        _ellipse(canvas, box, gap, RED, 3 * line, (first, first + 27))


def _draw_not_counted(canvas: Canvas, box: CellPlace, line: int) -> None:
    if box.diameter < OUTLINED_MIN_PX:
        return
    _ellipse(canvas, box, 0.0, GREY, line)
    (x, y), reach = box.centre, 0.15 * box.diameter
    _strokes(canvas, [(x - reach, y - reach), (x + reach, y + reach)], GREY, line, closed=False)
    _strokes(canvas, [(x - reach, y + reach), (x + reach, y - reach)], GREY, line, closed=False)


def _draw_white_cell(canvas: Canvas, box: CellPlace, line: int) -> None:
    _rectangle(canvas, box, 0.0, BLUE, 2 * line)
    _rectangle(canvas, box, 5.0 * line, BLUE, line)


def _draw_platelet(canvas: Canvas, box: CellPlace, line: int) -> None:
    (x, y) = box.centre
    half_x, half_y = (1.3 * max(half, 4.0 * line) for half in box.half_axes)
    corners = [(x - half_x, y), (x, y - half_y), (x + half_x, y), (x, y + half_y)]
    _strokes(canvas, corners, INK, 4 * line, closed=True)
    _strokes(canvas, corners, YELLOW, 2 * line, closed=True)


def _ring_gap(box: CellPlace, line: int) -> float:
    """How far outside its box the ring of an infected cell is drawn, px."""
    return 2.0 * line + max(0.0, (RING_MIN_PX - box.diameter) / 2)


def _plates(box: CellPlace, canvas: Canvas, size: Point, line: int) -> list[CellPlace]:
    """Places for a plate of this size around a ring, inside the canvas, the best to read first."""
    rows, columns = canvas.shape[:2]
    (x, y), (half_x, half_y), gap = box.centre, box.half_axes, _ring_gap(box, line) + 5.0 * line
    reach_x, reach_y = 0.75 * (half_x + gap), 0.75 * (half_y + gap)
    corners = [(reach_x, -reach_y), (-reach_x, -reach_y), (reach_x, reach_y), (-reach_x, reach_y)]
    plates = []
    for right, down in corners:
        left = x + right if right > 0 else x + right - size[0]
        top = y + down if down > 0 else y + down - size[1]
        left, top = min(max(left, 0.0), columns - size[0]), min(max(top, 0.0), rows - size[1])
        plates.append(replace(box, left=left, top=top, right=left + size[0], bottom=top + size[1]))
    return plates


def _reached_by(plates: list[CellPlace], others: list[CellPlace]) -> list[CellPlace]:
    """Those that share area with the box around all plates; the rest cannot share any with one of them."""
    left, right = min(plate.left for plate in plates), max(plate.right for plate in plates)
    top, bottom = min(plate.top for plate in plates), max(plate.bottom for plate in plates)
    return [
        other
        for other in others
        if other.left < right and other.right > left and other.top < bottom and other.bottom > top
    ]


def _shared_px(one: CellPlace, others: list[CellPlace]) -> float:
    """Area that a box has in common with others, px."""
    return sum(
        max(0.0, min(one.right, other.right) - max(one.left, other.left))
        * max(0.0, min(one.bottom, other.bottom) - max(one.top, other.top))
        for other in others
    )


def _ellipse(
    canvas: Canvas, box: CellPlace, gap: float, colour: Colour, width: int, arc: tuple[int, int] = (0, 360)
) -> None:
    """The ellipse of a box, or an arc of it in degrees, so many px outside it."""
    axes = _fixed((max(box.half_axes[0] + gap, 1.0), max(box.half_axes[1] + gap, 1.0)))
    cv2.ellipse(canvas, _fixed(box.centre), axes, 0, *arc, colour, width, cv2.LINE_AA, SUBPIXEL_BITS)


def _rectangle(canvas: Canvas, box: CellPlace, gap: float, colour: Colour, width: int) -> None:
    top_left, bottom_right = (box.left - gap, box.top - gap), (box.right + gap, box.bottom + gap)
    cv2.rectangle(canvas, _fixed(top_left), _fixed(bottom_right), colour, width, cv2.LINE_AA, SUBPIXEL_BITS)


def _strokes(canvas: Canvas, points: list[Point], colour: Colour, width: int, *, closed: bool) -> None:
    path = np.array([[_fixed(point) for point in points]], dtype=np.int32)
    cv2.polylines(canvas, [path], closed, colour, width, cv2.LINE_AA, SUBPIXEL_BITS)


def _fixed(point: Point) -> tuple[int, int]:
    """Fixed-point coordinates as OpenCV draws with them."""
    return round(point[0] * 2**SUBPIXEL_BITS), round(point[1] * 2**SUBPIXEL_BITS)


MARKS: dict[str, Callable[[Canvas, CellPlace, int], None]] = {
    "not_counted": _draw_not_counted,
    "uninfected": _draw_uninfected,
    "platelet": _draw_platelet,
    "white_cell": _draw_white_cell,
    "stands_out": _draw_stands_out,
    "infected": _draw_infected,
}
"""How each kind is drawn (canvas, box, line width in px), in the order of drawing: infected cells last."""

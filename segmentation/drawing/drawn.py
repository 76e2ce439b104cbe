"""What was drawn over a photo: margins, scale bars, text, marks; they cut cells as a border does."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.drawing.flat_colours import painted
from segmentation.drawing.strokes import drawn_strokes
from segmentation.illumination import BrightView, film_colour

__all__ = ["drawn_over"]

FLAT_LEVELS = 8
"""Levels by which px of a margin may differ from its colour: JPEG leaves that much beside an edge."""
FLAT_SHARE, TEXT_SHARE = 0.98, 0.5
"""Share of a row of a margin that has its colour, and of a row of its text."""
LEAST_MARGIN_PX, SHARP_PX = 4, 10
"""Rows of the narrowest margin, and those within which it ends; the rim of a round view ends slowly."""
INSIDE_PX = 16
"""Rows behind the end of a margin that say what the picture looks like."""
LEAST_CONTRAST = 6
"""Levels between a margin and the background: one of the background's own colour cuts no cell in sight."""
MOST_INSIDE = 0.6
"""Share of the rows behind a margin that may have its colour, as an overexposed background does."""
PURE_LEVELS, PURE_HUE_LEVELS = 40, 72
"""Levels by which px of a bar or a letter may differ from black or white, and from a primary or its opposite,
which JPEG keeps at half the size."""
PALE_LEVEL = 190
"""Darkest channel of the background from which on white spots are no letters, but cells' own light."""
LEAST_BAR, LEAST_BAR_PX = 0.03, 24
"""Length of the shortest bar: share of the picture's long side, and px."""
FULL_SHARE, ENDS_SHARE, SOFT_ROWS = 0.95, 0.25, 2
"""Share of a bar's length that its full rows cover, at most the marks at its ends; rows between."""
SLENDER, SLENDER_WHITE = 3.0, 5.0
"""Least length of a bar in units of its height, with the marks at its ends; of a white one on a pale
ground, where gaps between cells may be white."""
BOX_LEVEL, BOX_EDGE, MOST_BOX = 250, 0.9, 0.2
"""Least level of a white box behind a bar or a text, share of its edges that is as white, and the most of the
picture that it covers: white ground has no straight edges."""
LEAST_LETTERS = 4
"""Letters that make a line where there is no bar beside them."""
LEAST_LETTER_PX, MOST_LETTER = 6, 0.12
"""Height of a letter: px, and share of the picture's long side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """A connected piece of one pure colour: its box, px, half-open, and how many px it has."""

    left: int
    top: int
    right: int
    bottom: int
    area: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def near(self, other: "_Shape", across: float, down: float) -> bool:
        """Whether the boxes are no farther apart than this, px."""
        gap_x = max(self.left - other.right, other.left - self.right)
        gap_y = max(self.top - other.bottom, other.top - self.bottom)
        return gap_x <= across and gap_y <= down


def drawn_over(
    thumbnail: NDArray[np.uint8], px: float, white: NDArray[np.float32], view: BrightView | None
) -> BrightView | None:
    """The part of a photo that nothing is drawn over; None where nothing is drawn.

    Parameters
    ----------
    thumbnail : uint8 (h, w, 3) of the whole field, `px` level-0 px per pixel.
    white : float32 (3,), colour of the background.
    view : the lit part of an eyepiece photo, outside of which nothing is looked for.
    """
    height, width = thumbnail.shape[:2]
    drawn = np.ones((height, width), bool)
    top, bottom, left, right = _margins(thumbnail) if view is None else (0, 0, 0, 0)
    drawn[top : height - bottom, left : width - right] = False
    inner = thumbnail[top : height - bottom, left : width - right]
    lit = None if view is None else _well_inside(view)
    shapes = [*_shapes_drawn(inner, white, lit)]
    for shape in [*shapes, *_boxes_around(shapes, inner)]:
        drawn[top + shape.top : top + shape.bottom, left + shape.left : left + shape.right] = True
    strokes = drawn_strokes(inner, white)
    if strokes is not None:
        wide = np.asarray(cv2.dilate(strokes.view(np.uint8), np.ones((3, 3), np.uint8)), np.uint8)
        lines = (wide if lit is None else wide & lit).astype(bool)
        drawn[top : height - bottom, left : width - right] |= lines
    flat = painted(inner, white, film_colour(inner, view))
    if flat is not None:
        drawn[top : height - bottom, left : width - right] |= flat if lit is None else flat & (lit > 0)
    if not drawn.any():
        return None
    free = np.pad((~drawn).astype(np.uint8), 1, mode="edge")
    distance = np.asarray(cv2.distanceTransform(free, cv2.DIST_L2, 5), np.float32)[1:-1, 1:-1]
    return BrightView(mask=~drawn, distance=distance * np.float32(px), px=px)


def _well_inside(view: BrightView) -> NDArray[np.uint8]:
    """1 inside the view, away from its rim, else 0."""
    return np.asarray(cv2.erode(view.mask.astype(np.uint8), np.ones((7, 7))), np.uint8)


def _margins(picture: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Px of the margins above, below, left and right."""
    found = [0, 0, 0, 0]
    for _ in range(2):
        for side in range(4):
            height, width = picture.shape[:2]
            inner = picture[found[0] : height - found[1], found[2] : width - found[3]]
            found[side] += _margin(_turned(inner, side))
    return found[0], found[1], found[2], found[3]


def _turned(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The picture with a side (above, below, left, right) as its first row."""
    upright = picture if side < 2 else picture.transpose(1, 0, 2)
    return upright[::-1] if side % 2 else upright


def _margin(picture: NDArray[np.uint8]) -> int:
    """Rows of a margin at the top."""
    colour = np.median(picture[0], axis=0)
    if (_share_of(picture[:LEAST_MARGIN_PX], colour) < FLAT_SHARE).any():
        return 0
    rows = picture[: picture.shape[0] // 2]
    share = _share_of(rows, colour)
    end = int(np.argmax(np.append(share, 0) < TEXT_SHARE))
    depth = 1 + int(np.flatnonzero(share[:end] >= FLAT_SHARE)[-1])
    inside = slice(depth + INSIDE_PX, depth + 2 * INSIDE_PX)
    if inside.stop > len(rows):
        return 0
    contrast = np.abs(np.median(rows[inside], axis=(0, 1)) - colour).max()
    usual = float(np.median(share[inside]))
    ended = np.flatnonzero(share[depth : depth + SHARP_PX] <= usual + (1 - usual) / 2)
    if contrast < LEAST_CONTRAST or usual > MOST_INSIDE or not len(ended):
        return 0
    return depth + int(ended[0])


def _share_of(rows: NDArray[np.uint8], colour: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of each row that has a colour, float64 (rows,)."""
    difference = np.abs(rows.astype(np.int16) - np.rint(colour).astype(np.int16)).max(axis=2)
    return np.asarray((difference <= FLAT_LEVELS).mean(axis=1), np.float64)


def _shapes_drawn(
    picture: NDArray[np.uint8], white: NDArray[np.float32], lit: NDArray[np.uint8] | None
) -> Iterator[_Shape]:
    """Bars and letters."""
    for colour in range(8):
        channels = np.asarray([255 * (colour >> bit & 1) for bit in range(3)], np.int16)
        levels = PURE_HUE_LEVELS if 0 < colour < 7 else PURE_LEVELS
        if colour == 7:
            levels = min(levels, int(255 - white.max()) // 2)
        low, high = np.maximum(channels - levels, 0), np.minimum(channels + levels, 255)
        mask = np.asarray(cv2.inRange(picture, low.astype(np.uint8), high.astype(np.uint8)), np.uint8)
        if lit is not None:
            mask &= 255 * lit
        shapes = _shapes(mask)
        alone = colour < 7 or white.min() <= PALE_LEVEL
        if alone:
            bars = [shape for shape in shapes if _is_bar(shape, mask, SLENDER)]
        else:
            inner = [shape for shape in shapes if not _at_edge(shape, mask)]
            bars = [shape for shape in inner if _is_bar(shape, mask, SLENDER_WHITE)]
        yield from bars
        if not (bars or alone):
            continue
        letters = [shape for shape in shapes if shape not in bars and _is_letter(shape, max(picture.shape))]
        for line in _lines(letters):
            if (alone and len(line) >= LEAST_LETTERS) or any(_beside(letter, bars) for letter in line):
                yield _around(line)


def _boxes_around(shapes: list[_Shape], picture: NDArray[np.uint8]) -> Iterator[_Shape]:
    """White boxes in which bars and letters stand."""
    if not shapes:
        return
    mask = np.asarray(cv2.inRange(picture, (BOX_LEVEL,) * 3, (255,) * 3), np.uint8)
    for box in _shapes(mask):
        small = min(box.width, box.height) < 2 * LEAST_LETTER_PX
        if small or box.area > MOST_BOX * mask.size or not any(shape.near(box, -1, -1) for shape in shapes):
            continue
        part = mask[box.top : box.bottom, box.left : box.right] > 0
        edges = (part[:2], part[-2:], part[:, :2], part[:, -2:])
        if all(edge.mean() >= BOX_EDGE for edge in edges):
            yield box


def _shapes(mask: NDArray[np.uint8]) -> list[_Shape]:
    """Connected pieces, looked for where the mask has any px: few pictures have one of a pure colour."""
    x, y, across, down = cv2.boundingRect(mask)
    if not across:
        return []
    part = mask[y : y + down, x : x + across]
    _, _, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=8)
    return [
        _Shape(left=x + left, top=y + top, right=x + left + width, bottom=y + top + height, area=area)
        for left, top, width, height, area in stats[1:].tolist()
        if area >= LEAST_LETTER_PX
    ]


def _is_bar(shape: _Shape, mask: NDArray[np.uint8], slender: float) -> bool:
    """Whether a piece is a straight bar along a side of the picture, with or without marks at its ends."""
    part = mask[shape.top : shape.bottom, shape.left : shape.right] > 0
    if shape.height > shape.width:
        part = part.T
    height, length = part.shape
    if length < max(LEAST_BAR * max(mask.shape), LEAST_BAR_PX, slender * height):
        return False
    share = part.mean(axis=1)
    full, ends = int((share >= FULL_SHARE).sum()), int((share <= ENDS_SHARE).sum())
    return full >= 2 and height - full - ends <= SOFT_ROWS


def _at_edge(shape: _Shape, mask: NDArray[np.uint8]) -> bool:
    height, width = mask.shape
    return min(shape.left, shape.top) == 0 or shape.right == width or shape.bottom == height


def _is_letter(shape: _Shape, side: int) -> bool:
    return (
        LEAST_LETTER_PX <= shape.height <= MOST_LETTER * side
        and shape.width <= 2 * shape.height
        and shape.area >= shape.height
    )


def _lines(letters: list[_Shape]) -> list[list[_Shape]]:
    """Letters of about one height that stand beside one another on a line."""
    lines: list[list[_Shape]] = []
    for letter in sorted(letters, key=lambda shape: (shape.left, shape.top)):
        for line in lines:
            last = line[-1]
            size = max(last.height, letter.height)
            level = abs(last.bottom - letter.bottom) <= 0.25 * size
            if level and min(last.height, letter.height) >= 0.6 * size and last.near(letter, size, 0):
                line.append(letter)
                break
        else:
            lines.append([letter])
    return lines


def _beside(letter: _Shape, bars: list[_Shape]) -> bool:
    """Whether a letter stands by a bar as its caption does."""
    return any(
        letter.near(bar, 0.3 * max(bar.width, bar.height), 0.75 * max(bar.width, bar.height)) for bar in bars
    )


def _around(line: list[_Shape]) -> _Shape:
    return _Shape(
        left=min(shape.left for shape in line),
        top=min(shape.top for shape in line),
        right=max(shape.right for shape in line),
        bottom=max(shape.bottom for shape in line),
        area=sum(shape.area for shape in line),
    )

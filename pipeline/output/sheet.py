"""Overlays: the picture of a field with every cell marked, to check a count by eye."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.output.letters import draw_text, text_width
from pipeline.output.marks import MARKS, CellPlace, label_infected, outline_uninfected

__all__ = [
    "SHEET_PICTURES_MAX",
    "SIDE_MAX_PX",
    "contact_sheet",
    "draw_overlay",
    "mark_cells",
    "overlay_zoom",
    "sheet_zoom",
]

SIDE_MAX_PX = 4096  # long side of an overlay; a larger field is shrunk to it
SIDE_MIN_PX = 1400  # long side to which a small field is enlarged, so that marks and words fit
SHRINK_MAX = 64  # of Field.read
SHEET_PICTURES_MAX = 100  # fields on a contact sheet
SHEET_TILE_MAX_PX = 1400  # long side of a field on a contact sheet of few fields
GUTTER_PX = 4  # white between two fields of a contact sheet
LINE_MAX_PX = 3  # of a thin outline
PLAIN = "uninfected"  # the mark of nearly all cells, drawn by the thousand
LEGEND_WORDS = {
    "infected": "infected, with its probability",
    "stands_out": "look at this one",
    "uninfected": "red cell",
    "not_counted": "not counted",
    "white_cell": "white cell",
    "platelet": "platelet",
}


def overlay_zoom(width: int, height: int) -> tuple[int, int]:
    """By how much a field is shrunk when read, and then enlarged, for its overlay.

    Parameters
    ----------
    width, height : of the field, level-0 px.

    Returns
    -------
    shrink : power of two, 1 to 64; brings the long side to SIDE_MAX_PX or less where 64 suffices.
    enlarge : whole number, 1 to 8; brings a small field near SIDE_MIN_PX.
    """
    side = max(width, height)
    shrink = 1
    while shrink < SHRINK_MAX and side / shrink > SIDE_MAX_PX:
        shrink *= 2
    enlarge = 1 if shrink > 1 else min(8, max(1, round(SIDE_MIN_PX / side)))
    return shrink, enlarge


def draw_overlay(
    picture: NDArray[np.uint8], cells: pd.DataFrame, scale: float, caption: str
) -> NDArray[np.uint8]:
    """Mark every cell of a field and put the count and a legend below.

    Parameters
    ----------
    picture : RGB uint8 (H, W, 3) of the whole field, at the overlay's size; left as it is.
    cells : the field's rows, columns of records.CELL_COLUMNS, level-0 px.
    scale : overlay px per level-0 px.
    caption : the count in one line.

    Returns
    -------
    RGB uint8 (H + height of the legend, W, 3).
    """
    overlay = np.vstack([picture, _legend(picture.shape[1], caption)])
    _mark(overlay[: len(picture)], cells, scale)
    return overlay


def mark_cells(picture: NDArray[np.uint8], cells: pd.DataFrame, scale: float) -> NDArray[np.uint8]:
    """A copy of a field's picture with every cell marked; parameters as for `draw_overlay`."""
    canvas = picture.copy()
    _mark(canvas, cells, scale)
    return canvas


def sheet_zoom(width: int, height: int, pictures: int) -> float:
    """By how much a picture of this size (px) is scaled to its place on a contact sheet of so many."""
    side = min(SHEET_TILE_MAX_PX, SIDE_MAX_PX // _sheet_columns(pictures))
    return side / max(width, height)


def contact_sheet(
    pictures: Sequence[NDArray[np.uint8]], captions: Sequence[str], title: str
) -> NDArray[np.uint8]:
    """All fields of a slide on one sheet, row by row, with the slide's count and a legend at the foot.

    Parameters
    ----------
    pictures : RGB uint8 (H, W, 3), scaled by `sheet_zoom`; one at least.
    captions : a line for each.
    title : one line for the slide.

    Returns
    -------
    RGB uint8, at most SIDE_MAX_PX wide.
    """
    height = max(picture.shape[0] for picture in pictures)
    width = max(picture.shape[1] for picture in pictures)
    tiles = [
        _sheet_tile(picture, caption, (height, width))
        for picture, caption in zip(pictures, captions, strict=True)
    ]
    columns = _sheet_columns(len(tiles))
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return np.vstack([*rows, _legend(rows[0].shape[1], title)])


def _sheet_tile(picture: NDArray[np.uint8], caption: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture in the middle of its place of (height, width) px, white round it, its caption below."""
    tile = np.full((*size, 3), 255, np.uint8)
    height, width = picture.shape[:2]
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    tile[top : top + height, left : left + width] = picture
    tile[:, -GUTTER_PX:] = 255
    return np.vstack([tile, _strip(size[1], caption, letters=max(size[1] / 45, 7.0))])


def _mark(canvas: NDArray[np.uint8], cells: pd.DataFrame, scale: float) -> None:
    marks = _marks(cells).to_numpy()
    sides = cells[["x_min", "y_min", "x_max", "y_max"]].to_numpy(dtype=float) * scale
    probabilities = pd.to_numeric(cells["p_infected"], errors="coerce").to_numpy(dtype=float)
    line = _line_px(canvas, sides)
    boxes = {
        mark: _boxes(sides[marks == mark], probabilities[marks == mark]) for mark in MARKS if mark != PLAIN
    }
    for mark, draw in MARKS.items():
        if mark == PLAIN:
            outline_uninfected(canvas, sides[marks == mark], line)
            continue
        for box in boxes[mark]:
            draw(canvas, box, line)
    label_infected(canvas, [*boxes["infected"], *boxes["stands_out"]], boxes["white_cell"], line)


def _line_px(canvas: NDArray[np.uint8], sides: NDArray[np.float64]) -> int:
    """Width of a thin line: by the size of the picture and of its cells, px."""
    cell = float(np.median((sides[:, 2:] - sides[:, :2]).min(axis=1))) if len(sides) else 0.0
    return int(min(LINE_MAX_PX, max(1, round(max(canvas.shape[:2]) / 1600), round(cell / 70))))


def _marks(cells: pd.DataFrame) -> "pd.Series[str]":
    """Which mark each row gets."""
    infected = cells["infected"].fillna(False).astype(bool)
    counted = cells["counted"].astype(bool)
    marks = cells["kind"].astype(str)
    marks = marks.mask(marks.isin(["red_cell", "artefact"]), "not_counted")
    marks = marks.mask(counted & ~infected, "uninfected").mask(counted & infected, "infected")
    return marks.mask(cells["stands_out"] & ~infected, "stands_out") if "stands_out" in cells else marks


def _boxes(sides: NDArray[np.float64], probabilities: NDArray[np.float64]) -> list[CellPlace]:
    return [
        CellPlace(left=left, top=top, right=right, bottom=bottom, p_infected=p)
        for (left, top, right, bottom), p in zip(sides.tolist(), probabilities.tolist(), strict=True)
    ]


def _legend(width: int, caption: str) -> NDArray[np.uint8]:
    """White strip with the count and what each mark means, in as many lines as its width asks for."""
    letters = min(max(width / 95, 8.0), 30.0)
    entries = _flow(
        [(mark, text_width(words, letters) + 6 * letters) for mark, words in LEGEND_WORDS.items()], width
    )
    strip = np.full((round(letters * 3.2 * len(entries)), width, 3), 255, np.uint8)
    for row, line in enumerate(entries):
        foot = letters * (3.2 * row + 2)
        for mark, left in line:
            middle = foot - letters / 2
            box = CellPlace(
                left=left + letters,
                right=left + 2.6 * letters,
                top=middle - 0.8 * letters,
                bottom=middle + 0.8 * letters,
                p_infected=math.nan,
            )
            MARKS[mark](strip, box, 1 if letters < 20 else 2)
            draw_text(strip, (left + 4 * letters, foot), LEGEND_WORDS[mark], letters)
    return np.vstack([_strip(width, caption, letters=1.35 * letters), strip])


def _flow(entries: list[tuple[str, float]], width: float) -> list[list[tuple[str, float]]]:
    """Entries of given widths set from left to right in lines: the left end of each, px."""
    lines: list[list[tuple[str, float]]] = [[]]
    left = 0.0
    for name, entry_width in entries:
        if left + entry_width > width and lines[-1]:
            lines.append([])
            left = 0.0
        lines[-1].append((name, left))
        left += entry_width
    return lines


def _strip(width: int, text: str, *, letters: float) -> NDArray[np.uint8]:
    """A line of text on white, its letters so many px high, or smaller where the width asks for it."""
    strip = np.full((round(2.6 * letters), width, 3), 255, np.uint8)
    fitted = min(letters, letters * (width - 2 * letters) / max(text_width(text, letters), 1.0))
    draw_text(strip, (letters, 1.8 * letters), text, max(fitted, 1.0), bold=True)
    return strip


def _sheet_columns(pictures: int) -> int:
    return math.ceil(math.sqrt(pictures))

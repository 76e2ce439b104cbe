"""Sheets of labelled cells as the photo shows them, at one scale: found, missed and falsely called ones."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.evaluation.labelled import INFECTED_LABELS, FieldSet
from pipeline.output.letters import draw_text
from pipeline.reader.slide import open_slide

__all__ = ["CONTACT_SHEETS", "chosen_cells", "contact_sheet", "sheet_cells"]

CONTACT_SHEETS: Final = {
    "infected_found": "infected cells, called",
    "infected_missed": "infected cells, not called: not found, of another kind, or below the threshold",
    "infected_at_border": "infected cells at the border or rim: in no measure",
    "called_falsely": "cells called infected whose label says uninfected, or that have none",
    "others_missed": "white cells and platelets that were not found, or counted as red cells",
    "red_cells_missed": "labelled red cells that were not found",
    "red_cells_without_label": "red cells found where every cell is labelled, but not this one",
}
"""Name and title of each sheet."""
MOST: Final = 120
"""Cells on a sheet; of more, so many at equal steps."""
PX_PER_UM: Final = 10.0
"""Scale of every sheet: a red cell of 8 µm is 80 px wide."""
TILE_PX: Final = 160
"""Side of what is shown of a cell: 16 µm."""
COLUMNS: Final = 10
_GAP_PX = 6
_WORDS_PX = 34
_LETTERS_PX = 8.0
_TITLE_PX = 40
_LINE = (20, 20, 20)
_NAME_LETTERS = 22


def sheet_cells(field_set: FieldSet, scored: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows of `scored` that belong on each sheet, by its name; sheets without a cell are left out."""
    red = scored[scored["kind"] == "red_cell"]
    infected, outcome = red["label"].isin(INFECTED_LABELS), red["outcome"]
    complete = red["field"].isin(field_set.fields["field"][field_set.fields["complete"]])
    called = red["called"].eq(True)
    chosen = {
        "infected_found": infected & (outcome == "matched") & called,
        "infected_missed": infected & outcome.isin(["matched", "missed"]) & ~called,
        "infected_at_border": infected & (outcome == "left_out_label"),
        "called_falsely": called
        & ((outcome == "extra") | ((outcome == "matched") & (red["label"] == "uninfected"))),
        "red_cells_missed": complete & (outcome == "missed") & ~infected,
        "red_cells_without_label": complete & (outcome == "extra"),
    }
    on_sheet = {name: red[rows] for name, rows in chosen.items()}
    on_sheet["others_missed"] = scored[(scored["kind"] != "red_cell") & (scored["outcome"] == "missed")]
    order = ["cause", "label", "field", "y", "x"]
    return {name: rows.sort_values(order, kind="stable") for name, rows in on_sheet.items() if len(rows)}


def chosen_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells that have a place on the sheet: all, or `MOST` at equal steps."""
    places = np.linspace(0, len(cells) - 1, min(len(cells), MOST)).round().astype(np.intp)
    return cells.iloc[places]


def contact_sheet(field_set: FieldSet, cells: pd.DataFrame, um_per_px: pd.Series, title: str) -> bytes:
    """PNG of the cells in their order, each with field, label, cause or stage, and probability.

    Parameters
    ----------
    cells : rows of `chosen_cells`. um_per_px : of each field, by its name.
    """
    rows, height = math.ceil(len(cells) / COLUMNS), TILE_PX + _WORDS_PX + _GAP_PX
    sheet = np.full((_TITLE_PX + rows * height, COLUMNS * (TILE_PX + _GAP_PX), 3), 255, np.uint8)
    draw_text(sheet, (4, 26), title, 13.0, bold=True)
    pictures = dict(_pictures(field_set, cells, um_per_px))
    for place, (index, cell) in enumerate(cells.iterrows()):
        top = _TITLE_PX + place // COLUMNS * height
        left = place % COLUMNS * (TILE_PX + _GAP_PX)
        sheet[top : top + TILE_PX, left : left + TILE_PX] = pictures[index]
        for line, words in enumerate(_words(cell)):
            draw_text(sheet, (left + 2, top + TILE_PX + 12 + 15 * line), words, _LETTERS_PX)
    return bytes(cv2.imencode(".png", sheet[..., ::-1])[1])


def _pictures(
    field_set: FieldSet, cells: pd.DataFrame, um_per_px: pd.Series
) -> Iterator[tuple[object, NDArray[np.uint8]]]:
    """Index of each cell and its picture; every photo is opened once."""
    for name, own in cells.groupby("field", sort=False):
        picture = _photo(field_set.image_path(str(name)))
        scale = PX_PER_UM * float(um_per_px[name])
        for index, cell in own.iterrows():
            yield index, _tile(picture, cell, scale)


def _photo(path: Path) -> NDArray[np.uint8]:
    with open_slide(path) as slide:
        field = slide.fields[0]
        return field.read(0, 0, field.width, field.height, 1)


def _tile(picture: NDArray[np.uint8], cell: pd.Series, scale: float) -> NDArray[np.uint8]:
    """What lies around a cell, white beyond the border; its box as thin corners, so that it hides nothing."""
    shift = TILE_PX / 2 - scale * np.asarray((cell["x"], cell["y"]), float)
    place = np.asarray([[scale, 0, shift[0]], [0, scale, shift[1]]])
    how = cv2.INTER_LINEAR if scale < 1 else cv2.INTER_CUBIC
    around = cv2.warpAffine(picture, place, (TILE_PX, TILE_PX), flags=how, borderValue=(255, 255, 255))
    tile = np.asarray(around, np.uint8)
    sides = np.asarray([cell["x_min"], cell["y_min"], cell["x_max"], cell["y_max"]], float)
    if np.isfinite(sides).all():
        low, high = (np.rint(scale * sides.reshape(2, 2) + shift)).astype(int).tolist()
        for x, inward in ((low[0], 8), (high[0], -8)):
            for y, down in ((low[1], 8), (high[1], -8)):
                cv2.line(tile, (x, y), (x + inward, y), _LINE, 1)
                cv2.line(tile, (x, y), (x, y + down), _LINE, 1)
    return tile


def _words(cell: pd.Series) -> tuple[str, str]:
    """Two lines: field; label, what became of the cell."""
    name = str(cell["field"]).rpartition("/")[2]
    chance = float(cell["p_infected"])
    became = f"p {chance:.2f}" if np.isfinite(chance) else str(cell["cause"])
    return name[-_NAME_LETTERS:], " ".join(
        part for part in (str(cell["label"]) or "no label", became) if part
    )

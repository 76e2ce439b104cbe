"""Sheets of cells: which cells are on which, and that each is shown at its place and scale."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from pipeline.evaluation.labelled import FieldSet
from pipeline.evaluation.matching.scoring import SCORE_COLUMNS
from pipeline.evaluation.plots.contact import (
    CONTACT_SHEETS,
    MOST,
    PX_PER_UM,
    TILE_PX,
    chosen_cells,
    contact_sheet,
    sheet_cells,
)

FIELDS = pd.DataFrame({"field": ["a", "b"], "slide": "s", "image": "a.png", "complete": [True, False]})
ROWS = (
    ("a", "red_cell", "matched", "ring", True),
    ("a", "red_cell", "matched", "ring", False),
    ("a", "red_cell", "missed", "schizont", False),
    ("a", "red_cell", "left_out_label", "ring", False),
    ("a", "red_cell", "matched", "uninfected", True),
    ("a", "red_cell", "matched", "uninfected", False),
    ("a", "red_cell", "missed", "uninfected", False),
    ("a", "red_cell", "extra", "", False),
    ("b", "red_cell", "extra", "", True),
    ("b", "white_cell", "missed", "white_blood_cell", False),
)


def scored() -> pd.DataFrame:
    table = pd.DataFrame(ROWS, columns=["field", "kind", "outcome", "label", "called"])
    table = table.reindex(columns=["field", *SCORE_COLUMNS]).assign(cause="", x=40.0, y=30.0)
    return table.assign(x_min=30.0, x_max=50.0, y_min=20.0, y_max=40.0)


def field_set(folder: Path = Path()) -> FieldSet:
    cells = pd.DataFrame({"field": [], "label": []})
    return FieldSet(name="set", folder=folder, fields=FIELDS, cells=cells)


def test_every_cell_is_on_the_sheet_of_what_became_of_it() -> None:
    rows = {name: cells.index.tolist() for name, cells in sheet_cells(field_set(), scored()).items()}
    assert rows == {
        "infected_found": [0],
        "infected_missed": [1, 2],
        "infected_at_border": [3],
        "called_falsely": [8, 4],
        "red_cells_missed": [6],
        "red_cells_without_label": [7],
        "others_missed": [9],
    }
    assert set(rows) == set(CONTACT_SHEETS)


def test_of_more_cells_than_places_the_first_the_last_and_those_at_equal_steps_are_shown() -> None:
    many = pd.DataFrame({"x": range(3 * MOST)})
    shown = chosen_cells(many)["x"].tolist()
    assert (len(shown), shown[0], shown[-1]) == (MOST, 0, 3 * MOST - 1)
    assert set(np.diff(shown)) <= {3, 4}
    assert chosen_cells(many[:2])["x"].tolist() == [0, 1]


def test_a_cell_is_shown_in_the_middle_of_its_tile_at_the_sheets_scale(tmp_path: Path) -> None:
    photo = np.full((80, 100, 3), 220, np.uint8)
    photo[20:40, 30:50] = (40, 60, 200)  # BGR: red, where the cell is
    cv2.imwrite(str(tmp_path / "a.png"), photo)
    um_per_px = pd.Series({"a": 0.2, "b": 0.2})
    sheet = contact_sheet(field_set(tmp_path), scored().iloc[:1], um_per_px, "title")
    picture = cv2.imdecode(np.frombuffer(sheet, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    tile = picture[40 : 40 + TILE_PX, :TILE_PX].astype(int)
    red = (tile[..., 2] - tile[..., 0]) > 80
    rows, columns = np.nonzero(red)
    side = 20 * 0.2 * PX_PER_UM
    assert np.ptp(rows) == np.ptp(columns) and abs(np.ptp(rows) - side) <= 3
    assert abs(rows.mean() - TILE_PX / 2) < 1.5 and abs(columns.mean() - TILE_PX / 2) < 1.5

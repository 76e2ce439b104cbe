"""Compares the cells found in one field with its labels: one row a cell that is scored or left out."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.evaluation.labelled import BOX_COLUMNS, RED_CELL_LABELS
from pipeline.evaluation.matching.causes import causes_of
from pipeline.evaluation.matching.cells import Frame, Matched, Places, match_cells

__all__ = ["SCORE_COLUMNS", "score_field"]

SCORE_COLUMNS: Final = (
    "kind",  # red_cell, white_cell, platelet
    "outcome",  # matched, missed, extra, left_out_label, left_out_found, counted_as_red_cell
    "label",  # as in the labelled set; empty where no label stands behind the row
    "p_infected",  # NaN where nothing was found or the cell was not classified
    "called",  # called infected
    "cause",  # of a missed cell, one of CAUSES, or red_cell; empty where it was not missed
    "stage",  # as the count predicts it; empty where the cell was not found or not called infected
    "x",  # centre, level-0 px: of a found red cell, else of the label
    "y",
    "x_min",  # its box; NaN where it was not found and its label is a point
    "y_min",
    "x_max",
    "y_max",
)
_PLACE = SCORE_COLUMNS[7:]

_FOUND_BOX = ("x_min", "y_min", "x_max", "y_max")
_LABEL_OF_KIND = {"white_cell": "white_blood_cell", "platelet": "platelet"}


def score_field(labelled: pd.DataFrame, found: pd.DataFrame, frame: Frame) -> pd.DataFrame:
    """Match every kind of cell in one field.

    Red cells give every outcome but the last; white cells and platelets, never labelled completely,
    give matched and missed, and a row more where a found red cell without a label of its own lies on one.

    Parameters
    ----------
    labelled : cells of the field as FieldSet.cells_of gives them.
    found : cells of the field, columns CELL_COLUMNS, level-0 px.

    Returns
    -------
    DataFrame with SCORE_COLUMNS.
    """
    red_truth = labelled[labelled["label"].isin(RED_CELL_LABELS)].reset_index(drop=True)
    red_found = found[found["kind"] == "red_cell"].reset_index(drop=True)
    diameter_px = _diameter(red_truth, BOX_COLUMNS) or _diameter(red_found, _FOUND_BOX)
    red = match_cells(_labelled_places(red_truth), _found_places(red_found), frame, diameter_px)
    tables = [_red_rows(red_truth, red_found, red, _causes(red_truth, found, red, diameter_px))]
    extra = red_found.iloc[red.extra].reset_index(drop=True)
    for kind, label in _LABEL_OF_KIND.items():
        truth = labelled[labelled["label"] == label].reset_index(drop=True)
        same = found[found["kind"] == kind].reset_index(drop=True)
        places = _labelled_places(truth)
        matched = match_cells(places, _found_places(same), frame, diameter_px)
        confused = match_cells(places, _found_places(extra), frame, diameter_px)
        tables.append(_other_rows(kind, truth, matched, confused))
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def _other_rows(kind: str, truth: pd.DataFrame, matched: Matched, confused: Matched) -> pd.DataFrame:
    """White cells or platelets by their labels; a missed one may have been counted as a red cell."""
    counted_as_red = confused.pairs[:, 0]
    outcomes = ["matched"] * len(matched.pairs) + ["missed"] * len(matched.missed)
    outcomes += ["counted_as_red_cell"] * len(counted_as_red)
    places = _table_of_places(truth, BOX_COLUMNS)
    rows = np.concatenate([matched.pairs[:, 0], matched.missed, counted_as_red])
    missed = np.asarray(outcomes, object) == "missed"
    red = np.isin(rows, counted_as_red)
    table = {
        "kind": kind,
        "outcome": outcomes,
        "label": _LABEL_OF_KIND[kind],
        "p_infected": np.nan,
        "called": False,
        "cause": np.where(missed, np.where(red, "red_cell", "nothing"), "").astype(object),
        "stage": "",
        **dict(zip(_PLACE, places[rows].T, strict=True)),
    }
    return pd.DataFrame(table, columns=SCORE_COLUMNS)


def _causes(
    truth: pd.DataFrame, found: pd.DataFrame, matched: Matched, diameter_px: float
) -> NDArray[np.object_]:
    """Cause of each red cell that was missed, in the order of `matched.missed`."""
    objects = found.reset_index(drop=True)
    red_rows = np.flatnonzero(objects["kind"] == "red_cell")
    return causes_of(
        _labelled_places(truth.iloc[matched.missed]),
        _found_places(objects),
        objects["kind"].to_numpy(dtype=object),
        red_rows[matched.pairs[:, 1]],
        diameter_px,
    )


def _red_rows(
    truth: pd.DataFrame, found: pd.DataFrame, matched: Matched, causes: NDArray[np.object_]
) -> pd.DataFrame:
    nothing = np.zeros(0, dtype=np.int64)
    parts = [
        ("matched", matched.pairs[:, 0], matched.pairs[:, 1]),
        ("missed", matched.missed, nothing),
        ("extra", nothing, matched.extra),
        ("left_out_label", matched.left_out_truth, nothing),
        ("left_out_found", nothing, matched.left_out_found),
    ]
    p_infected = found["p_infected"].to_numpy(dtype=np.float64, na_value=np.nan)
    called = found["infected"].eq(True).fillna(False).to_numpy(dtype=np.bool_)
    labels = truth["label"].to_numpy(dtype=object)
    stages = found["stage"].astype(object).where(found["stage"].notna(), "").to_numpy(dtype=object)
    truth_places, found_places = _table_of_places(truth, BOX_COLUMNS), _table_of_places(found, _FOUND_BOX)
    columns: dict[str, list[NDArray[np.generic]]] = {name: [] for name in SCORE_COLUMNS[1:]}
    for outcome, truth_rows, found_rows in parts:
        size = max(len(truth_rows), len(found_rows))
        columns["outcome"].append(np.full(size, outcome, dtype=object))
        columns["label"].append(labels[truth_rows] if len(truth_rows) else np.full(size, "", dtype=object))
        columns["p_infected"].append(p_infected[found_rows] if len(found_rows) else np.full(size, np.nan))
        columns["called"].append(called[found_rows] if len(found_rows) else np.zeros(size, dtype=np.bool_))
        columns["cause"].append(causes if outcome == "missed" else np.full(size, "", dtype=object))
        columns["stage"].append(stages[found_rows] if len(found_rows) else np.full(size, "", dtype=object))
        places = found_places[found_rows] if len(found_rows) else truth_places[truth_rows]
        for name, values in zip(_PLACE, places.T, strict=True):
            columns[name].append(values)
    table = pd.DataFrame({name: np.concatenate(values) for name, values in columns.items()})
    table.insert(0, "kind", "red_cell")
    return table


def _table_of_places(cells: pd.DataFrame, box: tuple[str, str, str, str]) -> NDArray[np.float64]:
    """Centre and box of each cell, float64 (n, 6)."""
    return np.asarray(cells[["x", "y", *box]].to_numpy(dtype=np.float64, na_value=np.nan))


def _labelled_places(cells: pd.DataFrame) -> Places:
    return Places(
        centres=cells[["x", "y"]].to_numpy(dtype=np.float64),
        boxes=cells[list(BOX_COLUMNS)].to_numpy(dtype=np.float64),
        cut=np.zeros(len(cells), dtype=np.bool_),
    )


def _found_places(cells: pd.DataFrame) -> Places:
    return Places(
        centres=cells[["x", "y"]].to_numpy(dtype=np.float64),
        boxes=cells[list(_FOUND_BOX)].to_numpy(dtype=np.float64),
        cut=cells["at_border"].eq(True).fillna(False).to_numpy(dtype=np.bool_),
    )


def _diameter(cells: pd.DataFrame, columns: tuple[str, str, str, str]) -> float:
    """Median of the boxes' mean side, px; 0 without a box."""
    box = cells[list(columns)].to_numpy(dtype=np.float64)
    sides = (box[:, 2:] - box[:, :2]).mean(axis=1)
    sides = sides[np.isfinite(sides)]
    return float(np.median(sides)) if len(sides) else 0.0

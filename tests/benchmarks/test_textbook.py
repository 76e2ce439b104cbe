"""Tests of benchmarks.textbook: it has to work well, or being faster than it says nothing."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from benchmarks.detection import f1_of, labelled_fields
from benchmarks.textbook import classify, count_fields, find_cells
from pipeline.synthetic.field import RenderSettings, render_set

RADIUS, CENTRES = 25, [(60, 60), (160, 60), (110, 150), (152, 150)]
"""The last two overlap."""


def _discs() -> np.ndarray:
    picture = np.full((220, 240, 3), 235, np.uint8)
    for centre in CENTRES:
        cv2.circle(picture, centre, RADIUS, (190, 120, 150), -1)
        cv2.circle(picture, centre, RADIUS // 3, (235, 235, 235), -1)  # a pale middle, as red cells have it
    return picture


class _Mean:
    """A network in name: answers the mean of each crop."""

    input_shape = (None, 44, 44, 3)

    def __init__(self) -> None:
        self.calls = 0

    def predict(self, crops: np.ndarray, verbose: int) -> np.ndarray:
        self.calls += 1
        return crops.mean(axis=(1, 2, 3))[:, None]


def test_discs_are_found_where_they_are_also_where_they_overlap() -> None:
    boxes = find_cells(_discs(), 2.0 * RADIUS)
    found = sorted(map(tuple, np.stack([boxes[:, [0, 2]].mean(1), boxes[:, [1, 3]].mean(1)], 1)))
    assert np.allclose(found, sorted(CENTRES), atol=4)
    assert np.allclose(boxes[:, 3] - boxes[:, 1], 2 * RADIUS + 1, atol=2)


def test_dust_is_no_cell() -> None:
    picture = _discs()
    cv2.circle(picture, (215, 30), 5, (190, 120, 150), -1)
    assert len(find_cells(picture, 2.0 * RADIUS)) == len(CENTRES)


def test_crops_are_classified_alike_at_once_and_one_by_one() -> None:
    picture, together, single = _discs(), _Mean(), _Mean()
    boxes = find_cells(picture, 2.0 * RADIUS)
    at_once = classify(picture, boxes, together, at_once=True)
    assert at_once == pytest.approx(classify(picture, boxes, single, at_once=False))
    assert (together.calls, single.calls) == (1, len(boxes))


def test_a_picture_without_a_cell_has_no_answer() -> None:
    none = np.zeros((0, 4), np.int64)
    assert classify(_discs(), none, _Mean(), at_once=True).shape == (0,)


def test_most_cells_of_a_rendered_field_are_found(tmp_path: Path) -> None:
    folder = render_set(RenderSettings(width=640, height=480, seed=5), tmp_path / "set")
    sample = labelled_fields(folder, None, None, tmp_path / "pictures")
    table = tmp_path / "cells.csv"
    pictures = sorted(sample.pictures.iterdir())
    count_fields(pictures, sample.diameter_px(), _Mean(), table, at_once=True)
    assert f1_of(sample, pd.read_csv(table))["f1"] > 0.85

"""Targets: a peak where a cell is, distances that give its box back, and silence where nothing is known."""

import numpy as np
import pytest

from segmentation.detector import BOX_UNIT_PX, OUTPUT_STRIDE
from segmentation.training.targets import TARGET_CHANNELS, AnnotatedCells, draw_targets


def cells(*boxes, kinds=None, has_box=None) -> AnnotatedCells:
    return AnnotatedCells(
        boxes=np.asarray(boxes, np.float32).reshape(-1, 4),
        kinds=np.asarray(kinds if kinds is not None else [0] * len(boxes), np.int64),
        has_box=np.asarray(has_box if has_box is not None else [True] * len(boxes), bool),
    )


def asked(size=(64, 96), value=1.0) -> np.ndarray:
    return np.full((size[0] // 2, size[1] // 2, 3), value, np.float32)


def test_the_peak_of_a_cell_is_one_on_the_pixel_that_holds_its_centre():
    targets = draw_targets((64, 96), cells((31, 21, 51, 40), kinds=[1]), asked())
    heat = targets[..., 1]
    assert heat.max() == 1.0
    assert np.argwhere(heat == 1.0).tolist() == [[15, 20]]  # centre (41, 30.5), two px each
    assert targets[..., 0].max() == targets[..., 2].max() == 0


def test_every_cell_has_exactly_one_pixel_of_heat_one():
    rng = np.random.default_rng(3)
    boxes = [(x - 9, y - 9, x + 9, y + 9) for x, y in rng.uniform(10, 54, (40, 2))]
    for box in boxes:
        heat = draw_targets((64, 64), cells(box), asked((64, 64)))[..., 0]
        assert (heat > 0.999).sum() == 1


def test_the_distances_at_a_peak_give_the_box_back():
    box = (30.5, 20.25, 52.0, 41.0)
    targets = draw_targets((64, 96), cells(box), asked())
    row, column = np.argwhere(targets[..., 0] == 1.0)[0]
    left, top, right, bottom = targets[row, column, 6:10] * BOX_UNIT_PX
    x, y = (column + 0.5) * OUTPUT_STRIDE, (row + 0.5) * OUTPUT_STRIDE
    assert (x - left, y - top, x + right, y + bottom) == pytest.approx(box, abs=1e-4)
    assert targets[row, column, -1] == 1.0
    assert targets.shape == (32, 48, TARGET_CHANNELS)


def test_a_point_teaches_the_centre_and_no_box():
    targets = draw_targets((64, 96), cells((30, 20, 50, 40), has_box=[False]), asked())
    assert targets[..., 0].max() == 1.0
    assert targets[..., -1].max() == 0


def test_nothing_is_asked_around_a_difficult_cell():
    targets = draw_targets((64, 96), cells((30, 20, 50, 40), kinds=[-1]), asked())
    assert targets[..., :3].max() == 0
    assert (targets[10:20, 15:25, 3:6] == 0).all()
    assert (targets[:8, :, 3:6] == 1).all()


def test_an_annotated_cell_is_asked_for_where_the_rest_of_the_picture_is_not():
    """A set whose cells are not all annotated must not teach that the others are background."""
    targets = draw_targets((64, 96), cells((30, 20, 50, 40)), asked(value=0.0))
    assert targets[15, 20, 3:6].tolist() == [1, 1, 1]
    assert targets[2, 2, 3:6].tolist() == [0, 0, 0]


def test_where_two_cells_overlap_the_nearer_one_answers_for_the_box():
    targets = draw_targets((64, 96), cells((20, 20, 40, 40), (34, 20, 54, 40)), asked())
    for column, right in ((15, 40), (22, 54)):
        x = (column + 0.5) * OUTPUT_STRIDE
        assert targets[15, column, 8] * BOX_UNIT_PX == pytest.approx(right - x)


def test_cells_outside_of_the_picture_are_passed_over():
    targets = draw_targets((64, 96), cells((-60, -60, -40, -40), (200, 10, 220, 30)), asked())
    assert targets[..., :3].max() == 0

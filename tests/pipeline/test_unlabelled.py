"""Unlabelled cells are neither right nor wrong."""

import numpy as np

from pipeline.unlabelled import NEITHER, doubt_unlabelled
from segmentation.fit import DetectorSample
from segmentation.network import CLASSES, OUTPUT_STRIDE
from segmentation.targets import AnnotatedCells, draw_targets

SIDE = 96
BOXES = np.asarray([[14, 14, 34, 34], [54, 54, 74, 74]], np.float32)


class TwoCells:
    """Sees a red cell at both boxes, whatever the picture."""

    def run(self, batch):
        shape = (1, batch.shape[1] // OUTPUT_STRIDE, batch.shape[2] // OUTPUT_STRIDE)
        heat = np.full((*shape, len(CLASSES)), -9.0, np.float32)
        box = np.full((*shape, 4), np.log(np.e - 1), np.float32)  # one unit, 10 px, to every side
        for x0, y0, x1, y1 in BOXES:
            heat[0, int((y0 + y1) / 2 / OUTPUT_STRIDE), int((x0 + x1) / 2 / OUTPUT_STRIDE), 0] = 2.0
        return heat, box


def sample(labelled: int) -> DetectorSample:
    """The first `labelled` cells have labels."""
    return DetectorSample(
        picture=np.full((SIDE, SIDE, 3), 230, np.uint8),
        cells=AnnotatedCells(
            boxes=BOXES[:labelled],
            kinds=np.zeros(labelled, np.int64),
            has_box=np.ones(labelled, bool),
        ),
        asked=np.ones((SIDE, SIDE, len(CLASSES)), np.uint8),
        weight=1.0,
    )


def asked_at(sample: DetectorSample, box: np.ndarray) -> float:
    """Whether the red heat in the middle of the box is asked for."""
    small = np.ascontiguousarray(sample.asked[::OUTPUT_STRIDE, ::OUTPUT_STRIDE]).astype(np.float32)
    targets = draw_targets((SIDE, SIDE), sample.cells, small)
    x, y = int((box[0] + box[2]) / 2 / OUTPUT_STRIDE), int((box[1] + box[3]) / 2 / OUTPUT_STRIDE)
    return float(targets[y, x, len(CLASSES)])


def test_a_cell_that_nobody_labelled_is_asked_for_no_more() -> None:
    given = sample(1)
    doubted = doubt_unlabelled(given, TwoCells())
    assert asked_at(given, BOXES[1]) == 1
    assert asked_at(doubted, BOXES[1]) == 0
    assert asked_at(doubted, BOXES[0]) == 1
    assert sorted(doubted.cells.kinds.tolist()) == [NEITHER, 0]


def test_labelled_cells_and_empty_glass_stay_as_they_are() -> None:
    doubted = doubt_unlabelled(sample(2), TwoCells())
    assert doubted.cells.kinds.tolist() == [0, 0]
    np.testing.assert_array_equal(doubted.cells.boxes, BOXES)
    assert asked_at(doubted, np.asarray([80, 4, 90, 14])) == 1


def test_a_field_without_any_label_has_all_its_cells_doubted() -> None:
    assert doubt_unlabelled(sample(0), TwoCells()).cells.kinds.tolist() == [NEITHER, NEITHER]

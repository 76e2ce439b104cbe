"""Detections as arrays."""

import numpy as np
import pytest

from segmentation.detections import Kind, overlap_with
from segmentation.detector import CLASSES
from tests.segmentation.disc_pictures import detections


def box(*sides: float) -> np.ndarray:
    return np.asarray(sides, np.float32)


@pytest.mark.parametrize(
    ("other", "shared"),
    [
        ((0, 0, 10, 10), 1.0),
        ((5, 0, 15, 10), 50 / 150),
        ((10, 0, 20, 10), 0.0),
        ((30, 30, 40, 40), 0.0),
        ((2, 2, 8, 8), 36 / 100),
    ],
)
def test_overlap_is_intersection_over_union(other, shared):
    assert overlap_with(box(0, 0, 10, 10), box(*other)[None]) == pytest.approx([shared], abs=1e-6)
    assert overlap_with(box(*other), box(0, 0, 10, 10)[None]) == pytest.approx([shared], abs=1e-6)


def test_a_box_without_area_overlaps_nothing():
    assert overlap_with(box(5, 5, 5, 5), box(5, 5, 5, 5)[None]).tolist() == [0]


def test_centres_and_sides_are_those_of_the_boxes():
    found = detections([(30, 20, 5), (7, 9, 4)])
    assert found.centres.tolist() == [[30, 20], [7, 9]]
    assert found.sides == pytest.approx([10, 8])
    assert found.centres.dtype == found.sides.dtype == np.float32


def test_taking_keeps_the_order_asked_for():
    found = detections([(30, 20, 5), (7, 9, 4), (1, 2, 3)], kinds=[0, 1, 2])
    assert found.take(np.asarray([2, 0])).kinds.tolist() == [2, 0]
    assert len(found.take(np.asarray([False, True, False]))) == 1


def test_the_first_kinds_are_the_detectors_classes():
    assert tuple(kind.name.lower() for kind in list(Kind)[: len(CLASSES)]) == CLASSES

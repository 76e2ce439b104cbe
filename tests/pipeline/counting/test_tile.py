"""What a tile decides of its objects: late stages that look like another kind, and what is found twice."""

from dataclasses import replace

import numpy as np
import pytest

from classifier.predict import PLAIN
from pipeline.counting.tile import TileWorker
from pipeline.networks import load_classifier, load_detector
from pipeline.reader.field import Turn
from pipeline.reader.slide import Slide
from pipeline.settings import CountSettings
from segmentation.detections import Kind
from segmentation.segment import segment
from tests.segmentation.disc_pictures import PaintedNetwork, draw_discs


class SureNetwork:
    """Says the same logit of every crop."""

    def __init__(self, logit: float) -> None:
        self.logit = logit

    def run(self, batch):
        return (np.full((len(batch), 1), self.logit, np.float32),)


def decided(objects, logit: float):
    """Kinds and probabilities of objects x, y, radius (detector px), kind, score."""
    picture = draw_discs(512, 320, [(2 * x, 2 * y, 2 * radius) for x, y, radius, *_ in objects])
    cells = segment(picture, (0, 0, 256, 160), PaintedNetwork(objects), 0.3)
    shipped = load_classifier(CountSettings())
    worker = TileWorker(
        slide=Slide("slide", (), (), Turn()),
        plans={},
        detector=load_detector(CountSettings()),
        classifier=replace(shipped, network=SureNetwork(logit), calibration=PLAIN),
    )
    kinds, probability, *_ = worker._decided(picture, cells)
    return cells.found.kinds.tolist(), kinds.tolist(), probability


@pytest.mark.parametrize("kind", [Kind.WHITE_CELL, Kind.PLATELET])
def test_what_the_classifier_is_sure_of_is_a_red_cell_whatever_the_detector_says(kind) -> None:
    before, after, _ = decided([(60.0, 60.0, 10, kind, 0.9)], 5.0)
    assert before == [kind]
    assert after == [Kind.RED_CELL]


def test_what_it_is_not_sure_of_keeps_its_kind_and_has_no_probability() -> None:
    _, after, probability = decided([(60.0, 60.0, 10, Kind.WHITE_CELL, 0.9)], 0.5)
    assert after == [Kind.WHITE_CELL]
    assert np.isnan(probability).all()


def test_a_small_platelet_and_a_large_white_cell_stay_what_they_are() -> None:
    _, after, _ = decided([(60.0, 60.0, 3, Kind.PLATELET, 0.9), (160.0, 80.0, 24, Kind.WHITE_CELL, 0.9)], 5.0)
    assert sorted(after) == [Kind.WHITE_CELL, Kind.PLATELET]


def test_a_red_cell_that_is_found_as_a_white_cell_too_is_one_red_cell() -> None:
    _, after, _ = decided([(60.0, 60.0, 10, Kind.RED_CELL, 0.9), (61.0, 61.0, 10, Kind.WHITE_CELL, 0.8)], 5.0)
    assert sorted(after) == [Kind.RED_CELL, Kind.WHITE_CELL]

"""What a tile decides of its objects: late stages that look like another kind, and what is found twice."""

from dataclasses import replace

import numpy as np
import pytest

from classifier.predict import PLAIN
from pipeline.counting.tile import FAINTEST_PEAK, TileWorker
from pipeline.counting.tiling import Tile
from pipeline.networks import load_classifier, load_detector
from pipeline.planning.field import field_light, plan_field
from pipeline.reader.field import Turn
from pipeline.reader.slide import Slide
from pipeline.settings import CountSettings
from segmentation.detections import Kind
from segmentation.resample import CROP_UM_PER_PX
from segmentation.segment import SURE_PEAK, segment
from tests.pipeline.planning.test_scale import DrawnField
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
    kinds, probability, *_ = worker_of(objects, logit)._decided(picture, cells)
    return cells.found.kinds.tolist(), kinds.tolist(), probability


def worker_of(objects, logit: float, field=None) -> TileWorker:
    shipped, detector = load_classifier(CountSettings()), load_detector(CountSettings())
    manifest = detector.manifest.model_copy(update={"threshold": 0.3})
    return TileWorker(
        slide=Slide("slide", () if field is None else (field,), (), Turn()),
        plans={} if field is None else {0: plan_field(0, field, CROP_UM_PER_PX, field_light(field))},
        detector=replace(detector, network=PaintedNetwork(objects), manifest=manifest),
        classifier=replace(shipped, network=SureNetwork(logit), calibration=PLAIN),
    )


def counted(objects, logit: float):
    """What a tile gives of a field of 256 x 160 detector px with these objects."""
    picture = draw_discs(512, 320, [(2 * x, 2 * y, 2 * radius) for x, y, radius, *_ in objects])
    worker = worker_of(objects, logit, DrawnField(picture))
    return worker(Tile(field=0, core=(0, 0, 256, 160), outer=(0, 0, 256, 160)))


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


FAINT = (160.0, 80.0, 10, Kind.RED_CELL, FAINTEST_PEAK + 0.05)
SURE = (60.0, 60.0, 10, Kind.RED_CELL, 0.9)


@pytest.mark.parametrize("kind", [Kind.RED_CELL, Kind.WHITE_CELL, Kind.PLATELET])
def test_a_late_stage_that_the_detector_hardly_sees_is_a_red_cell_where_the_classifier_is_sure(kind) -> None:
    cells = counted([SURE, (*FAINT[:3], kind, FAINT[4])], 5.0)
    assert cells.kinds.tolist() == [Kind.RED_CELL, Kind.RED_CELL]
    assert cells.scores == pytest.approx([0.9, FAINT[4]], abs=1e-4)
    assert (cells.p_infected > 0.99).all()
    rows = (cells.boxes, cells.measured, cells.overlaps, cells.stages, cells.colours.objects)
    assert [len(row) for row in rows] == [2] * 5


def test_what_is_faint_and_not_surely_infected_is_nothing() -> None:
    alone, beside = counted([SURE], 0.5), counted([SURE, FAINT], 0.5)
    assert beside.kinds.tolist() == [Kind.RED_CELL]
    assert beside.measured.tolist() == alone.measured.tolist()


def test_what_is_fainter_still_is_not_asked_about() -> None:
    assert len(counted([(*FAINT[:4], FAINTEST_PEAK - 0.05)], 5.0).kinds) == 0


def test_a_faint_object_on_a_cell_that_was_found_is_that_cell() -> None:
    on_it = [(62.0, 62.0, 10, kind, FAINT[4]) for kind in (Kind.RED_CELL, Kind.WHITE_CELL)]
    assert len(counted([SURE, *on_it], 5.0).kinds) == 1


def test_a_faint_speck_is_too_small_for_a_late_stage() -> None:
    assert len(counted([(160.0, 80.0, 3, Kind.PLATELET, FAINT[4])], 5.0).kinds) == 0


@pytest.mark.parametrize(("peak", "specks"), [(SURE_PEAK - 0.05, 1), (SURE_PEAK + 0.05, 0)])
def test_dirt_that_the_detector_half_takes_for_a_cell_is_a_speck_of_the_ground(peak, specks) -> None:
    cells = counted([SURE, (160.0, 80.0, 2, Kind.RED_CELL, peak)], -5.0)
    assert len(cells.kinds) == 2
    assert cells.control.specks == specks
    assert len(cells.control.cell_keys) == 2 - specks

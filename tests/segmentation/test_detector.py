"""From the network's output to one detection an object."""

import cv2
import numpy as np
import pytest

from pipeline.counting.tiling import HALO_PX
from pipeline.settings import CountSettings
from segmentation import detector
from segmentation.detections import Detections, Kind
from segmentation.detector import ALIGNMENT_PX, PIECE_PX, RECEPTIVE_RADIUS_PX, detect
from tests.segmentation.disc_pictures import DiscNetwork, PaintedNetwork, draw_discs

EMPTY = np.full((96, 128, 3), 230, np.uint8)


def test_a_painted_object_comes_back_with_its_box_kind_and_score():
    found = detect(EMPTY, PaintedNetwork([(41.5, 30.25, 10, Kind.WHITE_CELL, 0.8)]), 0.3)
    assert found.boxes == pytest.approx(np.asarray([[31.5, 20.25, 51.5, 40.25]]), abs=1 / 64)
    assert found.kinds.tolist() == [Kind.WHITE_CELL]
    assert found.scores == pytest.approx([0.8], abs=1e-6)


def test_what_is_below_the_threshold_is_not_reported():
    objects = [(20, 20, 9, 0, 0.29), (70, 60, 9, 0, 0.31)]
    assert detect(EMPTY, PaintedNetwork(objects), 0.3).scores == pytest.approx([0.31], abs=1e-6)


def test_two_answers_for_one_cell_are_one_detection_and_the_stronger_one_stays():
    objects = [(40, 40, 10, 0, 0.6), (44, 40, 10, 0, 0.9)]
    found = detect(EMPTY, PaintedNetwork(objects), 0.3)
    assert found.scores == pytest.approx([0.9], abs=1e-6)


def test_overlapping_cells_are_two_detections():
    objects = [(40, 40, 10, 0, 0.6), (52, 40, 10, 0, 0.9)]
    assert len(detect(EMPTY, PaintedNetwork(objects), 0.3)) == 2


def test_the_lobes_of_a_white_cells_nucleus_are_no_cells_of_their_own():
    objects = [(60, 50, 24, 1, 0.9), (66, 50, 9, 0, 0.5), (60, 60, 5, 2, 0.5), (60, 24, 9, 0, 0.5)]
    found = detect(EMPTY, PaintedNetwork(objects), 0.3)
    assert found.kinds.tolist() == [Kind.WHITE_CELL, Kind.RED_CELL]


def test_a_platelet_on_a_red_cell_takes_nothing_from_it():
    objects = [(60, 50, 10, 0, 0.9), (62, 50, 4, 2, 0.8)]
    assert sorted(detect(EMPTY, PaintedNetwork(objects), 0.3).kinds.tolist()) == [0, 2]


def test_detections_come_strongest_first():
    objects = [(20, 20, 9, 0, 0.5), (70, 60, 9, 0, 0.9), (100, 20, 9, 0, 0.7)]
    assert detect(EMPTY, PaintedNetwork(objects), 0.3).scores == pytest.approx([0.9, 0.7, 0.5], abs=1e-6)


def test_an_answer_in_the_padding_is_no_object_of_the_picture():
    odd = np.full((91, 125, 3), 230, np.uint8)
    found = detect(odd, PaintedNetwork([(127, 40, 9, 0, 0.9), (60, 93, 9, 0, 0.9), (60, 40, 9, 0, 0.9)]), 0.3)
    assert found.centres == pytest.approx(np.asarray([[60, 40]]), abs=1 / 32)


def test_the_network_only_sees_pictures_of_whole_strides():
    class Sides(PaintedNetwork):
        def run(self, batch):
            assert batch.shape[1] % ALIGNMENT_PX == batch.shape[2] % ALIGNMENT_PX == 0
            assert batch[0, -1, -1].tolist() == [230, 230, 230]
            return super().run(batch)

    detect(np.zeros((91, 125, 3), np.uint8), Sides([]), 0.3)


def test_the_two_heads_may_come_in_either_order_or_as_one():
    heat, box = PaintedNetwork([(41.5, 30.25, 10, 1, 0.8)]).run(EMPTY[None])

    class Given:
        def __init__(self, *outputs):
            self.outputs = outputs

        def run(self, batch):
            return self.outputs

    first = detect(EMPTY, Given(heat, box), 0.3)
    for outputs in ((box, heat), (np.concatenate([heat, box], axis=-1),)):
        again = detect(EMPTY, Given(*outputs), 0.3)
        np.testing.assert_array_equal(again.boxes, first.boxes)
        np.testing.assert_array_equal(again.kinds, first.kinds)


class BlurNetwork:
    """Heat and boxes are means of what a network may see, with nothing around the picture, as there."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def run(self, batch):
        self.shapes.append(batch.shape)
        darkness = 255.0 - batch[0].min(axis=2)
        wide, near = (
            cv2.boxFilter(darkness, cv2.CV_64F, (side, side), borderType=cv2.BORDER_CONSTANT)[::2, ::2]
            for side in (2 * (RECEPTIVE_RADIUS_PX - 2) + 1, 9)
        )
        heat = np.stack([(near - wide) / 4, near - 300, near - 300], axis=2)
        box = np.stack([wide / 200 + near / 1000] * 4, axis=2)
        return heat[None].astype(np.float32), box[None].astype(np.float32)


@pytest.mark.parametrize("size", [(300, 808), (1216, 816), (1347, 200)])
def test_a_picture_looked_at_in_pieces_gives_what_the_whole_gives(size, monkeypatch):
    picture = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    pieces, whole = BlurNetwork(), BlurNetwork()
    found = detect(picture, pieces, 0.6)
    monkeypatch.setattr("segmentation.detector.WHOLE_PX", 10_000)
    expected = detect(picture, whole, 0.6)
    assert len(expected) > 100
    np.testing.assert_array_equal(found.boxes, expected.boxes)
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert len(whole.shapes) == 1 < len(pieces.shapes)
    assert len(set(pieces.shapes)) == 1
    assert max(max(shape[1:3]) for shape in pieces.shapes) <= PIECE_PX


def test_a_tile_of_the_usual_size_is_looked_at_in_four_pieces():
    network = BlurNetwork()
    side = CountSettings().tile_px + 2 * HALO_PX
    detect(np.full((side, side, 3), 230, np.uint8), network, 0.99)
    assert network.shapes == [(1, PIECE_PX, PIECE_PX, 3)] * 4


@pytest.mark.parametrize("axis", [0, 1])
def test_a_mirrored_picture_gives_mirrored_boxes(axis):
    discs = [(20.3, 25.1, 9), (60.7, 30.2, 11), (33.1, 66.6, 8), (101.2, 70.4, 10)]
    picture = draw_discs(128, 96, discs)
    size = (picture.shape[1], picture.shape[0])[1 - axis]
    found = detect(picture, DiscNetwork(), 0.3)
    mirrored = detect(np.ascontiguousarray(np.flip(picture, axis)), DiscNetwork(), 0.3)
    column = 1 - axis
    expected = found.boxes.copy()
    expected[:, [column, column + 2]] = size - found.boxes[:, [column + 2, column]]
    order, other = np.lexsort(expected.T), np.lexsort(mirrored.boxes.T)
    assert len(found) == len(discs)
    assert np.abs(expected[order] - mirrored.boxes[other]).max() < 0.1


def test_ten_thousand_crowded_answers_are_sorted_out_in_a_blink():
    rng = np.random.default_rng(0)
    objects = [
        (float(x), float(y), 10.0, 0, 0.5 + 0.4 * float(s))
        for x, y, s in rng.uniform(0, 1, (3000, 3)) * (700, 700, 1)
    ]
    found = detect(np.full((704, 704, 3), 230, np.uint8), PaintedNetwork(objects), 0.3)
    centres = found.centres
    distance = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1)) + 99 * np.eye(len(found))
    assert distance.min() > 4
    assert len(found) > 1000


@pytest.mark.parametrize("crowd", ["noise", "one answer everywhere"])
def test_crowds_are_sorted_out_alike_by_blocks_and_at_once(crowd, monkeypatch):
    rng = np.random.default_rng(1)
    number = 900
    middles = rng.uniform(0, 120, (number, 2)) if crowd == "noise" else np.indices((30, 30)).reshape(2, -1).T
    sides = rng.uniform(8, 30, (number, 2)) if crowd == "noise" else np.full((number, 2), 24.0)
    crowded = Detections(
        boxes=np.concatenate([middles - sides / 2, middles + sides / 2], axis=1).astype(np.float32),
        kinds=rng.integers(0, 3, number).astype(np.uint8),
        scores=np.sort(rng.random(number).astype(np.float32))[::-1].copy(),
    )
    at_once = detector._one_an_object(crowded)
    monkeypatch.setattr(detector, "MOST_AT_ONCE", 50)
    monkeypatch.setattr(detector, "BLOCK", 16)
    np.testing.assert_array_equal(detector._one_an_object(crowded), at_once)
    assert 3 < at_once.sum() < 0.7 * number

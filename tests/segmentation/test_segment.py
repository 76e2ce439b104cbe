"""One tile to its cells: what belongs to it, and the same in whatever tile."""

import numpy as np
import pytest

from classifier.crops import CROP_PX, red_cell_crops
from segmentation.detections import Kind
from segmentation.resample import DETECTOR_UM_PER_PX
from segmentation.segment import segment
from tests.segmentation.disc_pictures import DiscNetwork, PaintedNetwork, draw_discs

DISCS = [
    (60.4, 50.2, 9.0),
    (120.3, 44.7, 10.0),
    (128.0, 100.0, 8.5),
    (200.6, 60.1, 11.0),
    (180.2, 130.9, 9.5),
]


def crop_scale_picture() -> np.ndarray:
    return draw_discs(512, 320, [(2 * x, 2 * y, 2 * r) for x, y, r in DISCS])


def cells_of(core, outer=(0, 0, 256, 160)):
    """Rows (x, y, area, circularity, focus, crop) of what a tile owns, in px of the whole picture."""
    x0, y0, x1, y1 = outer
    picture = np.ascontiguousarray(crop_scale_picture()[2 * y0 : 2 * y1, 2 * x0 : 2 * x1])
    inner = (core[0] - x0, core[1] - y0, core[2] - x0, core[3] - y0)
    cells = segment(picture, inner, DiscNetwork(), 0.3)
    rows = []
    crops = red_cell_crops(picture, cells)
    for centre, measurement, crop in zip(cells.found.centres, cells.measurements, crops, strict=True):
        place = (float(centre[0]) + x0, float(centre[1]) + y0)
        rows.append((place, measurement, crop.tobytes()))
    return sorted(rows, key=lambda row: row[0])


def test_every_disc_is_found_where_it_is_and_as_large_as_it_is():
    rows = cells_of((0, 0, 256, 160))
    assert [row[0] for row in rows] == [pytest.approx(disc[:2], abs=0.6) for disc in sorted(DISCS)]
    areas = [row[1].area_um2 for row in rows]
    expected = [np.pi * (radius * DETECTOR_UM_PER_PX) ** 2 for _, _, radius in sorted(DISCS)]
    assert areas == pytest.approx(expected, rel=0.06)


def test_every_crop_marks_the_disc_in_its_middle():
    picture = crop_scale_picture()
    crops = red_cell_crops(picture, segment(picture, (0, 0, 256, 160), DiscNetwork(), 0.3))
    assert len(crops) == len(DISCS)
    for crop in crops:
        stained = crop[..., 1] < 216
        assert stained[28, 28]
        assert (crop[stained, 3] >= 170).all()
        assert (crop[..., 3] > 0).sum() < 1.8 * stained.sum()


def test_two_tiles_own_together_what_one_owns_and_nothing_twice():
    whole = cells_of((0, 0, 256, 160))
    left = cells_of((0, 0, 128, 160), (0, 0, 192, 160))
    right = cells_of((128, 0, 256, 160), (64, 0, 256, 160))
    assert sorted(left + right, key=lambda row: row[0]) == whole
    assert left
    assert right


def test_a_centre_on_the_seam_belongs_to_the_tile_that_begins_there():
    network = PaintedNetwork([(128.0, 80.0, 9, Kind.RED_CELL, 0.9)])
    picture = np.full((320, 512, 3), 230, np.uint8)
    counts = [
        len(segment(picture, core, network, 0.3).found) for core in ((0, 0, 128, 160), (128, 0, 256, 160))
    ]
    assert counts == [0, 1]


def test_only_red_cells_get_a_crop():
    objects = [
        (40.0, 40.0, 9, Kind.RED_CELL, 0.9),
        (120.0, 80.0, 20, Kind.WHITE_CELL, 0.8),
        (200.0, 90.0, 4, Kind.PLATELET, 0.7),
    ]
    picture = np.full((320, 512, 3), 230, np.uint8)
    cells = segment(picture, (0, 0, 256, 160), PaintedNetwork(objects), 0.3)
    assert len(cells.found) == len(cells.measurements) == len(cells.overlaps) == 3
    assert red_cell_crops(picture, cells).shape == (1, CROP_PX, CROP_PX, 4)


def test_an_empty_picture_gives_empty_arrays_of_the_right_shape():
    picture = np.full((64, 64, 3), 230, np.uint8)
    cells = segment(picture, (0, 0, 32, 32), PaintedNetwork([]), 0.3)
    assert len(cells.found) == 0
    assert cells.measurements == ()
    assert red_cell_crops(picture, cells).shape == (0, CROP_PX, CROP_PX, 4)
    assert cells.overlaps.shape == (0,)


def test_faint_objects_come_after_the_others_and_take_no_pixel_of_theirs():
    sure = [(60.0, 60.0, 10, Kind.RED_CELL, 0.9), (180.0, 60.0, 10, Kind.WHITE_CELL, 0.8)]
    faint = [(74.0, 60.0, 10, Kind.RED_CELL, 0.25), (120.0, 110.0, 10, Kind.PLATELET, 0.22)]
    picture = draw_discs(512, 320, [(2 * x, 2 * y, 2 * radius) for x, y, radius, *_ in (*sure, *faint)])
    network = PaintedNetwork([*faint, *sure])
    without = segment(picture, (0, 0, 256, 160), network, 0.3)
    cells = segment(picture, (0, 0, 256, 160), network, 0.3, faintest=0.2)
    assert cells.faint.tolist() == [False, False, True, True]
    assert cells.found.scores == pytest.approx([0.9, 0.8, 0.25, 0.22], abs=1e-4)
    assert len(cells.everything) == 2
    back = cells.take(~cells.faint)
    assert back.measurements == without.measurements
    assert [mask.pixels.tobytes() for mask in back.masks] == [mask.pixels.tobytes() for mask in without.masks]
    assert back.overlaps.tolist() == without.overlaps.tolist() == [False, False]
    assert cells.overlaps.tolist() == [False, False, True, False]


def test_of_faint_objects_in_one_place_the_strongest_is_kept():
    objects = [(60.0, 60.0, 10, kind, score) for kind, score in ((0, 0.22), (1, 0.25), (2, 0.21))]
    cells = segment(crop_scale_picture(), (0, 0, 256, 160), PaintedNetwork(objects), 0.3, faintest=0.2)
    assert cells.found.kinds.tolist() == [Kind.WHITE_CELL]

"""Specks of the empty ground are found where they lie, and are laid on cells as light that is multiplied."""

import cv2
import numpy as np

from classifier.specks import SPECK_PX, empty_ground, find_specks, laid_on, searched_ground
from segmentation.detections import Detections, Kind

CELL = Detections(
    boxes=np.asarray([[40, 40, 60, 60]], np.float32),
    kinds=np.asarray([Kind.RED_CELL], np.uint8),
    scores=np.asarray([0.9], np.float32),
)


def film(*specks: tuple[int, int, int, int]) -> np.ndarray:
    """Crop-scale picture of 240 x 240 px, one cell, and specks of x, y, radius, level."""
    picture = np.full((240, 240, 3), 230, np.uint8)
    cv2.circle(picture, (100, 100), 19, (190, 150, 160), cv2.FILLED)
    for x, y, radius, level in specks:
        cv2.circle(picture, (x, y), radius, (level,) * 3, cv2.FILLED)
    return picture


def ground() -> np.ndarray:
    return empty_ground((120, 120), CELL)


def test_a_grain_on_the_ground_is_found_and_one_on_the_cell_is_not() -> None:
    found = find_specks(film((180, 60, 3, 60), (100, 100, 3, 60)), ground())
    assert found.centres.round().tolist() == [[180, 60]]
    assert 0.5 < found.areas_um2[0] < 1.5


def test_a_pale_mark_and_a_large_body_are_no_specks() -> None:
    assert len(find_specks(film((180, 60, 3, 200), (180, 180, 20, 60)), ground()).passed) == 0


def test_a_blob_on_what_is_no_bright_ground_is_no_speck() -> None:
    picture = film()
    picture[40:80, 160:200] = 180
    cv2.circle(picture, (180, 60), 3, (60, 60, 60), cv2.FILLED)
    assert len(find_specks(picture, ground()).passed) == 0


def test_a_speck_darkens_the_cell_as_much_as_it_darkened_the_ground() -> None:
    speck = find_specks(film((180, 60, 3, 115)), ground()).passed[0]
    crop = np.full((56, 56, 4), 200, np.uint8)
    laid = laid_on(crop, speck, (28, 28))
    assert abs(int(laid[28, 28, 1]) - 100) <= 3
    assert (laid[28 - SPECK_PX // 2 - 1, :, :3] == 200).all()
    assert (laid[..., 3] == 200).all()


def test_a_speck_at_the_corner_of_a_crop_is_cut_by_it() -> None:
    speck = find_specks(film((180, 60, 3, 60)), ground()).passed[0]
    laid = laid_on(np.full((56, 56, 4), 200, np.uint8), speck, (0, 55))
    assert laid[0, 55, 0] < 100
    assert (laid[20:, :40, :3] == 200).all()


def test_specks_on_searched_ground_are_as_many_as_lie_there_however_crowded_the_cells() -> None:
    side, rng = 1200, np.random.default_rng(3)
    picture = np.full((side, side, 3), 230, np.uint8)
    middles = np.stack(np.meshgrid(*(np.arange(30, side, 60),) * 2), axis=-1).reshape(-1, 2)
    for x, y in middles.tolist():
        cv2.circle(picture, (x, y), 19, (190, 150, 160), cv2.FILLED)
    boxes = np.asarray(np.concatenate([middles - 20, middles + 20], axis=1) / 2, np.float32)
    cells = Detections(
        boxes=boxes,
        kinds=np.full(len(boxes), Kind.RED_CELL, np.uint8),
        scores=np.ones(len(boxes), np.float32),
    )
    places = rng.integers(0, side, (600, 2))
    for x, y in places.tolist():
        cv2.circle(picture, (x, y), 2, (40, 40, 40), cv2.FILLED)
    ground = empty_ground((side // 2, side // 2), cells)
    searched = searched_ground(ground)

    found = find_specks(picture, ground).centres.round().astype(int)

    counted = searched[found[:, 1] // 2, found[:, 0] // 2].sum()
    lie_there = searched[places[:, 1] // 2, places[:, 0] // 2].sum()
    assert searched.sum() > 0.1 * ground.sum()
    assert 0.85 * lie_there < counted <= lie_there

"""Measurements of discs and ellipses, whose size and shape are known."""

import cv2
import numpy as np
import pytest

from segmentation.masks import CellMask, stain_depth
from segmentation.measure import edge_strength, measure
from segmentation.resample import DETECTOR_UM_PER_PX
from tests.segmentation.disc_pictures import disc_share, draw_discs


def measured(mask: np.ndarray, depth: np.ndarray):
    rows, columns = np.nonzero(mask)
    y, x = max(rows.min() - 3, 0), max(columns.min() - 3, 0)
    window = np.ascontiguousarray(mask[y : rows.max() + 4, x : columns.max() + 4])
    return measure([CellMask(window, int(x), int(y), False)], depth, edge_strength(depth))[0]


def disc(radius: float, blur: float = 0.0):
    picture = draw_discs(100, 100, [(50, 50, radius)])
    if blur:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), blur), np.uint8)
    return measured(disc_share(100, 100, [(50, 50, radius)]) > 0.5, stain_depth(picture))


@pytest.mark.parametrize("diameter_um", [4.0, 6.0, 7.5, 10.0, 14.0])
def test_a_disc_is_as_wide_as_it_was_drawn(diameter_um):
    found = disc(diameter_um / 2 / DETECTOR_UM_PER_PX)
    assert found.diameter_um == pytest.approx(diameter_um, rel=0.02)
    assert found.area_um2 == pytest.approx(np.pi * diameter_um**2 / 4, rel=0.04)


@pytest.mark.parametrize("radius", [6, 10, 14, 20])
def test_a_disc_is_nearly_one_in_circularity(radius):
    assert 0.95 <= disc(radius).circularity <= 1.0


def test_an_ellipse_is_less_circular_than_a_disc_and_as_much_as_it_ought_to_be():
    mask = np.zeros((100, 100), np.uint8)
    cv2.ellipse(mask, (50, 50), (24, 8), 30, 0, 360, 1, cv2.FILLED)
    found = measured(mask.astype(bool), (mask * 100).astype(np.uint8))
    perimeter = np.pi * (3 * 32 - np.sqrt((3 * 24 + 8) * (24 + 3 * 8)))  # Ramanujan
    assert found.circularity == pytest.approx(4 * np.pi * (np.pi * 24 * 8) / perimeter**2, abs=0.025)


def test_focus_falls_with_every_step_of_blur():
    focus = [disc(10, blur).focus for blur in (0, 0.7, 1.2, 2, 3, 5)]
    assert focus[0] > 0.8
    assert focus[-1] < 0.25
    assert focus == sorted(focus, reverse=True)
    assert len(set(focus)) == len(focus)


def test_focus_does_not_depend_on_how_dark_the_stain_is():
    mask = disc_share(100, 100, [(50, 50, 10)])
    faint, dark = (measured(mask > 0.5, np.rint(mask * level).astype(np.uint8)).focus for level in (60, 200))
    assert faint == pytest.approx(dark, abs=0.05)


def test_an_empty_mask_measures_nothing():
    depth = np.zeros((20, 20), np.uint8)
    (found,) = measure([CellMask(np.zeros((5, 5), bool), 3, 3, False)], depth, edge_strength(depth))
    assert (found.area_um2, found.diameter_um, found.circularity, found.focus) == (0, 0, 0, 0)


def test_a_lone_pixel_is_measured_without_a_division_by_nothing():
    mask = np.zeros((20, 20), bool)
    mask[10, 10] = True
    found = measured(mask, mask.astype(np.uint8) * 100)
    assert found.area_um2 == pytest.approx(DETECTOR_UM_PER_PX**2)
    assert 0 <= found.circularity <= 1
    assert 0 <= found.focus <= 1


def test_many_cells_measured_at_once_give_what_each_gives_alone():
    rng = np.random.default_rng(3)
    discs = [
        (float(x), float(y), float(rng.uniform(3, 16)))
        for x in range(20, 190, 34)
        for y in range(20, 130, 34)
    ]
    depth = stain_depth(draw_discs(200, 140, discs))
    masks = []
    for x, y, radius in discs:
        window = disc_share(40, 40, [(20, 20, radius)])[: 40 - int(radius)] > 0.5
        masks.append(CellMask(window, int(x) - 20, int(y) - 20, False))
    edges = edge_strength(depth)
    together = measure(masks, depth, edges)
    assert together == tuple(measure([mask], depth, edges)[0] for mask in masks)
    assert len({cell.area_um2 for cell in together}) > 10


def test_focus_is_read_off_the_percentiles_that_numpy_gives():
    picture = np.asarray(cv2.GaussianBlur(draw_discs(100, 100, [(50, 50, 12)]), (0, 0), 1.5), np.uint8)
    depth = stain_depth(picture)
    mask = disc_share(100, 100, [(50, 50, 12)])[30:70, 30:70] > 0.5
    found = measure([CellMask(mask, 30, 30, False)], depth, edge_strength(depth))[0]
    rim = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    steepest = float(np.percentile(edge_strength(depth)[30:70, 30:70][rim], 75.0))
    dark, bright = np.percentile(depth[30:70, 30:70], (90.0, 10.0)).tolist()
    assert 0 < found.focus < 1
    assert found.focus == steepest / (dark - bright) / 0.5


def test_the_longest_outline_of_a_mask_in_pieces_is_measured():
    depth = np.zeros((60, 60), np.uint8)
    mask = np.zeros((60, 60), bool)
    mask[10:30, 10:30] = True
    whole = measure([CellMask(mask.copy(), 0, 0, False)], depth, edge_strength(depth))[0]
    mask[40:43, 40:43] = True
    pieces = measure([CellMask(mask, 0, 0, False)], depth, edge_strength(depth))[0]
    assert pieces.circularity == pytest.approx(whole.circularity * 409 / 400)


@pytest.mark.parametrize("left", range(5))
def test_edge_strength_is_exact_wherever_in_memory_the_picture_lies(left):
    """A vector unit that rounds a sum once and one that rounds it twice would not agree on the last bit."""
    depth = np.random.default_rng(1).integers(0, 256, (64, 77 + left)).astype(np.uint8)[:, left:]
    padded = np.pad(depth.astype(np.int64), 1, mode="reflect")
    smooth = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    across = smooth[:, 2:] - smooth[:, :-2]
    beside = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    down = beside[2:] - beside[:-2]
    exact = np.sqrt(((across**2 + down**2) / 64).astype(np.float32))
    assert np.array_equal(edge_strength(depth), exact)

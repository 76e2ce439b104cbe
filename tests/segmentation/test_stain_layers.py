"""Depth of stain: counted, and what it says of glass and of one layer of cells."""

import numpy as np
import pytest

from segmentation.stain_layers import (
    DEPTH_LEVELS,
    Layer,
    cells_apart,
    depth_counts,
    share_above,
    single_layer,
    weighted_median,
)
from tests.segmentation.film_pictures import WHITE, film_picture


def test_two_layers_let_through_the_square_of_what_one_does() -> None:
    layer = Layer(glass=25.0, cells=255 - 230 * 0.7)
    assert layer.depth_of(0) == pytest.approx(25.0)
    assert layer.depth_of(1) == pytest.approx(255 - 230 * 0.7)
    assert layer.depth_of(2) == pytest.approx(255 - 230 * 0.49)


def test_every_pixel_is_counted_once_at_its_depth() -> None:
    picture = np.full((6, 9, 3), 230, np.uint8)
    picture[:3, :4, 1] = 100
    ends = np.asarray([0, 3, 6]), np.asarray([0, 4, 9])
    counts = depth_counts(picture, WHITE, ends, None)
    assert counts.sum(axis=2).tolist() == [[12, 15], [12, 15]]
    assert counts[0, 0, (255 - 100) // (256 // DEPTH_LEVELS)] == 12
    assert counts[1, 1, (255 - 230) // (256 // DEPTH_LEVELS)] == 15


def test_pixels_outside_the_bright_view_are_left_out() -> None:
    lit = np.zeros((6, 8), bool)
    lit[:2] = True
    ends = np.asarray([0, 6]), np.asarray([0, 8])
    assert depth_counts(np.full((6, 8, 3), 230, np.uint8), WHITE, ends, lit).sum() == 16


def test_the_single_layer_is_found_where_most_of_the_slide_is_glass_or_piled() -> None:
    layers = np.repeat([[0.0, 0.4, 3.5]], 6, axis=0)[:, [0, 0, 0, 0, 1, 2, 2, 2, 2]]
    ends = tuple(np.arange(0, side + 1, 64) for side in (6 * 64, 9 * 64))
    counts = depth_counts(film_picture(layers, passed=0.6), WHITE, (ends[0], ends[1]), None)
    layer = single_layer(counts.reshape(-1, DEPTH_LEVELS).astype(np.float32))
    assert layer.glass == pytest.approx(25, abs=6)
    # One layer passes 0.6 of the light; some of the cells that lie at random lie on others.
    assert 255 - 230 * 0.6 - 2 < layer.cells < 255 - 230 * 0.6 + 20


def test_plasma_that_dried_between_piled_cells_is_not_taken_for_glass() -> None:
    layers = np.full((6, 9), 0.4)
    layers[:, 2:] = 1.2
    picture = film_picture(layers)
    picture[:, 2 * 64 :] = picture[:, 2 * 64 :] * 0.75
    ends = np.arange(0, 6 * 64 + 1, 64), np.arange(0, 9 * 64 + 1, 64)
    layer = single_layer(
        depth_counts(picture, WHITE, ends, None).reshape(-1, DEPTH_LEVELS).astype(np.float32)
    )
    assert layer.glass == pytest.approx(25, abs=6)


def test_cells_stand_apart_on_a_film_and_neither_on_glass_nor_where_they_are_piled() -> None:
    layers = np.asarray([[0.0, 0.1, 0.4, 5.0]])
    ends = np.asarray([0, 64]), np.arange(0, 257, 64)
    counts = depth_counts(film_picture(layers), WHITE, ends, None)[0].astype(np.float32)
    glass, sparse, film, piled = cells_apart(counts).tolist()
    assert film > sparse > 0
    assert glass == 0
    assert piled < 0.01 * film


def test_a_share_counts_the_level_it_cuts_in_part() -> None:
    counts = np.zeros((1, 1, DEPTH_LEVELS), np.uint16)
    counts[0, 0, [10, 11]] = 30, 10
    step = 256 / DEPTH_LEVELS
    assert share_above(counts, 11 * step)[0, 0] == pytest.approx(0.25)
    assert share_above(counts, 10.5 * step)[0, 0] == pytest.approx(0.25 + 0.5 * 0.75)


def test_half_of_the_weight_lies_up_to_the_weighted_median() -> None:
    assert weighted_median(np.asarray([3.0, 1.0, 2.0]), np.asarray([5.0, 1.0, 1.0])) == 3.0
    assert weighted_median(np.asarray([3.0, 1.0, 2.0]), np.asarray([1.0, 1.0, 1.0])) == 2.0

"""Ground of the parts of a scan: levelled where exposures differ, left where cells are piled."""

import numpy as np
import pytest
from numpy.typing import NDArray

from segmentation.ground import level_ground
from segmentation.stain_layers import DEPTH_LEVELS, depth_counts, share_above
from tests.segmentation.film_pictures import SQUARE, WHITE, film_picture

PART = SQUARE // 2
HALF_A_LAYER = 255 - 230 * 0.8**0.5


def _counts(picture: NDArray[np.uint8]) -> NDArray[np.uint16]:
    rows, columns = (np.arange(0, side + 1, PART) for side in picture.shape[:2])
    return depth_counts(picture, WHITE, (rows, columns), None)


def _dimmed(picture: NDArray[np.uint8], left: float) -> NDArray[np.uint8]:
    """The right half of a picture with so much of its light left."""
    dim = picture.astype(np.float32)
    dim[:, dim.shape[1] // 2 :] *= left
    return np.asarray(np.rint(dim), np.uint8)


@pytest.mark.parametrize("left", [0.7, 0.85])
def test_a_dimmer_field_is_as_stained_as_it_would_be_in_full_light(left: float) -> None:
    film = film_picture(np.full((4, 8), 0.5), passed=0.8)
    expected = share_above(level_ground(_counts(film)), HALF_A_LAYER)
    bare = share_above(_counts(_dimmed(film, left)), HALF_A_LAYER)
    found = share_above(level_ground(_counts(_dimmed(film, left))), HALF_A_LAYER)
    assert np.abs(bare - expected).max() > 0.2
    assert np.abs(found - expected).max() < 0.08


def test_dim_glass_becomes_glass() -> None:
    glass = _dimmed(film_picture(np.zeros((4, 8))), 0.7)
    assert share_above(_counts(glass), HALF_A_LAYER)[:, 8:].min() == 1
    assert share_above(level_ground(_counts(glass)), HALF_A_LAYER).max() == 0


def test_piled_cells_without_gaps_stay_as_deep_as_they_are() -> None:
    layers = np.full((4, 8), 0.4)
    layers[:, 4:] = 4.0
    film = film_picture(layers, passed=0.6)
    deep = share_above(level_ground(_counts(film)), 255 - 230 * 0.6**1.6)[:, 12:]
    assert deep.min() > 0.8


def test_no_px_is_lost_and_parts_without_any_stay_empty() -> None:
    counts = _counts(_dimmed(film_picture(np.full((2, 4), 0.4)), 0.8))
    counts[0, 0] = 0
    levelled = level_ground(counts)
    assert levelled[0, 0].sum() == 0
    assert np.abs(levelled.sum(axis=2).astype(int) - counts.sum(axis=2)).max() <= DEPTH_LEVELS // 2
    assert level_ground(np.zeros((2, 2, DEPTH_LEVELS), np.uint16)).sum() == 0

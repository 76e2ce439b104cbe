"""The map of a film, on drawn cells and on counts made by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from segmentation.film import PARTS, Area, _without_rim, map_areas
from segmentation.stain_layers import DEPTH_LEVELS, depth_counts
from tests.segmentation.film_pictures import SQUARE, WHITE, film_picture

LAYERS_OF = {Area.EMPTY: 0.0, Area.FEATHERED: 0.04, Area.READABLE: 0.4, Area.THICK: 3.5}


def _counts(picture: NDArray[np.uint8]) -> NDArray[np.uint16]:
    rows, columns = (np.arange(0, side + 1, SQUARE // PARTS) for side in picture.shape[:2])
    return depth_counts(picture, WHITE, (rows, columns), None)


def _drawn(areas: NDArray[np.uint8], **film: float) -> NDArray[np.uint8]:
    """Picture of a film with cells as densely as each area asks for."""
    layers = np.vectorize({int(area): layers for area, layers in LAYERS_OF.items()}.__getitem__)(areas)
    return film_picture(layers.astype(np.float64), passed=film.get("passed", 0.6))


@pytest.fixture(scope="module")
def smear() -> NDArray[np.uint8]:
    """A film from the thick end to the feathered edge, three squares each, glass around."""
    across = np.repeat([Area.EMPTY, Area.THICK, Area.READABLE, Area.FEATHERED, Area.EMPTY], 3)
    rows = np.tile(across.astype(np.uint8), (6, 1))
    return np.vstack([np.zeros((2, 15), np.uint8), rows, np.zeros((2, 15), np.uint8)])


@pytest.mark.parametrize("passed", [0.3, 0.6, 0.85])
def test_each_area_is_told_whatever_the_strength_of_the_stain(
    smear: NDArray[np.uint8], passed: float
) -> None:
    found = map_areas(_counts(_drawn(smear, passed=passed)))
    np.testing.assert_array_equal(found[3:7], smear[3:7])
    # Corners are rounded.
    assert (found != smear).mean() < 0.03


def test_a_flipped_picture_gives_the_flipped_map(smear: NDArray[np.uint8]) -> None:
    counts = _counts(_drawn(smear))
    np.testing.assert_array_equal(map_areas(counts[::-1, ::-1]), map_areas(counts)[::-1, ::-1])


def test_the_thick_end_is_told_on_a_slide_that_is_nearly_all_thick() -> None:
    areas = np.full((10, 20), Area.THICK, np.uint8)
    areas[:, :2] = Area.READABLE
    np.testing.assert_array_equal(map_areas(_counts(_drawn(areas))), areas)


def test_a_thick_rim_is_thick_where_half_of_a_square_is_glass() -> None:
    areas = np.full((6, 6), Area.THICK, np.uint8)
    areas[:, 3:] = Area.READABLE
    picture = _drawn(areas)
    picture[:, : SQUARE // 2] = 230
    assert (map_areas(_counts(picture))[:, 0] == Area.THICK).all()


def test_a_square_is_thick_where_most_of_its_cells_are_piled() -> None:
    half = _drawn(np.full((6, 6), Area.READABLE, np.uint8))
    piled = _drawn(np.full((6, 6), Area.THICK, np.uint8))
    for column in range(6):
        left = column * SQUARE
        half[:, left : left + SQUARE // 2] = piled[:, left : left + SQUARE // 2]
    assert (map_areas(_counts(half)) == Area.THICK).all()


def test_dirt_on_one_square_makes_no_thick_end() -> None:
    areas = np.full((5, 5), Area.READABLE, np.uint8)
    picture = _drawn(areas)
    picture[2 * SQUARE : 3 * SQUARE, 2 * SQUARE : 3 * SQUARE] = 40
    np.testing.assert_array_equal(map_areas(_counts(picture)), areas)


def test_a_film_that_is_thin_everywhere_is_read_and_the_same_squares_beside_a_dense_one_are_not() -> None:
    thin = np.full((6, 6), 0.05)
    beside = np.hstack([thin, np.full((6, 6), 0.6)])
    assert (map_areas(_counts(film_picture(thin))) == Area.READABLE).all()
    assert (map_areas(_counts(film_picture(beside)))[:, :5] == Area.FEATHERED).all()


def test_squares_without_pixels_are_glass_and_change_no_neighbour(smear: NDArray[np.uint8]) -> None:
    counts = _counts(_drawn(smear))
    hidden = counts.copy()
    hidden[:, 12:16] = 0
    found = map_areas(hidden)
    assert (found[:, 6:8] == Area.EMPTY).all()
    np.testing.assert_array_equal(found[:, :5], map_areas(counts)[:, :5])
    np.testing.assert_array_equal(found[3:7, 8:], smear[3:7, 8:])


def test_bare_glass_and_a_slide_without_any_pixel_are_empty() -> None:
    assert (map_areas(_counts(film_picture(np.zeros((3, 4))))) == Area.EMPTY).all()
    assert (map_areas(np.zeros((6, 8, DEPTH_LEVELS), np.uint16)) == Area.EMPTY).all()


def test_a_strip_beside_the_thick_end_is_its_rim_and_a_broader_one_is_film() -> None:
    thick, read, glass = Area.THICK, Area.READABLE, Area.EMPTY
    rows = [[glass, read, thick, thick, read, read, glass, read, glass]] * 6
    found = _without_rim(np.asarray(rows, np.uint8))
    assert found.tolist() == [[glass, thick, thick, thick, read, read, glass, read, glass]] * 6

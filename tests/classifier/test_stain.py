"""The stain evened: usual cells are grey whatever their laboratory, other stain has colour."""

import numpy as np
import pytest

from classifier.stain import LEAST_ABSORBANCE, MOST_GAIN, USUAL_ABSORBANCE, even_stain, own_absorbance
from segmentation.resample import WHITE_LEVEL
from tests.segmentation.disc_pictures import disc_share, draw_discs

PINK, BLUE = (0.15, 0.5, 0.35), (0.9, 1.0, 0.6)
"""What the usual red cell of two laboratories absorbs."""
GREY = round(WHITE_LEVEL * np.exp(-USUAL_ABSORBANCE))


def seen_through(*layers) -> np.ndarray:
    """A picture, uint8 (4, 4, 3), of what absorbs as the sum of the layers."""
    light = WHITE_LEVEL * np.exp(-np.sum(layers, axis=0))
    return np.full((4, 4, 3), np.rint(light)).astype(np.uint8)


def spread(picture: np.ndarray) -> int:
    """Greatest difference of two channels."""
    return int(np.ptp(picture.astype(int), axis=-1).max())


@pytest.mark.parametrize("cell", [PINK, BLUE])
def test_the_usual_cell_is_the_same_grey_in_every_laboratory(cell):
    assert np.abs(even_stain(seen_through(cell), cell).astype(int) - GREY).max() <= 2


@pytest.mark.parametrize("cell", [PINK, BLUE])
@pytest.mark.parametrize("times", [0.5, 1.5, 2.0])
def test_a_thin_or_thick_place_of_a_cell_is_grey_too(cell, times):
    evened = even_stain(seen_through(np.multiply(cell, times)), cell)
    assert spread(evened) <= 4
    assert (evened[0, 0, 1] > GREY) == (times < 1)


@pytest.mark.parametrize("cell", [PINK, BLUE])
def test_another_stain_on_the_cell_has_colour(cell):
    chromatin = (0.3, 0.5, 0.02)
    assert spread(even_stain(seen_through(cell, chromatin), cell)) > 20


def test_white_stays_white_and_black_black():
    picture = np.asarray([[[WHITE_LEVEL] * 3, [0] * 3]], np.uint8)
    np.testing.assert_array_equal(even_stain(picture, PINK), picture)


def test_a_channel_that_hardly_absorbs_is_not_made_noise():
    pale = (0.0, 0.02, LEAST_ABSORBANCE / 2)
    noise = (WHITE_LEVEL - np.random.default_rng(0).integers(0, 6, (8, 8, 3))).astype(np.uint8)
    assert (WHITE_LEVEL - even_stain(noise, pale).astype(int)).max() <= 5 * MOST_GAIN + 1


def test_what_is_not_known_changes_nothing_and_no_pictures_give_none():
    picture = seen_through(PINK)
    np.testing.assert_array_equal(even_stain(picture, None), picture)
    assert even_stain(np.empty((0, 24, 24, 3), np.uint8), PINK).shape == (0, 24, 24, 3)


def test_pictures_at_once_are_those_that_each_is_alone():
    pictures = np.random.default_rng(1).integers(0, 256, (3, 6, 5, 3)).astype(np.uint8)
    before = pictures.copy()
    evened = even_stain(pictures, BLUE)
    for one, alone in zip(evened, pictures, strict=True):
        np.testing.assert_array_equal(one, even_stain(alone, BLUE))
    np.testing.assert_array_equal(pictures, before)


def test_a_cell_tells_what_it_absorbs_itself_and_not_its_rim_or_its_parasite():
    red, green, blue = np.rint(WHITE_LEVEL * np.exp(np.negative(PINK))).astype(int).tolist()
    picture = draw_discs(56, 56, [(28, 28, 20)], (red, green, blue))
    picture[24:30, 30:36] = (60, 20, 120)
    mask = (disc_share(56, 56, [(28, 28, 21)]) > 0.5).astype(np.uint8)
    assert own_absorbance(picture, mask) == pytest.approx(PINK, abs=0.02)


def test_no_cell_absorbs_nothing():
    assert own_absorbance(seen_through(PINK), np.zeros((4, 4), np.uint8)) == (0.0, 0.0, 0.0)

"""Light of a field: white point and the bright view."""

import numpy as np
import pytest

from segmentation.illumination import bright_view, chosen_pixels, white_point
from tests.segmentation.disc_pictures import disc_share, draw_discs


def round_view(width: int = 240, height: int = 180, radius: float = 70.0) -> np.ndarray:
    share = disc_share(width, height, [(width / 2, height / 2, radius)])[..., None]
    return np.rint(share * np.asarray([220, 210, 190])).astype(np.uint8)


def test_a_round_view_on_black_is_found_where_it_is():
    view = bright_view(round_view(), 4.0)
    assert view is not None
    truth = disc_share(240, 180, [(120, 90, 70)]) > 0.5
    assert (view.mask ^ truth).sum() < 0.02 * truth.sum()


def test_the_distance_to_the_edge_of_the_view_is_in_level_0_pixels():
    view = bright_view(round_view(), 4.0)
    assert view is not None
    at = view.distance_at(np.asarray([480.0, 480 + 160.0, 5.0]), np.asarray([360.0, 360.0, 5.0]))
    assert at[0] == pytest.approx(4 * 70, rel=0.03)
    assert at[1] == pytest.approx(4 * 30, rel=0.06)
    assert at[2] == 0


def test_a_view_that_is_parted_by_a_black_pointer_or_by_seams_is_one():
    parted, mosaic = round_view(), np.full((180, 240, 3), 210, np.uint8)
    parted[80:92] = 0
    for place in range(0, 240, 40):
        mosaic[place : place + 8], mosaic[:, place : place + 8] = 0, 0
    view, whole = bright_view(parted, 4.0), bright_view(mosaic, 4.0)
    assert view is not None
    truth = disc_share(240, 180, [(120, 90, 70)]) > 0.5
    assert (view.mask ^ truth).sum() < 0.02 * truth.sum()
    assert whole is None or whole.mask.mean() > 0.85


def test_a_glint_in_the_surround_is_no_part_of_the_view():
    picture = round_view()
    picture[4:24, 4:24] = 240
    view = bright_view(picture, 4.0)
    assert view is not None
    assert not view.mask[:24, :24].any()


def test_places_outside_of_the_picture_are_answered_as_its_border():
    view = bright_view(round_view(), 4.0)
    assert view is not None
    assert view.distance_at(np.asarray([-50.0, 1e6]), np.asarray([-50.0, 1e6])).tolist() == [0, 0]


def test_a_cell_on_the_rim_takes_no_bite_out_of_the_view():
    picture = round_view()
    bite = disc_share(240, 180, [(120 + 66, 90, 9)]) > 0.5
    picture[bite] = 20
    view = bright_view(picture, 1.0)
    assert view is not None
    truth = disc_share(240, 180, [(120, 90, 70)]) > 0.5
    assert (view.mask ^ truth).sum() < 0.03 * truth.sum()


def test_a_picture_that_is_lit_all_over_has_no_view():
    assert bright_view(draw_discs(200, 150, [(50, 50, 20), (150, 100, 30)]), 1.0) is None


def test_dark_cells_in_the_middle_are_no_surround():
    picture = draw_discs(200, 150, [(100, 75, 60)], colour=(5, 5, 5))
    assert bright_view(picture, 1.0) is None


def test_a_black_picture_has_no_view():
    assert bright_view(np.zeros((60, 80, 3), np.uint8), 1.0) is None


@pytest.mark.parametrize("tint", [(250, 240, 200), (190, 215, 205), (120, 90, 130)])
def test_the_white_point_is_the_tint_of_the_empty_background(tint):
    share = disc_share(300, 200, [(60, 60, 25), (150, 120, 30), (240, 70, 28)])[..., None]
    picture = np.asarray(tint) * (1 - share) + np.asarray(tint) * (0.7, 0.4, 0.6) * share
    picture = np.rint(picture + np.random.default_rng(0).normal(0, 1.5, picture.shape))
    found = white_point(np.clip(picture, 0, 255).astype(np.uint8), None)
    assert np.abs(found - tint).max() <= 1.5


def test_the_black_surround_is_not_asked_for_the_white_point():
    picture = round_view()
    view = bright_view(picture, 1.0)
    assert view is not None
    assert white_point(picture, view) == pytest.approx([220, 210, 190], abs=1)


def test_the_white_point_of_black_is_one_so_that_it_can_be_divided_by():
    assert white_point(np.zeros((20, 20, 3), np.uint8), None).tolist() == [1, 1, 1]


def test_chosen_pixels_are_those_of_the_mask_in_their_order():
    rng = np.random.default_rng(5)
    picture = rng.integers(0, 256, (30, 40, 6), np.uint8)[..., ::2]
    which = rng.random((30, 40)) < 0.3
    assert np.array_equal(chosen_pixels(picture, which), picture[which][None])
    assert chosen_pixels(picture, which & False).shape == (1, 0, 3)

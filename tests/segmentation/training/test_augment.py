"""Another look of the same cell."""

import numpy as np
import pytest

from segmentation.training.augment import refract, stretch, turn, vary_look

PICTURE = np.random.default_rng(0).integers(30, 231, (40, 40, 3), np.uint8)


def test_there_are_eight_different_turns_and_each_keeps_every_pixel():
    turned = [turn(PICTURE, which) for which in range(8)]
    assert len({one.tobytes() for one in turned}) == 8
    for one in turned:
        assert (
            np.sort(one.reshape(-1, 3), axis=0).tolist() == np.sort(PICTURE.reshape(-1, 3), axis=0).tolist()
        )
    np.testing.assert_array_equal(turned[0], PICTURE)


def test_every_turn_can_be_turned_back():
    for which in range(8):
        assert any(turn(turn(PICTURE, which), back).tobytes() == PICTURE.tobytes() for back in range(8))


def test_a_share_of_the_cells_is_stretched_and_their_area_is_kept():
    rng = np.random.default_rng(0)
    maps = np.stack([stretch(rng, 0.3, 3.0) for _ in range(1000)])
    plain = np.all(maps == np.eye(2), axis=(1, 2))
    assert abs(plain.mean() - 0.7) < 0.05
    np.testing.assert_allclose(np.linalg.det(maps), 1.0)
    long, short = np.linalg.svd(maps, compute_uv=False).T
    assert 2.9 < (long / short).max() <= 3.0


def test_no_strength_changes_nothing():
    same = vary_look(PICTURE, np.random.default_rng(1), strength=0.0)
    assert np.abs(same.astype(int) - PICTURE).max() <= 1


def test_the_look_depends_on_the_generator_alone():
    first = vary_look(PICTURE, np.random.default_rng(5))
    np.testing.assert_array_equal(first, vary_look(PICTURE, np.random.default_rng(5)))
    assert (first != vary_look(PICTURE, np.random.default_rng(6))).any()


def test_the_picture_is_not_changed_and_stays_what_it_shows():
    before = PICTURE.copy()
    step = np.full((48, 48, 3), 220, np.uint8)
    step[12:36, 12:36] = (190, 110, 170)
    for seed in range(40):
        varied = vary_look(step, np.random.default_rng(seed))
        assert varied.dtype == np.uint8
        assert varied[20:28, 20:28, 1].mean() < varied[:8, :8, 1].mean() - 20
    vary_look(PICTURE, np.random.default_rng(0))
    np.testing.assert_array_equal(PICTURE, before)


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_pictures_are_no_trouble(level):
    varied = vary_look(np.full((16, 16, 3), level, np.uint8), np.random.default_rng(2))
    assert np.isfinite(varied).all()


def test_a_badly_dried_cell_is_darker_at_its_rim_and_keeps_its_parasite():
    plain = np.full((56, 56, 3), 200, np.uint8)
    plain[26:30, 26:30] = 90
    y, x = np.mgrid[:56, :56] - 27.5
    rim = (np.hypot(x, y) > 12) & (np.hypot(x, y) < 16)
    for seed in range(20):
        changed = refract(plain, np.random.default_rng(seed)).astype(int)
        assert changed[rim].mean() < 195
        assert changed[26:30, 26:30].max() <= 90
        assert changed[0, 0].min() >= 170

"""Outlines have the area, the box and the depth that geometry gives them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.synthetic.shapes import Crescent, Outline, coverage, dots, grain, lobed, patch_around, spot

UM_PER_PX = 0.05
CIRCLE = Outline(radii_um=np.full(256, 3.0, np.float32))


def _area_um2(inside: np.ndarray, um_per_px: float = UM_PER_PX) -> float:
    return float(inside.sum()) * um_per_px**2


def test_the_depth_of_a_circle_is_its_radius_less_the_distance() -> None:
    patch = patch_around(40.3, 25.8, 4.0, UM_PER_PX)
    depth, part = CIRCLE.polar(patch)
    distance = np.hypot(patch.u, patch.v)
    np.testing.assert_allclose(depth, 3.0 - distance, atol=1e-3)
    np.testing.assert_allclose(part, distance / 3.0, atol=1e-3)
    assert CIRCLE.extent_um() == pytest.approx((-3.0, -3.0, 3.0, 3.0), abs=1e-5)
    assert _area_um2(coverage(depth, 0.1)) == pytest.approx(np.pi * 9, rel=0.003)


@given(
    radius=st.floats(1.0, 6.0), aspect=st.floats(1.0, 2.3), rough=st.floats(0.0, 0.09),
    spikes=st.floats(0.0, 0.1), seed=st.integers(0, 50),
)  # fmt: skip
def test_bumps_spikes_and_stretching_leave_the_area_of_a_cell(
    radius: float, aspect: float, rough: float, spikes: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    outline = lobed(rng, radius, aspect=aspect, rough=rough, spikes=spikes)
    assert np.pi * float(np.mean(outline.radii_um.astype(float) ** 2)) == pytest.approx(
        np.pi * radius**2, rel=1e-4
    )
    left, top, right, bottom = outline.extent_um()
    assert left < 0 < right and top < 0 < bottom
    assert max(right, -left, bottom, -top) <= outline.radii_um.max() + 1e-5


def test_a_neighbour_that_presses_cuts_the_outline_off_on_its_side_alone() -> None:
    free = lobed(np.random.default_rng(1), 3.0, rough=0.0)
    pressed = lobed(np.random.default_rng(1), 3.0, rough=0.0, contacts=((0.0, 2.0),))
    assert pressed.at(0.0) == pytest.approx(2.0, abs=0.1)
    assert pressed.at(np.pi) == pytest.approx(free.at(np.pi), abs=0.02)


@given(turn=st.floats(0, 2 * np.pi))
def test_what_is_drawn_of_a_crescent_lies_in_its_box_and_reaches_its_sides(turn: float) -> None:
    crescent = Crescent(length_um=10.0, width_um=3.0, bend=0.4, turn=turn)
    patch = patch_around(0.0, 0.0, 7.0, UM_PER_PX)
    inside = crescent.polar(patch)[0] > 0
    seen = patch.u[inside].min(), patch.v[inside].min(), patch.u[inside].max(), patch.v[inside].max()
    np.testing.assert_allclose(seen, crescent.extent_um(), atol=0.15)


def test_a_crescent_is_longer_than_wide_and_bends() -> None:
    patch = patch_around(0.0, 0.0, 7.0, UM_PER_PX)
    straight = Crescent(length_um=10.0, width_um=3.0, bend=0.0, turn=0.0).polar(patch)[0] > 0
    bent = Crescent(length_um=10.0, width_um=3.0, bend=0.5, turn=0.0).polar(patch)[0] > 0
    assert _area_um2(straight) == pytest.approx(_area_um2(bent), rel=0.02)
    assert np.ptp(patch.u[straight]) == pytest.approx(10.0, abs=0.2)
    assert np.ptp(patch.v[straight]) == pytest.approx(3.0, abs=0.2)
    assert np.ptp(patch.v[bent]) > 3.5


@given(x=st.floats(-50, 50), y=st.floats(-50, 50))
def test_a_patch_lies_around_its_point_whatever_part_of_a_px_that_is(x: float, y: float) -> None:
    patch = patch_around(x, y, 2.0, 0.1)
    centre = np.argmin(np.hypot(patch.u, patch.v))
    row, column = np.unravel_index(centre, patch.u.shape)
    assert abs(patch.left + column + 0.5 - x) <= 0.51
    assert abs(patch.top + row + 0.5 - y) <= 0.51
    assert patch.u.min() <= -2.0 and patch.u.max() >= 2.0


def test_many_dots_are_the_highest_of_each() -> None:
    patch = patch_around(0.0, 0.0, 3.0, 0.05)
    places, radii = np.asarray([[-1.0, 0.5], [0.4, 0.3], [0.6, 0.3]]), np.asarray([0.5, 0.3, 0.2])
    each = [spot(patch, (u, v), r) for (u, v), r in zip(places.tolist(), radii.tolist(), strict=True)]
    np.testing.assert_allclose(dots(patch, places, radii), np.max(each, axis=0), atol=1e-4)
    assert _area_um2(each[0]) == pytest.approx(np.pi * 0.25, rel=0.02)


def test_grain_has_no_mean_and_bumps_of_its_size() -> None:
    patch = patch_around(0.0, 0.0, 25.0, 0.1)
    fine, coarse = (grain(patch, np.random.default_rng(2), size) for size in (0.3, 3.0))
    for noise in (fine, coarse):
        assert abs(noise.mean()) < 0.15
        assert 0.5 < noise.std() < 1.3
    steps = [np.abs(np.diff(noise, axis=1)).mean() for noise in (fine, coarse)]
    assert steps[0] > 4 * steps[1]

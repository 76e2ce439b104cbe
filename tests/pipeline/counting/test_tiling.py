"""Tiles cover a field once, whatever their size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.counting.tiling import HALO_PX, tiles
from segmentation.detector import ALIGNMENT_PX, RECEPTIVE_RADIUS_PX
from segmentation.film import SQUARE_PX
from segmentation.resample import working_grid


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 900), st.integers(1, 900), st.floats(0.15, 0.4), st.integers(1, 40).map(lambda n: 8 * n)
)
def test_every_detector_pixel_belongs_to_exactly_one_core(width, height, um_per_px, core_px):
    grid = working_grid(width, height, um_per_px)
    owned = np.zeros((grid.height // 2, grid.width // 2), int)
    for tile in tiles(3, grid, core_px):
        x0, y0, x1, y1 = tile.core
        assert x0 < x1 <= x0 + core_px
        assert y0 < y1 <= y0 + core_px
        owned[y0:y1, x0:x1] += 1
        assert tile.field == 3
    assert (owned == 1).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 2000), st.integers(1, 2000), st.integers(8, 64).map(lambda n: 8 * n))
def test_every_core_has_its_whole_halo_but_at_the_border_of_the_field(width, height, core_px):
    grid = working_grid(width, height, 0.2)
    across, down = grid.width // 2, grid.height // 2
    for tile in tiles(0, grid, core_px):
        x0, y0, x1, y1 = tile.outer
        assert x0 == max(tile.core[0] - HALO_PX, 0)
        assert y0 == max(tile.core[1] - HALO_PX, 0)
        assert x1 == min(tile.core[2] + HALO_PX, across)
        assert y1 == min(tile.core[3] + HALO_PX, down)
        # The network's stride lies the same in every tile, or a cell would look another way in each.
        assert x0 % ALIGNMENT_PX == y0 % ALIGNMENT_PX == 0


@given(st.integers(1, 9000), st.sampled_from([256, 512, 1024, 136, 2048]))
def test_no_tile_is_a_sliver_beside_larger_ones(width, core_px):
    """A sliver would be mostly halo."""
    grid = working_grid(width, 20, 0.375)
    sides = [tile.core[2] - tile.core[0] for tile in tiles(0, grid, core_px)]
    unit_px = SQUARE_PX if core_px % SQUARE_PX == 0 else ALIGNMENT_PX
    assert max(sides) - min(sides) < 2 * unit_px
    assert len(sides) == -(-(grid.width // 2) // core_px)


def test_the_halo_holds_what_the_network_sees_and_a_cell_more():
    red_cell_px = 20
    assert RECEPTIVE_RADIUS_PX + 1.5 * red_cell_px <= HALO_PX


@pytest.mark.parametrize("core_px", [0, -8, 4, 100])
def test_a_side_off_the_networks_stride_is_refused(core_px):
    with pytest.raises(ValueError, match=f"{core_px} px, expected a positive multiple of {ALIGNMENT_PX}"):
        list(tiles(0, working_grid(100, 100, 0.2), core_px))

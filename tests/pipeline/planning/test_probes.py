"""Close looks at a slide: places with cells, and the colour of glass between them."""

import numpy as np
import pytest

from pipeline.planning.field import field_light
from pipeline.planning.probes import closer_light, probe_positions
from tests.pipeline.synthetic.scan.drawn_scans import SQUARE_PX, DrawnScan, drawn_scan


def _film_in_a_corner() -> DrawnScan:
    """Mostly glass and thick end; cells lie apart in the squares of rows 9 to 14, columns 11 to 15."""
    layers = np.zeros((16, 16))
    layers[9:15, 2:11] = 4.0
    layers[9:15, 11:16] = 0.4
    return drawn_scan(layers)


def test_places_show_cells_side_by_side_and_neither_glass_nor_the_thick_end() -> None:
    scan = _film_in_a_corner()
    places = probe_positions(scan, field_light(scan), 4)
    assert len(places) == 4
    assert len(set(places)) == 4
    for x, y in places:
        assert 10.5 * SQUARE_PX <= x <= 16 * SQUARE_PX
        assert 9 * SQUARE_PX <= y <= 15 * SQUARE_PX


def test_bare_glass_and_what_cannot_be_read_have_no_place() -> None:
    glass = drawn_scan(np.zeros((12, 12)))
    assert probe_positions(glass, field_light(glass), 3) == []
    scan = _film_in_a_corner()
    broken = DrawnScan(scan.picture, broken=(0, 0, scan.width, scan.height))
    assert probe_positions(broken, field_light(scan), 3) == []


def test_a_film_without_free_glass_has_the_white_point_of_its_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    scan = drawn_scan(np.full((12, 12), 0.6))
    monkeypatch.setattr("pipeline.planning.field.THUMBNAIL_PX", 72)
    coarse = field_light(scan)
    assert coarse.white_point[1] < 215
    closer = closer_light(scan, coarse)
    np.testing.assert_allclose(closer.white_point, 230, atol=4)
    assert closer.view is coarse.view


def test_the_light_of_a_photo_stays_as_it_is() -> None:
    scan = drawn_scan(np.full((4, 4), 0.6))
    light = field_light(scan)
    assert closer_light(scan, light) is light

"""The map of a film as it is read: in strips, past broken tiles, to the last px of the border."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.labelled import read_field_set
from pipeline.planning import film_map
from pipeline.planning.field import field_light, plan_field
from pipeline.planning.film_map import map_film, needs_map
from pipeline.reader.slide import open_slide
from segmentation.film import Area
from segmentation.illumination import BrightView
from tests.pipeline.synthetic.scan.drawn_scans import SQUARE_PX, DrawnScan, drawn_scan, plan_of

LAYERS = np.repeat(
    np.repeat([[0.0, 0.0, 0.0], [3.5, 0.4, 0.05], [0.0, 0.0, 0.0]], [3, 6, 3], axis=0), 4, axis=1
)
AREAS = np.zeros((12, 12), np.uint8)
AREAS[3:9] = np.repeat([Area.THICK, Area.READABLE, Area.FEATHERED], 4)


@pytest.fixture(scope="module")
def scan() -> DrawnScan:
    """Thick end, readable layer and feathered edge from left to right, glass above and below."""
    return drawn_scan(LAYERS)


def test_the_areas_of_a_drawn_slide_are_told(scan: DrawnScan) -> None:
    np.testing.assert_array_equal(map_film(scan, plan_of(scan))[3:9], AREAS[3:9])


def test_the_map_does_not_depend_on_the_strips_it_is_read_in(
    scan: DrawnScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = map_film(scan, plan_of(scan))
    monkeypatch.setattr(film_map, "STRIP_PX", 1)
    thin = DrawnScan(scan.picture)
    np.testing.assert_array_equal(map_film(thin, plan_of(thin)), whole)
    assert thin.largest_px == film_map.LEAST_STRIP_ROWS * scan.width // 2


def test_squares_that_cannot_be_read_are_tried_and_the_others_stay_as_they_are(scan: DrawnScan) -> None:
    box = (SQUARE_PX // 2, SQUARE_PX // 2, 2 * SQUARE_PX + 9, 4 * SQUARE_PX - 20)
    broken = DrawnScan(scan.picture, broken=box)
    found = map_film(broken, plan_of(broken))
    assert (found[0:4, 0:3] == Area.READABLE).all()
    np.testing.assert_array_equal(found[5:], map_film(scan, plan_of(scan))[5:])
    assert (found[:3, 4:] == Area.EMPTY).all()


def test_a_slide_of_which_nothing_can_be_read_is_tried_everywhere(scan: DrawnScan) -> None:
    broken = DrawnScan(scan.picture, broken=(0, 0, scan.width, scan.height))
    assert (map_film(broken, plan_of(broken)) == Area.READABLE).all()


def test_squares_outside_the_bright_view_are_empty(scan: DrawnScan) -> None:
    mask = np.zeros((scan.height // 8, scan.width // 8), bool)
    mask[:, : mask.shape[1] // 2] = True
    distance = np.where(mask, np.float32(1000), np.float32(0))
    plan = plan_of(scan, view=BrightView(mask=mask, distance=distance, px=8.0))
    found = map_film(scan, plan)
    assert (found[:, 6:] == Area.EMPTY).all()
    np.testing.assert_array_equal(found[3:9, :6], AREAS[3:9, :6])


@given(
    width=st.integers(1, 900),
    height=st.integers(1, 900),
    um_per_px=st.sampled_from([0.06, 0.11, 0.25, 0.3755, 0.5, 0.99]),
)
def test_a_map_covers_a_field_of_any_size_and_its_areas_sum_to_the_field(
    width: int, height: int, um_per_px: float
) -> None:
    field = DrawnScan(np.full((height, width, 3), 230, np.uint8))
    plan = plan_of(field, um_per_px)
    found = map_film(field, plan)
    detector = plan.grid.width // 2, plan.grid.height // 2
    assert found.shape == (-(-detector[1] // 256), -(-detector[0] // 256))
    parts = replace(plan.area, areas=found).pixels_by_part((), None)
    assert parts == {"counted": 0, "empty_glass": detector[0] * detector[1]}


def _stitched(film: DrawnScan, side_px: int) -> DrawnScan:
    """The scan as a mosaic of fields, each with 70 to 100% of the light and a tint of its own."""
    rng = np.random.default_rng(4)
    picture = film.picture.astype(np.float32)
    for top in range(0, film.height, side_px):
        for left in range(0, film.width, side_px):
            light = rng.uniform(0.7, 1.0) * rng.uniform(0.97, 1.03, 3)
            picture[top : top + side_px, left : left + side_px] *= light
    return DrawnScan(np.clip(np.rint(picture), 0, 255).astype(np.uint8))


@pytest.mark.parametrize("side_px", [260, 600])
def test_a_monolayer_stitched_of_fields_of_unlike_exposure_is_readable(side_px: int) -> None:
    film = drawn_scan(np.full((8, 8), 0.4), passed=0.8)
    assert (map_film(film, plan_of(film)) == Area.READABLE).all()
    mosaic = _stitched(film, side_px)
    for um_per_px in (0.49, 0.5, 0.51):
        readable = map_film(mosaic, plan_of(mosaic, um_per_px)) == Area.READABLE
        assert readable.mean() > 0.97, um_per_px


def test_black_seams_between_the_fields_of_a_mosaic_hide_none_of_them() -> None:
    mosaic = _stitched(drawn_scan(np.full((8, 8), 0.4), passed=0.8), 300)
    for place in range(0, mosaic.width, 300):
        mosaic.picture[place : place + 12], mosaic.picture[:, place : place + 12] = 0, 0
    light = field_light(mosaic)
    plan = plan_field(0, mosaic, 0.5, light)
    assert (map_film(mosaic, plan) == Area.READABLE).mean() > 0.9


@pytest.mark.parametrize("um_per_px", [0.5, 0.79])
def test_two_percent_of_scale_move_the_readable_area_little(um_per_px: float) -> None:
    """From one layer to a thick end; at 0.79 the px of low magnification are 1.6 or 0.8 µm."""
    film = drawn_scan(np.tile(np.linspace(0.3, 2.6, 14), (6, 1)), passed=0.7)
    shares = []
    for factor in (0.98, 1.0, 1.02):
        areas = map_film(film, plan_of(film, um_per_px * factor))
        shares.append(float((areas == Area.READABLE).mean()))
    assert max(shares) - min(shares) < 0.1, shares


def test_photos_are_not_mapped_and_scans_are() -> None:
    photo = DrawnScan(np.zeros((100, 100, 3), np.uint8))
    assert not needs_map(plan_of(photo))
    assert needs_map(plan_of(DrawnScan(np.zeros((1500, 1500, 3), np.uint8))))


@pytest.mark.parametrize(
    ("name", "um_per_px"), [("chula", 0.17), ("iml", 0.092), ("draaslan", 0.14), ("bccd", 0.076)]
)
def test_fields_that_a_person_chose_are_readable(labelled_data: Path, name: str, um_per_px: float) -> None:
    fields = read_field_set(labelled_data / name)
    sizes: Counter[str] = Counter()
    for picture in fields.fields["field"][::8]:
        with open_slide(fields.image_path(picture)) as slide:
            plan = plan_field(0, slide.fields[0], um_per_px, field_light(slide.fields[0]))
            sizes.update(replace(plan.area, areas=map_film(slide.fields[0], plan)).pixels_by_part((), None))
    assert sizes["counted"] / sizes.total() > 0.98

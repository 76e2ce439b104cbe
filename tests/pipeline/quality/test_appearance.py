"""What a field looks like: values of made-up cells, whatever the order and the number of their tiles."""

import numpy as np
import pandas as pd
import pytest

from pipeline.counting.tile import TileCells
from pipeline.quality.appearance import Ground, field_features
from pipeline.quality.measures import FieldSeen
from pipeline.quality.novelty import TERM_NAMES
from segmentation.colours import TileColours
from segmentation.detections import Kind
from segmentation.resample import DETECTOR_UM_PER_PX

AREA_PX = 300
"""Area of each cell, detector px."""
COLOUR = (210.0, 140.0, 180.0)
GLASS, CELL = 25, 115
GROUND = Ground(white_point=np.full(3, 200, np.float32), saturated_fraction=0.0, dark_fraction=0.0)
"""Depths of stain of glass and of a cell of that colour."""


def tile(number: int, colours=None, scores=0.7, depths=None) -> TileCells:
    """A tile of equal red cells, their depths as its only stained pixels."""
    if depths is None:
        depths = {GLASS: 1700 * number, CELL: AREA_PX * number}
    histogram = np.zeros(256, np.int64)
    histogram[list(depths)] = list(depths.values())
    shown = np.full((number, 3), COLOUR, np.float32) if colours is None else np.asarray(colours, np.float32)
    return TileCells(
        field=0,
        boxes=np.zeros((number, 4)),
        kinds=np.full(number, Kind.RED_CELL, np.uint8),
        scores=np.full(number, scores, np.float32),
        measured=np.zeros((number, 4)),
        overlaps=np.zeros(number, bool),
        p_infected=np.zeros(number, np.float32),
        stages=np.full(number, -1, np.int64),
        colours=TileColours(objects=shown, depths=histogram),
    )


def table(number: int, kind="red_cell", circularity=0.9) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "kind": [kind] * number,
            "area_um2": [AREA_PX * DETECTOR_UM_PER_PX**2] * number,
            "circularity": [circularity] * number,
            "focus": [0.6] * number,
            "at_border": [False] * number,
            "diameter_um": [7.3] * number,
            "overlaps": [False] * number,
            "oblong": [0.1] * number,
        }
    )


def seen(cells: pd.DataFrame, *tiles: TileCells):
    """Features of a field: its cells, in the order of its tiles."""
    cells = cells.assign(kind_number=np.concatenate([np.zeros(0), *(tile.kinds for tile in tiles)]))
    cells["score"] = np.concatenate([np.zeros(0), *(tile.scores for tile in tiles)])
    colours = np.concatenate([np.zeros((0, 3)), *(tile.colours.objects for tile in tiles)])
    cells[["red", "green", "blue"]] = colours
    pixels = FieldSeen(objects=0, depths=np.zeros(256, np.int64))
    for each in tiles:
        pixels = pixels.with_tile(len(each.kinds), each.colours)
    red = cells[cells["kind"] == "red_cell"]
    sample = {name: cells[name].to_numpy() for name in cells}
    return field_features(sample, pixels, float(red["area_um2"].sum()), GROUND, len(red))


def features_of(cells: pd.DataFrame, *tiles: TileCells):
    found = seen(cells, *tiles)
    assert found is not None
    return found


def test_equal_cells_on_empty_glass_have_no_spread_and_leave_nothing_unexplained():
    found = features_of(table(20), tile(20))
    assert found.unexplained == pytest.approx(0, abs=1e-9)
    assert found.explained == pytest.approx(0, abs=1e-9)
    assert found.colour_spread == found.depth_spread == pytest.approx(np.log(0.02))
    assert found.coverage == pytest.approx(np.log(0.15))
    assert (found.roundness, found.focus, found.darker) == (pytest.approx(0.9), pytest.approx(0.6), 0)
    assert found.background == pytest.approx(0.85)
    assert found.detector_score == pytest.approx(np.log(0.7 / 0.3), abs=1e-5)
    assert found.stain == pytest.approx(tuple(np.log(231 / (np.asarray(COLOUR) + 1))), abs=1e-5)
    assert found.depth == pytest.approx(np.log(np.log(231 / 141)), abs=1e-5)


def test_dark_parts_that_are_no_cells_are_unexplained():
    found = features_of(table(20), tile(20, depths={GLASS: 20000, CELL: 20 * AREA_PX + 8000, 250: 4000}))
    assert found.unexplained == pytest.approx(12000 / 38000)
    assert found.darker == pytest.approx(4000 / 38000)
    assert found.explained < -0.5


def test_cells_of_many_colours_and_depths_are_spread():
    rng = np.random.default_rng(2)
    hues = features_of(table(40), tile(40, colours=rng.uniform(40, 220, (40, 3))))
    depths = features_of(table(40), tile(40, colours=rng.uniform(40, 220, (40, 1)).repeat(3, axis=1)))
    assert hues.colour_spread > np.log(0.5)
    assert depths.colour_spread == pytest.approx(np.log(0.02))
    assert depths.depth_spread > np.log(0.3)


def test_looks_depend_neither_on_the_order_nor_on_the_number_of_the_tiles():
    rng = np.random.default_rng(3)
    colours = rng.uniform(60, 220, (30, 3))
    parts = [tile(10, colours=colours[start : start + 10], scores=0.5 + start / 100) for start in (0, 10, 20)]
    assert features_of(table(30), *parts) == features_of(table(30), *parts[::-1])
    same = [tile(10), tile(20)]
    assert features_of(table(30), *same) == features_of(table(30), tile(30))


def test_more_light_or_a_larger_field_changes_nothing_that_is_relative():
    one, three = features_of(table(20), tile(20)), features_of(table(60), *[tile(20)] * 3)
    for name in set(TERM_NAMES) - {"number"}:
        assert getattr(one, name) == pytest.approx(getattr(three, name))


@pytest.mark.parametrize("kind", ["white_cell", "artefact"])
def test_a_field_without_a_red_cell_has_no_looks(kind):
    assert seen(table(5, kind=kind), tile(5)) is None
    assert seen(table(0)) is None


def test_the_deepest_stain_is_the_colour_of_the_deepest_pixels_of_the_view():
    nuclei, colour = 400, np.asarray((90, 60, 150))
    some = tile(20, depths={GLASS: 1700 * 20, CELL: AREA_PX * 20, 200: nuclei})
    some.colours.levels[:, 200] = nuclei * colour
    found = features_of(table(20), some).colours
    assert found.deepest == pytest.approx(tuple(np.log(231 / (colour + 1))), abs=1e-5)
    assert found.cells == pytest.approx(tuple(np.log(231 / (np.asarray(COLOUR) + 1))), abs=1e-5)
    assert found.ground == (200, 200, 200)

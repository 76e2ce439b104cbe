"""The table of cells: the counting rules on made-up tiles."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.predict import STAGES
from models.manifest import Manifest, StageFigures
from pipeline.counting.rules import FEATURE_COLUMNS, cell_table
from pipeline.counting.tile import TileCells
from pipeline.planning.area import CountedArea
from pipeline.planning.field import FieldLight, FieldPlan
from pipeline.records import CELL_COLUMNS
from segmentation.colours import TileColours
from segmentation.detections import Kind
from segmentation.illumination import BrightView
from segmentation.resample import working_grid

UM_PER_PX = 0.1


def plan(index=0, name="one", view=None, width=1000, height=800) -> FieldPlan:
    light = FieldLight(
        white_point=np.full(3, 230, np.float32), view=view, saturated_fraction=0.0, dark_fraction=0.0
    )
    grid = working_grid(width, height, UM_PER_PX)
    return FieldPlan(
        index=index,
        name=name,
        width=width,
        height=height,
        um_per_px=UM_PER_PX,
        light=light,
        grid=grid,
        area=CountedArea.whole(grid.width // 2, grid.height // 2),
    )


def cells(*rows, field=0, stages=None) -> TileCells:
    """Rows of (x, y, diameter_um, kind, p_infected), and the place of each one's stage."""
    x, y, diameter, kind, probability = np.asarray(rows, np.float64).reshape(-1, 5).T
    half = diameter / UM_PER_PX / 2
    return TileCells(
        field=field,
        boxes=np.stack([x - half, y - half, x + half, y + half], axis=1),
        kinds=kind.astype(np.uint8),
        scores=np.full(len(x), 0.9, np.float32),
        measured=np.stack(
            [np.pi * diameter**2 / 4, diameter, np.full(len(x), 0.9), np.full(len(x), 0.5)], axis=1
        ),
        overlaps=np.zeros(len(x), bool),
        p_infected=np.where(kind == Kind.RED_CELL, probability, np.nan).astype(np.float32),
        stages=np.asarray(stages or [-1] * len(x), np.int64),
        colours=TileColours(objects=np.zeros((len(x), 3), np.float32), depths=np.zeros(256, np.int64)),
    )


def table(*tiles, plans=None, threshold=0.5) -> pd.DataFrame:
    return cell_table("slide", plans or [plan()], tiles, network(threshold))


def network(threshold: float) -> Manifest:
    return Manifest(
        name="net",
        task="classifier",
        file="net.tflite",
        sha256="0" * 64,
        keras_file="net.keras",
        keras_sha256="0" * 64,
        um_per_px=0.1875,
        classes=("infected",),
        threshold=threshold,
        stages=StageFigures(names=STAGES, least=0.5, confusion=((1, 0, 0, 0, 0),) * 4),
        trained_on=("rendered",),
        left_out=(),
        seed=1,
        licence="Apache-2.0",
    )


RED, WHITE, PLATELET = Kind.RED_CELL, Kind.WHITE_CELL, Kind.PLATELET


def test_only_whole_red_cells_are_counted_and_every_other_row_says_why_not():
    found = table(
        cells(
            (100, 100, 7.5, RED, 0.9),
            (200, 100, 7.5, RED, 0.1),
            (300, 100, 14.0, WHITE, 0),
            (400, 100, 2.5, PLATELET, 0),
            (20, 100, 7.5, RED, 0.9),
            (500, 100, 1.5, RED, 0.9),
            (600, 100, 20.0, RED, 0.9),
        )
    ).set_index("x")
    assert found["excluded_because"].to_dict() == {
        20: "at_border",
        100: "",
        200: "",
        300: "white_cell",
        400: "platelet",
        500: "artefact",
        600: "artefact",
    }
    assert found["counted"].to_dict() == {x: x in (100, 200) for x in (20, 100, 200, 300, 400, 500, 600)}
    assert found["kind"][500] == "artefact"


def test_the_columns_are_those_of_the_record():
    assert tuple(table(cells((100, 100, 7.5, RED, 0.9))).columns) == (*CELL_COLUMNS, *FEATURE_COLUMNS)
    assert tuple(table().columns) == (*CELL_COLUMNS, *FEATURE_COLUMNS)
    assert len(table()) == 0


def test_a_cell_is_infected_from_the_threshold_on():
    found = table(*[cells((100 + 90 * i, 100, 7.5, RED, p)) for i, p in enumerate((0.49, 0.5, 0.51))])
    assert found["infected"].tolist() == [False, True, True]
    assert found["stage"].tolist() == ["", "unknown", "unknown"]


def test_what_is_no_red_cell_has_no_probability_and_is_never_infected():
    found = table(cells((300, 100, 14.0, WHITE, 1.0), (500, 100, 1.5, RED, 1.0)))
    assert found["p_infected"].isna().all()
    assert not found["infected"].any()


def test_the_rows_do_not_depend_on_the_order_the_tiles_came_in():
    rng = np.random.default_rng(0)
    tiles = [
        cells(
            *((x, y, 7.5, RED, p) for x, y, p in rng.uniform((50, 50, 0), (900, 700, 1), (9, 3))), field=i % 2
        )
        for i in range(6)
    ]
    plans = [plan(0, "first"), plan(1, "second")]
    whole = table(*tiles, plans=plans)
    pd.testing.assert_frame_equal(whole, table(*reversed(tiles), plans=plans))
    assert whole["cell"].tolist() == list(range(1, 55))
    assert whole["field"].tolist() == ["first"] * 27 + ["second"] * 27
    assert whole[whole["field"] == "first"]["y"].is_monotonic_increasing


@pytest.mark.parametrize(
    ("x", "y"), [(37, 400), (963, 400), (500, 37), (500, 763)], ids=["left", "right", "top", "bottom"]
)
def test_a_cell_that_touches_any_side_of_the_picture_is_at_the_border(x, y):
    assert table(cells((x, y, 7.5, RED, 0.2)))["at_border"].tolist() == [True]
    inward = (x + np.sign(500 - x) * 6, y + np.sign(400 - y) * 6)
    assert table(cells((*inward, 7.5, RED, 0.2)))["at_border"].tolist() == [False]


def test_a_cell_cut_by_the_edge_of_the_bright_view_is_at_the_border():
    y, x = np.mgrid[:200, :250] + 0.5
    distance = np.maximum(90 - np.hypot(x - 125, y - 100), 0).astype(np.float32) * 4
    view = BrightView(mask=distance > 0, distance=distance, px=4.0)
    found = table(
        cells((500, 400, 7.5, RED, 0.2), (500 + 330, 400, 7.5, RED, 0.2), (500 + 300, 400, 7.5, RED, 0.2)),
        plans=[plan(view=view)],
    )
    assert found.set_index("x")["at_border"].to_dict() == {500: False, 800: False, 830: True}


def test_the_table_reads_back_as_it_was_written(tmp_path: Path):
    from pipeline.output.cells_csv import write_cells

    found = table(cells((100, 100, 7.5, RED, 0.9), (300, 100, 14.0, WHITE, 0)))
    write_cells(tmp_path / "cells.csv", (found,))
    back = pd.read_csv(tmp_path / "cells.csv", keep_default_na=False)
    assert back["kind"].tolist() == ["red_cell", "white_cell"]
    assert back["p_infected"].tolist() == ["0.9000", ""]


def test_a_stage_is_told_of_infected_cells_only_and_unknown_where_it_is_not_sure():
    found = table(
        cells(
            (100, 100, 7.5, RED, 0.9),
            (200, 100, 7.5, RED, 0.9),
            (300, 100, 7.5, RED, 0.1),
            (400, 100, 7.5, RED, 0.9),
            stages=[0, 3, 3, -1],
        )
    )
    assert found["stage"].tolist() == ["ring", "gametocyte", "", "unknown"]

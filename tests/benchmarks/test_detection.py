"""Tests of benchmarks.detection."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.detection import FOUND_BOX, LABEL_BOX, LabelledFields, f1_of, labelled_fields
from pipeline.synthetic.field import RenderSettings, render_set

BOXES = [(100, 100, 160, 160), (200, 200, 260, 260), (300, 100, 360, 160), (100, 300, 160, 360)]


def _sample(*boxes: tuple[int, int, int, int]) -> LabelledFields:
    cells = pd.DataFrame(boxes, columns=LABEL_BOX).assign(field="a")
    return LabelledFields(pictures=Path("none"), red_cells=cells, sizes={"a": (640, 480)})


def _found(*boxes: tuple[int, int, int, int], field: str = "a") -> pd.DataFrame:
    return pd.DataFrame(boxes, columns=FOUND_BOX).assign(field=field)


def test_f1_is_one_where_every_cell_is_found_and_nothing_else() -> None:
    assert f1_of(_sample(*BOXES), _found(*BOXES)) == {"paired": 4, "missed": 0, "extra": 0, "f1": 1.0}


def test_f1_counts_missed_and_extra_cells() -> None:
    found = _found(*BOXES[:3], (500, 300, 560, 360))
    assert f1_of(_sample(*BOXES), found) == {"paired": 3, "missed": 1, "extra": 1, "f1": 0.75}


def test_a_box_that_overlaps_too_little_is_no_pair() -> None:
    half_off = _found((130, 100, 190, 160))
    assert f1_of(_sample(BOXES[0]), half_off) == {"paired": 0, "missed": 1, "extra": 1, "f1": 0.0}


def test_cells_cut_by_the_border_are_in_no_number() -> None:
    sample = _sample(*BOXES, (0, 100, 40, 160))
    found = _found(*BOXES, (600, 100, 640, 160))
    assert f1_of(sample, found)["f1"] == 1.0


def test_a_cell_of_another_field_is_no_pair() -> None:
    assert f1_of(_sample(BOXES[0]), _found(BOXES[0], field="b"))["paired"] == 0


def test_fields_are_taken_evenly_from_the_set_with_copies_of_their_pictures(tmp_path: Path) -> None:
    settings = RenderSettings(width=160, height=128, um_per_px=0.2, fields=5, seed=3)
    folder = render_set(settings, tmp_path / "set")
    sample = labelled_fields(folder, None, 2, tmp_path / "pictures")
    names = sorted(path.stem for path in sample.pictures.iterdir())
    assert names == ["rendered-3-001", "rendered-3-003"]
    assert sample.sizes == dict.fromkeys(names, (160, 128))
    assert set(sample.red_cells["field"]) <= set(names)
    assert sample.diameter_px() == pytest.approx(7.5 / 0.2, rel=0.15)
    found = sample.red_cells.set_axis(["field", *FOUND_BOX], axis=1)
    assert f1_of(sample, found)["f1"] == 1.0


def test_only_fields_of_the_slide_that_is_asked_for_are_taken(tmp_path: Path) -> None:
    folder = render_set(RenderSettings(width=160, height=128, um_per_px=0.2, fields=2), tmp_path / "set")
    table = pd.read_csv(folder / "fields.csv")
    table.loc[1, "slide"] = "another"
    table.to_csv(folder / "fields.csv", index=False)
    sample = labelled_fields(folder, "another", None, tmp_path / "pictures")
    assert list(sample.sizes) == [table["field"][1]]

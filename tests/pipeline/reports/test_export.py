"""A result is written as Parquet, GeoJSON, COCO and FHIR, and reads back as the cells that were counted."""

import gzip
import json
import uuid
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from pipeline.count import count_slide
from pipeline.errors import InputError, SettingsError, SlideError
from pipeline.names import for_path, one_of_folder
from pipeline.output.folder import write_result
from pipeline.records import CELL_COLUMNS
from pipeline.reports.cell_classes import CELL_CLASSES, class_numbers
from pipeline.reports.export import export_result
from pipeline.reports.geojson import feature_lines
from pipeline.reports.outlines import rings
from pipeline.reports.stored import read_stored
from pipeline.settings import CountSettings
from pipeline.synthetic.field import RenderSettings, render_field
from tests.optional import required
from tests.pipeline.counting.made_up_counts import make_cells, make_facts, make_result
from tests.pipeline.reader.leica_files import write_scn
from tests.pipeline.reports.ring_checks import is_simple, signed_area

KINDS = ("infected", "uninfected", "at_border", "white_cell", "platelet", "artefact")
SIDES = st.floats(-2, 250_000).map(lambda side: round(side, 1))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The result of a slide of six cells, one of each kind."""
    return write_result(make_result(make_cells(*KINDS)), tmp_path / "out")


def _two_fields(tmp_path: Path) -> Path:
    cells = [make_cells("infected", "uninfected", field=name) for name in ("a", "c")]
    table = pd.concat(cells, ignore_index=True).assign(cell=[1, 2, 3, 4])
    return write_result(make_result(table, make_facts(fields=("a", "b", "c"))), tmp_path)


def _features(path: Path) -> list[dict]:
    data = path.read_bytes()
    collection = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    assert collection["type"] == "FeatureCollection"
    return list(collection["features"])


def test_each_cell_is_a_detection_with_its_class_and_measurements(folder: Path) -> None:
    features = _features(*export_result(folder, ["geojson"]))
    names = [feature["properties"]["classification"]["name"] for feature in features]
    assert names == [one.name for one in CELL_CLASSES]
    first = features[0]["properties"]
    assert first["objectType"] == "detection"
    assert first["classification"]["color"] == [213, 94, 0]
    assert first["measurements"] == {
        "cell": 1, "diameter_um": 7.5, "area_um2": 44.18, "circularity": 0.95, "at_border": 0, "overlaps": 0,
        "focus": 0.61, "p_infected": 0.975, "infected": 1, "counted": 1,
    }  # fmt: skip
    assert first["metadata"] == {"stage": "unknown"}
    assert "p_infected" not in features[3]["properties"]["measurements"]  # a white cell has none
    assert features[3]["properties"]["metadata"] == {"excluded_because": "white_cell"}


@given(st.lists(st.tuples(SIDES, SIDES, st.floats(0, 400), st.floats(0, 400)), min_size=1, max_size=8))
def test_every_outline_is_a_closed_simple_ring_that_fills_its_box(
    boxes: list[tuple[float, float, float, float]],
) -> None:
    sides = np.asarray([(x, y, x + width, y + height) for x, y, width, height in boxes]).round(1)
    table = pd.DataFrame(sides, columns=["x_min", "y_min", "x_max", "y_max"])
    for ring, (left, top, right, bottom) in zip(rings(table).tolist(), sides.tolist(), strict=True):
        assert ring[0] == ring[-1]
        assert is_simple(ring)
        assert signed_area(ring) > 0
        if min(right - left, bottom - top) >= 2:
            around = np.asarray(ring)
            assert np.abs(around.min(axis=0) - (left, top)).max() <= 0.11
            assert np.abs(around.max(axis=0) - (right, bottom)).max() <= 0.11


@pytest.mark.parametrize("name", ["shapely", "qubalab"])
def test_the_features_are_what_another_library_takes_them_for(tmp_path: Path, name: str) -> None:
    """qubalab is QuPath's own; it brings forty packages and is not pinned: see ADR 0006."""
    if name == "qubalab":
        pytest.importorskip("qubalab")
    required("shapely")
    from shapely.geometry import shape

    cells = make_cells(*KINDS)
    cells.loc[1, ["x_min", "x_max"]] = (50.0, 50.4)  # a sliver
    path = export_result(write_result(make_result(cells), tmp_path), ["geojson"])[0]
    shapes = [shape(feature["geometry"]) for feature in _features(path)]
    assert all(one.is_valid and one.exterior.is_ccw for one in shapes)
    boxes = cells[["x_min", "y_min", "x_max", "y_max"]].to_numpy()
    assert np.abs(np.delete([one.bounds for one in shapes], 1, 0) - np.delete(boxes, 1, 0)).max() <= 0.11
    assert shapes[0].area == pytest.approx(300, abs=2)  # 12 corners of a circle of 20 px
    if name == "qubalab":
        _are_qupath_detections(path, shapes)


def _are_qupath_detections(path: Path, shapes: list) -> None:
    from qubalab.objects import ImageFeature, geojson_features_from_string
    from shapely.geometry import shape

    read = [ImageFeature.create_from_feature(one) for one in geojson_features_from_string(path.read_text())]
    assert all(one.is_detection for one in read)
    assert [one.classification.names for one in read] == [(one.name,) for one in CELL_CLASSES]
    assert read[0].measurements["p_infected"] == 0.975
    assert [shape(one.geometry).bounds for one in read] == [one.bounds for one in shapes]


def test_a_ring_that_crosses_itself_would_be_found() -> None:
    assert not is_simple([[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]])
    assert is_simple([[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]])


def test_ids_last_and_differ_from_cell_to_cell(folder: Path, tmp_path: Path) -> None:
    one = [feature["id"] for feature in _features(*export_result(folder, ["geojson"]))]
    two = [feature["id"] for feature in _features(*export_result(folder, ["geojson.gz"], tmp_path / "x"))]
    assert one == two
    assert len(set(one)) == len(KINDS)
    assert all(uuid.UUID(name).version == 5 for name in one)


def test_the_same_result_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    forms = ["geojson", "geojson.gz", "coco", "fhir"]
    first = {path.name: path.read_bytes() for path in export_result(folder, forms, tmp_path / "a")}
    second = {path.name: path.read_bytes() for path in export_result(folder, forms, tmp_path / "b")}
    assert first == second


def test_the_origin_of_the_other_program_is_subtracted() -> None:
    cells = make_cells("uninfected")
    there, here = (json.loads(next(feature_lines(cells, origin))) for origin in ((0, 0), (12.0, 7.0)))
    moved = np.asarray(there["geometry"]["coordinates"]) - np.asarray(here["geometry"]["coordinates"])
    assert np.allclose(moved, (12.0, 7.0))


def test_bounds_come_from_the_slide_and_without_it_nothing_is_written(tmp_path: Path) -> None:
    facts = make_facts(source=str(tmp_path / "film.mrxs"))
    folder = write_result(make_result(make_cells("uninfected"), facts), tmp_path)
    with pytest.raises(SlideError, match=r"no such file or folder: .*film\.mrxs"):
        export_result(folder, ["geojson"])
    slide = mock.MagicMock()
    slide.__enter__.return_value.properties = {"openslide.bounds-x": "20", "openslide.bounds-y": "30"}
    with mock.patch("openslide.OpenSlide", return_value=slide):
        (feature,) = _features(*export_result(folder, ["geojson"]))
    corners = np.asarray(feature["geometry"]["coordinates"][0])
    assert corners.min(axis=0).tolist() == [0.0, 0.0]  # the box begins at 20, 30


def test_each_field_has_a_file_also_the_one_without_a_cell(tmp_path: Path) -> None:
    files = export_result(_two_fields(tmp_path), ["geojson"], tmp_path / "x")
    assert [path.name for path in files] == ["a.geojson", "b.geojson", "c.geojson"]
    assert [len(_features(path)) for path in files] == [2, 0, 2]
    cells = [feature["properties"]["measurements"]["cell"] for feature in _features(files[2])]
    assert cells == [3, 4]


@pytest.mark.parametrize(
    "names", [("=1", "@b"), ("film:1", "nul"), ("caf\u00e9", "cafe\u0301"), ("a.", "A.")]
)
def test_fields_of_odd_names_have_their_cells_and_a_file_each_on_any_disk(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    cells = [make_cells("infected", "uninfected", field=name) for name in names]
    table = pd.concat(cells, ignore_index=True).assign(cell=[1, 2, 3, 4])
    result = write_result(make_result(table, make_facts(fields=names)), tmp_path)
    files = export_result(result, ["geojson", "coco"])
    assert [len(_features(path)) for path in files[:-1]] == [2, 2]
    assert len({one_of_folder(for_path(path.name)) for path in files}) == 3
    assert [path.name for path in files] == [for_path(path.name) for path in files]
    coco = json.loads(files[-1].read_bytes())
    assert [one["image_id"] for one in coco["annotations"]] == [1, 1, 2, 2]


def test_fields_are_whole_however_many_rows_are_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _two_fields(tmp_path)
    whole = [path.read_bytes() for path in export_result(folder, ["geojson", "coco"], tmp_path / "a")]
    monkeypatch.setattr("pipeline.reports.stored.ROWS_AT_ONCE", 1)
    assert [path.read_bytes() for path in export_result(folder, ["geojson", "coco"], tmp_path / "b")] == whole


def test_coco_holds_images_categories_and_an_annotation_for_each_cell(tmp_path: Path) -> None:
    (path,) = export_result(_two_fields(tmp_path), ["coco"], tmp_path / "x")
    data = json.loads(path.read_text())
    assert [(image["id"], image["file_name"], image["width"]) for image in data["images"]] == [
        (1, "a", 320), (2, "b", 320), (3, "c", 320),
    ]  # fmt: skip
    assert [one["image_id"] for one in data["annotations"]] == [1, 1, 3, 3]
    first = data["annotations"][0]
    assert first["bbox"] == [20.0, 30.0, 20.0, 20.0]
    assert first["area"] == pytest.approx(44.18 / 0.1**2)
    assert len(first["segmentation"][0]) == 24
    categories = {one["id"]: one["name"] for one in data["categories"]}
    assert [categories[one["category_id"]] for one in data["annotations"][:2]] == [
        "Infected red cell", "Uninfected red cell",
    ]  # fmt: skip
    assert first["attributes"] == {"p_infected": 0.975, "stage": "unknown", "overlaps": False}


def test_fhir_holds_the_count_and_never_calls_it_final(folder: Path) -> None:
    (path,) = export_result(folder, ["fhir"], sample="S-17")
    bundle = json.loads(path.read_text())
    entries = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    report, *observations = entries.values()
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "collection")
    assert report["resourceType"] == "DiagnosticReport"
    assert report["identifier"] == [{"value": "S-17"}]
    assert {resource["status"] for resource in entries.values()} == {"preliminary"}
    assert [entries[result["reference"]] for result in report["result"]] == observations
    assert "cannot exclude malaria" in report["conclusion"]
    fraction = next(
        one for one in observations if one["code"].get("coding", [{}])[0].get("code") == "48427-9"
    )
    assert fraction["valueQuantity"]["value"] == 500.0  # 1 of 2, per thousand
    for resource in observations:
        assert ("dataAbsentReason" in resource) != any(name.startswith("value") for name in resource)
    density = next(one for one in observations if "per µL of blood" in one["code"].get("text", ""))
    assert density["valueQuantity"] == {
        "value": 2_500_000.0, "unit": "parasites/µL", "system": "http://unitsofmeasure.org",
        "code": "{parasites}/uL",
    }  # fmt: skip
    assert density["component"][0]["valueQuantity"]["value"] < 2_500_000
    assert "5,000,000 red cells per µL, assumed" in density["code"]["text"]


@pytest.mark.parametrize("kinds", [("infected", "uninfected"), ("white_cell",)])
def test_fhir_is_what_another_library_takes_for_r4(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    required("fhir")
    from fhir.resources.R4B.bundle import Bundle

    folder = write_result(make_result(make_cells(*kinds)), tmp_path)
    text = export_result(folder, ["fhir"], sample="S-17")[0].read_text()
    read = Bundle.model_validate_json(text)
    assert [entry.resource.get_resource_type() for entry in read.entry][:2] == [
        "DiagnosticReport", "Observation",
    ]  # fmt: skip
    broken = text.replace('"preliminary"', "17", 1)
    with pytest.raises(ValueError, match="status"):
        Bundle.model_validate_json(broken)


def test_a_slide_that_cannot_be_counted_has_no_value_in_fhir(tmp_path: Path) -> None:
    folder = write_result(make_result(make_cells("white_cell")), tmp_path)
    bundle = json.loads(export_result(folder, ["fhir"])[0].read_text())
    presence = bundle["entry"][1]["resource"]
    assert presence["dataAbsentReason"]["coding"][0]["code"] == "unsatisfactory"
    assert "valueCodeableConcept" not in presence


def test_parquet_holds_the_table_with_units(folder: Path) -> None:
    required("pyarrow")
    from pyarrow import parquet

    (path,) = export_result(folder, ["parquet"])
    table = parquet.read_table(path)
    assert table.column_names == list(CELL_COLUMNS)
    assert table.schema.field("diameter_um").metadata[b"unit"] == "µm".encode()
    assert table.column("counted").to_pylist() == [True, True, False, False, False, False]
    assert table.column("p_infected").to_pylist() == [0.975, 0.0123, 0.02, None, None, None]
    assert table.column("excluded_because").to_pylist()[2:] == list(KINDS[2:])


def test_without_pyarrow_parquet_says_what_to_install(folder: Path) -> None:
    with (
        mock.patch.dict("sys.modules", {"pyarrow": None}),
        pytest.raises(InputError, match=r"pip install 'smearcount\[parquet\]'"),
    ):
        export_result(folder, ["parquet"])


def test_cells_read_back_are_those_that_were_counted(folder: Path) -> None:
    (part,) = read_stored(folder).parts()
    counted = make_cells(*KINDS)
    assert part["counted"].tolist() == counted["counted"].tolist()
    assert part["excluded_because"].astype(str).tolist() == counted["excluded_because"].tolist()
    assert class_numbers(part).tolist() == class_numbers(counted).tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("30.0,40.0", "3O.0,40.0", "row 2, column x: '3O.0', expected a number"),
        ("0.9750,1", "0.9750,yes", "row 2, column infected: 'yes', expected 0 or 1"),
        ("0.9750,1", "0.9750,7", "row 2, column infected: '7', expected 0 or 1"),
        ("30.0,40.0", ",40.0", "row 2, column x: '', expected a number"),
        ("diameter_um", "diametre_um", "has no column diameter_um"),
        ("0.9750,1", "0.9750,1,1,1", "row 2 has 25 fields, expected 23"),
    ],
)
def test_a_damaged_table_names_the_row_and_the_column(
    folder: Path, tmp_path: Path, old: str, new: str, wanted: str
) -> None:
    path = folder / "cells.csv"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InputError) as told:
        export_result(folder, ["geojson"], tmp_path / "x")
    assert wanted in str(told.value)
    assert "\n" not in str(told.value)
    assert list((tmp_path / "x").iterdir()) == []


@pytest.mark.parametrize("rows", [1, 4])
def test_a_table_that_was_cut_short_is_told(folder: Path, rows: int) -> None:
    lines = (folder / "cells.csv").read_text().splitlines(keepends=True)
    (folder / "cells.csv").write_text("".join(lines[:rows]))
    with pytest.raises(InputError, match=f"holds {rows - 1} cells, expected the 6"):
        list(read_stored(folder).parts())


def test_what_is_no_result_or_no_form_is_told_in_one_line(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no summary\.json"):
        export_result(tmp_path, ["fhir"])
    with pytest.raises(SettingsError, match=r"shape is no form of an export; expected some of parquet"):
        export_result(folder, ["shape"])
    (folder / "summary.json").write_text("{")
    with pytest.raises(InputError, match=r"summary\.json: is no JSON"):
        export_result(folder, ["fhir"])


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        (("fields",), None, "has no `fields`"),
        (("fields",), "film", "`fields` is 'film', expected a list"),
        (("fields", 0, "width"), "wide", "`fields[0].width` is 'wide', expected a whole number"),
        (("headline", "low"), None, "has no `headline.low`"),
        (("counted",), "many", "`counted` is 'many', expected a whole number"),
        (("area_mm2",), {"counted": True}, "`area_mm2.counted` is 'True', expected a number"),
        (("notices",), [1], "`notices[0]` is '1', expected an object"),
    ],
)
def test_a_summary_of_another_form_is_told_in_one_line(
    folder: Path, key: tuple[str | int, ...], value: object, told: str
) -> None:
    path = folder / "summary.json"
    summary = json.loads(path.read_text())
    within = summary
    for step in key[:-1]:
        within = within[step]
    if value is None:
        del within[key[-1]]
    else:
        within[key[-1]] = value
    path.write_text(json.dumps(summary))
    with pytest.raises(InputError) as raised:
        export_result(folder, ["coco"])
    assert told in str(raised.value)
    assert str(raised.value).endswith("count the slide again")


def test_what_a_later_version_adds_is_passed_over(folder: Path) -> None:
    path = folder / "summary.json"
    summary = json.loads(path.read_text())
    summary["headline"]["new"], summary["fields"][0]["new"], summary["new"] = 1, 2, {"a": None}
    del summary["notes"], summary["second_look"]  # an earlier one had none of these
    path.write_text(json.dumps(summary))
    assert len(_features(*export_result(folder, ["geojson"]))) == len(KINDS)


def test_outlines_of_a_photo_that_its_exif_data_turn_lie_on_the_picture_as_shown(tmp_path: Path) -> None:
    settings = RenderSettings(width=420, height=280, um_per_px=0.15, round_view=False)
    rendered = render_field(settings, np.random.default_rng(3))
    exif = Image.Exif()
    exif[0x0112] = 6  # shown a quarter turn clockwise
    photo = tmp_path / "film.png"
    Image.fromarray(np.rot90(rendered.image)).save(photo, exif=exif)
    result = count_slide(photo, CountSettings(um_per_px=0.15))
    features = _features(*export_result(write_result(result, tmp_path / "out"), ["geojson"]))
    shown = np.asarray(ImageOps.exif_transpose(Image.open(photo)).convert("L"), float)
    assert shown.shape == (280, 420)
    inside = np.zeros(shown.shape, np.uint8)
    for feature in features:
        ring = np.rint(feature["geometry"]["coordinates"][0]).astype(np.int32)
        cv2.fillPoly(inside, [ring], 1)
    assert len(features) > 20
    assert shown[inside == 1].mean() < shown[inside == 0].mean() - 20
    background = np.percentile(shown, 90)
    assert (shown[inside == 0] > background - 30).mean() > 0.9


def test_outlines_of_a_leica_scan_begin_at_its_bounds_and_cells_csv_at_the_slide(tmp_path: Path) -> None:
    settings = RenderSettings(width=420, height=280, um_per_px=0.15, round_view=False)
    rendered = render_field(settings, np.random.default_rng(3))
    scan = write_scn(tmp_path / "film.scn", rendered.image, whole=(1200, 900), at=(500, 300))
    folder = write_result(count_slide(scan, CountSettings(um_per_px=0.15)), tmp_path / "out")
    cells = pd.read_csv(folder / "cells.csv")
    middles = cells[["x", "y"]].to_numpy()
    assert len(cells) > 20
    assert (middles > (500, 300)).all() and (middles < (920, 580)).all()
    features = _features(*export_result(folder, ["geojson"]))
    corners = [np.asarray(feature["geometry"]["coordinates"][0]) for feature in features]
    boxes = np.asarray([[*ring.min(axis=0), *ring.max(axis=0)] for ring in corners])
    in_slide = cells[["x_min", "y_min", "x_max", "y_max"]].to_numpy()
    np.testing.assert_allclose(boxes + np.tile((500, 300), 2), in_slide, atol=0.11)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    truth = rendered.cells[["x", "y"]].to_numpy(float)
    nearest = np.linalg.norm(centres[:, None] - truth[None], axis=2).min(axis=1)
    assert np.median(nearest) < 3

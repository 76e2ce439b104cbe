"""Reading labelled sets and dealing slides and patients into folds."""

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, LabelledDataError
from pipeline.evaluation.labelled import INFECTED_LABELS, read_crop_set, read_crops, read_field_set
from pipeline.training.validation.folds import folds_by_group

FIELDS = """field,slide,image,complete,n_rbc,n_parasitized
NA,s1,images/a.png,1,3,1
b,s2,images/b.png,0,,
"""
CELLS = """field,label,x,y,xmin,ymin,xmax,ymax
NA,ring,10.5,20,5,15,16,25
NA,uninfected,30,40,,,,
NA,difficult,31,41,-2,3,9,12
b,white_blood_cell,5,6,,,,
"""


@pytest.fixture
def field_folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    for name in ("a", "b"):
        (tmp_path / "images" / f"{name}.png").write_bytes(b"")
    (tmp_path / "fields.csv").write_text(FIELDS)
    (tmp_path / "cells.csv").write_text(CELLS)
    return tmp_path


@pytest.fixture
def crop_folder(tmp_path: Path) -> Path:
    colours = {"red.png": (0, 0, 255), "blue.png": (255, 0, 0)}  # OpenCV writes BGR
    with zipfile.ZipFile(tmp_path / "crops.zip", "w") as archive:
        for name, colour in colours.items():
            picture = np.full((4, 6, 3), colour, dtype=np.uint8)
            archive.writestr(name, cv2.imencode(".png", picture)[1].tobytes())
    (tmp_path / "crops.csv").write_text("crop,label\nred.png,parasitized\nblue.png,uninfected\n")
    return tmp_path


def test_a_field_set_keeps_every_value_of_its_tables(field_folder: Path) -> None:
    fields = read_field_set(field_folder)
    assert list(fields.fields["field"]) == ["NA", "b"]
    assert list(fields.fields["complete"]) == [True, False]
    assert fields.fields["n_rbc"][0] == 3 and np.isnan(fields.fields["n_rbc"][1])
    cells = fields.cells_of("NA")
    assert list(cells["label"]) == ["ring", "uninfected", "difficult"]
    assert cells.loc[0, ["x", "y", "xmin", "ymin", "xmax", "ymax"]].tolist() == [10.5, 20, 5, 15, 16, 25]
    assert cells.loc[1, ["xmin", "ymin", "xmax", "ymax"]].isna().all()
    assert fields.image_path("b") == field_folder / "images" / "b.png"


def test_a_field_without_cells_gives_an_empty_table(field_folder: Path) -> None:
    (field_folder / "cells.csv").write_text("field,label,x,y\n")
    assert read_field_set(field_folder).cells_of("b").empty


def test_a_box_without_area_is_read_as_a_point(field_folder: Path) -> None:
    (field_folder / "cells.csv").write_text(CELLS + "b,platelet,7,8,7,8,7,9\n")
    assert read_field_set(field_folder).cells_of("b")["xmin"].isna().all()


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("fields.csv", "complete,", "whole,", "no column 'complete'"),
        ("fields.csv", "b.png,0", "b.png,maybe", "line 3: found 'maybe'"),
        ("fields.csv", "b,s2", "NA,s2", "every field only once"),
        ("fields.csv", "b,s2", "b,", "a name in column 'slide'"),
        ("fields.csv", "images/b.png", "images/c.png", "a picture that is there"),
        ("fields.csv", "images/b.png", "../b.png", "a path inside the set"),
        ("fields.csv", "1,3,1", "1,three,1", "found 'three', expected a number in column 'n_rbc'"),
        ("cells.csv", "ring", "rings", "found 'rings', expected one of uninfected"),
        ("cells.csv", "10.5", "inf", "a number in column 'x'"),
        ("cells.csv", "5,15,16,25", "5,15,,25", "line 2: found '3 of 4', expected all four of a box or none"),
        ("cells.csv", "b,white", "c,white", "a field that fields.csv lists"),
    ],
)
def test_a_wrong_value_is_told_in_one_line(
    field_folder: Path, file: str, old: str, new: str, told: str
) -> None:
    path = field_folder / file
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(LabelledDataError) as caught:
        read_field_set(field_folder)
    assert told in str(caught.value) and file in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00bad", b'field,slide\n"a,b\nc'])
def test_a_missing_or_broken_table_is_told_in_one_line(field_folder: Path, content: bytes | None) -> None:
    path = field_folder / "fields.csv"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(LabelledDataError) as caught:
        read_field_set(field_folder)
    assert "fields.csv" in str(caught.value) and "\n" not in str(caught.value)


def test_crops_come_as_rgb_in_the_order_asked_for(crop_folder: Path) -> None:
    crops = read_crop_set(crop_folder)
    blue, red = read_crops(crops, ["blue.png", "red.png"])
    assert red.shape == (4, 6, 3) and red.dtype == np.uint8
    assert red[0, 0].tolist() == [255, 0, 0] and blue[3, 5].tolist() == [0, 0, 255]


def test_crops_are_read_unpacked_too(crop_folder: Path) -> None:
    with zipfile.ZipFile(crop_folder / "crops.zip") as archive:
        archive.extractall(crop_folder)
    (crop_folder / "crops.zip").unlink()
    (red,) = read_crops(read_crop_set(crop_folder), ["red.png"])
    assert red[0, 0].tolist() == [255, 0, 0]


def test_missing_columns_of_a_crop_set_have_defaults(crop_folder: Path) -> None:
    crops = read_crop_set(crop_folder).crops
    assert list(crops["patient"]) == ["red.png", "blue.png"]
    assert list(crops["shrunk_by"]) == [1.0, 1.0]
    assert not crops["patient_in_nih_fields"].any()


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("crop,label\n", "lists no crop"),
        ("crop,label\na.png,ring\n", "found 'ring'"),
        ("crop,label\n/etc/passwd,uninfected\n", "a path inside the set"),
        ("crop,label,shrunk_by\na.png,uninfected,0\n", "shrunk_by above 0"),
    ],
)
def test_a_wrong_crop_table_is_refused(crop_folder: Path, table: str, told: str) -> None:
    (crop_folder / "crops.csv").write_text(table)
    with pytest.raises(LabelledDataError, match=told):
        read_crop_set(crop_folder)


def test_a_missing_or_broken_crop_is_refused(crop_folder: Path) -> None:
    crops = read_crop_set(crop_folder)
    with pytest.raises(LabelledDataError, match=r"green\.png"):
        list(read_crops(crops, ["green.png"]))
    with zipfile.ZipFile(crop_folder / "crops.zip", "a") as archive:
        archive.writestr("text.png", "no picture")
    with pytest.raises(LabelledDataError, match=r"cannot decode .*text\.png"):
        list(read_crops(crops, ["text.png"]))
    (crop_folder / "crops.zip").write_bytes(b"no zip")
    with pytest.raises(LabelledDataError, match=r"crops\.zip"):
        list(read_crops(crops, ["red.png"]))


GROUPS = st.lists(st.sampled_from("abcdefgh"), min_size=8, max_size=60).map(lambda rows: [*rows, *"abcdefgh"])


@settings(deadline=None)
@given(groups=GROUPS, folds=st.integers(2, 8), seed=st.integers(0, 5))
def test_a_group_is_never_in_two_folds(groups: list[str], folds: int, seed: int) -> None:
    fold = folds_by_group(groups, folds, seed)
    assert set(fold) == set(range(folds))
    assert all(len({f for g, f in zip(groups, fold, strict=True) if g == name}) == 1 for name in "abcdefgh")


@settings(deadline=None)
@given(groups=GROUPS, seed=st.integers(0, 99))
def test_folds_do_not_depend_on_the_order_of_rows(groups: list[str], seed: int) -> None:
    rows = np.random.default_rng(seed).permutation(len(groups))
    shuffled = folds_by_group([groups[row] for row in rows], 3, seed=1)
    assert shuffled.tolist() == folds_by_group(groups, 3, seed=1)[rows].tolist()


def test_folds_are_balanced_by_rows_and_change_with_the_seed() -> None:
    groups = [str(number) for number in range(40) for _ in range(1 + number)]
    by_seed = [folds_by_group(groups, 5, seed=seed) for seed in range(3)]
    for fold in by_seed:
        assert np.ptp(np.bincount(fold)) <= 0.1 * len(groups) / 5
    together = [fold[:, None] == fold[None, :] for fold in by_seed]
    assert (together[0] != together[1]).any() and (together[1] != together[2]).any()


def test_more_folds_than_groups_are_refused() -> None:
    with pytest.raises(InputError, match="2 groups into 3 folds"):
        folds_by_group(["a", "a", "b"], 3, seed=0)


@pytest.mark.real
def test_the_labelled_sets_agree_with_their_own_counts(labelled_data: Path) -> None:
    for name in ("iml", "nih_fields", "chula", "draaslan", "bccd"):
        fields = read_field_set(labelled_data / name)
        complete = fields.fields[fields.fields["complete"]]
        infected = fields.cells["label"].isin(INFECTED_LABELS)
        assert int(infected.sum()) == int(complete["n_parasitized"].sum())
        red = ~fields.cells["label"].isin(["white_blood_cell", "platelet"])
        assert complete.empty or int(red.sum()) == int(complete["n_rbc"].sum())


@pytest.mark.real
def test_every_crop_of_the_first_patients_is_a_picture(labelled_data: Path) -> None:
    crops = read_crop_set(labelled_data / "nih_crops")
    names = list(crops.crops["crop"][:50])
    assert all(picture.shape[2] == 3 and picture.max() > 60 for picture in read_crops(crops, names))

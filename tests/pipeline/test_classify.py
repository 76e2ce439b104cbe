"""Pictures of single, pre-cut cells: each answered for itself."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.classify import CROP_COLUMNS, classify_files, classify_pictures, load_threshold, readable
from pipeline.count import count_slide
from pipeline.errors import NotAnImageError
from pipeline.reader import crop
from pipeline.reader.crop import read_crop
from pipeline.settings import CountSettings
from pipeline.synthetic.field import RenderSettings, render_field
from tests.classifier.test_precut import pre_cut


def pictures(number: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    made = []
    for side in rng.integers(70, 190, number):
        picture = pre_cut(int(side), colour=tuple(rng.integers((150, 90, 130), (220, 170, 210)).tolist()))
        x, y = rng.integers(side // 3, 2 * side // 3, 2)
        cv2.circle(picture, (int(x), int(y)), int(side) // 12, (90, 20, 110), cv2.FILLED)
        made.append(picture)
    return made


def test_each_picture_is_answered_as_if_it_were_alone():
    given = pictures(9)
    together = classify_pictures(given, CountSettings())
    alone = [classify_pictures([picture], CountSettings())[0] for picture in given]
    assert together.tolist() == alone
    assert ((together >= 0) & (together <= 1)).all()


def test_more_pictures_than_a_batch_come_back_in_their_order():
    given = pictures(3)
    few = classify_pictures(given, CountSettings())
    many = classify_pictures((given[i % 3] for i in range(140)), CountSettings())
    assert many.tolist() == [few[i % 3] for i in range(140)]


def test_no_picture_gives_no_answer():
    assert classify_pictures([], CountSettings()).shape == (0,)


def test_a_file_that_cannot_be_read_is_told_beforehand_and_does_not_stop_the_rest(tmp_path):
    good = tmp_path / "cell one.png"
    cv2.imwrite(str(good), pictures(1)[0][..., ::-1])
    broken = tmp_path / "broken.png"
    broken.write_bytes(good.read_bytes()[:60])
    words = tmp_path / "words.png"
    words.write_text("no picture")
    whole, errors = readable([broken, good, words, tmp_path / "gone.png"])
    assert whole == [good]
    assert [name in error for name, error in zip(("broken", "words", "gone"), errors, strict=True)] == [
        True
    ] * 3
    assert all("\n" not in error for error in errors)
    found = classify_files(whole, CountSettings())
    assert tuple(found.columns) == CROP_COLUMNS
    assert found["crop"].tolist() == [str(good)]
    assert found["p_infected"][0] == classify_pictures([pictures(1)[0]], CountSettings())[0]
    with pytest.raises(NotAnImageError):
        classify_files([words], CountSettings())


def test_a_folder_stands_for_the_pictures_in_it_in_natural_order(tmp_path):
    (tmp_path / "cells").mkdir()
    (tmp_path / "none").mkdir()
    for name in ("cell10.png", "cell9.png", ".hidden.png"):
        _write(tmp_path / "cells" / name, pictures(1)[0])
    (tmp_path / "cells" / "list.csv").write_text("crop\n")
    whole, errors = readable([tmp_path / "cells", tmp_path / "none"])
    assert [path.name for path in whole] == ["cell9.png", "cell10.png"]
    assert len(errors) == 1
    assert f"no picture in {tmp_path / 'none'}" in errors[0]


def test_cells_of_names_that_are_no_text_are_called_and_named_in_a_line(tmp_path):
    data = cv2.imencode(".png", pictures(1)[0][..., ::-1])[1].tobytes()
    paths = []
    for name in (b"\xff\xfe.png", "\u202egnp.png".encode(), b"a\x1b[2J\n.png"):
        paths.append(Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)))
        paths[-1].write_bytes(data)
    whole, errors = readable(paths)
    found = classify_files(whole, CountSettings())
    assert errors == []
    assert found["p_infected"].nunique() == 1
    assert all(crop.isprintable() for crop in found["crop"])
    json.loads(found.to_json(orient="records"))


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "bmp"])
def test_a_cell_whose_file_is_cut_off_or_has_a_gap_is_damaged(tmp_path, ending):
    noise = np.random.default_rng(5).integers(0, 256, (150, 150, 3), np.uint8)
    data = cv2.imencode(f".{ending}", noise)[1].tobytes()
    middle = len(data) // 2
    given = {"cut": data[:middle], "gap": data[: middle - 700] + bytes(1400) + data[middle + 700 :]}
    for name, damaged in given.items() if ending != "bmp" else [("cut", given["cut"])]:
        (tmp_path / f"{name}.{ending}").write_bytes(damaged)
        assert "truncated or damaged" in readable([tmp_path / f"{name}.{ending}"])[1][0], name


@pytest.mark.parametrize(
    "data", [b"II*\0" + b"\xff" * 100, b"II+\0\x08\0\0\0" + bytes(8), b"II*\0\x08\0\0\0", b"MM\0*"]
)
def test_a_tiff_without_a_picture_is_damaged(tmp_path, data):
    (tmp_path / "a.tif").write_bytes(data)
    assert "truncated or damaged" in readable([tmp_path / "a.tif"])[1][0]


def test_a_picture_far_larger_than_a_cell_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr(crop, "decoded_photo", None)
    for name in ("a.png", "a.tif"):
        Image.new("1", (13_000, 13_000)).save(tmp_path / name)
        assert "169 megapixels; expected the picture of one cell" in readable([tmp_path / name])[1][0]


def test_a_tiff_of_several_cells_is_refused_and_one_with_a_small_preview_is_read(tmp_path):
    one, other = (Image.fromarray(np.ascontiguousarray(pictures(2)[index][:70, :70])) for index in (0, 1))
    one.save(tmp_path / "several.tif", save_all=True, append_images=[other, one])
    one.save(tmp_path / "preview.tif", save_all=True, append_images=[one.resize((20, 20))])
    whole, errors = readable([tmp_path / "several.tif", tmp_path / "preview.tif"])
    assert [path.name for path in whole] == ["preview.tif"]
    assert "several.tif holds several pictures; expected the picture of one cell" in errors[0]


def test_a_cell_in_16_bits_or_turned_by_its_tag_is_the_same_cell(tmp_path):
    picture = pictures(1)[0]
    turned, tags = Image.fromarray(np.rot90(picture)), Image.Exif()
    tags[0x0112] = 6
    turned.save(tmp_path / "turned.png", exif=tags)
    cv2.imwrite(str(tmp_path / "deep.png"), picture[..., ::-1].astype(np.uint16) * 257)
    for name in ("turned.png", "deep.png"):
        assert np.array_equal(read_crop(tmp_path / name), picture), name


@pytest.mark.parametrize("number", [1, 4])
def test_a_cell_is_infected_from_the_threshold_on(number, tmp_path):
    paths = []
    for index, picture in enumerate(pictures(number)):
        paths.append(tmp_path / f"{index}.png")
        cv2.imwrite(str(paths[-1]), picture[..., ::-1])
    found = classify_files(paths, CountSettings())
    assert (found["infected"] == (found["p_infected"] >= load_threshold(CountSettings()))).all()


def _write(path: Path, picture: np.ndarray) -> Path:
    cv2.imwrite(str(path), picture[..., ::-1])
    return path


def _own_boxes(field: Path, folder: Path) -> tuple[list[Path], list[bool], float]:
    """The counted cells of a field, each cut out by its own box, their calls, and the size of a px."""
    result = count_slide(field, CountSettings())
    picture = np.asarray(cv2.imread(str(field)), np.uint8)
    assert result.summary.um_per_px is not None
    cells = result.cells[result.cells["counted"]]
    paths = []
    for cell in cells.itertuples():
        x0, y0, x1, y1 = (round(side) for side in (cell.x_min, cell.y_min, cell.x_max, cell.y_max))
        paths.append(folder / f"{field.stem}-{cell.cell}.png")
        cv2.imwrite(str(paths[-1]), picture[max(y0, 0) : y1, max(x0, 0) : x1])
    return paths, cells["infected"].astype(bool).tolist(), result.summary.um_per_px


def test_a_whole_field_is_not_called(tmp_path):
    field = render_field(RenderSettings(width=700, height=500), np.random.default_rng(3)).image
    found = classify_files(
        [_write(tmp_path / "field.png", field), _write(tmp_path / "part.png", field[:260, :260])],
        CountSettings(),
    )
    assert found["notice"].tolist() == ["not_one_cell"] * 2
    assert found["infected"].tolist() == [None, None]
    assert found["p_infected"].isna().all()
    assert "700 x 500 px, expected at most 450 px" in found["reason"][0]


def test_a_plain_picture_and_a_long_one_are_no_cell(tmp_path):
    plain = np.full((90, 90, 3), 190, np.uint8)
    found = classify_files(
        [_write(tmp_path / "plain.png", plain), _write(tmp_path / "long.png", pre_cut(90)[:30])],
        CountSettings(),
    )
    assert found["notice"].tolist() == ["not_one_cell"] * 2
    assert "sides of at most 2 to 1" in found["reason"][1]


def test_a_stated_scale_at_which_it_is_no_cell_is_told(tmp_path):
    path = _write(tmp_path / "cell.png", pre_cut(90))
    assert classify_files([path], CountSettings(um_per_px=7.5 / 90))["notice"][0] == ""
    assert "25.2 x 25.2 µm" in classify_files([path], CountSettings(um_per_px=0.28))["reason"][0]


def test_cells_cut_by_their_own_boxes_are_called_as_in_the_count(tmp_path):
    settings = RenderSettings(width=1800, height=1400, parasitaemia=0.2)
    field = _write(tmp_path / "field.png", render_field(settings, np.random.default_rng(21)).image)
    paths, infected, um_per_px = _own_boxes(field, tmp_path)
    found = classify_files(paths, CountSettings(um_per_px=um_per_px))
    called = found["notice"] == ""
    assert called.mean() > 0.95
    differ = [
        one != other for one, other, kept in zip(found["infected"], infected, called, strict=True) if kept
    ]
    assert len(differ) > 150
    # Classifier 6 is less sure of rendered parasites than 5 (0.03); of real cells it is held to 0.02 below.
    assert np.mean(differ) <= 0.05


@pytest.mark.real
@pytest.mark.parametrize("source", ["iml", "nih_fields", "chula", "bccd"])
def test_cells_of_real_fields_are_called_as_in_the_count(source, labelled_data, tmp_path):
    field = sorted((labelled_data / source / "images").iterdir())[2]
    paths, infected, um_per_px = _own_boxes(field, tmp_path)
    for scale in (um_per_px, None):
        found = classify_files(paths, CountSettings(um_per_px=scale))
        called = (found["notice"] == "").to_numpy()
        assert called.mean() > 0.9
        calls = np.asarray([bool(one) for one in found["infected"]])
        assert (calls != np.asarray(infected))[called].mean() <= 0.02

"""Photos of one view are known for that however they were saved, and so are photos that overlap."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from pipeline.evaluation.labelled import read_field_set
from pipeline.planning.field import field_light
from pipeline.planning.sketch import Sketch, sketch_of
from pipeline.planning.views import contained, overlapping, same_views
from pipeline.reader.slide import open_slide
from pipeline.synthetic.field import RenderSettings, render_field

SIDE = 720


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    settings = RenderSettings(width=2 * SIDE, height=2 * SIDE, um_per_px=0.16)
    return render_field(settings, np.random.default_rng(5)).image


def view(film: np.ndarray, x: int, y: int) -> np.ndarray:
    return film[y : y + SIDE, x : x + SIDE]


def other_film(seed: int) -> np.ndarray:
    return render_field(
        RenderSettings(width=SIDE, height=SIDE, um_per_px=0.16), np.random.default_rng(seed)
    ).image


def sketches(folder: Path, **pictures: np.ndarray) -> dict[int, Sketch]:
    """Sketches of pictures that are saved as files, in the order of their names."""
    folder.mkdir(exist_ok=True)
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / f"{name}.png"), picture[..., ::-1])
    with open_slide(folder) as slide:
        made = {index: sketch_of(field, field_light(field)) for index, field in enumerate(slide.fields)}
    return {index: sketch for index, sketch in made.items() if sketch is not None}


def jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1]


def halved(picture: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))


def blurred(picture: np.ndarray, sigma: float) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma))


COPIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "the same pixels": lambda picture: picture,
    "saved again as a poor JPEG": lambda picture: jpeg(picture, 25),
    "darker": lambda picture: (picture * 0.7).astype(np.uint8),
    "sent in half the size": halved,
    "in another focus": lambda picture: blurred(picture, 2.5),
    "turned by a quarter": np.rot90,
    "turned by a half": lambda picture: np.rot90(picture, 2),
    "mirrored": np.fliplr,
    "squeezed": lambda picture: np.asarray(cv2.resize(picture, None, fx=1, fy=0.85)),
    "as wide as a screen": lambda picture: np.asarray(cv2.resize(picture, None, fx=1.25, fy=0.9)),
    "mirrored, turned, a poor JPEG": lambda picture: jpeg(np.rot90(picture[::-1]).copy(), 40),
}


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_is_known_however_it_was_made(film, how, tmp_path):
    found = sketches(tmp_path, a=view(film, 0, 0), b=COPIES[how](view(film, 0, 0)), c=other_film(6))
    assert same_views(found) == {1: 0}


def test_a_wide_photo_that_was_turned_is_known(film, tmp_path):
    wide = film[:500, :SIDE]
    found = sketches(tmp_path, a=wide, b=np.rot90(wide, 3), c=other_film(6)[:500])
    assert same_views(found) == {1: 0}


CUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "cropped": lambda picture: picture[30:-20, 25:-40],
    "half of it": lambda picture: picture[:, : SIDE // 2],
    "with a margin": lambda picture: np.pad(picture, ((20, 20), (24, 24), (0, 0)), constant_values=255),
}


@pytest.mark.parametrize("how", CUTS)
def test_a_photo_of_another_size_that_shows_the_same_cells_overlaps(film, how, tmp_path):
    found = sketches(tmp_path, a=view(film, 0, 0), b=CUTS[how](view(film, 0, 0)), c=other_film(6)[:600])
    overlaps = overlapping(found)
    assert list(overlaps) == [(0, 1)]
    assert same_views(found) == {}
    larger = 1 if how == "with a margin" else 0
    assert contained(found, overlaps) == {1 - larger: larger}


def test_of_one_view_in_several_sizes_and_focuses_the_best_photo_is_taken(film, tmp_path):
    whole = view(film, 0, 0)
    found = sketches(tmp_path, a=halved(whole), b=blurred(whole, 3), c=whole, d=blurred(whole, 3))
    assert same_views(found) == {0: 2, 1: 2, 3: 2}


def test_of_a_photo_and_its_damaged_copy_the_whole_one_is_taken(film, tmp_path):
    picture = view(film, 0, 0)
    tifffile.imwrite(tmp_path / "a.tif", picture, compression="deflate", rowsperstrip=64)
    data = bytearray((tmp_path / "a.tif").read_bytes())
    data[-3000:-2000] = bytes(1000)
    (tmp_path / "a.tif").write_bytes(data)
    found = sketches(tmp_path, longer_name=picture)
    assert [sketch.is_whole for sketch in found.values()] == [False, True]
    assert same_views(found) == {0: 1}


@pytest.mark.parametrize("lost", [50, 20_000])
def test_of_a_photo_and_its_copy_that_was_cut_off_the_whole_one_is_taken(film, lost, tmp_path):
    picture = view(film, 0, 0)
    data = cv2.imencode(".png", picture[..., ::-1])[1].tobytes()
    (tmp_path / "a.png").write_bytes(data[:-lost])
    found = sketches(tmp_path, longer_name=picture)
    assert [sketch.is_whole for sketch in found.values()] == [False, True]
    assert same_views(found) | contained(found, overlapping(found)) == {0: 1}


def test_fields_of_one_film_are_not_taken_for_one_another(tmp_path):
    found = sketches(tmp_path, **{f"f{seed}": other_film(seed) for seed in range(8)})
    assert same_views(found) == {}
    assert overlapping(found) == {}


@pytest.mark.parametrize(("dx", "dy"), [(360, 0), (0, 580), (400, 470), (620, 0)])
def test_photos_that_share_a_part_are_found_whatever_their_light(film, dx, dy, tmp_path):
    shifted = (view(film, dx, dy) * 0.9).astype(np.uint8)
    found = sketches(tmp_path, a=view(film, 0, 0), b=other_film(9), c=shifted)
    overlaps = overlapping(found)
    assert list(overlaps) == [(0, 2)]
    assert same_views(found) == {}
    assert contained(found, overlaps) == {}


def test_of_photos_that_hold_one_another_the_largest_is_kept(film, tmp_path):
    whole = view(film, 0, 0)
    found = sketches(tmp_path, a=whole[100:600, 90:600], b=whole[60:660, 60:660], c=whole)
    assert contained(found, overlapping(found)) == {0: 2, 1: 2}


def test_of_photos_that_show_as_much_the_better_one_is_kept(film, tmp_path):
    whole = view(film, 0, 0)
    found = sketches(tmp_path, a=whole[30:, 30:], b=turned(whole, 2), the_photo=whole)
    assert contained(found, overlapping(found)) == {0: 2, 1: 2}


def turned(picture: np.ndarray, degrees: float, zoom: float = 1.0) -> np.ndarray:
    height, width = picture.shape[:2]
    lies = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, zoom)
    return np.asarray(cv2.warpAffine(picture, lies, (width, height), borderMode=cv2.BORDER_REFLECT))


TURNED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "slightly turned": lambda film: turned(film, 4)[:SIDE, 500 : 500 + SIDE],
    "cut and turned by a quarter": lambda film: np.rot90(film[:SIDE, 450 : 450 + SIDE]),
    "sent in a smaller size": lambda film: turned(film, 0, 0.6)[300:900, 500:1100],
}


@pytest.mark.parametrize("how", TURNED)
def test_photos_that_share_a_part_are_found_however_they_lie(film, how, tmp_path):
    found = sketches(tmp_path, a=view(film, 0, 0), b=other_film(9), c=TURNED[how](film).copy())
    overlaps = overlapping(found)
    assert list(overlaps) == [(0, 2)]
    assert 0.08 < min(overlaps[0, 2].of_one, overlaps[0, 2].of_other) < 0.9
    assert contained(found, overlaps) == {}


def test_a_slightly_turned_copy_shows_nothing_of_its_own(film, tmp_path):
    found = sketches(tmp_path, a=view(film, 0, 0), b=turned(view(film, 0, 0), 3)[20:-20, 20:-20])
    assert contained(found, overlapping(found)) == {1: 0}


def test_what_a_stronger_objective_shows_is_no_copy_of_the_wide_view(film, tmp_path):
    wide, close = film[:1200, :1200], cv2.resize(film[150:950, 150:950], (1100, 1100))
    found = sketches(tmp_path, a=halved(wide), b=np.asarray(close))
    overlaps = overlapping(found)
    assert list(overlaps) == [(0, 1)]
    assert contained(found, overlaps) == {}


def test_of_one_view_the_sharper_photo_in_colour_is_taken(film, tmp_path):
    whole = view(film, 0, 0)
    grey = np.repeat(whole[..., 1:2], 3, axis=2)
    found = sketches(tmp_path, a=grey, b=blurred(whole, 1.2), the_best_of_all=whole)
    assert same_views(found) == {0: 2, 1: 2}


@pytest.mark.parametrize("quality", [10, 30, 50])
@pytest.mark.parametrize("better", [".png", "92"])
def test_of_one_view_the_photo_that_was_compressed_less_is_taken(film, quality, better, tmp_path):
    whole = view(film, 0, 0)
    kept = whole if better == ".png" else jpeg(whole, 92)
    sharpened = cv2.addWeighted(whole, 1.3, blurred(whole, 2), -0.3, 0)
    found = sketches(tmp_path, a=jpeg(whole, quality), b=jpeg(sharpened, quality), the_best_of_all=kept)
    assert same_views(found) == {0: 2, 1: 2}


@pytest.mark.parametrize("sigma", [0.0, 1.2])
@pytest.mark.parametrize("quality", [30, 60, 75])
def test_of_the_same_pixels_those_that_were_saved_once_more_are_not_taken(film, sigma, quality, tmp_path):
    """The steps that JPEG leaves are detail too: a soft photo seemed to have more after it."""
    photo = jpeg(blurred(view(film, 0, 0), sigma) if sigma else view(film, 0, 0), 90)
    found = sketches(tmp_path, a=jpeg(photo, quality), the_photo=photo, the_photo_once_more=photo)
    assert same_views(found) == {0: 1, 2: 1}


def test_of_a_real_photo_and_its_copy_that_was_saved_once_more_the_photo_is_taken(labelled_data, tmp_path):
    every = read_field_set(labelled_data / "iml")
    for number, name in enumerate(every.fields["field"][::60]):
        photo = np.asarray(cv2.imread(str(every.image_path(name))), np.uint8)[..., ::-1]
        found = sketches(tmp_path / str(number), a=jpeg(photo, 60), the_photo=photo)
        assert same_views(found) == {0: 1}, name


def test_of_one_view_pixels_without_detail_are_not_taken(film, tmp_path):
    whole = view(film, 0, 0)
    poor = cv2.resize(jpeg(whole, 30), None, fx=1.3, fy=1.3, interpolation=cv2.INTER_CUBIC)
    large = cv2.resize(halved(whole), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    found = sketches(tmp_path, a=np.asarray(poor), b=np.asarray(large), the_best_of_all=whole)
    assert same_views(found) == {0: 2, 1: 2}
    enlarged = cv2.resize(whole, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
    assert same_views(sketches(tmp_path / "b", a=np.asarray(enlarged), the_best_of_all=whole)) == {0: 1}


@pytest.mark.parametrize("colour", [45, 255])
def test_a_picture_of_a_window_that_shows_a_photo_shows_nothing_of_its_own(film, colour, tmp_path):
    whole = view(film, 0, 0)
    small = cv2.resize(whole, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    window = cv2.copyMakeBorder(small, 60, 40, 200, 30, cv2.BORDER_CONSTANT, value=(colour,) * 3)
    found = sketches(tmp_path, a=np.asarray(window), the_photo=whole)
    assert contained(found, overlapping(found)) == {0: 1}


def through_the_eyepiece(picture: np.ndarray) -> np.ndarray:
    """A round view, less bright to its rim, on black."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    off = np.hypot(rows - SIDE / 2, columns - SIDE / 2) / (0.48 * SIDE)
    light = np.where(off < 1, 1 - 0.8 * off**20, 0)[..., None]
    pale = 230 - 0.05 * (230 - picture.astype(np.float32))
    return np.asarray(pale * light, np.uint8)


def test_round_views_are_alike_at_their_rim_alone(tmp_path):
    pictures = {f"f{seed}": through_the_eyepiece(other_film(seed)) for seed in range(3)}
    found = sketches(tmp_path, **pictures, the_first=np.rot90(pictures["f0"]))
    assert same_views(found) == {3: 0}


def test_what_the_camera_adds_to_every_photo_is_no_overlap(tmp_path):
    pictures = {f"f{seed}": other_film(seed) for seed in range(4)}
    for picture in pictures.values():
        cv2.putText(picture, "100x oil 20 um", (30, 700), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (0, 0, 0), 4)
        cv2.line(picture, (450, 640), (690, 640), (0, 0, 0), 8)
        cv2.circle(picture, (200, 300), 25, (60, 60, 60), -1)
    found = sketches(tmp_path, **pictures)
    assert overlapping(found) == {}
    assert same_views(found) == {}


def test_a_picture_of_nothing_has_no_sketch(tmp_path):
    assert sketches(tmp_path, a=np.full((300, 400, 3), 200, np.uint8)) == {}

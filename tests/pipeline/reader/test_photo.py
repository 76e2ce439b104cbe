"""Photos are read as displayed, in true colours, and a reduced read is the mean of the full one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import SlideError
from pipeline.reader import photo as photo_module
from pipeline.reader.photo import MAX_PHOTO_MEGAPIXELS, PhotoField
from pipeline.reader.slide import open_slide
from tests.pipeline.reader.reader_contract import ReaderContract
from tests.pipeline.reader.reader_pictures import (
    block_means,
    displayed,
    noise,
    smooth,
    whole,
    write_jpeg,
    write_photo,
)

MP_PRIMARY, MP_VIEW = (kind.to_bytes(4, "little") for kind in (0x030000, 0x020002))
"""Attributes of a picture in a JPEG of several, as Pillow writes them; CIPA DC-007."""
LOSSLESS = (".png", ".webp", ".bmp")


class TestPng(ReaderContract):
    """Decoded whole, and reduced afterwards."""

    reader = PhotoField
    file_name = "a.png"

    @classmethod
    def write(cls, path: Path, picture: NDArray[np.uint8]) -> Path:
        return write_photo(path, picture)


class TestJpeg(ReaderContract):
    """Decoded at reduced scale where the decoder can."""

    reader = PhotoField
    file_name = "a.jpg"
    slack, edge_slack = 2.0, 12.0

    @classmethod
    def write(cls, path: Path, picture: NDArray[np.uint8]) -> Path:
        return write_jpeg(path, picture)


@pytest.mark.parametrize("exif", range(1, 9))
def test_photo_is_read_as_displayed_for_each_exif_orientation(tmp_path: Path, exif: int):
    stored = smooth(180, 120)
    field = open_slide(write_jpeg(tmp_path / "a.jpg", stored, exif)).fields[0]
    expected = displayed(stored, exif)
    assert (field.height, field.width) == expected.shape[:2]
    assert np.abs(whole(field, 1).astype(int) - expected).max() <= 4


@pytest.mark.parametrize("shrink", [2, 4, 8, 16, 32])
@pytest.mark.parametrize("exif", range(1, 9))
def test_reduced_jpeg_is_the_block_mean_of_the_displayed_picture(tmp_path: Path, exif: int, shrink: int):
    """183 x 121 is a multiple of no shrink: a mirrored picture decoded at reduced scale would be shifted."""
    field = open_slide(write_jpeg(tmp_path / "a.jpg", smooth(183, 121), exif)).fields[0]
    expected = block_means(whole(field, 1), shrink)
    inside = (slice(0, field.height // shrink), slice(0, field.width // shrink))
    difference = np.abs(whole(field, shrink) - expected)
    assert difference.shape == expected.shape
    assert difference[inside].max() <= 2.0


@pytest.mark.parametrize("exif", [3, 6, 8])
def test_mirrored_jpeg_is_decoded_at_the_coarsest_scale_that_keeps_the_grid(tmp_path: Path, exif: int):
    field = open_slide(write_jpeg(tmp_path / "a.jpg", smooth(196, 132), exif)).fields[0]
    assert isinstance(field, PhotoField)
    assert [field._reduction(shrink) for shrink in (1, 2, 4, 8)] == [1, 2, 4, 4]
    assert np.abs(whole(field, 8) - block_means(whole(field, 1), 8))[1:-1, 1:-1].max() <= 1.5


@pytest.mark.parametrize("suffix", LOSSLESS)
@pytest.mark.parametrize("shrink", [1, 2, 8, 64])
def test_lossless_photo_is_read_exactly(tmp_path: Path, suffix: str, shrink: int):
    picture = noise(150, 101)
    field = open_slide(write_photo(tmp_path / f"a{suffix}", picture)).fields[0]
    assert np.abs(whole(field, shrink) - block_means(picture, shrink)).max() <= 0.51


def test_grey_photo_becomes_rgb(tmp_path: Path):
    grey = noise(90, 70)[:, :, 0]
    for suffix in (".png", ".bmp"):
        picture = whole(open_slide(write_photo(tmp_path / f"a{suffix}", grey)).fields[0], 1)
        assert np.array_equal(picture, np.stack([grey] * 3, axis=2))


def test_alpha_is_laid_on_white(tmp_path: Path):
    rgba = np.zeros((70, 90, 4), np.uint8)
    rgba[:, :, 0] = 200
    rgba[:, :30, 3], rgba[:, 30:60, 3] = 255, 128
    for suffix in (".png", ".webp"):
        picture = whole(open_slide(write_photo(tmp_path / f"a{suffix}", rgba)).fields[0], 1)
        assert picture[5, 5].tolist() == [200, 0, 0]
        assert picture[5, 45].tolist() == [227, 127, 127]
        assert picture[5, 80].tolist() == [255, 255, 255]


def test_alpha_that_was_never_filled_in_is_ignored(tmp_path: Path):
    picture = noise(90, 70)
    clear = np.dstack([picture, np.zeros((70, 90), np.uint8)])
    assert np.array_equal(whole(open_slide(write_photo(tmp_path / "a.png", clear)).fields[0], 1), picture)


@pytest.mark.parametrize("shift", [0, 2, 4, 6, 8])
def test_16_bit_photo_is_scaled_by_the_bits_in_use(tmp_path: Path, shift: int):
    picture = noise(90, 70)
    picture[0, 0] = 255
    for name in ("a.png", "a.tif"):
        path = write_photo(tmp_path / name, picture.astype(np.uint16) << shift)
        assert np.array_equal(whole(open_slide(path).fields[0], 1), picture)


def test_dots_per_inch_of_a_photo_are_not_taken_for_a_pixel_size(tmp_path: Path):
    from PIL import Image

    Image.fromarray(noise(90, 70)).save(tmp_path / "a.jpg", dpi=(65535, 65535))
    assert open_slide(tmp_path / "a.jpg").fields[0].um_per_px is None


@pytest.mark.parametrize("suffix", [".png", ".webp", ".avif"])
def test_pictures_that_follow_the_first_are_left_out_and_that_is_said(tmp_path: Path, suffix: str):
    pictures = [Image.fromarray(noise(90, 70, seed)) for seed in range(3)]
    pictures[0].save(tmp_path / f"film{suffix}", save_all=True, append_images=pictures[1:])
    pictures[0].save(tmp_path / f"single{suffix}")
    (notice,) = open_slide(tmp_path).notices
    assert (notice.code, notice.value) == ("pages_left_out", 2)
    assert "film: 2" in notice.text
    assert open_slide(tmp_path / f"single{suffix}").notices == ()


@pytest.mark.parametrize(("kind", "said"), [("views", True), ("maps", False)])
def test_of_a_jpeg_of_several_pictures_only_views_are_said_to_be_left_out(
    tmp_path: Path, kind: str, said: bool
):
    """What a camera adds to a photo, a small picture or a map of its brightness, is none."""
    pictures = [Image.fromarray(noise(90, 70, seed)) for seed in range(2)]
    pictures[0].save(tmp_path / "film.jpg", format="MPO", save_all=True, append_images=pictures[1:])
    if kind == "views":
        data = (tmp_path / "film.jpg").read_bytes()
        entries = data.index(MP_PRIMARY, data.index(b"0100"))
        of_views = MP_VIEW + data[entries + 4 : entries + 16] + MP_VIEW
        (tmp_path / "film.jpg").write_bytes(data[:entries] + of_views + data[entries + len(of_views) :])
    assert [one.code for one in open_slide(tmp_path).notices] == ["pages_left_out"] * said


def test_only_the_field_read_last_holds_pixels(tmp_path: Path):
    for name in ("a.png", "b.png"):
        write_photo(tmp_path / name, noise(90, 70))
    with open_slide(tmp_path) as slide:
        first, second = slide.fields
        assert isinstance(first, PhotoField)
        assert isinstance(second, PhotoField)
        whole(first, 1)
        whole(second, 2)
        assert first._decoded == {}
        assert {shrink: picture.shape for shrink, picture in second._decoded.items()} == {2: (35, 45, 3)}
    assert second._decoded == {}


def test_small_pictures_at_several_shrinks_are_decoded_once_and_large_ones_are_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    picture = noise(256, 192)
    field = open_slide(write_photo(tmp_path / "a.png", picture)).fields[0]
    assert isinstance(field, PhotoField)
    decoded: list[int] = []
    decode = PhotoField._decode

    def noted(self: PhotoField, shrink: int) -> NDArray[np.uint8] | None:
        decoded.append(shrink)
        return decode(self, shrink)

    monkeypatch.setattr(PhotoField, "_decode", noted)
    for shrink in (1, 4, 2, 1, 4, 2):
        whole(field, shrink)
    assert decoded == [1, 4, 2]
    monkeypatch.setattr(photo_module, "_HELD_BYTES", picture[::2, ::2].nbytes + 1)
    for shrink in (8, 2, 1, 2, 8):
        whole(field, shrink)
    assert decoded == [1, 4, 2, 8, 2, 1, 2]
    assert sorted(field._decoded) == [2, 4, 8]


@pytest.mark.parametrize(
    ("suffix", "kept"),
    [(suffix, 0.3) for suffix in (".jpg", *LOSSLESS)]
    + [(suffix, kept) for suffix in LOSSLESS if suffix != ".png" for kept in (0.7, 0.99)],
)
def test_truncated_photo_is_an_error_and_prints_nothing(tmp_path: Path, capfd: Any, suffix: str, kept: float):
    path = write_photo(tmp_path / f"a{suffix}", noise(200, 150))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(SlideError, match="truncated or damaged") as caught:
        whole(open_slide(path).fields[0], 2)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_stray_bytes_in_a_jpeg_print_nothing(tmp_path: Path, capfd: Any):
    path = write_jpeg(tmp_path / "a.jpg", smooth(180, 120))
    data = path.read_bytes()
    path.write_bytes(data[:-2] + b"\x12\x34\x56" + data[-2:])
    assert whole(open_slide(path).fields[0], 1).shape == (120, 180, 3)
    assert capfd.readouterr() == ("", "")


def test_trailing_data_after_a_jpeg_is_no_damage(tmp_path: Path):
    path = write_jpeg(tmp_path / "a.jpg", smooth(180, 120))
    expected = whole(open_slide(path).fields[0], 1)
    path.write_bytes(path.read_bytes() + b"SEFT" * 100)
    assert np.array_equal(whole(open_slide(path).fields[0], 1), expected)


@pytest.mark.parametrize(
    ("good", "bad"),
    [(b"Exif\x00\x00II*\x00", b"Exif\x00\x00XX*\x00"), (b"\x12\x01\x03\x00\x01", b"\x12\x01\x03\x00\xff")],
)
@pytest.mark.filterwarnings("error")
def test_damaged_exif_leaves_the_picture_as_stored(tmp_path: Path, good: bytes, bad: bytes):
    path = write_jpeg(tmp_path / "a.jpg", smooth(180, 120), 6)
    data = path.read_bytes()
    assert good in data
    path.write_bytes(data.replace(good, bad))
    field = open_slide(path).fields[0]
    assert (field.width, field.height) == (180, 120)


def test_photo_too_large_to_decode_is_refused_by_its_header(tmp_path: Path):
    path = write_photo(tmp_path / "a.bmp", noise(90, 70))
    data = bytearray(path.read_bytes())
    data[18:26] = (30_000).to_bytes(4, "little") + (20_000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(
        SlideError, match=f"600 megapixels; expected at most {MAX_PHOTO_MEGAPIXELS}.*pyramidal TIFF"
    ):
        open_slide(path)


@pytest.mark.parametrize(
    ("region", "shrink"),
    [((0, 0, 90, 70), 3), ((1, 0, 8, 8), 2), ((0, 0, 96, 8), 1), ((0, 0, 0, 8), 1), ((0, -8, 8, 8), 8)],
)
def test_region_off_the_grid_or_outside_the_picture_is_refused(
    tmp_path: Path, region: tuple[int, int, int, int], shrink: int
):
    field = open_slide(write_photo(tmp_path / "a.png", noise(90, 70))).fields[0]
    with pytest.raises(ValueError, match="expected"):
        field.read(*region, shrink)

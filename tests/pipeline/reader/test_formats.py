"""A file is known by its first bytes: it is read, or named with a way out."""

import io
import os
import re
import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import NotAnImageError, SlideError
from pipeline.reader.formats import kind_of
from pipeline.reader.slide import open_slide
from tests.pipeline.reader.dicom_files import write_dicom_slide
from tests.pipeline.reader.reader_pictures import noise, smooth, whole, write_photo

REST = bytes(200)


@pytest.mark.parametrize(
    ("content", "name", "way_out"),
    [
        (b"GIF89a" + REST, "GIF", "export each field"),
        (b"ZISRAWFILE" + REST, "Zeiss CZI", "export each field"),
        (bytes.fromhex("dacebe0a") + REST, "Nikon ND2", "export each field"),
        (bytes.fromhex("70000000") + REST, "Leica LIF", "export each field"),
        (b"RIFF\0\0\0\0AVI " + REST, "AVI film", "single photos"),
        (b"\0\0\0\x18ftypmp42" + REST, "MP4", "single photos"),
        (b"%PDF-1.4\n" + REST, "PDF", "the photos that it was made from"),
        (b"PK\3\4" + REST, "ZIP", "unpack it"),
        (b"\x1f\x8b\x08" + REST, "gzip", "unpack it"),
        (REST, "nothing but zeros", "copy the file again"),
    ],
)
def test_a_format_that_is_not_read_is_named_with_a_way_out(
    tmp_path: Path, content: bytes, name: str, way_out: str
) -> None:
    (tmp_path / "slide.jpg").write_bytes(content)
    with pytest.raises(NotAnImageError, match=f"{name}.*; expected a JPEG.*{way_out}"):
        open_slide(tmp_path / "slide.jpg")


@pytest.mark.parametrize(("suffix", "form", "loss"), [(".avif", "AVIF", 3), (".jp2", "JPEG2000", 0)])
def test_avif_and_jpeg_2000_are_read(tmp_path: Path, suffix: str, form: str, loss: int) -> None:
    picture = smooth(180, 120)
    options = {"AVIF": {"quality": 95}, "JPEG2000": {}}[form]
    Image.fromarray(picture).save(tmp_path / f"a{suffix}", form, **options)
    field = open_slide(tmp_path).fields[0]
    assert np.abs(whole(field, 1).astype(int) - picture).mean() <= loss


@pytest.mark.parametrize("turned", [1, 6])
def test_a_heic_photo_of_a_phone_is_read_upright(tmp_path: Path, turned: int) -> None:
    heif = pytest.importorskip("pillow_heif")
    picture = smooth(180, 120)
    exif = Image.Exif()
    exif[0x0112] = turned
    heif.from_pillow(Image.fromarray(picture)).save(tmp_path / "a.heic", quality=95, exif=exif.tobytes())
    field = open_slide(tmp_path).fields[0]
    upright = picture if turned == 1 else np.rot90(picture, -1)
    assert (field.height, field.width) == upright.shape[:2]
    assert np.abs(whole(field, 1).astype(int) - upright).mean() <= 3


def test_a_heic_photo_that_nothing_can_read_is_named_with_two_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.reader.photo.find_spec", lambda name: None)
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + REST)
    words = r"is a HEIC picture.*expected a JPEG.*Most Compatible.*smearcount\[heic\]"
    with pytest.raises(NotAnImageError, match=words):
        open_slide(tmp_path / "a.heic")
    with pytest.raises(SlideError, match=words):
        open_slide(tmp_path)


@pytest.mark.parametrize("brand", [b"avif", b"mif1"])
def test_an_avif_is_known_by_any_of_its_brands(brand: bytes) -> None:
    assert kind_of(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1avif") == "AVIF"
    assert kind_of(b"\0\0\0\x14ftypmif1\0\0\0\0heicavif") == "HEIC"


def test_a_damaged_avif_is_read_or_said_to_be_damaged(tmp_path: Path) -> None:
    memory = io.BytesIO()
    Image.fromarray(smooth(180, 120)).save(memory, "AVIF")
    random = np.random.default_rng(2)
    refused = 0
    for _ in range(40):
        data = np.frombuffer(memory.getvalue(), np.uint8).copy()
        data[random.integers(0, len(data), 10)] ^= 16
        (tmp_path / "a.avif").write_bytes(data.tobytes())
        try:
            whole(open_slide(tmp_path / "a.avif").fields[0], 1)
        except SlideError as error:
            refused += "truncated or damaged" in str(error)
    assert refused > 10


def test_a_pipe_a_socket_and_a_device_are_no_photos_and_never_waited_for(tmp_path: Path) -> None:
    write_photo(tmp_path / "good.png", noise(90, 70))
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "loop.png").symlink_to("loop.png")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(tmp_path)  # the name of a socket has at most 108 bytes
        try:
            listening.bind("socket.png")
        finally:
            os.chdir(here)
        slide = open_slide(tmp_path)
    assert [field.name for field in slide.fields] == ["good"]
    assert {photo.name for photo in slide.broken} == {"pipe", "zero", "loop", "socket"}
    for name in ("pipe.png", "zero.png", "loop.png"):
        with pytest.raises(SlideError):
            open_slide(tmp_path / name)
    os.mkfifo(tmp_path / "scan.svs")
    with pytest.raises(NotAnImageError, match="is no file"):
        open_slide(tmp_path / "scan.svs")


def test_a_dicom_slide_is_read_by_its_file_and_by_its_folder(tmp_path: Path) -> None:
    picture = noise(256, 192)
    scan = write_dicom_slide(tmp_path / "a.dcm", picture)
    for path in (scan, tmp_path):
        (field,) = open_slide(path).fields
        np.testing.assert_array_equal(whole(field, 1), picture)
        assert field.um_per_px == 0.25
    write_dicom_slide(tmp_path / "b.dcm", picture, series="1.2.3.5")
    with pytest.raises(SlideError, match="holds 2 DICOM slides"):
        open_slide(tmp_path)


def test_a_dicom_file_that_is_no_slide_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(bytes(128) + b"DICM" + REST)
    for path in (tmp_path, tmp_path / "a.dcm"):
        with pytest.raises(SlideError, match="shows no whole slide"):
            open_slide(path)


@pytest.mark.parametrize("kept", [14, 40, 100, 300])
@pytest.mark.parametrize("form", ["JPEG2000", "AVIF", "WEBP", "BMP", "PNG", "JPEG"])
def test_a_head_that_is_cut_off_is_said_in_words_of_ours(tmp_path: Path, form: str, kept: int) -> None:
    memory = io.BytesIO()
    Image.fromarray(noise(180, 120)).save(memory, form)
    (tmp_path / "a.jpg").write_bytes(memory.getvalue()[:kept])
    with pytest.raises(SlideError, match=r"damaged.*expected a whole \w+") as caught:
        whole(open_slide(tmp_path / "a.jpg").fields[0], 1)
    assert not re.search("unpack|buffer|expected to read|offset|only got|object", str(caught.value))


@pytest.mark.parametrize("kept", [140, 200, 400])
def test_a_dicom_file_that_is_cut_off_is_named_as_one(tmp_path: Path, kept: int) -> None:
    head = bytes(128) + b"DICM" + b"\x02\0\0\0UL\4\0\xc2\0\0\0" + bytes(300)
    (tmp_path / "a.dcm").write_bytes(head[:kept])
    for path in (tmp_path / "a.dcm", tmp_path):
        with pytest.raises(SlideError, match=r"a\.dcm is a DICOM file that is cut off.*expected.*copy all"):
            open_slide(path)

"""A damaged or oversized picture costs no more than a whole one, and is never decoded twice."""

import io
import re
import zlib
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageFilter

from benchmarks.hostile.tiff_by_hand import by_hand, rgb_tags
from pipeline.errors import SlideError
from pipeline.planning.overview import field_picture
from pipeline.reader import photo
from pipeline.reader.decoding import decoders
from pipeline.reader.decoding.directories import directories
from pipeline.reader.parts import segments
from pipeline.reader.slide import open_slide
from tests.pipeline.reader.reader_pictures import noise, smooth, whole, write_photo


def test_a_photo_cut_off_is_decoded_once_however_many_pieces_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_photo(tmp_path / "a.bmp", noise(900, 700))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    calls: list[object] = []
    decode = decoders.decoded_photo

    def noted(*given: Any) -> Any:
        calls.append(given[2])
        return decode(*given)

    monkeypatch.setattr(photo, "decoded_photo", noted)
    field = open_slide(path).fields[0]
    for shrink in (1, 2, 4):
        with pytest.raises(SlideError, match="truncated or damaged"):
            field_picture(field, shrink)
    assert len(calls) == 1


def test_a_part_of_a_tiff_that_cannot_be_decoded_is_tried_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tifffile.imwrite(tmp_path / "a.tif", noise(900, 700), compression="deflate", rowsperstrip=700)
    data = bytearray((tmp_path / "a.tif").read_bytes())
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    (tmp_path / "a.tif").write_bytes(data)
    calls: list[int] = []
    decode = segments._decoded

    def noted(page: Any, index: int) -> Any:
        calls.append(index)
        return decode(page, index)

    monkeypatch.setattr(segments, "_decoded", noted)
    with pytest.raises(SlideError, match="truncated or damaged"):
        field_picture(open_slide(tmp_path / "a.tif").fields[0], 1)
    assert calls == [0]


def test_a_picture_of_far_more_px_than_its_bytes_can_show_is_refused_undecoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = io.BytesIO()
    Image.new("1", (13_000, 13_000)).save(memory, "PNG")
    (tmp_path / "bomb.png").write_bytes(memory.getvalue())
    monkeypatch.setattr(photo, "decoded_photo", None)
    with pytest.raises(SlideError, match=r"169 megapixels in .* bytes; expected a photo"):
        open_slide(tmp_path / "bomb.png")


def test_a_picture_above_the_limit_of_a_library_is_refused_in_words_of_ours(tmp_path: Path) -> None:
    """Pillow refuses the head of a WebP of more than 179 megapixels by an error of its own kind."""
    memory = io.BytesIO()
    Image.new("RGB", (64, 64)).save(memory, "WEBP", lossless=True)
    head = bytearray(memory.getvalue())
    head[21:25] = (13_599 | 13_599 << 14).to_bytes(4, "little")  # RFC 9649, 7.1: width and height, less 1
    (tmp_path / "a.webp").write_bytes(head)
    with pytest.raises(SlideError, match=r"needs 1\.3 GB of memory as a WebP of 185 megapixels"):
        open_slide(tmp_path / "a.webp")


def test_a_tiff_strip_of_far_more_px_than_its_bytes_can_show_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "bomb.tif", np.zeros((9000, 9000), np.uint8), compression="zstd", rowsperstrip=9000
    )
    with pytest.raises(SlideError, match=r"81 megapixels in \d+ bytes; expected a photo"):
        open_slide(tmp_path / "bomb.tif")


def test_a_picture_whose_decoding_needs_too_much_memory_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as stream:
        memory = io.BytesIO()
        Image.fromarray(np.zeros((70, 90), np.uint16)).save(memory, "PNG")
        head = bytearray(memory.getvalue())
        head[16:24] = (20_000).to_bytes(4, "big") * 2
        head[29:33] = zlib.crc32(head[12:29]).to_bytes(4, "big")
        stream.write(head)
        stream.truncate(10_000_000)
    with pytest.raises(SlideError, match=r"needs 2\.0 GB of memory as a PNG of 400 megapixels"):
        open_slide(tmp_path / "a.png")


def test_a_jpeg_is_taken_to_need_six_bytes_a_pixel(tmp_path: Path) -> None:
    """A grey one of 225 megapixels took 1.57 GB to count."""
    memory = io.BytesIO()
    Image.fromarray(np.zeros((70, 90), np.uint8)).save(memory, "JPEG")
    head = bytearray(memory.getvalue())
    place = head.index(b"\xff\xc0")
    head[place + 5 : place + 9] = (15_000).to_bytes(2, "big") * 2
    with (tmp_path / "a.jpg").open("wb") as stream:
        stream.write(head)
        stream.truncate(10_000_000)
    with pytest.raises(SlideError, match=r"needs 1\.4 GB of memory as a JPEG of 225 megapixels"):
        open_slide(tmp_path / "a.jpg")


@pytest.mark.parametrize("name", ["clear.png", "clear.tif", "half.png", "half.tif"])
def test_an_alpha_channel_that_is_the_same_everywhere_says_nothing(tmp_path: Path, name: str) -> None:
    picture = noise(90, 70)
    alpha = np.full((70, 90), 0 if name.startswith("clear") else 128, np.uint8)
    rgba = np.dstack([picture, alpha])
    if name.endswith("png"):
        Image.fromarray(rgba).save(tmp_path / name)
    else:
        tifffile.imwrite(tmp_path / name, rgba, photometric="rgb", extrasamples=["unassalpha"])
    np.testing.assert_array_equal(whole(open_slide(tmp_path / name).fields[0], 1), picture)


def test_a_tiff_of_ycbcr_is_read_in_its_true_colours(tmp_path: Path) -> None:
    picture = smooth(180, 120)
    Image.fromarray(picture).convert("YCbCr").save(tmp_path / "a.tif")
    read = whole(open_slide(tmp_path / "a.tif").fields[0], 1)
    assert np.abs(read.astype(int) - picture).max() <= 4


def test_rows_per_strip_of_all_there_are_is_no_damage(tmp_path: Path) -> None:
    picture = noise(90, 70)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, picture, compression="deflate", rowsperstrip=70)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tag = tiff.pages.first.tags["RowsPerStrip"]
        tag.overwrite(2**32 - 1, dtype="I")
    np.testing.assert_array_equal(whole(open_slide(path).fields[0], 1), picture)


@pytest.mark.parametrize("form", ["imagej", "ome"])
def test_of_a_focus_stack_the_sharpest_plane_is_read_and_that_is_said(tmp_path: Path, form: str) -> None:
    sharp = Image.fromarray(noise(200, 150))
    blurred = [sharp.filter(ImageFilter.GaussianBlur(s)) for s in (2.5, 1.2, 0, 1.2, 2.5)]
    stack = np.stack([np.asarray(plane) for plane in blurred])
    path = tmp_path / ("z.tif" if form == "imagej" else "z.ome.tif")
    if form == "imagej":
        tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "ZYXS"})
    else:
        planes = np.moveaxis(stack, -1, 1)
        tifffile.imwrite(path, planes, photometric="minisblack", metadata={"axes": "ZCYX"})
    slide = open_slide(path)
    np.testing.assert_array_equal(whole(slide.fields[0], 1), np.asarray(sharp))
    (notice,) = slide.notices
    assert notice.code == "sharpest_plane"
    assert "5 focus planes" in notice.text
    assert "plane 3" in notice.text


def test_a_stack_of_planes_at_several_times_is_told_to_export_the_sharpest(tmp_path: Path) -> None:
    stack = np.stack([[noise(90, 70)] * 2] * 2)
    tifffile.imwrite(tmp_path / "tz.tif", stack, imagej=True, metadata={"axes": "TZYXS"})
    with pytest.raises(SlideError, match="export the sharpest plane"):
        open_slide(tmp_path / "tz.tif")


@pytest.mark.parametrize("compression", [None, "tiff_adobe_deflate", "tiff_lzw", "jpeg"])
@pytest.mark.parametrize("kept", [0.2, 0.6, 0.95])
def test_a_tiff_cut_off_is_said_to_be_damaged(tmp_path: Path, compression: str | None, kept: float) -> None:
    memory = io.BytesIO()
    Image.fromarray(noise(300, 200)).save(memory, "TIFF", compression=compression)
    data = memory.getvalue()
    (tmp_path / "a.tif").write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(SlideError, match="truncated or damaged"):
        whole(open_slide(tmp_path / "a.tif").fields[0], 1)


@pytest.mark.parametrize("compression", ["deflate", "lzw", "jpeg", "jpeg2000"])
def test_what_a_decoder_says_of_damage_is_not_repeated(tmp_path: Path, compression: str) -> None:
    memory = io.BytesIO()
    tifffile.imwrite(memory, noise(300, 200), compression=compression, rowsperstrip=100, photometric="rgb")
    data = bytearray(memory.getvalue())
    data[-len(data) // 3 :] = bytes(len(data) // 3)
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(SlideError, match="truncated or damaged") as caught:
        whole(open_slide(tmp_path / "a.tif").fields[0], 1)
    assert not re.search("[A-Z]_|_decode|returned|reshape", str(caught.value).replace(str(tmp_path), ""))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "AVIF", "JPEG2000", "WEBP"])
def test_a_garbled_head_is_said_to_be_one_in_plain_words(tmp_path: Path, kind: str) -> None:
    memory = io.BytesIO()
    Image.fromarray(noise(300, 200)).save(memory, kind)
    data = memory.getvalue()
    for start in (13, 20, 28):
        garbled = data[:start] + b"\xd3\x91\x07\xee" + data[start + 4 :]
        (tmp_path / "a.png").write_bytes(garbled)
        try:
            whole(open_slide(tmp_path / "a.png").fields[0], 1)
        except SlideError as error:
            assert re.search(r"is (truncated or )?damaged|megapixels|px", str(error)), error
            assert not re.search("b'|Unsupported|parsing|marker", str(error)), error


def test_an_overlay_among_the_photos_is_passed_over_and_that_is_said(tmp_path: Path) -> None:
    from pipeline.output.folder import _to_jpeg

    write_photo(tmp_path / "a.png", noise(90, 70))
    (tmp_path / "overlay.jpg").write_bytes(_to_jpeg(noise(90, 70)))
    assert cv2.imread(str(tmp_path / "overlay.jpg")) is not None
    slide = open_slide(tmp_path)
    assert [field.name for field in slide.fields] == ["a"]
    assert slide.broken == ()
    assert [notice.code for notice in slide.notices] == ["own_pictures"]
    with pytest.raises(SlideError, match="is an overlay that a count drew"):
        open_slide(tmp_path / "overlay.jpg")


def test_a_result_folder_is_no_slide(tmp_path: Path) -> None:
    for name in ("summary.json", "run.json", "cells.csv"):
        (tmp_path / name).write_text("{}")
    write_photo(tmp_path / "overlay.jpg", noise(90, 70))
    with pytest.raises(SlideError, match="result of an earlier count"):
        open_slide(tmp_path)


def test_a_tiff_of_very_many_directories_is_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """60,000 took three minutes and 4 GB: every one was taken for a focus plane."""
    path = tmp_path / "a.tif"
    path.write_bytes(by_hand([noise(90, 70).tobytes()], rgb_tags(90, 70), pages=5000))
    monkeypatch.setattr(tifffile, "TiffFile", None)
    with pytest.raises(SlideError, match=r"holds more than 4096 pages.*export each field"):
        open_slide(path)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_directories_are_counted_and_a_circle_of_them_ends(
    tmp_path: Path, order: Literal["<", ">"], bigtiff: bool
) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, byteorder=order, bigtiff=bigtiff) as tiff:
        for _ in range(3):
            tiff.write(noise(20, 16), photometric="rgb", metadata=None)
    assert directories(path) == 3
    with tifffile.TiffFile(path) as opened:
        pages = [page.offset for page in opened.pages]
        end = opened.pages[-1].offset
    data = bytearray(path.read_bytes())
    word = 8 if bigtiff else 4
    kind: Literal["little", "big"] = "little" if order == "<" else "big"
    head = 8 if bigtiff else 2
    entries = int.from_bytes(data[end : end + head], kind)
    last = end + head + entries * (20 if bigtiff else 12)
    data[last : last + word] = pages[1].to_bytes(word, kind)
    path.write_bytes(data)
    assert directories(path) == 3
    path.write_bytes(data[: end + 5])
    assert directories(path) == 2
    path.write_bytes(b"II*\0")
    assert directories(path) == 0

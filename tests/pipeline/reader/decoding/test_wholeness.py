"""The rows that came of a photo that is cut off are read as in the whole one; the others are named."""

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from pipeline.errors import SlideError
from pipeline.reader import photo
from pipeline.reader.decoding.wholeness import rows_that_came
from pipeline.reader.slide import open_slide
from tests.pipeline.reader.reader_pictures import block_means, noise, smooth, whole, write_jpeg

WIDTH, HEIGHT = 300, 403


def _encoded(kind: str, mode: str = "RGB", **options: object) -> bytes:
    memory = io.BytesIO()
    Image.fromarray(noise(WIDTH, HEIGHT)).convert(mode).save(memory, kind, **options)
    return memory.getvalue()


CUT = {
    "4:4:4": _encoded("JPEG", subsampling=0, quality=90),
    "4:2:2": _encoded("JPEG", subsampling=1),
    "4:2:0": _encoded("JPEG", subsampling=2),
    "grey jpeg": _encoded("JPEG", "L"),
    "png": _encoded("PNG"),
    "grey png": _encoded("PNG", "L"),
    "one bit": _encoded("PNG", "1"),
    "palette": _encoded("PNG", "P"),
    "alpha": _encoded("PNG", "RGBA"),
}


@pytest.mark.parametrize("kind", CUT)
@pytest.mark.parametrize("kept", [0.4, 0.75, 0.98])
def test_the_rows_that_came_are_those_of_the_whole_photo(tmp_path: Path, kind: str, kept: float) -> None:
    data = CUT[kind]
    (tmp_path / "whole.jpg").write_bytes(data)
    (tmp_path / "cut.jpg").write_bytes(data[: int(len(data) * kept)])
    expected = whole(open_slide(tmp_path / "whole.jpg").fields[0], 1)
    slide = open_slide(tmp_path / "cut.jpg")
    (field,) = slide.fields
    rows = field.height
    assert (kept - 0.2) * HEIGHT < rows < HEIGHT
    assert np.array_equal(whole(field, 1), expected[:rows])
    (lost,) = slide.broken
    assert (lost.name, lost.box) == ("cut", (0, rows, WIDTH, HEIGHT - rows))
    assert f"is cut off: {rows} of {HEIGHT} rows came" in lost.reason


def test_rows_that_came_are_shrunk_as_any_others(tmp_path: Path) -> None:
    data = CUT["png"]
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    field = open_slide(tmp_path / "cut.png").fields[0]
    one, four = whole(field, 1), whole(field, 4)
    assert np.abs(four - block_means(one, 4)).max() <= 0.51


@pytest.mark.parametrize("kind", ["4:2:0", "png"])
def test_a_photo_that_lacks_its_last_bytes_alone_is_kept_nearly_whole(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.jpg").write_bytes(CUT[kind][:-2])
    assert whole(open_slide(tmp_path / "a.jpg").fields[0], 1).shape[0] > HEIGHT - 33


@pytest.mark.parametrize(
    "data",
    [
        _encoded("JPEG", progressive=True),
        b"".join([CUT["4:2:0"][:9000], bytes(64), CUT["4:2:0"][9064:]]),
        CUT["png"][:9000] + b"\xff" + CUT["png"][9001:],
        _encoded("BMP"),
        _encoded("WEBP"),
    ],
    ids=["progressive", "a gap", "a flipped byte", "bmp", "webp"],
)
def test_of_what_comes_in_passes_or_is_damaged_before_its_end_nothing_is_trusted(
    tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "a.jpg").write_bytes(data[: len(data) * 3 // 4])
    with pytest.raises(SlideError, match="truncated or damaged"):
        whole(open_slide(tmp_path / "a.jpg").fields[0], 1)


def _zeroed(data: bytes, start: float, stop: float) -> bytes:
    first, last = int(len(data) * start), int(len(data) * stop)
    return data[:first] + bytes(last - first) + data[last:]


@pytest.mark.parametrize("stop", [0.5, 1.0], ids=["a gap", "no end"])
@pytest.mark.parametrize(
    "data",
    [
        CUT["4:2:0"],
        _encoded("JPEG", restart_marker_rows=2),
        _encoded("JPEG", progressive=True),
        _encoded("JPEG", "CMYK"),
        _encoded("WEBP", quality=90),
        _encoded("WEBP", lossless=True),
        _encoded("AVIF"),
        _encoded("JPEG2000"),
    ],
    ids=["jpeg", "restarts", "progressive", "cmyk", "webp", "lossless webp", "avif", "jpeg 2000"],
)
def test_packed_pixels_that_were_lost_are_damage_and_no_picture(
    tmp_path: Path, data: bytes, stop: float
) -> None:
    (tmp_path / "a.jpg").write_bytes(_zeroed(data, 0.4, stop))
    with pytest.raises(SlideError, match="truncated or damaged"):
        whole(open_slide(tmp_path / "a.jpg").fields[0], 1)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_flipped_bits_that_a_decoder_stumbles_over_are_damage(tmp_path: Path, mode: str) -> None:
    data = np.frombuffer(_encoded("JPEG", mode, restart_marker_rows=4), np.uint8).copy()
    data[len(data) // 3 : 2 * len(data) // 3 : 97] ^= 0x55
    (tmp_path / "a.jpg").write_bytes(data.tobytes())
    with pytest.raises(SlideError, match="truncated or damaged"):
        whole(open_slide(tmp_path / "a.jpg").fields[0], 1)


@pytest.mark.parametrize("place", [-2, 20], ids=["before its end", "in its head"])
def test_stray_bytes_that_cameras_write_are_no_damage(tmp_path: Path, place: int) -> None:
    data = CUT["4:2:0"]
    (tmp_path / "a.jpg").write_bytes(data[:place] + bytes(3) + data[place:])
    (tmp_path / "b.jpg").write_bytes(data)
    found, expected = (whole(open_slide(tmp_path / name).fields[0], 1) for name in ("a.jpg", "b.jpg"))
    assert np.array_equal(found, expected)


def test_a_cut_off_photo_of_printing_colours_has_the_rows_that_came(tmp_path: Path) -> None:
    data = _encoded("JPEG", "CMYK")
    (tmp_path / "a.jpg").write_bytes(data[: len(data) // 2])
    slide = open_slide(tmp_path / "a.jpg")
    assert 0.3 * HEIGHT < slide.fields[0].height < 0.7 * HEIGHT
    assert "is cut off" in slide.broken[0].reason


def test_a_turned_photo_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = write_jpeg(tmp_path / "a.jpg", smooth(WIDTH, HEIGHT), 6)
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(SlideError, match="truncated or damaged"):
        whole(open_slide(path).fields[0], 1)


def test_a_few_rows_are_no_field(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(CUT["png"][: len(CUT["png"]) // 10])
    with pytest.raises(SlideError, match="truncated or damaged"):
        whole(open_slide(tmp_path / "a.png").fields[0], 1)


def test_a_whole_photo_is_decoded_when_it_is_read_and_no_sooner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo, "rows_that_came", None)
    for name, data in (("a.jpg", CUT["4:2:0"]), ("b.jpg", CUT["4:2:0"] + bytes(9000)), ("c.png", CUT["png"])):
        (tmp_path / name).write_bytes(data)
        assert open_slide(tmp_path / name).fields[0].height == HEIGHT


def test_a_bomb_that_is_cut_off_makes_no_more_rows_than_it_says() -> None:
    memory = io.BytesIO()
    Image.new("L", (2000, 2000)).save(memory, "PNG")
    data = bytearray(memory.getvalue()[:-13])
    data[16:24] = (2000).to_bytes(4, "big") + (10).to_bytes(4, "big")
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    came = rows_that_came(np.frombuffer(bytes(data), np.uint8), "PNG")
    assert came is not None
    assert came.shape == (10, 2000, 3)


def test_cut_files_that_pillow_is_told_to_fill_are_read_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = CUT["4:4:4"]
    cut = np.frombuffer(data[: len(data) * 3 // 4], np.uint8)
    rows = rows_that_came(cut, "JPEG")
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    again = rows_that_came(cut, "JPEG")
    assert rows is not None
    assert again is not None
    assert HEIGHT / 2 < len(rows) < HEIGHT
    assert np.array_equal(rows, again)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True

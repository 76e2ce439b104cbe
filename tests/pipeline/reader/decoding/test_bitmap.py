"""BMP files of every age and packing, and with rows that were lost."""

import struct
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pipeline.errors import SlideError
from pipeline.reader.decoding.bitmap import BitmapHead, has_lost_rows
from pipeline.reader.slide import open_slide
from tests.pipeline.reader.reader_pictures import noise, whole

WIDTH, HEIGHT = 200, 120
PICTURE = noise(WIDTH, HEIGHT)


def _written(
    path: Path, data: bytes, *, bits: int = 24, packing: int = 0, table: bytes = b"", height: int = HEIGHT
) -> Path:
    start = 54 + len(table)
    colours = len(table) // 4 if bits <= 8 else 0
    info = struct.pack("<IiiHHIIiiII", 40, WIDTH, height, 1, bits, packing, len(data), 0, 0, colours, 0)
    path.write_bytes(struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start) + info + table + data)
    return path


def _read(path: Path) -> NDArray[np.uint8]:
    return whole(open_slide(path).fields[0], 1)


def test_rows_from_the_top_and_heads_of_the_first_age_are_read_in_true_colours(tmp_path: Path) -> None:
    data = PICTURE[:, :, ::-1].tobytes()
    assert np.array_equal(_read(_written(tmp_path / "down.bmp", data, height=-HEIGHT)), PICTURE)
    data = PICTURE[::-1, :, ::-1].tobytes()
    head = struct.pack("<2sIHHIIHHHH", b"BM", 26 + len(data), 0, 0, 26, 12, WIDTH, HEIGHT, 1, 24)
    (tmp_path / "first.bmp").write_bytes(head + data)
    assert np.array_equal(_read(tmp_path / "first.bmp"), PICTURE)


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize(("start", "size"), [(20_000, 4096), (24_000, 600), (30_100, 41_900)])
def test_rows_that_were_lost_are_damage(tmp_path: Path, start: int, size: int, value: int) -> None:
    data = bytearray(PICTURE[::-1, :, ::-1].tobytes())
    data[start : start + size] = bytes([value]) * size
    with pytest.raises(SlideError, match="truncated or damaged"):
        _read(_written(tmp_path / "a.bmp", bytes(data)))


def test_packed_rows_that_end_early_are_damage(tmp_path: Path) -> None:
    grey = PICTURE[::-1, :, 0]
    table = b"".join(bytes([shade, shade, shade, 0]) for shade in range(256))
    rows = [b"\0" + bytes([WIDTH]) + row.tobytes() + b"\0\0" for row in grey]
    packed = b"".join(rows) + b"\0\1"
    path = tmp_path / "a.bmp"
    assert np.array_equal(_read(_written(path, packed, bits=8, packing=1, table=table))[:, :, 1], grey[::-1])
    for short in (b"".join(rows[:70]) + b"\0\1", b"".join(rows[:70]) + b"\0\2\0\50" + b"\0\1"):
        with pytest.raises(SlideError, match="truncated or damaged"):
            _read(_written(path, short, bits=8, packing=1, table=table))


def test_colours_in_places_of_their_own_are_named(tmp_path: Path) -> None:
    data = np.dstack([PICTURE[::-1], np.zeros((HEIGHT, WIDTH), np.uint8)]).tobytes()
    table = struct.pack("<3I", 0xFF, 0xFF00, 0xFF0000)
    with pytest.raises(SlideError, match=r"places \(masks ff, ff00, ff0000\).*save it as PNG"):
        _read(_written(tmp_path / "a.bmp", data, bits=32, packing=3, table=table))
    table = struct.pack("<3I", 0xFF0000, 0xFF00, 0xFF)
    data = np.dstack([PICTURE[::-1, :, ::-1], np.zeros((HEIGHT, WIDTH), np.uint8)]).tobytes()
    path = _written(tmp_path / "a.bmp", data, bits=32, packing=3, table=table)
    assert np.array_equal(_read(path), PICTURE)


def test_a_bitmap_that_a_library_wrote_is_read(tmp_path: Path) -> None:
    Image.fromarray(PICTURE).save(tmp_path / "a.bmp")
    assert np.array_equal(_read(tmp_path / "a.bmp"), PICTURE)


def test_rows_packed_px_by_px_are_followed_in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """They were gone through one after the other: 37 s of 32 megapixels, on a busy machine."""
    side = 3000
    grey = noise(side, side)[:, :, 0]
    rows = np.dstack([np.ones_like(grey), grey]).reshape(side, -1)
    packed = np.hstack([rows, np.zeros((side, 2), np.uint8)])
    head = BitmapHead(width=side, height=side, place=0, bits=8, packing=1, is_core=False, masks=None)
    monkeypatch.setattr("pipeline.reader.decoding.bitmap.bitmap_head", lambda start: head)
    began = time.process_time()
    assert not has_lost_rows(packed.reshape(-1))
    assert has_lost_rows(packed[:-1].reshape(-1))
    assert time.process_time() - began < 3


def test_runs_of_one_grey_in_large_pictures_are_no_lost_sectors(tmp_path: Path) -> None:
    """A run of a photo begins at a sector now and then; one that was lost ends at one too."""
    path = tmp_path / "a.bmp"
    Image.fromarray(noise(WIDTH * 10, HEIGHT)[:, :, 0]).save(path)
    data = bytearray(path.read_bytes())
    data[40_960 : 40_960 + 900] = bytes(900)
    path.write_bytes(data)
    assert _read(path).shape == (HEIGHT, WIDTH * 10, 3)
    data[40_960 : 40_960 + 1024] = bytes(1024)
    path.write_bytes(data)
    with pytest.raises(SlideError, match="truncated or damaged"):
        _read(path)


@pytest.mark.parametrize("mode", ["L", "P"])
def test_a_large_picture_of_one_byte_a_px_is_read_as_the_same_in_three(tmp_path: Path, mode: str) -> None:
    picture = Image.fromarray(noise(900, 700)).filter(ImageFilter.GaussianBlur(2)).resize((2700, 2100))
    few = picture.convert("L") if mode == "L" else picture.quantize(200)
    few.save(tmp_path / "few.bmp")
    few.convert("RGB").save(tmp_path / "rgb.bmp")
    assert np.array_equal(_read(tmp_path / "few.bmp"), _read(tmp_path / "rgb.bmp"))

"""Wrong bits of JPEG data are told by one function, in a photo, a part of a TIFF, and a tile of a scan."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from benchmarks.hostile.scans import svs
from benchmarks.hostile.tiff_by_hand import by_hand, rgb_tags
from pipeline.errors import SlideError
from pipeline.reader.decoding.jpeg import jpeg_damage
from pipeline.reader.decoding.jpeg_segments import SCAN, segments
from pipeline.reader.slide import open_slide
from pipeline.reader.vendor import VendorField
from tests.pipeline.reader.reader_pictures import noise, smooth, whole

WIDTH, HEIGHT = 400, 304
PICTURE = smooth(WIDTH, HEIGHT) // 2 + noise(WIDTH, HEIGHT) // 4 + 40
DAMAGED = "truncated or damaged"


def _jpeg(**options: Any) -> bytes:
    memory = io.BytesIO()
    Image.fromarray(PICTURE).save(memory, "JPEG", quality=90, **options)
    return memory.getvalue()


def _flipped(data: bytes, start: int, size: int, number: int = 20) -> bytes:
    """Data of which some bits of a part, from its first third on, are wrong."""
    changed = np.frombuffer(data, np.uint8).copy()
    random = np.random.default_rng(3)
    places = start + random.integers(size // 3, size - 20, number)
    changed[places] ^= (1 << random.integers(0, 8, number)).astype(np.uint8)
    return changed.tobytes()


def test_wrong_bits_of_a_part_of_a_tiff_are_damage_as_those_of_a_photo(tmp_path: Path) -> None:
    data = _jpeg(subsampling=0)
    (tmp_path / "a.jpg").write_bytes(_flipped(data, 700, len(data) - 700))
    tags = rgb_tags(WIDTH, HEIGHT) | {259: (3, [7]), 262: (3, [6])}
    (tmp_path / "a.tif").write_bytes(by_hand([_flipped(data, 700, len(data) - 700)], tags))
    for name in ("a.jpg", "a.tif"):
        with pytest.raises(SlideError, match=DAMAGED):
            whole(open_slide(tmp_path / name).fields[0], 1)
    (tmp_path / "a.tif").write_bytes(by_hand([data], tags))
    assert np.abs(whole(open_slide(tmp_path / "a.tif").fields[0], 1).astype(int) - PICTURE).mean() < 8


@pytest.mark.parametrize("name", ["a.tif", "a.svs"])
def test_wrong_bits_of_a_tile_are_told_where_the_tile_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "a.svs":
        path.write_bytes(svs(PICTURE, compression="jpeg"))
    else:
        tifffile.imwrite(path, PICTURE, photometric="rgb", tile=(128, 128), compression="jpeg")
    before = open_slide(path).fields[0]
    assert isinstance(before, VendorField) == (name == "a.svs")
    assert np.abs(whole(before, 1).astype(int) - PICTURE).mean() < 16
    good = before.read(0, 0, 128, 128, 1)
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        start, size = page.dataoffsets[5], page.databytecounts[5]
    path.write_bytes(_flipped(path.read_bytes(), start, size))
    field = open_slide(path).fields[0]
    for _ in range(2):
        with pytest.raises(SlideError, match=f"{DAMAGED} at x 128, y 128: the JPEG data is damaged"):
            field.read(128, 128, 128, 128, 1)
    assert np.array_equal(field.read(0, 0, 128, 128, 1), good)


def test_codes_that_are_left_over_are_damage_and_what_a_camera_fills_up_with_is_none() -> None:
    data = _jpeg()
    (scan,) = [segment for segment in segments(data) if segment.marker == SCAN]
    random = np.random.default_rng(2)
    left_over = bytes(random.integers(1, 255, 40, np.uint8))
    assert jpeg_damage(data) is None
    for fill in (b"\0" * 20, b"\0" * 500, b"\x55" * 30, b"\xff" * 9):
        assert jpeg_damage(data[: scan.end] + fill + data[scan.end :]) is None, fill
    assert jpeg_damage(data[: scan.end] + left_over + data[scan.end :]) == "the JPEG data is damaged"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_segments_are_walked_to_the_end_of_the_picture_and_no_further(options: dict[str, Any]) -> None:
    data = _jpeg(**options)
    found = list(segments(data + b"a film behind it" + data))
    assert found[-1].marker == 0xD9
    assert found[-1].end == len(data)
    scans = [segment for segment in found if segment.marker == SCAN]
    assert len(scans) == (1 if not options.get("progressive") else 10)
    assert not any(segment.is_open for segment in found)
    cut = list(segments(data[:-2]))
    assert cut[-1].marker == SCAN
    assert cut[-1].is_open
    assert cut[-1].end == len(data) - 2


@pytest.mark.parametrize("ending", ["svs", "ndpi", "scn", "bif", "mrxs"])
def test_a_picture_under_the_name_of_a_scan_is_read_as_what_it_is(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    tifffile.imwrite(path, PICTURE, photometric="rgb", compression="lzw")
    assert np.array_equal(whole(open_slide(path).fields[0], 1), PICTURE)
    Image.fromarray(PICTURE).save(path, "PNG")
    assert np.array_equal(whole(open_slide(path).fields[0], 1), PICTURE)
    path.write_bytes(b"no picture at all")
    with pytest.raises(SlideError, match="cannot be opened as a whole slide"):
        open_slide(path)
    path.write_bytes(_jpeg())
    if ending == "mrxs":  # a small picture of the slide, whose folder is gone
        with pytest.raises(SlideError, match="cannot be opened as a whole slide"):
            open_slide(path)


def test_a_scan_of_one_tile_over_and_over_is_refused_undecoded(tmp_path: Path) -> None:
    path = tmp_path / "a.svs"
    path.write_bytes(svs(np.full((4096, 4096, 3), 7, np.uint8)))
    assert open_slide(path).fields[0].width == 4096
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tags = tiff.pages.first.tags
        for code in (256, 257):
            tags[code].overwrite(6000)
        for code in (324, 325):
            tags[code].overwrite([tags[code].value[0]] * (47 * 47))
    with pytest.raises(SlideError, match=r"holds 36 megapixels in \d+ bytes; expected a photo"):
        open_slide(path)

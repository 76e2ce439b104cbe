"""Lost scans, parts between restart markers, tiles and strips, which decoders paint over and do not tell."""

import io
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from benchmarks.hostile.photos import jpeg_scan_starts, restart_parts
from benchmarks.hostile.tiff_by_hand import by_hand, rgb_tags
from pipeline.errors import SlideError
from pipeline.reader.decoding.jpeg_scans import lost_scans
from pipeline.reader.slide import open_slide
from tests.pipeline.reader.reader_pictures import block_means, noise, smooth, whole

WIDTH, HEIGHT = 400, 304
PICTURE = smooth(WIDTH, HEIGHT) // 2 + noise(WIDTH, HEIGHT) // 4 + 40
DAMAGED = "truncated or damaged"


def _encoded(form: str, **options: Any) -> bytes:
    memory = io.BytesIO()
    Image.fromarray(PICTURE).save(memory, form, **options)
    return memory.getvalue()


RESTARTS = _encoded("JPEG", quality=90, restart_marker_blocks=20)
PROGRESSIVE = _encoded("JPEG", quality=90, progressive=True)
TILED = _encoded("JPEG2000", tile_size=(128, 128))


def _refused(path: Path, data: bytes, words: str = DAMAGED) -> None:
    path.write_bytes(data)
    with pytest.raises(SlideError, match=words):
        whole(open_slide(path).fields[0], 1)


@pytest.mark.parametrize("number", [0, 3, 15, -1])
def test_a_lost_part_between_restart_markers_is_damage(tmp_path: Path, number: int) -> None:
    head, parts = restart_parts(RESTARTS)
    number %= len(parts) - 1
    _refused(tmp_path / "a.jpg", head + b"".join(parts[:number] + parts[number + 1 :]))
    emptied = [part[:2] if index == number else part for index, part in enumerate(parts)]
    _refused(tmp_path / "a.jpg", head + b"".join(emptied))
    tags = rgb_tags(WIDTH, HEIGHT) | {259: (3, [7]), 262: (3, [6])}
    _refused(tmp_path / "a.tif", by_hand([head + b"".join(emptied)], tags))


@pytest.mark.parametrize("scans", [1, 2, 5, 9])
def test_a_progressive_photo_that_lacks_scans_is_damage(tmp_path: Path, scans: int) -> None:
    starts = jpeg_scan_starts(PROGRESSIVE)
    tables = PROGRESSIVE.rfind(b"\xff\xc4", starts[scans - 1], starts[scans])
    _refused(tmp_path / "a.jpg", PROGRESSIVE[: tables if tables > 0 else starts[scans]] + b"\xff\xd9")


def test_rows_that_a_head_promises_and_that_never_came_are_damage(tmp_path: Path) -> None:
    data = bytearray(_encoded("JPEG", quality=90))
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 2] = (HEIGHT + 200).to_bytes(2, "big")
    _refused(tmp_path / "a.jpg", bytes(data))


@pytest.mark.parametrize(
    "options", [{}, {"restart_marker_rows": 2}, {"progressive": True}, {"subsampling": 0}]
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("size", [(64, 64), (65, 127), (399, 301)])
def test_whole_photos_lack_nothing(mode: str, options: dict[str, Any], size: tuple[int, int]) -> None:
    memory = io.BytesIO()
    Image.fromarray(PICTURE).resize(size).convert(mode).save(memory, "JPEG", **options)
    assert lost_scans(memory.getvalue()) is None


@pytest.mark.parametrize("bits", [12, 16])
def test_a_jpeg_of_more_bits_is_named_with_a_way_out(tmp_path: Path, bits: int) -> None:
    wide = PICTURE.astype(np.uint16) << (bits - 8)
    given: dict[str, Any] = {"lossless": True} if bits == 16 else {"level": 95}
    data = imagecodecs.jpeg8_encode(wide, bitspersample=bits, **given)
    _refused(tmp_path / "a.jpg", bytes(data), f"is a JPEG of {bits} bits a sample; expected 8 bits")


@pytest.mark.parametrize("shrink", [1, 2, 8])
def test_a_jpeg_packed_without_loss_is_read_at_every_scale(tmp_path: Path, shrink: int) -> None:
    """Decoders give all of its px where fewer are asked for, and it was refused as damaged."""
    path = tmp_path / "a.jpg"
    path.write_bytes(bytes(imagecodecs.jpeg8_encode(PICTURE, lossless=True, predictor=1)))
    read = whole(open_slide(path).fields[0], shrink)
    assert np.abs(read - block_means(PICTURE, shrink)).max() <= 0.51


def test_a_jpeg_ls_is_named(tmp_path: Path) -> None:
    _refused(tmp_path / "a.jpg", bytes(imagecodecs.jpegls_encode(PICTURE)), "is a JPEG-LS picture")


@pytest.mark.parametrize("number", [0, 5, -1])
@pytest.mark.parametrize("suffix", ["jp2", "j2k"])
def test_a_lost_tile_of_a_jpeg_2000_is_damage(tmp_path: Path, suffix: str, number: int) -> None:
    data = TILED if suffix == "jp2" else TILED[TILED.index(b"\xff\x4f\xff\x51") :]
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(data)
    assert np.array_equal(whole(open_slide(path).fields[0], 1), PICTURE)
    starts = [place for place in range(len(data)) if data.startswith(b"\xff\x90\x00\x0a", place)]
    starts.append(data.rfind(b"\xff\xd9"))
    lost = range(len(starts) - 1)[number]
    _refused(path, data[: starts[lost]] + data[starts[lost + 1] :])


@pytest.mark.parametrize("form", ["AVIF", "WEBP", "JPEG2000"])
@pytest.mark.parametrize("value", [0, 255])
def test_a_gap_in_packed_pixels_is_damage_whatever_a_disk_reads_there(
    tmp_path: Path, form: str, value: int
) -> None:
    data = _encoded(form, quality=95) if form == "AVIF" else _encoded(form)
    half = len(data) // 2
    _refused(tmp_path / "a.png", data[:half] + bytes([value]) * 1100 + data[half + 1100 :])


@pytest.mark.parametrize("compression", ["webp", "jpeg2000", "jpegxr"])
def test_a_gap_in_packed_parts_of_a_tiff_is_damage(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "a.tif"
    given: dict[str, Any] = {"level": 90} if compression != "jpegxr" else {"level": 1.0}
    tifffile.imwrite(
        path, PICTURE, photometric="rgb", tile=(304, 400), compression=compression, compressionargs=given
    )
    with tifffile.TiffFile(path) as tiff:
        start, size = tiff.pages.first.dataoffsets[0], tiff.pages.first.databytecounts[0]
    data = path.read_bytes()
    middle = start + size // 2
    _refused(path, data[:middle] + bytes(1100) + data[middle + 1100 :])


@pytest.mark.parametrize(
    "options",
    [{}, {"rowsperstrip": 40}, {"planarconfig": "separate"}, {"tile": (304, 400)}],
    ids=["raw", "strips", "planes", "tile"],
)
def test_unpacked_rows_that_were_lost_are_damage(tmp_path: Path, options: dict[str, Any]) -> None:
    path = tmp_path / "a.tif"
    pixels = np.moveaxis(PICTURE, 2, 0) if "planarconfig" in options else PICTURE
    tifffile.imwrite(path, pixels, photometric="rgb", **options)
    assert np.array_equal(whole(open_slide(path).fields[0], 1), PICTURE)
    data = path.read_bytes()
    place = len(data) // 2
    _refused(path, data[:place] + bytes(4096) + data[place + 4096 :])


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_black_parts_in_the_midst_of_a_bright_picture_were_lost(
    tmp_path: Path, compression: str | None
) -> None:
    path = tmp_path / "a.tif"
    for rows, columns, words in (((64, 128), (64, 192), DAMAGED), ((0, 128), (64, 192), None)):
        black = PICTURE.copy()
        black[slice(*rows), slice(*columns)] = 0
        tifffile.imwrite(path, black, photometric="rgb", tile=(64, 64), compression=compression)
        if words is None:  # it reaches the border: a frame, or never scanned
            assert np.array_equal(whole(open_slide(path).fields[0], 1), black)
        else:
            _refused(path, path.read_bytes(), words)
    black = PICTURE.copy()
    black[64:128] = 0
    tifffile.imwrite(path, black, photometric="rgb", rowsperstrip=64, compression="deflate")
    _refused(path, path.read_bytes())


def test_an_old_jpeg_in_a_tiff_that_is_cut_off_is_damage(tmp_path: Path) -> None:
    stream = _encoded("JPEG", quality=90, subsampling=0)
    tags = rgb_tags(WIDTH, HEIGHT) | {259: (3, [6]), 262: (3, [6]), 512: (3, [1])}
    tags |= {513: (4, [8]), 514: (4, [len(stream)])}
    path = tmp_path / "a.tif"
    path.write_bytes(by_hand([stream], tags))
    assert np.abs(whole(open_slide(path).fields[0], 1).astype(int) - PICTURE).mean() < 8
    _refused(path, by_hand([stream[:-8000]], tags))


def test_an_order_of_samples_that_is_not_known_is_named(tmp_path: Path) -> None:
    tags = rgb_tags(WIDTH, HEIGHT) | {284: (3, [7])}
    _refused(tmp_path / "a.tif", by_hand([PICTURE.tobytes()], tags), r"in an order that is not known \(7\)")


@pytest.mark.parametrize("kind", ["iCCP", "zTXt"])
def test_a_png_with_a_huge_text_or_profile_is_read(tmp_path: Path, kind: str) -> None:
    import struct
    import zlib

    plain = _encoded("PNG")
    content = b"x\0\0" + zlib.compress(bytes(80_000_000), 1)
    check = zlib.crc32(kind.encode() + content)
    chunk = struct.pack(">I4s", len(content), kind.encode()) + content + struct.pack(">I", check)
    path = tmp_path / "a.png"
    path.write_bytes(plain[:33] + chunk + plain[33:])
    assert np.array_equal(whole(open_slide(path).fields[0], 1), PICTURE)

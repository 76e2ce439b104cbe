"""Small files of many px, of many pages, or of heads that promise more than there is."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tifffile
from PIL import Image

from benchmarks.hostile.inputs import Inputs, Maker, Must, content, saved, writing
from benchmarks.hostile.tiff_by_hand import by_hand, rgb_tags

__all__ = ["bombs"]

_EMPTY = "refused: expected a photo, which has more"
_MUSTS: dict[str, Must] = {
    "169mp-1bit.png": _EMPTY,
    "169mp-rgb.png": _EMPTY,
    "100mp-palette.png": _EMPTY,
    "81mp-deflate.tif": _EMPTY,
    "144mp-tiles-zstd.tif": _EMPTY,
    "same-strip.tif": _EMPTY,
    "4000-pages.tif": "refused: holds several pictures",
    "50000-pages.tif": "refused: holds more than 4096 pages",
    # As many px as a photo has, or fewer: nothing is claimed of them.
    "81mp-packbits.tif": "not countable",
    "twice-packed.png": "not countable",
    "255-pages.tif": "not countable",
    "deep-pyramid.tif": "not countable",
}
"""What is right of those that are to be refused for a reason, or need not be refused."""


def bombs() -> Inputs:
    """Small files of many px: flat pictures, and heads that promise more than there is."""
    for name, make in (*_flat_pictures(), *_more()):
        yield name, make, _MUSTS.get(name, "refused")


def _flat_pictures() -> Iterator[tuple[str, Maker]]:
    for name, size, mode in (
        ("169mp-1bit.png", (13_000, 13_000), "1"),
        ("169mp-rgb.png", (13_000, 13_000), "RGB"),
        ("100mp-palette.png", (10_000, 10_000), "P"),
        ("225mp.jpg", (15_000, 15_000), "L"),
        ("64mp.avif", (8_000, 8_000), "RGB"),
        ("64mp.jp2", (8_000, 8_000), "L"),
        ("144mp.webp", (12_000, 12_000), "RGB"),
        ("169mp-fax.tif", (13_000, 13_000), "1"),
    ):
        given = {"compression": "group4"} if name.endswith("tif") else {}
        yield name, writing(name, _save_flat, mode, size, **given)
    flat = np.zeros((9_000, 9_000), np.uint8)
    for kind in ("zstd", "lzw", "packbits", "deflate", "lzma"):
        name = f"81mp-{kind}.tif"
        options = {"compression": kind, "rowsperstrip": 9_000}
        yield name, writing(name, tifffile.imwrite, flat, **options)
    for name, data in (
        ("head-only.png", _claiming("PNG", 16, "big")),
        ("head-only.bmp", _claiming("BMP", 18, "little")),
    ):
        yield name, writing(name, Path.write_bytes, data)


def _save_flat(path: Path, mode: str, size: tuple[int, int], **options: Any) -> None:
    Image.new(mode, size).save(path, **options)


def _claiming(form: str, place: int, order: Literal["big", "little"]) -> bytes:
    """A small picture whose head claims 60,000 x 60,000 px."""
    data = bytearray(saved(Image.new("RGB", (64, 64)), form))
    side = (60_000).to_bytes(4, order)
    data[place : place + 8] = side * 2
    return bytes(data)


def _more() -> Iterator[tuple[str, Maker]]:
    """Bombs of each format, packed twice, in many pages, and in deep pyramids."""
    yield "100mp-gif.gif", writing("a.gif", _save_flat, "P", (10_000, 10_000))
    yield "225mp-lossless.webp", writing("a.webp", _save_flat, "RGB", (15_000, 15_000), lossless=True)
    yield "400mp-grey.jp2", writing("a.jp2", _save_flat, "L", (6_000, 6_000), no_jp2=False)
    yield "rle.bmp", content("a.bmp", _rle_bomb(20_000))
    yield "rle-huge.bmp", content("a.bmp", _rle_bomb(60_000))
    yield "interlaced.png", writing("a.png", _write_png, 12_000, interlaced=1)
    yield "16bit.png", writing("a.png", _write_png, 12_000, bits=16)
    yield "twice-packed.png", writing("a.png", _write_png, 4_000, behind=200_000_000)
    flat = np.zeros((12_000, 12_000), np.uint8)
    for kind in ("deflate", "zstd", "webp", "jpeg2000"):
        options: dict[str, Any] = {"compression": kind, "tile": (4096, 4096)}
        picture = np.zeros((12_288, 12_288, 3), np.uint8) if kind == "webp" else flat
        yield f"144mp-tiles-{kind}.tif", writing("a.tif", tifffile.imwrite, picture, **options)
    yield "one-tile.tif", writing("a.tif", tifffile.imwrite, flat, compression="zstd", tile=(16_384, 16_384))
    small = np.full((64, 64), 200, np.uint8)
    tags = rgb_tags(64, 64) | {258: (3, [8]), 262: (3, [1]), 277: (3, [1])}
    for pages in (255, 4_000, 50_000):
        yield f"{pages}-pages.tif", content("a.tif", by_hand([small.tobytes()], tags, pages=pages))
    yield "2000-views.tif", writing("a.tif", _many_views, 2_000)
    yield "deep-pyramid.tif", writing("a.tif", _deep_pyramid, 600)
    yield "same-strip.tif", content("a.tif", _same_strip())


def _rle_bomb(side: int) -> bytes:
    packed = b"\xff\0" * 2000 + b"\0\1"
    table = bytes(1024)
    info = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(packed), 0, 0, 256, 0)
    return struct.pack("<2sIHHI", b"BM", 1078 + len(packed), 0, 0, 1078) + info + table + packed


def _write_png(path: Path, side: int, *, bits: int = 8, interlaced: int = 0, behind: int = 0) -> None:
    """A PNG of one colour; in one of its texts so many bytes are packed."""
    packer = zlib.compressobj(9)
    row = bytes(1 + side * bits // 8)
    packed = b"".join(packer.compress(row) for _ in range(side + side // 8 * interlaced)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, bits, 0, 0, 0, interlaced)
    chunks = [
        (b"IHDR", head),
        (b"zTXt", b"a\0\0" + zlib.compress(bytes(behind), 9)),
        (b"IDAT", packed),
        (b"IEND", b""),
    ]
    made = b"\x89PNG\r\n\x1a\n"
    for kind, data in chunks:
        made += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    path.write_bytes(made)


def _many_views(path: Path, number: int) -> None:
    random = np.random.default_rng(3)
    with tifffile.TiffWriter(path) as file:
        for _ in range(number):
            view = random.integers(0, 256, (64, 64, 3), np.uint8)
            file.write(view, photometric="rgb", metadata=None)


def _deep_pyramid(path: Path, levels: int) -> None:
    picture = np.full((1024, 1024, 3), 200, np.uint8)
    with tifffile.TiffWriter(path) as file:
        file.write(picture, photometric="rgb", tile=(256, 256), compression="deflate", subifds=levels)
        for _ in range(levels):
            file.write(picture[:512, :512], photometric="rgb", subfiletype=1, compression="deflate")


def _same_strip() -> bytes:
    """20,000 x 20,000 px of which every row is the same packed strip."""
    strip = zlib.compress(bytes(60_000))
    tags = rgb_tags(20_000, 20_000) | {259: (3, [8]), 278: (4, [1])}
    places = {273: (4, [8] * 20_000), 279: (4, [len(strip)] * 20_000)}
    return by_hand([strip], tags | places)

"""PNG files of every kind a camera or a program may write, and with parts that are lost."""

import struct
import zlib

import imagecodecs
import numpy as np
from PIL import Image

from benchmarks.hostile.inputs import Inputs, Picture, held, saved
from benchmarks.hostile.photos import with_gap

__all__ = ["pngs"]

_FILE_HEAD = 8
_PASSES = (
    (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1),
)  # fmt: skip
"""Of an interlaced picture: first row and column, rows and columns to the next; PNG (third edition), 8.2."""
Chunks = list[tuple[bytes, bytes]]


def pngs(field: Picture) -> Inputs:
    """Chunks that are wrong, depths, films, passes, palettes, and what stands beside the px."""
    chunks = _png_chunks(saved(Image.fromarray(field), "PNG"))
    yield from _wrong_chunks(field, chunks)
    yield from _depths(field)
    yield from _films(field)
    yield from _passes_and_palettes(field, chunks)
    for name, extra in _side_chunks().items():
        yield held(f"{name}.png", _png([chunks[0], *extra, *chunks[1:]]), "same")


def _wrong_chunks(field: Picture, chunks: Chunks) -> Inputs:
    middle = next(i for i, (kind, _) in enumerate(chunks) if kind == b"IDAT")
    split = _split_data(chunks, 8000)
    yield held("many-idat.png", _png(split), "same")
    for number in (0, 3, 6):
        yield held(f"crc-{number}.png", _png(split, wrong=middle + number), "told")
    broken = [*split]
    broken[middle + 3] = (b"IDAT", with_gap(broken[middle + 3][1], 0.2, 200))
    yield held("content-and-crc.png", _png(broken), "told")
    yield held("chunk-lost.png", _png([*split[: middle + 3], *split[middle + 4 :]]), "told")
    yield held("chunk-twice.png", _png([*split[: middle + 3], *split[middle + 2 :]]), "told")
    yield held("no-end.png", _png(chunks[:-1]), "told")
    yield held("head-twice.png", _png([chunks[0], *chunks]), "told")
    empty = bytes(8) + chunks[0][1][8:]
    yield held("size-0.png", _png([(b"IHDR", empty), *chunks[1:]]), "refused")
    taller = struct.pack(">II", field.shape[1], len(field) + 200) + chunks[0][1][8:]
    yield held("more-rows-claimed.png", _png([(b"IHDR", taller), *chunks[1:]]), "told")


def _depths(field: Picture) -> Inputs:
    wide = field.astype(np.uint16)
    sixteen = bytes(imagecodecs.png_encode(wide * 257))
    yield held("16bit-rgb.png", sixteen, "same")
    yield held("16bit-cut.png", sixteen[: len(sixteen) // 2], "told")
    for bits in (8, 10, 12, 14):
        yield held(f"{bits}-in-16bit.png", bytes(imagecodecs.png_encode(wide << (bits - 8))), "same")
    clear = np.dstack([wide * 257, np.full(field.shape[:2], 65535, np.uint16)])
    yield held("16bit-alpha.png", bytes(imagecodecs.png_encode(clear)), "same")


def _films(field: Picture) -> Inputs:
    rgb = Image.fromarray(field)
    more = [rgb.rotate(180)]
    yield held("film-2.png", saved(rgb, "PNG", save_all=True, append_images=more), "same")
    film = saved(rgb, "PNG", save_all=True, append_images=more, default_image=True)
    yield held("film-default.png", film, "same")
    yield held("film-cut.png", film[: len(film) * 2 // 3], "told")


def _passes_and_palettes(field: Picture, chunks: Chunks) -> Inputs:
    interlaced = _interlaced(field)
    yield held("interlaced.png", interlaced, "same")
    for kept in (0.3, 0.9):
        yield held(f"interlaced-{kept}.png", interlaced[: int(len(interlaced) * kept)], "told")
    few = Image.fromarray(field).quantize(64)
    yield held("palette-clear.png", saved(few, "PNG", transparency=0), "any")
    yield held("palette-alpha.png", saved(few, "PNG", transparency=bytes([255] * 64)), "any")
    key = (b"tRNS", bytes(6))
    yield held("colour-key.png", _png([chunks[0], key, *chunks[1:]]), "any")


def _side_chunks() -> dict[str, Chunks]:
    def packed(size: int) -> bytes:
        return zlib.compress(bytes(size), 1)

    return {
        "gamma": [(b"gAMA", struct.pack(">I", 45455))],
        "gamma-odd": [(b"gAMA", struct.pack(">I", 100000))],
        "gamma-0": [(b"gAMA", bytes(4))],
        "srgb": [(b"sRGB", b"\0")],
        "profile-huge": [(b"iCCP", b"x\0\0" + packed(80_000_000))],
        "profile-short": [(b"iCCP", b"x\0\0" + packed(80_000)[:20])],
        "text-huge": [(b"zTXt", b"Comment\0\0" + packed(200_000_000))],
        "text-many": [(b"tEXt", b"a\0" + b"x" * 1000)] * 3000,
        "itext-huge": [(b"iTXt", b"Comment\0\1\0\0\0" + packed(100_000_000))],
        "exif-nonsense": [(b"eXIf", b"MM\0*" + bytes(range(256)))],
        "dots-0": [(b"pHYs", bytes(8) + b"\1")],
        "bits-12": [(b"sBIT", b"\x04\x04\x04")],
    }


def _png_chunks(data: bytes) -> Chunks:
    place, found = _FILE_HEAD, []
    while place < len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        found.append((kind, data[place + 8 : place + 8 + size]))
        place += size + 12
    return found


def _png(chunks: Chunks, wrong: int = -1) -> bytes:
    """A PNG of these chunks; the check of one of them may be wrong."""
    made = b"\x89PNG\r\n\x1a\n"
    for index, (kind, data) in enumerate(chunks):
        check = zlib.crc32(kind + data) ^ (index == wrong)
        made += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
    return made


def _split_data(chunks: Chunks, size: int) -> Chunks:
    packed = b"".join(data for kind, data in chunks if kind == b"IDAT")
    parts = [(b"IDAT", packed[start : start + size]) for start in range(0, len(packed), size)]
    return [chunks[0], *parts, chunks[-1]]


def _interlaced(field: Picture) -> bytes:
    """A PNG in seven passes."""
    rows = b""
    for top, left, down, across in _PASSES:
        part = field[top::down, left::across]
        rows += b"".join(b"\0" + row.tobytes() for row in part)
    head = struct.pack(">IIBBBBB", field.shape[1], field.shape[0], 8, 2, 0, 0, 1)
    return _png([(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")])

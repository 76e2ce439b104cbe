"""BMP files of every kind, written by hand, and with parts that are lost."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.hostile.inputs import Inputs, Must, Picture, held

__all__ = ["bitmaps"]

_RGB, _RLE8, _RLE4, _MASKS = 0, 1, 2, 3  # compressions; BITMAPINFOHEADER
_FILE_HEAD, _INFO_HEAD = 14, 40


def bitmaps(field: Picture) -> Inputs:
    """Depths, masks, packings, orders of rows, heads of all ages, and gaps."""
    height, width = field.shape[:2]
    plain = _bmp(field, _rows(field[::-1, :, ::-1]))
    yield held("plain.bmp", plain, "same")
    yield held("top-down.bmp", _bmp(field, _rows(field[:, :, ::-1]), height=-height), "same")
    yield held("top-down-cut.bmp", _bmp(field, _rows(field[:, :, ::-1]), height=-height)[:-90_000], "told")
    four = np.dstack([field[::-1, :, ::-1], np.zeros((height, width), np.uint8)])
    yield held("32bit.bmp", _bmp(field, four.tobytes(), bits=32), "same")
    full = np.dstack([field[::-1, :, ::-1], np.full((height, width), 255, np.uint8)])
    yield held("32bit-alpha.bmp", _bmp(field, full.tobytes(), bits=32), "same")
    yield from _masks(field)
    yield from _palettes(field)
    for size, name in ((12, "core"), (108, "v4"), (124, "v5"), (64, "os2"), (9999, "unknown")):
        must: Must = "told" if name == "unknown" else "same"
        yield held(f"head-{name}.bmp", _with_head(field, size), must)
    yield held("offset-far.bmp", plain[:10] + struct.pack("<I", 10**9) + plain[14:], "refused")
    yield held("offset-0.bmp", plain[:10] + bytes(4) + plain[14:], "any")
    yield held("size-wrong.bmp", plain[:2] + struct.pack("<I", 54) + plain[6:], "same")
    yield held("width-negative.bmp", plain[:18] + struct.pack("<i", -width) + plain[22:], "told")
    yield held("height-least.bmp", plain[:22] + struct.pack("<i", -(2**31)) + plain[26:], "told")
    yield from _gaps(field, plain)


def _masks(field: Picture) -> Inputs:
    wide = field[::-1].astype(np.uint32)
    red, green, blue = (wide[:, :, channel] for channel in range(3))
    of_32 = (red << 16) | (green << 8) | blue
    turned = (blue << 16) | (green << 8) | red
    ten = (red << 22) | (green << 12) | (blue << 2)
    six = ((red >> 3) << 11) | ((green >> 2) << 5) | (blue >> 3)
    five = ((red >> 3) << 10) | ((green >> 3) << 5) | (blue >> 3)
    kinds: tuple[tuple[str, Any, tuple[int, int, int], Must], ...] = (
        ("32bit-masks", of_32.astype(np.uint32), (0xFF0000, 0xFF00, 0xFF), "same"),
        ("32bit-masks-swapped", turned.astype(np.uint32), (0xFF, 0xFF00, 0xFF0000), "refused"),
        ("32bit-masks-10", ten.astype(np.uint32), (0x3FF00000, 0xFFC00, 0x3FF), "refused"),
        ("16bit-565", six.astype(np.uint16), (0xF800, 0x7E0, 0x1F), "near"),
        ("16bit-masks-555", five.astype(np.uint16), (0x7C00, 0x3E0, 0x1F), "near"),
        ("16bit-masks-0", six.astype(np.uint16), (0, 0, 0), "any"),
    )
    for name, px, masks, must in kinds:
        table = struct.pack("<3I", *masks)
        bits = 8 * px.itemsize
        yield held(f"{name}.bmp", _bmp(field, _rows(px), bits=bits, packing=_MASKS, table=table), must)
    yield held("16bit-555.bmp", _bmp(field, _rows(five.astype(np.uint16)), bits=16), "near")


def _palettes(field: Picture) -> Inputs:
    few = Image.fromarray(field).quantize(200)
    colours = np.asarray(few.getpalette(), np.uint8).reshape(-1, 3)
    colours = np.vstack([colours, np.zeros((256 - len(colours), 3), np.uint8)])
    table = _table(colours)
    places = np.asarray(few)[::-1]
    yield held("8bit.bmp", _bmp(field, _rows(places), bits=8, table=table), "any")
    packed = _rle8(places)
    yield held("rle8.bmp", _bmp(field, packed, bits=8, table=table, packing=_RLE8), "any")
    yield held(
        "rle8-cut.bmp", _bmp(field, packed[: len(packed) // 2], bits=8, table=table, packing=_RLE8), "told"
    )
    skipping = packed[: len(packed) // 2] + b"\0\2\xff\xff" * 100 + packed[len(packed) // 2 :]
    yield held("rle8-jumps-out.bmp", _bmp(field, skipping, bits=8, table=table, packing=_RLE8), "told")
    early = packed[: len(packed) // 2 // 2 * 2] + b"\0\1"
    yield held("rle8-ends-early.bmp", _bmp(field, early, bits=8, table=table, packing=_RLE8), "told")
    sixteen = Image.fromarray(field).quantize(16)
    colours = np.asarray(sixteen.getpalette(), np.uint8).reshape(-1, 3)[:16]
    table = _table(colours)
    places = np.asarray(sixteen)[::-1]
    pairs = (places[:, ::2] << 4) | places[:, 1::2]
    yield held("4bit.bmp", _bmp(field, _rows(pairs), bits=4, table=table), "any")
    runs = b"".join(bytes([2, int(pair)]) for row in pairs for pair in row)
    lines = len(pairs[0]) * 2
    ended = b"".join(runs[start : start + lines] + b"\0\0" for start in range(0, len(runs), lines)) + b"\0\1"
    yield held("rle4.bmp", _bmp(field, ended, bits=4, table=table, packing=_RLE4), "any")
    beyond = _bmp(field, _rows(np.asarray(few)[::-1]), bits=8, table=table)
    yield held("colours-too-few.bmp", beyond[:46] + struct.pack("<I", 16) + beyond[50:], "any")


def _table(colours: Picture) -> bytes:
    return b"".join(bytes([int(blue), int(green), int(red), 0]) for red, green, blue in colours)


def _gaps(field: Picture, plain: bytes) -> Inputs:
    row = -(-field.shape[1] * 3 // 4) * 4
    middle = _FILE_HEAD + _INFO_HEAD + row * (len(field) // 2)
    for name, size in (("row", row), ("rows-20", 20 * row), ("sector", 4096), ("rows-150", 150 * row)):
        for value in (0, 255):
            filled = plain[: middle + 100] + bytes([value]) * size + plain[middle + 100 + size :]
            yield held(f"gap-{name}-{value}.bmp", filled, "told")
    kept = len(plain) * 2 // 3 // 512 * 512
    yield held("tail-0.bmp", plain[:kept] + bytes(len(plain) - kept), "told")
    yield held("tail-255.bmp", plain[:kept] + b"\xff" * (len(plain) - kept), "told")
    yield held("start-0.bmp", plain[:54] + bytes(41_000) + plain[54 + 41_000 :], "told")
    aligned = middle // row * row + 54
    yield held("whole-rows-0.bmp", plain[:aligned] + bytes(30 * row) + plain[aligned + 30 * row :], "told")


def _rows(samples: NDArray[Any]) -> bytes:
    """Rows of bytes, each filled up to a multiple of 4."""
    flat = np.ascontiguousarray(samples).reshape(len(samples), -1).view(np.uint8)
    return np.pad(flat, ((0, 0), (0, -flat.shape[1] % 4))).tobytes()


def _bmp(
    field: Picture, data: bytes, *, bits: int = 24, height: int | None = None,
    table: bytes = b"", packing: int = _RGB,
) -> bytes:  # fmt: skip
    start = _FILE_HEAD + _INFO_HEAD + len(table)
    tall = len(field) if height is None else height
    colours = 0 if packing == _MASKS else len(table) // 4
    info = struct.pack(
        "<IiiHHIIiiII", _INFO_HEAD, field.shape[1], tall, 1, bits, packing, len(data), 0, 0, colours, 0
    )
    return struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start) + info + table + data


def _with_head(field: Picture, size: int) -> bytes:
    data = _rows(field[::-1, :, ::-1])
    height, width = field.shape[:2]
    if size == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, 24)
    else:
        info = struct.pack("<IiiHHIIiiII", size, width, height, 1, 24, 0, len(data), 0, 0, 0, 0)
        info += bytes(max(0, min(size, 200) - len(info)))
    start = _FILE_HEAD + len(info)
    return struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start) + info + data


def _rle8(places: Picture) -> bytes:
    """Rows of 8-bit px in runs of one, absolute ones among them."""
    packed = b""
    for row in places:
        for start in range(0, len(row), 100):
            part = row[start : start + 100].tobytes()
            if len(part) < 3:
                packed += b"".join(bytes([1, value]) for value in part)
            else:
                packed += bytes([0, len(part)]) + part + bytes(len(part) % 2)
        packed += b"\0\0"
    return packed + b"\0\1"

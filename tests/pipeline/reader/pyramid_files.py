"""Pyramidal TIFF files written, and then damaged, byte by byte for the tests of broken slides."""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

from tests.pipeline.reader.reader_pictures import block_means

__all__ = [
    "DAMAGES",
    "Damage",
    "break_tile",
    "directory_places",
    "levels_of",
    "next_directory_at",
    "overwrite",
    "tile_places",
    "write_scan",
]

Damage = Literal["garbage", "zeros", "sector", "emptied", "past the end", "at the header"]
DAMAGES: tuple[Damage, ...] = ("garbage", "zeros", "sector", "emptied", "past the end", "at the header")
_OFFSETS, _COUNTS = 324, 325
_SHORT, _LONG, _LONG8 = 3, 4, 16


def levels_of(rgb: NDArray[np.uint8], factors: Sequence[int]) -> list[NDArray[np.uint8]]:
    """The picture and its block means."""
    return [rgb, *(np.round(block_means(rgb, factor)).astype(np.uint8) for factor in factors)]


def write_scan(
    path: Path,
    levels: Sequence[NDArray[np.uint8]],
    *,
    directories: Literal["front", "end"] = "front",
    packing: Literal["deflate", "jpeg"] = "deflate",
    tile_px: int = 128,
) -> Path:
    """Tiled BigTIFF with all directories before the data, or each directory behind the data of its level.

    Where they lie in front, the data of the smallest level comes first, as in a cloud-optimised GeoTIFF;
    where they do not, that of the largest, as libtiff writes it.
    """
    kind = (8, 2) if packing == "deflate" else (7, 6)
    packed = [_packed(level, tile_px, packing) for level in levels]
    sizes = [
        len(_directory(level, [(0, 0)] * len(tiles), tile_px, 0, 0, kind))
        for level, tiles in zip(levels, packed, strict=True)
    ]
    numbers = list(range(len(levels)))
    at, place = {}, 16
    for number in numbers if directories == "front" else []:
        at[number], place = place, place + sizes[number]
    data = bytearray(place)
    places: dict[int, list[tuple[int, int]]] = {}
    for number in reversed(numbers) if directories == "front" else numbers:
        places[number] = []
        for tile in packed[number]:
            places[number].append((len(data), len(tile)))
            data += tile
        if directories == "end":
            at[number] = len(data)
            data += bytes(sizes[number])
    for number in numbers:
        directory = _directory(
            levels[number], places[number], tile_px, at[number], at.get(number + 1, 0), kind, number > 0
        )
        data[at[number] : at[number] + len(directory)] = directory
    data[:16] = b"II+\x00" + struct.pack("<HHQ", 8, 0, at[0])
    path.write_bytes(data)
    return path


def _packed(level: NDArray[np.uint8], tile_px: int, packing: str) -> list[bytes]:
    height, width = level.shape[:2]
    padded = np.pad(level, ((0, -height % tile_px), (0, -width % tile_px), (0, 0)), mode="edge")
    tiles = [
        np.ascontiguousarray(padded[top : top + tile_px, left : left + tile_px])
        for top in range(0, height, tile_px)
        for left in range(0, width, tile_px)
    ]
    if packing == "deflate":
        return [zlib.compress(tile.tobytes()) for tile in tiles]
    return [bytes(imagecodecs.jpeg8_encode(tile, level=90)) for tile in tiles]


def _directory(level, places, tile_px, at, following, kind=(8, 2), reduced=False) -> bytes:
    height, width = level.shape[:2]
    compression, photometric = kind
    offsets, counts = zip(*places, strict=True)
    tags = [
        (254, _LONG, [int(reduced)]),
        (256, _LONG, [width]),
        (257, _LONG, [height]),
        (258, _SHORT, [8, 8, 8]),
        (259, _SHORT, [compression]),
        (262, _SHORT, [photometric]),
        (277, _SHORT, [3]),
        (322, _LONG, [tile_px]),
        (323, _LONG, [tile_px]),
        (_OFFSETS, _LONG8, offsets),
        (_COUNTS, _LONG8, counts),
    ]
    if photometric == 6:
        tags.append((530, _SHORT, [1, 1]))
    head, tail = struct.pack("<Q", len(tags)), b""
    tail_at = at + 8 + 20 * len(tags) + 8
    for code, form, values in tags:
        value = struct.pack(f"<{len(values)}{ {_SHORT: 'H', _LONG: 'I', _LONG8: 'Q'}[form] }", *values)
        if len(value) > 8:
            place, tail = struct.pack("<Q", tail_at + len(tail)), tail + value
        else:
            place = value.ljust(8, b"\0")
        head += struct.pack("<HHQ", code, form, len(values)) + place
    return head + struct.pack("<Q", following) + tail


def tile_places(path: Path, level: int) -> list[tuple[int, int]]:
    """Offset and length in bytes of each tile of a level."""
    with tifffile.TiffFile(path) as tiff:
        page = _page(tiff, level)
        return list(zip(page.dataoffsets, page.databytecounts, strict=True))


def directory_places(path: Path) -> list[int]:
    """Where the directory of each level begins."""
    with tifffile.TiffFile(path) as tiff:
        return [page.offset for page in tiff.pages]


def next_directory_at(path: Path, directory: int) -> int:
    """Where the place of the next directory is written."""
    (entries,) = struct.unpack_from("<Q", path.read_bytes(), directory)
    return directory + 8 + 20 * int(entries)


def overwrite(path: Path, offset: int, data: bytes) -> None:
    """Put bytes in the place of others."""
    with path.open("r+b") as stream:
        stream.seek(offset)
        stream.write(data)


def break_tile(path: Path, level: int, number: int, damage: Damage) -> None:
    """Damage one tile of a level."""
    offset, count = tile_places(path, level)[number]
    if damage == "garbage":
        overwrite(path, offset, np.random.default_rng(5).bytes(count))
    elif damage == "zeros":
        overwrite(path, offset, bytes(count))
    elif damage == "sector":
        overwrite(path, offset + count // 2, bytes(min(512, count // 3)))
    elif damage == "emptied":
        _change(path, level, _COUNTS, number, 0)
    elif damage == "past the end":
        _change(path, level, _OFFSETS, number, path.stat().st_size + 4096)
    else:
        _change(path, level, _OFFSETS, number, 0)


def _change(path: Path, level: int, tag: int, number: int, value: int) -> None:
    """Change one entry of an array of a level's directory."""
    with tifffile.TiffFile(path) as tiff:
        found = _page(tiff, level).tags[tag]
        size = {_SHORT: 2, _LONG: 4, _LONG8: 8}[int(found.dtype)]
        place = found.valueoffset + number * size
    overwrite(path, place, value.to_bytes(size, "little"))


def _page(tiff: tifffile.TiffFile, level: int) -> Any:
    """Page of a level, whether it is chained to the first or one of its SubIFDs."""
    return tiff.pages[level] if len(tiff.pages) > level else tiff.series[0].levels[level].keyframe

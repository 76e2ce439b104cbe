"""TIFF files of which parts are lost, and directories that lead nowhere, in circles or to very many pages."""

import io
from typing import Any

import numpy as np
import tifffile

from benchmarks.hostile.inputs import Inputs, Must, Picture, held, tiff
from benchmarks.hostile.tiff_by_hand import Tag, by_hand, rgb_tags

__all__ = ["tiff_parts"]

_TILE = (128, 128)


def tiff_parts(field: Picture) -> Inputs:
    """Rows, strips, tiles and directories."""
    yield from _rows_lost(field)
    yield from _strips_lost(field)
    yield from _tiles_lost(field)
    yield from _directories(field)
    yield from _pyramids(field)


def _rows_lost(field: Picture) -> Inputs:
    height, width = field.shape[:2]
    row = width * 3
    raw = rgb_tags(width, height)
    whole = field.tobytes()
    start = row * (height // 3)
    for rows in (2, 10, 60):
        lost = whole[:start] + bytes(row * rows) + whole[start + row * rows :]
        yield held(f"raw-{rows}-rows-0.tif", by_hand([lost], raw), "told")
    ones = whole[:start] + b"\xff" * (row * 60) + whole[start + row * 60 :]
    yield held("raw-60-rows-255.tif", by_hand([ones], raw), "told")
    sector = whole[:start] + bytes(4096) + whole[start + 4096 :]
    yield held("raw-sector-0.tif", by_hand([sector], raw), "told")
    planes = np.moveaxis(field, 2, 0).copy()
    planes[1, 100:160] = 0
    given: dict[str, Any] = {"photometric": "rgb", "planarconfig": "separate"}
    yield tiff("raw-plane-rows-0.tif", "told", planes, **given)


def _strips_lost(field: Picture) -> Inputs:
    height, width = field.shape[:2]
    row, whole, raw = width * 3, field.tobytes(), rgb_tags(width, height)
    strips = [whole[i : i + row * 60] for i in range(0, len(whole), row * 60)]
    tags = raw | {278: (4, [60])}
    places = [8 + i * row * 60 for i in range(len(strips))]
    counts = [len(strip) for strip in strips]
    for name, changed in _strip_tags(places, counts, height).items():
        must: Must = "any" if name in {"strip-sparse", "strips-all-one"} else "told"
        yield held(f"{name}.tif", by_hand(strips, tags | changed), must)


def _strip_tags(places: list[int], counts: list[int], height: int) -> dict[str, dict[int, Tag]]:
    """Tags that lie about the strips, of which the third is lost."""

    def third(values: list[int], value: int) -> Tag:
        return 4, [*values[:2], value, *values[3:]]

    return {
        "strip-count-0": {279: third(counts, 0)},
        "strip-sparse": {273: third(places, 0), 279: third(counts, 0)},
        "strip-offset-beyond": {273: third(places, 10**8)},
        "strip-offset-max": {273: third(places, 2**32 - 1)},
        "strip-offset-head": {273: third(places, 0)},
        "strip-count-max": {279: third(counts, 2**32 - 1)},
        "strip-count-short": {279: third(counts, 100)},
        "strips-all-one": {273: (4, [places[1]] * len(places))},
        "strips-too-few": {273: (4, places[:3]), 279: (4, counts[:3])},
        "strips-none": {273: (4, [0] * 6), 279: (4, [0] * 6)},
        "rows-per-strip-0": {278: (4, [0])},
        "rows-per-strip-huge": {278: (4, [2**31])},
        "height-more": {257: (4, [height + 200])},
        "height-0": {257: (4, [0])},
        "width-huge": {256: (4, [2**31])},
        "samples-200": {277: (3, [200])},
        "bits-uneven": {258: (3, [8, 8, 16])},
        "bits-0": {258: (3, [0, 0, 0])},
        "packing-unknown": {259: (3, [61234])},
        "packing-thunderscan": {259: (3, [32809])},
        "planes-7": {284: (3, [7])},
    }


def _tiles_lost(field: Picture) -> Inputs:
    packings: tuple[str | None, ...] = ("deflate", None)
    for name in packings:
        data = _written(field, photometric="rgb", tile=_TILE, compression=name)
        for state in ("count", "both", "offset"):
            must: Must = "any" if state == "both" else "told"
            yield held(f"{name}-tile-no-{state}.tif", _tile_gone(data, 5, state), must)
    zeros = field.copy()
    zeros[128:256, 128:256] = 0
    given: dict[str, Any] = {"photometric": "rgb", "tile": _TILE}
    yield tiff("raw-tile-0.tif", "told", zeros, **given)
    yield tiff("deflate-tile-0.tif", "told", zeros, compression="deflate", **given)


def _directories(field: Picture) -> Inputs:
    height, width = field.shape[:2]
    whole, tags = [field.tobytes()], rgb_tags(width, height)
    yield held("directory-circle.tif", by_hand(whole, tags, circle=True), "any")
    yield held("directory-to-itself-of-3.tif", by_hand(whole, tags, pages=3, circle=True), "any")
    for pages in (3000, 60_000):
        yield held(f"{pages}-directories.tif", by_hand(whole, tags, pages=pages), "any")
    for name, offsets in (("self", [8]), ("far", [10**9]), ("many", [8] * 5000)):
        yield held(f"subdirectory-{name}.tif", by_hand(whole, tags | {330: (4, offsets)}), "same")
    exif = tags | {34665: (4, [10**9]), 34853: (4, [8])}
    yield held("exif-far.tif", by_hand(whole, exif), "same")
    mask = tags | {254: (4, [4])}
    yield held("marked-as-mask.tif", by_hand(whole, mask), "any")
    reduced = tags | {254: (4, [1])}
    yield held("marked-as-reduced.tif", by_hand(whole, reduced), "same")
    first = by_hand(whole, tags)
    for name, place in (("beyond", 10**9), ("in-head", 2)):
        moved = first[:4] + place.to_bytes(4, "little") + first[8:]
        yield held(f"directory-{name}.tif", moved, "refused")
    count = first.index((len(tags) + 2).to_bytes(2, "little") + (256).to_bytes(2, "little"))
    yield held("65535-tags.tif", first[:count] + b"\xff\xff" + first[count + 2 :], "any")
    huge = tags | {270: (2, list(b"x" * 3_000_000))}
    yield held("description-huge.tif", by_hand(whole, huge), "same")


def _pyramids(field: Picture) -> Inputs:
    small = np.ascontiguousarray(field[::2, ::2])
    memory = io.BytesIO()
    with tifffile.TiffWriter(memory) as file:
        file.write(small[::2, ::2], photometric="rgb", subfiletype=1)
        file.write(field, photometric="rgb")
    yield held("thumbnail-first.tif", memory.getvalue(), "same")
    memory = io.BytesIO()
    with tifffile.TiffWriter(memory) as file:
        file.write(field, photometric="rgb", tile=_TILE, subifds=6)
        for step in range(1, 7):
            level = np.ascontiguousarray(field[:: 2**step, :: 2**step])
            file.write(level, photometric="rgb", subfiletype=1)
    yield held("pyramid-deep.tif", memory.getvalue(), "same")
    memory = io.BytesIO()
    with tifffile.TiffWriter(memory) as file:
        file.write(field, photometric="rgb", tile=_TILE, subifds=1)
        file.write(255 - small, photometric="rgb", subfiletype=1)
    yield held("pyramid-lies.tif", memory.getvalue(), "any")


def _written(field: Picture, **options: Any) -> bytes:
    memory = io.BytesIO()
    tifffile.imwrite(memory, field, **options)
    return memory.getvalue()


def _tile_gone(data: bytes, index: int, state: str) -> bytes:
    """A tile whose byte count, offset or both are 0 in the directory."""
    changed = bytearray(data)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        tags = file.pages.first.tags
        for code in {"count": (325,), "offset": (324,), "both": (324, 325)}[state]:
            tag = tags[code]
            width = tag.valuebytecount // tag.count
            place = tag.valueoffset + index * width
            changed[place : place + width] = bytes(width)
    return bytes(changed)

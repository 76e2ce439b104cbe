"""TIFF files of every kind: packings, depths, planes, colours."""

import io
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from benchmarks.hostile.inputs import Inputs, Must, Picture, held, saved, tiff
from benchmarks.hostile.tiff_by_hand import by_hand, rgb_tags

__all__ = ["tiffs"]

_TILE = (128, 128)
_PLANES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("raw", {}),
    ("tiles", {"tile": _TILE, "compression": "lzw"}),
    ("rows", {"rowsperstrip": 7}),
)
_RESOLUTIONS = (("unit-0", 0, 1), ("unit-9", 9, 300), ("unit-cm-absurd", 3, 10**9), ("unit-inch", 2, 72))


def tiffs(field: Picture) -> Inputs:
    """All kinds, one after the other."""
    yield from _depths(field)
    yield from _packings(field)
    yield from _colours(field)
    yield from _alphas_and_tags(field)


def _depths(field: Picture) -> Inputs:
    wide = field.astype(np.uint16)
    for bits in (8, 10, 12, 14, 16):
        samples = wide << (bits - 8)
        yield tiff(f"{bits}-in-16.tif", "same", samples)
        tiles: dict[str, Any] = {"tile": _TILE, "compression": "deflate", "photometric": "rgb"}
        yield tiff(f"{bits}-in-16-tiles.tif", "same", samples, **tiles)
    stated = [(281, "H", 3, (4095, 4095, 4095), True)]
    dim = (wide << 4) // 5
    yield tiff("12-in-16-dim.tif", "any", dim, extratags=stated)
    height, width = field.shape[:2]
    for bits in (10, 12, 14):
        samples = (wide << (bits - 8)).reshape(height, -1)
        rows = [imagecodecs.packints_encode(row, bits) for row in samples]
        tags = rgb_tags(width, height, bits)
        yield held(f"{bits}-packed.tif", by_hand([b"".join(rows)], tags), "same")
    others: dict[str, Any] = {
        "int8": (field >> 1).astype(np.int8),
        "int16": field.astype(np.int16),
        "int16-wide": (field.astype(np.int16) << 7),
        "uint32": field.astype(np.uint32),
        "uint32-wide": field.astype(np.uint32) << 24,
        "uint64": field.astype(np.uint64),
        "float-1": field.astype(np.float32) / 255,
        "float-255": field.astype(np.float32),
        "half": (field.astype(np.float32) / 255).astype(np.float16),
        "double": field.astype(np.float64),
        "float-inf": np.where(field > 200, np.inf, field).astype(np.float32),
        "float-negative": field.astype(np.float32) - 128,
    }
    for name, samples in others.items():
        yield tiff(f"{name}.tif", "any", samples, photometric="rgb")
    bitmap = np.packbits(field[:, :, 1] > 160, axis=1)
    tags = rgb_tags(width, height) | {258: (3, [1]), 262: (3, [1]), 277: (3, [1])}
    yield held("1-bit.tif", by_hand([bitmap.tobytes()], tags), "any")
    four = (field[:, ::2, 1] & 0xF0) | (field[:, 1::2, 1] >> 4)
    yield held("4-bit.tif", by_hand([four.tobytes()], tags | {258: (3, [4])}), "any")


def _packings(field: Picture) -> Inputs:
    kinds: dict[str, tuple[dict[str, Any], Must]] = {
        "deflate": ({"compression": "deflate"}, "same"),
        "lzw": ({"compression": "lzw"}, "same"),
        "packbits": ({"compression": "packbits"}, "same"),
        "zstd": ({"compression": "zstd"}, "same"),
        "lzma": ({"compression": "lzma"}, "same"),
        "lerc": ({"compression": "lerc"}, "same"),
        "webp": ({"compression": "webp", "compressionargs": {"lossless": True}}, "same"),
        "png": ({"compression": "png"}, "same"),
        "jpeg-2000": ({"compression": "jpeg2000"}, "same"),
        "jpeg-xl": ({"compression": "jpegxl", "compressionargs": {"lossless": True}}, "same"),
        "jpeg-xr": ({"compression": "jpegxr", "compressionargs": {"level": 1.0}}, "near"),
        "jpeg": ({"compression": "jpeg", "compressionargs": {"level": 95}}, "near"),
        "predictor-2": ({"compression": "deflate", "predictor": 2}, "same"),
        "lzw-predictor-2": ({"compression": "lzw", "predictor": 2}, "same"),
    }
    for name, (options, must) in kinds.items():
        given = {"photometric": "rgb", "tile": _TILE} | options
        yield tiff(f"{name}-tiles.tif", must, field, **given)
        data = _written(field, **given)
        yield held(f"{name}-gap.tif", _gap(data), "told")
    yield from _orders(field)


def _orders(field: Picture) -> Inputs:
    """Of bytes, planes, rows and bits."""
    for name, order in (("big", ">"), ("little", "<")):
        given: dict[str, Any] = {
            "photometric": "rgb",
            "byteorder": order,
            "compression": "deflate",
            "predictor": 2,
        }
        samples = field.astype(np.uint16) * 257
        yield tiff(f"{name}-end-16-predictor.tif", "same", samples, **given)
        given["bigtiff"] = True
        yield tiff(f"{name}-end-bigtiff.tif", "same", field, **given)
    floats = {"compression": "deflate", "predictor": 3, "photometric": "rgb"}
    yield tiff("predictor-3.tif", "any", field.astype(np.float32), **floats)
    planes = np.moveaxis(field, 2, 0)
    ways: tuple[tuple[str, dict[str, Any]], ...] = (
        ("raw", {}),
        ("tiles", {"tile": _TILE, "compression": "lzw"}),
        ("rows", {"rowsperstrip": 7}),
    )
    for name, options in ways:
        given = {"photometric": "rgb", "planarconfig": "separate"} | options
        yield tiff(f"planes-{name}.tif", "same", planes, **given)
    for rows in (1, 7, 100):
        options = {"photometric": "rgb", "compression": "lzw", "rowsperstrip": rows}
        yield tiff(f"rows-{rows}.tif", "same", field, **options)
    backwards = np.asarray(bytearray(range(256)), np.uint8)
    mirrored = np.packbits(np.unpackbits(backwards[:, None], axis=1)[:, ::-1], axis=1).ravel()
    height, width = field.shape[:2]
    tags = rgb_tags(width, height) | {266: (3, [2])}
    yield held("bits-mirrored.tif", by_hand([mirrored[field].tobytes()], tags), "same")
    yield from _jpeg_parts(field)


def _jpeg_parts(field: Picture) -> Inputs:
    height, width = field.shape[:2]
    rgb = Image.fromarray(field)
    stream = saved(rgb, "JPEG", quality=95, subsampling=0)
    tables, bare = _split_tables(stream)
    tags = rgb_tags(width, height) | {259: (3, [7]), 262: (3, [6])}
    yield held("jpeg-whole-stream.tif", by_hand([stream], tags), "near")
    shared = tags | {347: (7, list(tables))}
    yield held("jpeg-tables-split.tif", by_hand([bare], shared), "near")
    yield held("jpeg-tables-gone.tif", by_hand([bare], tags), "told")
    other = tags | {347: (7, list(tables[:40]))}
    yield held("jpeg-tables-cut.tif", by_hand([bare], other), "told")
    sub = saved(rgb, "JPEG", quality=95, subsampling=2)
    halved = tags | {530: (3, [2, 2])}
    yield held("jpeg-subsampled.tif", by_hand([sub], halved), "near")
    old = tags | {259: (3, [6]), 512: (3, [1]), 513: (4, [8]), 514: (4, [len(stream)])}
    yield held("jpeg-old.tif", by_hand([stream], old), "near")
    yield held("jpeg-old-cut.tif", by_hand([stream[:-4000]], old), "told")
    bare_old = tags | {259: (3, [6])}
    yield held("jpeg-old-no-stream.tif", by_hand([bare], bare_old), "told")


def _colours(field: Picture) -> Inputs:
    height, width = field.shape[:2]
    grey = field[:, :, 1]
    one = rgb_tags(width, height) | {258: (3, [8]), 277: (3, [1])}
    yield held("min-is-white.tif", by_hand([(255 - grey).tobytes()], one | {262: (3, [0])}), "any")
    yield held("min-is-black.tif", by_hand([grey.tobytes()], one | {262: (3, [1])}), "any")
    unnamed = {code: tag for code, tag in one.items() if code != 262}
    yield held("no-colour-kind.tif", by_hand([grey.tobytes()], unnamed), "any")
    lab = saved(Image.fromarray(field).convert("LAB"), "TIFF")
    yield held("lab.tif", lab, "refused")
    mosaic = _mosaic(field)
    cfa = one | {262: (3, [32803]), 33421: (3, [2, 2]), 33422: (1, [0, 1, 1, 2])}
    yield held("colour-filter.tif", by_hand([mosaic.tobytes()], cfa), "refused")
    raw = cfa | {50706: (1, [1, 4, 0, 0]), 50708: (2, list(b"Camera\0"))}
    yield held("raw.dng", by_hand([mosaic.tobytes()], raw), "refused")
    yield held("raw-as.tif", by_hand([mosaic.tobytes()], raw), "refused")
    linear = rgb_tags(width, height) | {262: (3, [34892]), 50706: (1, [1, 4, 0, 0])}
    yield held("linear.dng", by_hand([field.tobytes()], linear), "any")
    logluv = rgb_tags(width, height) | {262: (3, [32845]), 259: (3, [34677])}
    yield held("logluv.tif", by_hand([field.tobytes()], logluv), "refused")
    ink = saved(Image.fromarray(field).convert("CMYK"), "TIFF")
    yield held("inks.tif", ink, "any")
    few = Image.fromarray(field).quantize(128)
    for form in ("raw", "tiff_lzw", "packbits", "tiff_adobe_deflate"):
        yield held(f"palette-{form}.tif", saved(few, "TIFF", compression=form), "any")


def _alphas_and_tags(field: Picture) -> Inputs:
    height, width = field.shape[:2]
    grey = field[:, :, 1]
    opaque = np.dstack([field, np.full_like(grey, 255)])
    half = np.dstack([field // 2, np.full_like(grey, 128)])
    ramp = np.dstack([field, np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))])
    kinds: tuple[tuple[str, Picture, str, Must], ...] = (
        ("alpha-1", opaque, "assocalpha", "same"), ("alpha-2", opaque, "unassalpha", "same"),
        ("alpha-0", opaque, "unspecified", "same"), ("alpha-half", half, "assocalpha", "any"),
        ("alpha-ramp", ramp, "unassalpha", "any"),
    )  # fmt: skip
    for name, samples, extra, must in kinds:
        given: dict[str, Any] = {"photometric": "rgb", "extrasamples": [extra]}
        yield tiff(f"{name}.tif", must, samples, **given)
    many = np.dstack([field, grey, grey])
    given = {"photometric": "rgb", "extrasamples": ["unspecified", "unspecified"]}
    yield tiff("5-samples.tif", "same", many, **given)
    for turn in range(9):
        turned = rgb_tags(width, height) | {274: (3, [turn])}
        upright = turn in {0, 1}
        yield held(f"turned-{turn}.tif", by_hand([field.tobytes()], turned), "same" if upright else "any")
    for name, unit, size in (
        ("unit-0", 0, 1),
        ("unit-9", 9, 300),
        ("unit-cm-absurd", 3, 10**9),
        ("unit-inch", 2, 72),
    ):
        resolution = rgb_tags(width, height) | {282: (5, [size, 1]), 283: (5, [size, 1]), 296: (3, [unit])}
        yield held(f"{name}.tif", by_hand([field.tobytes()], resolution), "same")
    uneven = rgb_tags(width, height) | {282: (5, [1, 0]), 283: (5, [0, 0]), 296: (3, [2])}
    yield held("resolution-0-of-0.tif", by_hand([field.tobytes()], uneven), "same")


def _mosaic(field: Picture) -> Picture:
    mosaic = field[:, :, 1].copy()
    mosaic[::2, ::2], mosaic[1::2, 1::2] = field[::2, ::2, 0], field[1::2, 1::2, 2]
    return mosaic


def _written(field: Picture, **options: Any) -> bytes:
    memory = io.BytesIO()
    tifffile.imwrite(memory, field, **options)
    return memory.getvalue()


def _gap(data: bytes) -> bytes:
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        page = tiff.pages.first
        start, size = page.dataoffsets[5], page.databytecounts[5]
    place = start + size // 3
    run = min(2000, size // 3)
    return data[:place] + bytes(run) + data[place + run :]


def _split_tables(stream: bytes) -> tuple[bytes, bytes]:
    """Tables of a JPEG as a stream of their own, and the picture without them."""
    place, tables, rest = 2, b"", b""
    while True:
        length = int.from_bytes(stream[place + 2 : place + 4], "big") + 2
        segment = stream[place : place + length]
        if segment[1] == 0xDA:
            return stream[:2] + tables + b"\xff\xd9", stream[:2] + rest + stream[place:]
        if segment[1] in (0xDB, 0xC4):
            tables += segment
        elif segment[1] < 0xE0:
            rest += segment
        place += length

"""Whole pictures of a field in many formats, and pictures that are valid and odd."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image, ImageFilter, PngImagePlugin

from benchmarks.hostile.inputs import Inputs, Picture, saved, writing

__all__ = ["odd_pictures", "seeds"]

_NONE, _GREY = "not countable", "not countable: grey_picture"
_PRINT, _OTHER = "refused: has the colours of printing (CMYK)", "refused: is not a picture"
_SAMPLES, _SMALL = (
    "refused: expected whole numbers of 8 to 16 bits",
    "refused: a field needs at least 64 x 64 px",
)


def seeds(field: Picture) -> dict[str, bytes]:
    """The field in each format that is read, by the ending of its name."""
    pillow: dict[str, tuple[str, dict[str, Any]]] = {
        "jpg": ("JPEG", {"quality": 92}),
        "progressive.jpg": ("JPEG", {"progressive": True}),
        "png": ("PNG", {}),
        "bmp": ("BMP", {}),
        "webp": ("WEBP", {"lossless": True}),
        "avif": ("AVIF", {}),
        "jp2": ("JPEG2000", {}),
        "raw.tif": ("TIFF", {}),
        "lzw.tif": ("TIFF", {"compression": "tiff_lzw"}),
        "jpeg.tif": ("TIFF", {"compression": "jpeg"}),
    }
    made = {suffix: saved(Image.fromarray(field), form, **given) for suffix, (form, given) in pillow.items()}
    memory = io.BytesIO()
    tifffile.imwrite(memory, field, tile=(128, 128), compression="deflate", photometric="rgb")
    made["tiled.tif"] = memory.getvalue()
    memory = io.BytesIO()
    with tifffile.TiffWriter(memory, bigtiff=True) as tiff:
        tiff.write(field, tile=(128, 128), subifds=1, photometric="rgb", compression="jpeg")
        tiff.write(field[::2, ::2], tile=(128, 128), subfiletype=1, photometric="rgb", compression="jpeg")
    made["pyramid.tif"] = memory.getvalue()
    return made


def odd_pictures(field: Picture) -> Inputs:
    """Valid pictures of kinds that a camera seldom writes."""
    yield from _by_pillow(field)
    yield from _samples(field)
    yield from _planes(field)
    yield from _descriptions(field)
    yield from _by_size()


def _by_pillow(field: Picture) -> Inputs:
    rgb = Image.fromarray(field)
    wide = Image.fromarray(field[:, :, 1].astype(np.uint16) * 257)
    clear = Image.fromarray(np.dstack([field, np.zeros(field.shape[:2], np.uint8)]))
    half = Image.fromarray(np.dstack([field, np.full(field.shape[:2], 128, np.uint8)]))
    for name, must, picture, options in (
        ("cmyk.jpg", "near", rgb.convert("CMYK"), {}),
        ("cmyk.tif", _PRINT, rgb.convert("CMYK"), {}),
        ("ycbcr.tif", "near", rgb.convert("YCbCr"), {}),
        ("lab.tif", "refused: has CIELab colours", rgb.convert("LAB"), {}),
        ("16bit.png", _GREY, wide, {}),
        ("1bit.png", _NONE, rgb.convert("1"), {}),
        ("1bit.tif", _SAMPLES, rgb.convert("1"), {}),
        ("1bit-fax.tif", _SAMPLES, rgb.convert("1"), {"compression": "group4"}),
        ("palette.png", "near", rgb.convert("P"), {}),
        ("palette.tif", "near", rgb.convert("P"), {}),
        ("palette.bmp", "near", rgb.convert("P"), {}),
        ("grey.jpg", _GREY, rgb.convert("L"), {}),
        ("grey-alpha.png", _GREY, rgb.convert("LA"), {}),
        ("clear.png", "same", clear, {}),
        ("clear.webp", _NONE, clear, {"lossless": True}),
        ("half.png", "same", half, {}),
        ("film.webp", "near", rgb, {"save_all": True, "append_images": [rgb, rgb]}),
        ("film.png", "same", rgb, {"save_all": True, "append_images": [rgb, rgb]}),
        ("film.gif", "refused: is a GIF", rgb, {"save_all": True, "append_images": [rgb, rgb]}),
        ("film.avif", "near", rgb, {"save_all": True, "append_images": [rgb, rgb]}),
        ("dpi-0.jpg", "near", rgb, {"dpi": (0, 0)}),
        ("text-bomb.png", "same", rgb, {"pnginfo": _long_text()}),
        ("profile-garbage.png", "same", rgb, {"icc_profile": bytes(range(256)) * 400}),
        ("icon.ico", _OTHER, rgb, {}),
        ("tga.tga", _OTHER, rgb, {}),
        ("pcx.pcx", _OTHER, rgb, {}),
        ("portable.ppm", _OTHER, rgb, {}),
    ):
        yield name, writing(name, picture.save, **options), must
    for turn in range(0, 11):
        exif = Image.Exif()
        exif[0x0112] = turn
        name = f"exif-{turn}.jpg"
        yield name, writing(name, rgb.save, exif=exif), "near"


def _samples(field: Picture) -> Inputs:
    grey = field[:, :, 1]
    for name, must, data, options in (
        ("16bit.tif", "same", field.astype(np.uint16) * 257, {}),
        ("12bit.tif", "same", field.astype(np.uint16) * 16, {}),
        ("int32.tif", _SAMPLES, field.astype(np.int32), {}),
        ("float.tif", _SAMPLES, field.astype(np.float32) / 255, {}),
        ("nan.tif", _SAMPLES, np.full(grey.shape, np.nan, np.float32), {}),
        ("complex.tif", _SAMPLES, grey.astype(np.complex64), {}),
        ("2-channels.tif", "refused: has 2 channels", np.stack([grey, grey]), {"metadata": {"axes": "CYX"}}),
        ("5-channels.tif", "refused: has 5 channels", np.stack([grey] * 5), {"metadata": {"axes": "CYX"}}),
    ):
        yield name, writing(name, tifffile.imwrite, data, **options), must


def _planes(field: Picture) -> Inputs:
    grey = field[:, :, 1]
    blurred = [np.asarray(Image.fromarray(field).filter(ImageFilter.GaussianBlur(s))) for s in (3, 0, 2)]
    stack = np.stack(blurred)
    clear = np.dstack([field, np.zeros(grey.shape, np.uint8)])
    for name, must, data, options in (
        ("z-stack.tif", "same", stack, {"imagej": True, "metadata": {"axes": "ZYXS"}}),
        ("t-series.tif", "same", stack, {"imagej": True, "metadata": {"axes": "TYXS"}}),
        (
            "z-of-t.tif",
            "refused: holds several pictures",
            np.stack([stack, stack]),
            {"imagej": True, "metadata": {"axes": "TZYXS"}},
        ),
        ("pages.tif", "same", stack, {"photometric": "rgb"}),
        (
            "planes-apart.tif",
            "same",
            np.moveaxis(field, 2, 0),
            {"photometric": "rgb", "planarconfig": "separate"},
        ),
        ("big-endian.tif", "same", field, {"byteorder": ">"}),
        ("white-is-0.tif", _NONE, grey, {"photometric": "miniswhite"}),
        ("clear.tif", "same", clear, {"photometric": "rgb", "extrasamples": ["unassalpha"]}),
    ):
        yield name, writing(name, tifffile.imwrite, data, **options), must


def _descriptions(field: Picture) -> Inputs:
    xml = '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
    laughs = '<!DOCTYPE a [<!ENTITY a "lol">' + "".join(
        f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9)
    )
    for name, must, data, options in (
        ("resolution-0.tif", "same", field, {"resolution": (0, 0)}),
        ("resolution-huge.tif", "same", field, {"resolution": (1e9, 1e9)}),
        ("ome-broken.ome.tif", "same", field, {"description": xml + "<Image><Pixels"}),
        ("ome-laughs.ome.tif", "same", field, {"description": laughs + f"]>{xml}&j;</OME>"}),
        ("description-long.tif", "same", field, {"description": "x" * 5_000_000}),
        ("rows-1.tif", "same", field, {"rowsperstrip": 1, "compression": "deflate"}),
        ("jpeg-xl.tif", "same", field, {"compression": "jpegxl"}),
        ("jpeg-2000.tif", "same", field, {"compression": "jpeg2000"}),
    ):
        yield name, writing(name, tifffile.imwrite, data, **options), must
    yield "rows-all.tif", writing("rows-all.tif", _all_rows, field), "same"


def _by_size() -> Inputs:
    random = np.random.default_rng(5)
    for name, must, picture in (
        ("1x1.png", _SMALL, np.zeros((1, 1, 3), np.uint8)),
        ("63x64.png", _SMALL, np.zeros((63, 64, 3), np.uint8)),
        ("64x64.png", _NONE, np.full((64, 64, 3), 200, np.uint8)),
        ("1x100000.png", _SMALL, np.zeros((1, 100_000, 3), np.uint8)),
        ("65000x64.png", _NONE, np.full((65_000, 64, 3), 210, np.uint8)),
        ("64x65000.jpg", _NONE, np.full((64, 65_000, 3), 210, np.uint8)),
        ("white.png", _NONE, np.full((1000, 1000, 3), 255, np.uint8)),
        ("black.png", _NONE, np.zeros((1000, 1000, 3), np.uint8)),
        ("noise.png", _NONE, random.integers(0, 256, (1000, 1000, 3), np.uint8)),
        ("stripes.png", _NONE, np.tile(np.asarray([[[0], [255]]], np.uint8), (1000, 500, 3))),
        (
            "checks.png",
            _NONE,
            np.kron(np.indices((20, 20)).sum(0)[:, :, None] % 2 * 255, np.ones((50, 50, 3))),
        ),
    ):
        yield name, writing(name, Image.fromarray(picture.astype(np.uint8)).save), must


def _all_rows(path: Path, field: Picture) -> None:
    tifffile.imwrite(path, field, compression="deflate", rowsperstrip=len(field))
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tiff.pages.first.tags["RowsPerStrip"].overwrite(2**32 - 1, dtype="I")


def _long_text() -> PngImagePlugin.PngInfo:
    text = PngImagePlugin.PngInfo()
    for number in range(70):
        text.add_text(f"key {number}", "x" * 1_000_000, zip=True)
    text.add_text("long", "x" * 90_000_000, zip=True)
    return text

"""Pixels of a whole photo, by OpenCV or (AVIF, HEIC, JPEG 2000) by Pillow; what decoding needs of memory."""

from io import BytesIO
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.reader.decoding.bitmap import has_lost_rows, is_core_bitmap
from pipeline.reader.decoding.gaps import has_gap
from pipeline.reader.decoding.jpeg import jpeg_damage
from pipeline.reader.decoding.jpeg_2000 import lacks_tiles
from pipeline.reader.decoding.opencv import decoded, quiet_stderr
from pipeline.reader.decoding.pillow import strict_pillow, unlimited_pillow
from pipeline.reader.pixels import FULL_RANGE_BITS, bits_used, eight_bits, on_white
from pipeline.reader.source import ContentKind

__all__ = ["REDUCTIONS", "decoded_photo", "peak_bytes"]

REDUCTIONS = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    1: cv2.IMREAD_COLOR,
}
"""Reductions at which a JPEG picture can be decoded; all others are decoded whole."""

_THROUGH_PILLOW = {
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),  # of the first age, which OpenCV reads as grey
    "HEIC": ("pillow_heif.as_plugin", "HeifImageFile"),
    "JPEG 2000": ("PIL.Jpeg2KImagePlugin", "Jpeg2KImageFile"),
}
_BAND_ROWS = 512  # of a picture whose samples are turned into RGB: what that needs beside it stays small
_RGB_BYTES = 3


def decoded_photo(data: NDArray[np.uint8], kind: ContentKind, reduction: int) -> NDArray[np.uint8] | None:
    """RGB uint8 (H, W, 3) as stored, the caller's own; None where the data is damaged.

    Parameters
    ----------
    data : uint8 (n,), the bytes of the file.
    reduction : one of REDUCTIONS for a JPEG picture, else 1.
    """
    if kind == "JPEG":
        return _jpeg(data, reduction)
    if _is_damaged(data, kind):
        return None
    if kind in _THROUGH_PILLOW and (kind != "BMP" or is_core_bitmap(data)):
        return _through_pillow(data, kind)
    if kind == "TIFF":  # libtiff turns whatever its colours are into 8 bits
        bgr = decoded(data, cv2.IMREAD_COLOR_BGR | cv2.IMREAD_IGNORE_ORIENTATION)[0]
        return None if bgr is None else _rgb_of_bgr(bgr)
    pixels = decoded(data, cv2.IMREAD_UNCHANGED)[0]
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        return None
    return _rgb_of_bgr(pixels)


def _is_damaged(data: NDArray[np.uint8], kind: ContentKind) -> bool:
    """Whether bytes were lost that a decoder does not miss."""
    if kind == "BMP":
        return has_lost_rows(data)
    return has_gap(data, kind) or (kind == "JPEG 2000" and lacks_tiles(data.tobytes()))


def _jpeg(data: NDArray[np.uint8], reduction: int) -> NDArray[np.uint8] | None:
    colours = REDUCTIONS[reduction] & ~cv2.IMREAD_COLOR_BGR | cv2.IMREAD_COLOR_RGB
    rgb, remarks = decoded(data, colours | cv2.IMREAD_IGNORE_ORIENTATION)
    if rgb is None or jpeg_damage(data.tobytes(), remarks=remarks) is not None:
        return None
    return np.asarray(rgb, np.uint8)


def peak_bytes(kind: ContentKind, pixels: int, sample_bytes: int, channels: int) -> int:
    """Bytes that decoding so many pixels needs at its peak, beside the file itself."""
    stored = sample_bytes * channels
    if kind == "JPEG":
        return pixels * 2 * _RGB_BYTES  # OpenCV holds the picture twice, measured of grey ones
    if stored == _RGB_BYTES and kind in {"PNG", "BMP"}:
        return pixels * _RGB_BYTES  # turned into RGB in place
    if kind in _THROUGH_PILLOW:  # their decoders hold a picture of their own
        return pixels * (_RGB_BYTES + 2 * max(stored, 4))
    if kind == "WebP":
        return pixels * (_RGB_BYTES + 4)
    return pixels * (_RGB_BYTES + stored)


def _through_pillow(data: NDArray[np.uint8], kind: ContentKind) -> NDArray[np.uint8] | None:
    from importlib import import_module

    module, factory = _THROUGH_PILLOW[kind]
    with quiet_stderr(), strict_pillow(), unlimited_pillow():
        try:
            picture = getattr(import_module(module), factory)(BytesIO(data.tobytes()))
            picture.load()
            if not picture.mode.startswith(("L", "I;16", "RGB")):
                picture = picture.convert("RGB")
            pixels = np.asarray(picture)
        except (SyntaxError, ValueError, EOFError, OSError, RuntimeError):
            return None
    return _rgb_of(pixels[:, :, :1].copy() if picture.mode == "LA" else pixels)


def _rgb_of_bgr(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Grey, BGR or BGRA (H, W[, n]) as RGB; a picture of 8-bit BGR is changed in place."""
    if pixels.ndim == 2:
        return _rgb_of(pixels)
    code = cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    return _rgb_of(np.asarray(cv2.cvtColor(pixels, code, dst=pixels)))


def _rgb_of(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Grey, RGB or RGBA of 8 or 16 bits as RGB uint8 (H, W, 3), in bands."""
    if pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3:
        return np.asarray(pixels, np.uint8)
    if pixels.ndim == 2:
        pixels = pixels[:, :, np.newaxis]
    colours = 3 if pixels.shape[2] >= 3 else 1
    bits = bits_used(int(pixels[:, :, :colours].max())) if pixels.dtype == np.uint16 else 8
    seen_through = pixels.shape[2] == 4 and _varies(pixels[:, :, 3])
    rgb = np.empty((*pixels.shape[:2], 3), np.uint8)
    for top in range(0, len(pixels), _BAND_ROWS):
        rows = slice(top, top + _BAND_ROWS)
        rgb[rows] = eight_bits(pixels[rows, :, :colours], bits)
        if seen_through:
            rgb[rows] = on_white(rgb[rows], eight_bits(pixels[rows, :, 3], FULL_RANGE_BITS))
    return rgb


def _varies(alpha: NDArray[Any]) -> bool:
    """Whether an alpha channel says anything: one that is the same everywhere was never filled in."""
    return bool((alpha != alpha[0, 0]).any())

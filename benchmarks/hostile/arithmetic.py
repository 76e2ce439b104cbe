"""JPEG pictures in arithmetic codes, which neither Pillow nor OpenCV writes, by the libjpeg inside Pillow."""

import ctypes
import platform
from pathlib import Path

import numpy as np
import PIL

from benchmarks.hostile.inputs import Picture

__all__ = ["arithmetic_jpeg"]

_VERSION, _STRUCT_BYTES, _ERROR_BYTES = (
    62,
    520,
    400,
)  # JPEG_LIB_VERSION and jpeg_compress_struct of libjpeg-turbo
_WIDTH_AT, _HEIGHT_AT, _CHANNELS_AT, _SPACE_AT, _ARITHMETIC_AT = 48, 52, 56, 60, 260
_RGB = 2  # J_COLOR_SPACE


def arithmetic_jpeg(field: Picture, *, progressive: bool = False) -> bytes | None:
    """RGB uint8 (H, W, 3) as a JPEG in arithmetic codes; None where the library is not at hand."""
    found = sorted((Path(PIL.__file__).parents[1] / "pillow.libs").glob("libjpeg*.so*"))
    if not found or platform.machine() != "x86_64":
        return None
    jpeg = ctypes.CDLL(str(found[0]))
    jpeg.jpeg_std_error.restype = ctypes.c_void_p
    state = ctypes.create_string_buffer(2 * _STRUCT_BYTES)
    errors = ctypes.create_string_buffer(_ERROR_BYTES)
    ctypes.c_void_p.from_buffer(state, 0).value = jpeg.jpeg_std_error(errors)
    jpeg.jpeg_CreateCompress(state, _VERSION, ctypes.c_size_t(_STRUCT_BYTES))
    written, size = ctypes.c_void_p(), ctypes.c_ulong()
    jpeg.jpeg_mem_dest(state, ctypes.byref(written), ctypes.byref(size))
    height, width, channels = field.shape
    for place, value in (
        (_WIDTH_AT, width),
        (_HEIGHT_AT, height),
        (_CHANNELS_AT, channels),
        (_SPACE_AT, _RGB),
    ):
        ctypes.c_int.from_buffer(state, place).value = value
    jpeg.jpeg_set_defaults(state)
    jpeg.jpeg_set_quality(state, 95, 1)
    if progressive:
        jpeg.jpeg_simple_progression(state)
    ctypes.c_int.from_buffer(state, _ARITHMETIC_AT).value = 1
    jpeg.jpeg_start_compress(state, 1)
    for row in np.ascontiguousarray(field):
        line = ctypes.c_void_p(row.ctypes.data)
        jpeg.jpeg_write_scanlines(state, ctypes.byref(line), 1)
    jpeg.jpeg_finish_compress(state)
    return ctypes.string_at(written, size.value)

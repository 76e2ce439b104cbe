"""A whole slide as DICOM (PS3.3, A.32.8), written by hand: explicit VR, little endian, tiles side by side."""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["write_dicom_slide"]

_SLIDE_CLASS = "1.2.840.10008.5.1.4.1.1.77.1.6"  # VL Whole Slide Microscopy Image Storage
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_LONG_LENGTHS = ("OB", "OW", "SQ", "UN", "UT")


def write_dicom_slide(
    path: Path, rgb: NDArray[np.uint8], *, tile: int = 64, um_per_px: float = 0.25, series: str = "1.2.3.4"
) -> Path:
    """Write RGB uint8 (H, W, 3), both multiples of `tile`, as the one level of a slide."""
    height, width = rgb.shape[:2]
    tiles = (
        rgb.reshape(height // tile, tile, width // tile, tile, 3).swapaxes(1, 2).reshape(-1, tile, tile, 3)
    )
    spacing = f"{um_per_px / 1000:.6f}\\{um_per_px / 1000:.6f}"
    measures = _sequence(0x0028, 0x9110, _element(0x0028, 0x0030, "DS", spacing))
    data = b"".join(
        [
            _element(0x0008, 0x0008, "CS", "ORIGINAL\\PRIMARY\\VOLUME\\NONE"),
            _element(0x0008, 0x0016, "UI", _SLIDE_CLASS),
            _element(0x0008, 0x0018, "UI", f"{series}.1"),
            _element(0x0008, 0x0060, "CS", "SM"),
            _element(0x0020, 0x000D, "UI", "1.2.3"),
            _element(0x0020, 0x000E, "UI", series),
            _element(0x0020, 0x9311, "CS", "TILED_FULL"),
            _element(0x0028, 0x0002, "US", 3),
            _element(0x0028, 0x0004, "CS", "RGB"),
            _element(0x0028, 0x0006, "US", 0),
            _element(0x0028, 0x0008, "IS", str(len(tiles))),
            _element(0x0028, 0x0010, "US", tile),
            _element(0x0028, 0x0011, "US", tile),
            _element(0x0028, 0x0100, "US", 8),
            _element(0x0028, 0x0101, "US", 8),
            _element(0x0028, 0x0102, "US", 7),
            _element(0x0028, 0x0103, "US", 0),
            _element(0x0048, 0x0006, "UL", width),
            _element(0x0048, 0x0007, "UL", height),
            _element(0x0048, 0x0302, "UL", 1),
            _element(0x0048, 0x0303, "UL", 1),
            _sequence(0x5200, 0x9229, measures),
            _element(0x7FE0, 0x0010, "OB", tiles.tobytes()),
        ]
    )
    meta = b"".join(
        [
            _element(0x0002, 0x0001, "OB", b"\x00\x01"),
            _element(0x0002, 0x0002, "UI", _SLIDE_CLASS),
            _element(0x0002, 0x0003, "UI", f"{series}.1"),
            _element(0x0002, 0x0010, "UI", _EXPLICIT_LITTLE),
            _element(0x0002, 0x0012, "UI", "1.2.3.9"),
        ]
    )
    path.write_bytes(bytes(128) + b"DICM" + _element(0x0002, 0x0000, "UL", len(meta)) + meta + data)
    return path


def _element(group: int, number: int, kind: str, value: str | int | bytes) -> bytes:
    if isinstance(value, int):
        data = struct.pack("<H" if kind == "US" else "<I", value)
    elif isinstance(value, str):
        data = value.encode() + (b"\0" if kind == "UI" else b" ") * (len(value) % 2)
    else:
        data = value
    length = struct.pack("<HI", 0, len(data)) if kind in _LONG_LENGTHS else struct.pack("<H", len(data))
    return struct.pack("<HH", group, number) + kind.encode() + length + data


def _sequence(group: int, number: int, item: bytes) -> bytes:
    return _element(group, number, "SQ", struct.pack("<HHI", 0xFFFE, 0xE000, len(item)) + item)

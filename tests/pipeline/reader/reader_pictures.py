"""Pictures and files made by hand for the tests of the reader."""

import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

__all__ = [
    "block_means",
    "displayed",
    "exif_block",
    "noise",
    "smooth",
    "whole",
    "write_aperio",
    "write_jpeg",
    "write_photo",
    "write_pyramid",
]


def smooth(width: int, height: int) -> NDArray[np.uint8]:
    """RGB picture without symmetry that JPEG keeps well: red grows to the right, green down, a blue blob."""
    y, x = np.mgrid[:height, :width]
    blob = np.exp(-(((x - 0.2 * width) / (0.15 * width)) ** 2 + ((y - 0.3 * height) / (0.1 * height)) ** 2))
    picture = np.stack([230 * x / width + 10, 200 * y / height + 30, 40 + 200 * blob], axis=2)
    return np.round(picture).astype(np.uint8)


def noise(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """RGB picture in which no two regions are alike."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def displayed(stored: NDArray[np.uint8], exif: int) -> NDArray[np.uint8]:
    """Stored picture as displayed, by the words of EXIF 2.32: what 0th row and 0th column mean."""
    rotations: dict[int, Any] = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: np.swapaxes(a, 0, 1),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(np.swapaxes(a, 0, 1), 2),
        8: lambda a: np.rot90(a, 1),
    }
    return np.ascontiguousarray(rotations[exif](stored))


def block_means(rgb: NDArray[np.uint8], shrink: int) -> NDArray[np.float64]:
    """Exact mean of each block, the last row and column repeated."""
    height, width = rgb.shape[:2]
    padded = np.pad(rgb, ((0, -height % shrink), (0, -width % shrink), (0, 0)), mode="edge")
    rows, columns = padded.shape[0] // shrink, padded.shape[1] // shrink
    return padded.reshape(rows, shrink, columns, shrink, 3).mean(axis=(1, 3))


def whole(field: Any, shrink: int) -> NDArray[np.uint8]:
    """All of a field at one shrink."""
    width, height = (-(-side // shrink) * shrink for side in (field.width, field.height))
    picture: NDArray[np.uint8] = field.read(0, 0, width, height, shrink)
    return picture


def exif_block(orientation: int) -> bytes:
    """TIFF structure with one directory that holds the orientation."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"II*\x00" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)


def write_jpeg(path: Path, rgb: NDArray[np.uint8], exif: int | None = None) -> Path:
    """JPEG of high quality without chroma subsampling, with an APP1 segment where `exif` is given."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, 97, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    data = _encoded(".jpg", rgb, settings)
    if exif is not None:
        payload = b"Exif\x00\x00" + exif_block(exif)
        data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload + data[2:]
    path.write_bytes(data)
    return path


def write_photo(path: Path, pixels: NDArray[Any]) -> Path:
    """Picture (RGB, RGBA or grey) in the format of its ending, without loss where the format can."""
    settings = [cv2.IMWRITE_WEBP_QUALITY, 101] if path.suffix == ".webp" else []
    path.write_bytes(_encoded(path.suffix, pixels, settings))
    return path


def _encoded(suffix: str, pixels: NDArray[Any], settings: list[int]) -> bytes:
    if pixels.ndim == 3:
        order = [2, 1, 0, 3][: pixels.shape[2]]
        pixels = np.ascontiguousarray(pixels[:, :, order])
    done, data = cv2.imencode(suffix, pixels, settings)
    if not done:
        raise OSError(f"no encoder for {suffix}")
    return data.tobytes()


def write_pyramid(path: Path, rgb: NDArray[np.uint8], factors: tuple[int, ...], **options: Any) -> Path:
    """Tiled pyramidal BigTIFF, its reduced levels (each the block mean of `rgb`) in SubIFDs."""
    settings: dict[str, Any] = {"photometric": "rgb", "tile": (128, 128), "compression": "zlib"} | options
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        tiff.write(rgb, subifds=len(factors), **settings)
        for factor in factors:
            level = np.round(block_means(rgb, factor)).astype(np.uint8)
            tiff.write(level, subfiletype=1, **settings)
    return path


def write_aperio(path: Path, rgb: NDArray[np.uint8], factor: int = 4, mpp: str = "0.25") -> Path:
    """Aperio slide: level 0, a thumbnail in strips, a level that is cut short to whole px, a label."""
    height, width = rgb.shape[:2]
    tiles: dict[str, Any] = {
        "photometric": "rgb",
        "tile": (128, 128),
        "compression": "lzw",
        "metadata": None,
    }
    about = (
        f"Aperio Image Library v11\n{width}x{height} [0,0 {width}x{height}] (128x128)|AppMag = 40|MPP = {mpp}"
    )
    level = np.round(block_means(rgb, factor)).astype(np.uint8)[: height // factor, : width // factor]
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(rgb, description=about, **tiles)
        tiff.write(noise(100, 80), photometric="rgb", description="Aperio thumbnail", metadata=None)
        tiff.write(level, description="Aperio Image Library v11\nlevel", **tiles)
        tiff.write(
            noise(90, 70), photometric="rgb", subfiletype=1, description="Aperio\nlabel 9x7", metadata=None
        )
    return path

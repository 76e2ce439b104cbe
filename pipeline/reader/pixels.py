"""Arrays of any picture turned into RGB uint8 as displayed, at the scale that is asked for."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.reader.field import Box

__all__ = [
    "FULL_RANGE_BITS",
    "MIN_FIELD_PX",
    "Orientation",
    "bits_used",
    "block_mean",
    "check_region",
    "eight_bits",
    "on_white",
    "orient",
    "orientation_of",
    "rgb_of",
    "stored_box",
    "too_empty",
    "too_small",
]

MIN_FIELD_PX = 64  # px; no field of a microscope is smaller on a side
FULL_RANGE_BITS = 16  # of a sample in a 16-bit file
_DEPTHS = (8, 10, 12, 14)  # of cameras' converters, as microscope cameras write them into 16-bit files
_MAX_SHRINK = 64
_UNJUDGED_MEGAPIXELS = 16  # a smaller picture costs little, however few bytes it comes from
_LEAST_BYTES_PER_PX = 0.002  # smears have 0.03 and more; a picture made to fill the memory, less
_LEAST_LOSSLESS = 0.02  # bytes a px of a PNG: a camera's noise alone needs more than 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Orientation:
    """How a stored picture becomes the displayed one.

    Attributes
    ----------
    transposed : rows and columns change places first.
    flip_x, flip_y : then the displayed picture is mirrored left-right, top-bottom.
    """

    transposed: bool = False
    flip_x: bool = False
    flip_y: bool = False

    def displayed_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height (px) as displayed of a picture stored with this width and height."""
        return (height, width) if self.transposed else (width, height)

    @property
    def keeps_rows(self) -> bool:
        """Whether the picture is displayed as stored: else it is copied."""
        return not (self.transposed or self.flip_x or self.flip_y)

    def keeps_phase(self, width: int, height: int, factor: int) -> bool:
        """Whether blocks of `factor` px counted from the stored corner are those of the displayed one.

        `width` and `height` are those of the picture as displayed, in px.
        """
        return not ((self.flip_x and width % factor) or (self.flip_y and height % factor))


# EXIF 2.32, tag 0x0112: where the 0th row and the 0th column of the stored picture are displayed.
_EXIF_ORIENTATIONS = {
    1: Orientation(),
    2: Orientation(flip_x=True),
    3: Orientation(flip_x=True, flip_y=True),
    4: Orientation(flip_y=True),
    5: Orientation(transposed=True),
    6: Orientation(transposed=True, flip_x=True),
    7: Orientation(transposed=True, flip_x=True, flip_y=True),
    8: Orientation(transposed=True, flip_y=True),
}


def orientation_of(exif_value: object) -> Orientation:
    """Orientation for an EXIF value 1 to 8; anything else is displayed as stored."""
    return _EXIF_ORIENTATIONS.get(exif_value, Orientation()) if isinstance(exif_value, int) else Orientation()


def orient(rgb: NDArray[np.uint8], orientation: Orientation) -> NDArray[np.uint8]:
    """Stored picture (H, W, 3) as it is displayed; contiguous unless nothing had to be turned."""
    turned: Any = cv2.transpose(rgb) if orientation.transposed else rgb
    if orientation.flip_x or orientation.flip_y:
        code = -1 if orientation.flip_x and orientation.flip_y else int(orientation.flip_x)
        turned = cv2.flip(turned, code)
    return np.asarray(turned, np.uint8)


def stored_box(box: Box, width: int, height: int, orientation: Orientation) -> Box:
    """Where a box of the displayed picture (`width` x `height` px) lies in the stored one."""
    x0, y0, x1, y1 = box
    if orientation.flip_x:
        x0, x1 = width - x1, width - x0
    if orientation.flip_y:
        y0, y1 = height - y1, height - y0
    return (y0, x0, y1, x1) if orientation.transposed else (x0, y0, x1, y1)


def block_mean(rgb: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Mean of each block of `factor` x `factor` px, rounded.

    Parameters
    ----------
    rgb : (H, W, 3) uint8; the last row and column are repeated to fill the last blocks.
    factor : px of a block's side, 1 or more.

    Returns
    -------
    (ceil(H / factor), ceil(W / factor), 3) uint8.
    """
    if factor == 1:
        return rgb
    height, width = rgb.shape[:2]
    rows, columns = -(-height // factor), -(-width // factor)
    below, right = rows * factor - height, columns * factor - width
    if below or right:
        rgb = np.asarray(cv2.copyMakeBorder(rgb, 0, below, 0, right, cv2.BORDER_REPLICATE), np.uint8)
    return np.asarray(cv2.resize(rgb, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)


def bits_used(maximum: int) -> int:
    """Bits a 16-bit picture really uses: the least depth of a camera that holds its largest sample."""
    return next((bits for bits in _DEPTHS if maximum < 1 << bits), FULL_RANGE_BITS)


def eight_bits(samples: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """uint8 or uint16 samples of any shape as uint8; `bits` is how many of 16 bits are in use."""
    if samples.dtype == np.uint8:
        return np.asarray(samples, np.uint8)
    return np.asarray(np.minimum(samples >> np.uint16(bits - 8), 255), np.uint8)


def rgb_of(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey picture (H, W) as RGB (H, W, 3)."""
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)


def on_white(
    rgb: NDArray[np.uint8], alpha: NDArray[np.uint8], *, premultiplied: bool = False
) -> NDArray[np.uint8]:
    """RGB (H, W, 3) laid on white through alpha (H, W), 0 (clear) to 255 (opaque).

    `premultiplied` says that the colours were multiplied by alpha already.
    """
    if bool((alpha == 255).all()):
        return rgb
    opacity = alpha[:, :, np.newaxis].astype(np.uint16)
    if premultiplied:
        return np.asarray(np.minimum(rgb + (255 - opacity), 255), np.uint8)
    # 255 (255 - a) + c a fits 16 bits: at most 255 * 255.
    return np.asarray((rgb * opacity + 255 * (255 - opacity) + 127) // 255, np.uint8)


def check_region(picture: tuple[int, int], box: Box, shrink: int) -> None:
    """Refuse a region that lies off the grid of blocks or outside the picture (width, height in px)."""
    if shrink not in {1 << k for k in range(_MAX_SHRINK.bit_length())}:
        raise ValueError(f"shrink is {shrink}; expected a power of two from 1 to {_MAX_SHRINK}")
    width, height = (-(-side // shrink) * shrink for side in picture)
    x0, y0, x1, y1 = box
    if any(edge % shrink for edge in box):
        raise ValueError(f"region {box} is off the grid of {shrink} px; expected multiples of shrink")
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        raise ValueError(f"region {box} leaves the picture; expected it within {width} x {height} px")


def too_small(width: int, height: int) -> str | None:
    """Why a picture of this size (px) is no field; None where it is large enough."""
    if min(width, height) >= MIN_FIELD_PX:
        return None
    return (
        f"picture is {width} x {height} px; a field needs at least {MIN_FIELD_PX} x {MIN_FIELD_PX} px; "
        "hand in the photo as the camera wrote it"
    )


def too_empty(pixels: int, data_bytes: int, *, lossless: bool = False) -> str | None:
    """Why so many px from so few bytes are no photo, to be asked before they are decoded; else None."""
    least = _LEAST_LOSSLESS if lossless else _LEAST_BYTES_PER_PX
    if pixels <= _UNJUDGED_MEGAPIXELS * 1e6 or data_bytes >= pixels * least:
        return None
    return (
        f"holds {pixels / 1e6:.0f} megapixels in {data_bytes} bytes; expected a photo, which has more; "
        "hand in the file as the camera wrote it"
    )

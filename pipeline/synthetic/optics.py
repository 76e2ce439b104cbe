"""From absorbance to the picture a camera gives: light, blur, round view, noise."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.layout import Layout
from pipeline.synthetic.shapes import F32

__all__ = ["BLUR_REACH", "BRIGHTEST", "expose"]

BLUR_REACH = 4.0  # standard deviations of the blur (and the colours' shift) that a window needs around it

BRIGHTEST = -0.08  # absorbance; refraction gathers no more light than this
_NOISE_PX = 256  # side of the squares whose noise is drawn together


def expose(layout: Layout, absorbance: F32, left: int, top: int, halo: int) -> NDArray[np.uint8]:
    """Turn a window of absorbance into 8 bit RGB.

    Parameters
    ----------
    absorbance : (height + 2 halo, width + 2 halo, 3).
    left, top : px of the field of the window's first pixel without its halo.

    Returns
    -------
    uint8 (height, width, 3).
    """
    optics, um_per_px = layout.settings.optics, layout.settings.um_per_px
    height, width = absorbance.shape[0] - 2 * halo, absorbance.shape[1] - 2 * halo
    columns = np.arange(left - halo, left + width + halo, dtype=np.float32) + np.float32(0.5)
    rows = np.arange(top - halo, top + height + halo, dtype=np.float32) + np.float32(0.5)
    picture = np.exp(-np.maximum(absorbance, np.float32(BRIGHTEST)))
    picture *= _light(layout, columns, rows)
    if layout.view is not None:
        distance = np.hypot(columns[None] - layout.view.x, rows[:, None] - layout.view.y)
        picture *= np.clip(layout.view.radius - distance + 0.5, 0, 1).astype(np.float32)[..., None]
    sigma = optics.defocus_um / um_per_px
    if sigma > 0.2:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)
    shift = optics.shift_um / um_per_px / 2
    if shift > 0.05:
        picture = _shifted(picture, shift, layout.seed)
    inner = np.ascontiguousarray(picture[halo : halo + height, halo : halo + width])
    inner += _noise(layout, left, top, width, height) * np.sqrt(np.clip(inner, 1, 255) / 255)
    return np.asarray(np.clip(np.rint(inner), 0, 255), np.uint8)


def _light(layout: Layout, columns: F32, rows: F32) -> F32:
    """Grey levels of empty glass (height, width, 3): gradient and vignette, a little other in each colour."""
    settings = layout.settings
    rng = np.random.default_rng([layout.seed, 0])
    half = np.hypot(settings.width, settings.height) / 2
    u = (columns - settings.width * rng.uniform(0.4, 0.6)) / np.float32(half)
    v = (rows - settings.height * rng.uniform(0.4, 0.6)) / np.float32(half)
    turn = rng.uniform(0, 2 * np.pi)
    slope = settings.optics.gradient / 2
    across = np.float32(slope * np.cos(turn)) * u[None] + np.float32(slope * np.sin(turn)) * v[:, None]
    fall = np.float32(settings.optics.vignette) * (u[None] ** 2 + v[:, None] ** 2)
    light = np.empty((*across.shape, 3), np.float32)
    weights = rng.uniform(0.7, 1.3, 3)
    for channel, (level, weight) in enumerate(zip(settings.palette.light, weights, strict=True)):
        light[..., channel] = np.float32(level) * (1 + across - np.float32(weight) * fall)
    return light


def _shifted(picture: F32, shift_px: float, seed: int) -> F32:
    """Red moved one way, blue the other."""
    turn = np.random.default_rng([seed, 1]).uniform(0, 2 * np.pi)
    moved = picture.copy()
    for channel, sign in ((0, 1.0), (2, -1.0)):
        move_x, move_y = sign * shift_px * np.cos(turn), sign * shift_px * np.sin(turn)
        matrix = np.array([[1, 0, move_x], [0, 1, move_y]], np.float64)
        moved[..., channel] = cv2.warpAffine(
            picture[..., channel], matrix, picture.shape[1::-1], borderMode=cv2.BORDER_REPLICATE
        )
    return moved


def _noise(layout: Layout, left: int, top: int, width: int, height: int) -> F32:
    """Noise of the camera: the same at a pixel in whatever window it is drawn."""
    noise = np.empty((height, width, 3), np.float32)
    for row in range(top // _NOISE_PX, (top + height - 1) // _NOISE_PX + 1):
        for column in range(left // _NOISE_PX, (left + width - 1) // _NOISE_PX + 1):
            square = np.random.default_rng([layout.seed, 2, row, column]).standard_normal(
                (_NOISE_PX, _NOISE_PX, 3), dtype=np.float32
            )
            y, x = row * _NOISE_PX - top, column * _NOISE_PX - left
            target = noise[max(y, 0) : y + _NOISE_PX, max(x, 0) : x + _NOISE_PX]
            from_y, from_x = max(-y, 0), max(-x, 0)
            target[:] = square[from_y : from_y + target.shape[0], from_x : from_x + target.shape[1]]
    return noise * np.float32(layout.settings.optics.noise)

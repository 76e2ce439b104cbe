"""Random stain, light, focus and sensor of a training picture: every microscope is a new one."""

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.resample import WHITE_LEVEL

__all__ = ["refract", "soil", "stretch", "turn", "vary_look"]

_ABSORBANCE = -np.log(np.maximum(np.arange(256, dtype=np.float32), 1.0) / np.float32(WHITE_LEVEL))


def turn(picture: NDArray[np.uint8], which: int) -> NDArray[np.uint8]:
    """One of the eight turns and mirrorings of a square, 0 to 7; 0 changes nothing."""
    turned = np.rot90(picture, which % 4)
    return np.ascontiguousarray(turned[:, ::-1] if which >= 4 else turned)


def stretch(rng: np.random.Generator, share: float, longest: float) -> NDArray[np.float64]:
    """Linear map, float64 (2, 2), that keeps the area and now and then makes a round cell elongated.

    Parameters
    ----------
    share : how often, 0 to 1; else nothing changes. longest : greatest length to width that it gives.
    """
    if rng.random() >= share:
        return np.eye(2)
    angle, longer = rng.uniform(0, np.pi), np.exp(rng.uniform(0, np.log(longest) / 2))
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(turned @ np.diag([longer, 1 / longer]) @ turned.T, np.float64)


def soil(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Picture uint8 (H, W, 3) of a cell with soft smears of precipitated stain, which are no parasite."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    cover = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        centre = rng.uniform(0.15, 0.85, 2) * (height, width)
        spread = rng.uniform(2.5, 8.0, 2)
        angle = rng.uniform(0, np.pi)
        across = (x - centre[1]) * np.cos(angle) + (y - centre[0]) * np.sin(angle)
        along = (y - centre[0]) * np.cos(angle) - (x - centre[1]) * np.sin(angle)
        blob = np.exp(-((across / spread[0]) ** 2) / 2 - ((along / spread[1]) ** 2) / 2)
        cover += blob.astype(np.float32) * np.float32(rng.uniform(0.2, 1.0))
    grain = cv2.GaussianBlur(rng.standard_normal((height, width), np.float32), (0, 0), 1.5)
    cover *= np.clip(1 + np.float32(rng.uniform(0, 3)) * grain, 0, None)
    tint = np.asarray((0.03, 0.3, 0.08), np.float32) + np.abs(rng.normal(0.0, 0.05, 3)).astype(np.float32)
    light = picture * np.exp(-cover[..., None] * tint * np.float32(rng.uniform(0.4, 1.4)))
    return np.asarray(np.clip(np.rint(light), 0, 255), np.uint8)


def refract(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Picture uint8 (S, S, 3) of a cell that was dried badly: a thick dark ring round a bright middle.

    Such cells bend the light at their rim. Only what is light in the middle brightens: no parasite fades.
    """
    side = picture.shape[0]
    y, x = np.mgrid[:side, :side].astype(np.float32) - np.float32((side - 1) / 2)
    angle, stretch = rng.uniform(0, np.pi), np.exp(rng.normal(0.0, 0.12))
    along = (x * np.cos(angle) + y * np.sin(angle)) / stretch
    across = (y * np.cos(angle) - x * np.sin(angle)) * stretch
    distance = np.hypot(along, across) / (side * rng.uniform(0.32, 0.40))
    place, width = rng.uniform(0.6, 0.85), rng.uniform(0.15, 0.3)
    depth = rng.uniform(0.15, 0.6) * np.exp(-(((distance - place) / width) ** 2))
    tint = (1 + rng.normal(0.0, 0.08, 3)).astype(np.float32)
    light = picture * np.exp(-depth[..., None] * tint)
    hole = rng.uniform(0.0, 0.8) * np.exp(-((distance / (place - 0.15)) ** 4))
    light += hole[..., None] * np.clip(np.minimum(light - 120.0, 225.0 - light), 0.0, 20.0)
    return np.asarray(np.clip(np.rint(light), 0, 255), np.uint8)


def vary_look(
    picture: NDArray[np.uint8], rng: np.random.Generator, *, strength: float = 1.0
) -> NDArray[np.uint8]:
    """Picture uint8 (H, W, 3) with another stain, light, focus and sensor; `strength` 0 changes nothing.

    Colours vary as absorbances do (Beer-Lambert): the stain's depth scales them, its shade turns them.
    """
    absorbance = _ABSORBANCE[picture]
    depth = np.exp(rng.normal(0.05 * strength, 0.25 * strength))
    channel_depth = np.exp(rng.normal(0.0, 0.12 * strength, 3)).astype(np.float32)
    mix = np.eye(3, dtype=np.float32) + rng.normal(0.0, 0.04 * strength, (3, 3)).astype(np.float32)
    absorbance = (absorbance * np.float32(depth) * channel_depth) @ mix
    absorbance += rng.normal(0.02 * strength, 0.05 * strength, 3).astype(np.float32)
    if rng.random() < 0.4 * strength:
        absorbance += _gradient(picture.shape[:2], rng, 0.12 * strength)[..., None]
    light = np.exp(-absorbance) * np.float32(WHITE_LEVEL)
    light = _refocus(light, rng, strength)
    light += rng.standard_normal(light.shape, np.float32) * np.float32(abs(rng.normal(0.0, 4.0 * strength)))
    varied = np.clip(np.rint(light), 0, 255).astype(np.uint8)
    return _recompress(varied, rng) if rng.random() < 0.3 * strength else varied


def _refocus(light: NDArray[np.float32], rng: np.random.Generator, strength: float) -> NDArray[np.float32]:
    chance = rng.random()
    if chance < 0.35 * strength:
        return np.asarray(cv2.GaussianBlur(light, (0, 0), float(rng.uniform(0.3, 1.5))), np.float32)
    if chance < 0.55 * strength:
        blurred = cv2.GaussianBlur(light, (0, 0), 1.0)
        return np.asarray(light + rng.uniform(0.2, 1.2) * (light - blurred), np.float32)
    return light


def _gradient(shape: tuple[int, ...], rng: np.random.Generator, size: float) -> NDArray[np.float32]:
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :]
    slope = rng.normal(0.0, size, 2).astype(np.float32)
    return np.asarray(slope[0] * y + slope[1] * x, np.float32)


def _recompress(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)

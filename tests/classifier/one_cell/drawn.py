"""A drawn cell that is filled by what is stained in one hue: a nucleus, or a late parasite."""

import cv2
import numpy as np

VIOLET = (0.8, 1.3, 0.2)
"""Absorbance of a nucleus in red, green and blue, natural logarithm."""


def drawn_cell(
    depth: tuple[float, float, float],
    seed: int = 0,
    *,
    ground: tuple[int, int, int] = (235, 228, 222),
    side: int = 120,
) -> np.ndarray:
    """Picture of a cell cut out by its box, uint8 (side, side, 3), RGB."""
    rng = np.random.default_rng(seed)
    y, x = (np.mgrid[:side, :side] + 0.5) / side * 2 - 1
    grain = cv2.GaussianBlur(rng.normal(0, 1, (side, side)), (0, 0), 4)
    grain = 1 + 0.4 * np.clip(grain / grain.std(), -2, 2)
    absorbed = _disc(np.hypot(x, y) - 0.95)[..., None] * np.asarray((0.3, 0.35, 0.15))
    absorbed += (_disc(np.hypot(x, y) - 0.87) * grain)[..., None] * np.asarray(depth)
    light = np.asarray(ground) * np.exp(-absorbed)
    return np.clip(light + rng.normal(0, 1.5, light.shape), 0, 255).astype(np.uint8)


def _disc(beyond: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(beyond / 0.02)))

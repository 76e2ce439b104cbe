"""Small slides drawn for batches: one field of a few dozen cells each, counted in a quarter of a second."""

from pathlib import Path

import cv2
import numpy as np

from pipeline.synthetic.field import RenderSettings, render_field


def draw(path: Path, seed: int, *, width: int = 480, height: int = 360) -> Path:
    """Draw a field into a PNG file; the same seed draws the same field."""
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = RenderSettings(width=width, height=height, um_per_px=0.12)
    cv2.imwrite(str(path), render_field(settings, np.random.default_rng(seed)).image[..., ::-1])
    return path

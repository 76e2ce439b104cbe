"""Annotated fields of drawn discs to train a small detector on."""

import numpy as np

from segmentation.training.fit import DetectorSample, DetectorSettings
from segmentation.training.targets import AnnotatedCells
from tests.segmentation.disc_pictures import draw_discs

SETTINGS = DetectorSettings(side_px=64, batch=4, steps=15, steps_per_epoch=5)
FIELD_PX = 160


def disc_samples(number: int = 3) -> list[DetectorSample]:
    """Fields of nine red cells each, every one annotated with its box."""
    rng = np.random.default_rng(0)
    samples = []
    for _ in range(number):
        x, y = (np.mgrid[:3, :3].reshape(2, -1) * 48 + 32 + rng.uniform(-8, 8, (2, 9))).astype(np.float32)
        radius = rng.uniform(8, 12, 9).astype(np.float32)
        cells = AnnotatedCells(
            boxes=np.stack([x - radius, y - radius, x + radius, y + radius], axis=1),
            kinds=np.zeros(9, np.int64),
            has_box=np.ones(9, np.bool_),
        )
        picture = draw_discs(FIELD_PX, FIELD_PX, list(zip(x, y, radius, strict=True)))
        asked = np.ones((FIELD_PX, FIELD_PX, 3), np.uint8)
        samples.append(
            DetectorSample(picture=picture, cells=cells, asked=asked, rare=np.empty(0, np.int64), weight=1.0)
        )
    return samples

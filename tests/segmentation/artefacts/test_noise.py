"""Noise of a picture, held against its definition."""

import cv2
import numpy as np
import pytest

from segmentation.artefacts.enlarged import AROUND, _usual_around
from segmentation.artefacts.noise import NORMAL, ROUNDING, SHRINKS, noise_of

WHITE = np.full(3, 240, np.float32)
FILM = (0.1, 0.5, 0.3)
CONTRAST = 240 * (1 - np.exp(-0.5))


@pytest.mark.parametrize("spread", [3.0, 9.0])
def test_noise_is_the_median_of_what_a_plane_leaves_over_the_contrast_of_the_cells(spread: float) -> None:
    rng = np.random.default_rng(1)
    window = np.clip(rng.normal((180, 150, 170), spread, (97, 131, 3)), 0, 255).astype(np.uint8)
    kernel = np.asarray([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6

    found = noise_of([window], WHITE, FILM)

    assert found is not None
    for place, shrink in enumerate(SHRINKS):
        small = cv2.resize(window, (131 // shrink, 97 // shrink), interpolation=cv2.INTER_AREA)
        left = cv2.filter2D(small.astype(np.float64), -1, kernel).reshape(-1, 3)
        light = NORMAL * np.median(np.abs(left), axis=0).max()
        colour = NORMAL * np.median(np.abs(left[:, [0, 2]] - left[:, [1]]), axis=0).max()
        assert found.light[place] == pytest.approx(np.hypot(light, ROUNDING / shrink) / CONTRAST)
        assert found.colour[place] == pytest.approx(colour / CONTRAST)


def test_a_line_is_held_against_the_median_around_it_fewer_near_the_ends() -> None:
    logs = np.random.default_rng(2).normal(size=3 * AROUND + 7)

    around = [np.median(logs[max(0, place - AROUND) : place + AROUND]) for place in range(len(logs))]

    assert np.array_equal(_usual_around(logs), around)

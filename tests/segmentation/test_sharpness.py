"""Sharpness falls with blur, whatever the contrast, and does not depend on the tiles."""

import cv2
import numpy as np
import pytest

from segmentation.sharpness import edge_sums, no_edges, sharpness


def discs(contrast: int, sigma_px: float = 0.0) -> np.ndarray:
    picture = np.full((400, 400, 3), 230, np.uint8)
    for x in range(50, 400, 100):
        for y in range(50, 400, 100):
            cv2.circle(picture, (x, y), 30, (230, 230 - contrast, 225), -1, cv2.LINE_AA)
    return cv2.GaussianBlur(picture, (0, 0), sigma_px) if sigma_px else picture


def of(picture: np.ndarray) -> float:
    found = sharpness(edge_sums(picture, (0, 0, picture.shape[1] // 2, picture.shape[0] // 2)))
    assert found is not None
    return found


@pytest.mark.parametrize("contrast", [40, 80, 160])
def test_more_blur_is_less_sharp_whatever_the_contrast(contrast):
    values = [of(discs(contrast, sigma)) for sigma in (0.0, 1.0, 2.0, 3.0, 5.0)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 1.5
    assert values[-1] < 1.12


def test_noise_does_not_make_a_blurred_picture_sharp():
    grain = np.random.default_rng(1).normal(0, 2, (400, 400, 3))
    noisy = np.clip(discs(100, 4.0) + grain, 0, 255).astype(np.uint8)
    assert of(noisy) < 1.2


@pytest.mark.parametrize("cut", [1, 33, 100])
def test_two_tiles_together_give_what_one_gives(cut):
    picture = np.random.default_rng(4).integers(70, 256, (120, 300, 3)).astype(np.uint8)
    whole = edge_sums(picture, (0, 0, 150, 60))
    left, right = (edge_sums(picture, core) for core in ((0, 0, cut, 60), (cut, 0, 150, 60)))
    assert (left + right).tolist() == whole.tolist()


def test_black_text_and_what_is_not_counted_are_left_out():
    blurred = discs(100, 5.0)
    written = blurred.copy()
    cv2.putText(written, "50 um", (20, 200), cv2.FONT_HERSHEY_SIMPLEX, 3, (0, 0, 0), 8)
    assert of(written) == pytest.approx(of(blurred), abs=0.03)
    counted = np.zeros((200, 200), bool)
    assert edge_sums(written, (0, 0, 200, 200), counted).sum() == 0


def test_a_picture_without_an_edge_has_no_sharpness():
    assert sharpness(edge_sums(np.full((64, 64, 3), 230, np.uint8), (0, 0, 32, 32))) is None
    assert sharpness(no_edges()) is None

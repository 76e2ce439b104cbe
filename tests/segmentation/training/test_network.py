"""The detector's network: how far it sees, and where its answers lie."""

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from segmentation.detector import ALIGNMENT_PX, CLASSES, OUTPUT_STRIDE, RECEPTIVE_RADIUS_PX
from segmentation.training.network import build_detector

SIDE = 24 * ALIGNMENT_PX
MIDDLE = SIDE // 2
NEUTRAL = 127.5
"""What the network takes for 0."""


@pytest.fixture(scope="module")
def watchful() -> keras.Model:
    """The detector with random weights, none below 0: whatever it is given reaches all that it can reach."""
    model = build_detector()
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            kernel, *bias = layer.get_weights()
            positive = rng.uniform(0.5, 1.5, kernel.shape) / np.prod(kernel.shape[:3])
            layer.set_weights([positive, *(np.zeros_like(one) for one in bias)])
    return model


def answered(model: keras.Model, places: list[tuple[int, int]]) -> NDArray[np.float32]:
    """Answers, (n, SIDE / 2, SIDE / 2, 7), to pictures of one bright pixel (row, col) on what counts as 0."""
    pictures = np.full((len(places), SIDE, SIDE, 3), NEUTRAL, np.float32)
    for picture, place in zip(pictures, places, strict=True):
        picture[place] = 255
    return np.asarray(model.predict_on_batch(pictures))


def distance_from(place: tuple[int, int]) -> NDArray[np.float64]:
    """Of the centre of each answer from the centre of a pixel, the greater of down and across; px."""
    centres = (np.arange(SIDE // OUTPUT_STRIDE) + 0.5) * OUTPUT_STRIDE
    down, across = np.abs(centres - place[0] - 0.5), np.abs(centres - place[1] - 0.5)
    return np.maximum(down[:, None], across[None])


def test_no_answer_depends_on_a_pixel_farther_away_than_the_receptive_radius(watchful: keras.Model) -> None:
    """Wherever the pixel lies on the network's stride. Tiles, and pieces of tiles, rest on it."""
    places = [(MIDDLE + step, MIDDLE - step) for step in range(ALIGNMENT_PX)]
    reach = []
    for place, answer in zip(places, answered(watchful, places), strict=True):
        told = answer != 0
        away = distance_from(place)
        assert told[away < OUTPUT_STRIDE].all(), "all heads see the pixel itself"
        assert not told[away > RECEPTIVE_RADIUS_PX].any()
        reach.append(away[told.any(axis=2)].max())
    assert max(reach) > RECEPTIVE_RADIUS_PX - ALIGNMENT_PX, "the radius is larger than it needs to be"


def test_the_receptive_radius_keeps_pieces_on_the_networks_stride() -> None:
    assert RECEPTIVE_RADIUS_PX % ALIGNMENT_PX == 0


def test_a_picture_moved_by_the_stride_gets_the_answers_moved(watchful: keras.Model) -> None:
    first, moved = answered(watchful, [(MIDDLE, MIDDLE), (MIDDLE + ALIGNMENT_PX, MIDDLE - ALIGNMENT_PX)])
    step = ALIGNMENT_PX // OUTPUT_STRIDE
    np.testing.assert_allclose(np.roll(first, (step, -step), axis=(0, 1)), moved, rtol=1e-4, atol=1e-12)


def test_the_untrained_detector_answers_nothing_anywhere() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (1, 64, 96, 3)).astype(np.float32)
    answer = np.asarray(build_detector().predict_on_batch(picture))
    assert answer.shape == (1, 64 // OUTPUT_STRIDE, 96 // OUTPUT_STRIDE, len(CLASSES) + 4)
    assert answer[..., : len(CLASSES)].max() < 0

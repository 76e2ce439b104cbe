"""The hue of the ground: one line in a film, round in a photo of a screen, however blurred."""

import cv2
import numpy as np
import pytest

from pipeline.quality.limits import QualityLimits
from pipeline.synthetic.field import RenderSettings, render_field
from pipeline.training.novelty.mistakes import shown_on_screen
from segmentation.artefacts.moire import hue_turns

LIMIT = QualityLimits().hue_turns_max
SIDE = 512


@pytest.fixture(scope="module")
def film():
    settings = RenderSettings(width=SIDE, height=SIDE, um_per_px=0.12)
    return render_field(settings, np.random.default_rng(4)).image


def beaten(picture, depth, phases=(0.0, 1.2, 2.4), period_px=60.0):
    """Waves of each colour, by themselves or, with equal phases, together."""
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    waves = [np.cos(2 * np.pi * (x + 0.4 * y) / period_px + phase) for phase in phases]
    return np.clip(picture * (1 + depth * np.stack(waves, axis=2)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("sigma_px", [0.1, 1.5, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_screen_is_told_also_where_a_blur_hides_its_grid(film, seed, sigma_px):
    screen = shown_on_screen(film, np.random.default_rng(seed))
    shown = np.asarray(cv2.GaussianBlur(screen, (0, 0), sigma_px), np.uint8)
    assert hue_turns([film]) < LIMIT / 2
    assert hue_turns([np.asarray(shown, np.uint8)]) > LIMIT


def test_the_stronger_moire_is_the_more_the_hue_turns(film):
    found = [hue_turns([beaten(film, depth)]) for depth in (0, 0.02, 0.05, 0.1)]
    assert found == sorted(found)
    assert found[-1] > LIMIT


@pytest.mark.parametrize(
    "alter",
    [
        lambda film: beaten(film, 0.15, phases=(0.0, 0.0, 0.0)),
        lambda film: np.clip(film * np.asarray([0.95, 0.8, 0.7]), 0, 255).astype(np.uint8),
        lambda film: cv2.GaussianBlur(film, (0, 0), 3),
        lambda film: cv2.imdecode(cv2.imencode(".jpg", film, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], 1),
    ],
    ids=["uneven light", "toned", "blurred", "compressed"],
)
def test_light_tone_blur_and_compression_leave_the_hue_on_its_line(film, alter):
    assert hue_turns([np.asarray(alter(film), np.uint8)]) < LIMIT


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_pictures_say_nothing(level):
    assert hue_turns([np.full((SIDE, SIDE, 3), level, np.uint8)]) == 0


def test_no_window_and_small_windows_say_nothing(film):
    assert hue_turns([]) == 0
    assert hue_turns([film[:40, :40]]) == 0


def test_windows_are_taken_together(film):
    halves = [film[:, : SIDE // 2], film[:, SIDE // 2 :]]
    assert hue_turns(halves) == pytest.approx(hue_turns([film]), abs=0.002)

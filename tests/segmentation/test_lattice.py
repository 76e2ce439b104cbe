"""Single lines in the spectrum of a picture: found in screens and prints, in no film."""

import cv2
import numpy as np
import pytest

from pipeline.quality.limits import QualityLimits
from pipeline.synthetic.field import RenderSettings, render_field
from pipeline.training.novelty.mistakes import draw_printed_smear, shown_on_screen
from segmentation.lattice import WINDOW_PX, lattice_strength

LIMIT = QualityLimits().lattice_max


@pytest.fixture(scope="module")
def film():
    settings = RenderSettings(width=2 * WINDOW_PX, height=WINDOW_PX, um_per_px=0.12)
    return render_field(settings, np.random.default_rng(4)).image


def strength(picture):
    return lattice_strength([picture[:, :WINDOW_PX], picture[:, -WINDOW_PX:]])


def waved(picture, period_px, depth, turn=0.4):
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    wave = np.cos(2 * np.pi * (x * np.cos(turn) + y * np.sin(turn)) / period_px)
    return np.clip(picture * (1 + depth * wave[..., None]), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("period_px", [2.5, 5.0, 11.0])
def test_a_wave_of_any_short_period_stands_out(film, period_px):
    assert strength(film) < 3
    assert strength(waved(film, period_px, 0.06)) > LIMIT


def test_the_stronger_a_wave_the_more_it_stands_out(film):
    found = [strength(waved(film, 5.0, depth)) for depth in (0, 0.01, 0.03, 0.1)]
    assert found == sorted(found)


def test_slow_light_is_no_pattern(film):
    assert strength(waved(film, 90.0, 0.2)) < LIMIT


@pytest.mark.parametrize("quality", [30, 90])
@pytest.mark.parametrize("size", [0.8, 1.0, 1.25])
def test_saving_as_jpeg_and_resizing_leaves_no_pattern(film, quality, size):
    stored = cv2.imencode(".jpg", film, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    saved = np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR))
    resized = cv2.resize(saved, None, fx=size, fy=size)[:WINDOW_PX]
    assert strength(resized) < LIMIT


def test_prints_and_screens_stand_out(film):
    assert strength(draw_printed_smear(np.random.default_rng(3))) > LIMIT
    part = film[:, :WINDOW_PX]
    shown = [strength(shown_on_screen(part, np.random.default_rng(seed))) > LIMIT for seed in range(3)]
    assert sum(shown) >= 2


def test_small_empty_and_black_pictures_have_no_pattern():
    assert lattice_strength([]) == 0
    assert lattice_strength([np.full((90, 400, 3), 128, np.uint8)]) == 0
    for level in (0, 128, 255):
        assert lattice_strength([np.full((400, 400, 3), level, np.uint8)]) < 0.1

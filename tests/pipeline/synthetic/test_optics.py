"""What the camera makes of a film follows the law of absorption, and blur and noise of the settings."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.synthetic.layout import Layout, View
from pipeline.synthetic.optics import BLUR_REACH, expose
from pipeline.synthetic.settings import Optics, Palette, RenderSettings

PLAIN = Optics(defocus_um=0.0, shift_um=0.0, noise=0.0, gradient=0.0, vignette=0.0)
SETTINGS = RenderSettings(
    width=200, height=160, um_per_px=0.1, optics=PLAIN, palette=Palette(light=(240.0, 230.0, 220.0))
)


def _layout(settings: RenderSettings = SETTINGS, view: View | None = None) -> Layout:
    return Layout(settings=settings, bodies=(), view=view, seed=3)


def _film(depth: float, halo: int = 0) -> np.ndarray:
    return np.full((160 + 2 * halo, 200 + 2 * halo, 3), depth, np.float32)


@pytest.mark.parametrize("depth", [0.0, 0.3, 1.0, 4.0])
def test_light_falls_off_as_beer_and_lambert_have_it(depth: float) -> None:
    picture = expose(_layout(), _film(depth), 0, 0, 0)
    expected = np.rint(np.asarray((240, 230, 220)) * np.exp(-depth))
    assert np.abs(picture.astype(float) - expected).max() <= 1


def test_a_bright_fringe_gathers_no_more_light_than_a_lens_may() -> None:
    picture = expose(_layout(), _film(-5.0), 0, 0, 0)
    assert picture[0, 0, 2] == round(220 * np.exp(0.08))


def test_blur_keeps_the_light_and_softens_an_edge() -> None:
    blurred = replace(SETTINGS, optics=replace(PLAIN, defocus_um=0.5))
    halo = int(BLUR_REACH * 5) + 2
    film = _film(0.0, halo)
    film[:, : halo + 100] = 1.0
    sharp, soft = (
        expose(_layout(each), film, 0, 0, halo)[80, :, 0].astype(float) for each in (SETTINGS, blurred)
    )
    assert np.abs(np.diff(sharp)).max() > 4 * np.abs(np.diff(soft)).max()
    assert soft.mean() == pytest.approx(sharp.mean(), abs=1.0)


def test_colours_part_where_the_lens_shifts_them() -> None:
    shifted = replace(SETTINGS, optics=replace(PLAIN, shift_um=2.0))
    film = _film(0.0, 20)
    film[80:120, 100:140] = 1.0
    picture = expose(_layout(shifted), film, 0, 0, 20)
    centres = []
    for channel in range(3):
        rows, columns = np.nonzero(picture[..., channel] < 150)
        centres.append(np.asarray([columns.mean(), rows.mean()]))
    assert np.linalg.norm(centres[0] - centres[2]) == pytest.approx(20.0, abs=1.5)
    np.testing.assert_allclose((centres[0] + centres[2]) / 2, centres[1], atol=1.0)


def test_noise_has_the_strength_that_was_asked_for_and_is_the_same_in_any_window() -> None:
    noisy = replace(SETTINGS, optics=replace(PLAIN, noise=3.0))
    whole = expose(_layout(noisy), _film(0.0), 0, 0, 0)
    assert (whole[..., 0].astype(float) - 240).std() == pytest.approx(3.0 * np.sqrt(240 / 255), rel=0.1)
    part = expose(_layout(noisy), np.zeros((50, 70, 3), np.float32), 90, 60, 0)
    np.testing.assert_array_equal(part, whole[60:110, 90:160])


def test_a_round_view_is_black_around_and_untouched_inside() -> None:
    picture = expose(_layout(view=View(x=100.0, y=80.0, radius=60.0)), _film(0.0), 0, 0, 0)
    rows, columns = np.mgrid[:160, :200] + 0.5
    distance = np.hypot(columns - 100, rows - 80)
    assert picture[distance > 61].max() == 0
    assert (picture[distance < 59] == (240, 230, 220)).all()


def test_the_light_is_uneven_as_gradient_and_vignette_say() -> None:
    uneven = replace(SETTINGS, optics=replace(PLAIN, gradient=0.2, vignette=0.2))
    flat, sloped = (
        expose(_layout(each), _film(0.0), 0, 0, 0)[..., 1].astype(float) for each in (SETTINGS, uneven)
    )
    assert np.ptp(flat) == 0
    assert 15 < np.ptp(sloped) < 130

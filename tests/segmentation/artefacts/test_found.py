"""What spoils a picture is measured: enlargement, noise, few colours, the blocks of a JPEG file."""

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.quality.limits import VisibilityLimits
from pipeline.synthetic.field import RenderSettings, render_field
from segmentation.artefacts.found import Artefacts, find_artefacts

LIMITS = VisibilityLimits()
UM_PER_PX = 0.1
WAYS = {
    "blocks": Image.Resampling.NEAREST,
    "lines": Image.Resampling.BILINEAR,
    "curves": Image.Resampling.BICUBIC,
}


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    settings = RenderSettings(width=1024, height=512, um_per_px=UM_PER_PX)
    return render_field(settings, np.random.default_rng(4)).image


def found(picture: np.ndarray) -> Artefacts:
    white = np.percentile(picture, 97, axis=(0, 1)).astype(np.float32)
    half = picture.shape[1] // 2
    return find_artefacts([picture[:512, :half], picture[:512, half:]], white, (0.2, 0.5, 0.3))


def stored(picture: np.ndarray, quality: int) -> np.ndarray:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1))


def enlarged(picture: np.ndarray, times: float, way: str) -> np.ndarray:
    """The picture made `times` smaller, and as large as it was again."""
    size = picture.shape[1], picture.shape[0]
    small = cv2.resize(picture, None, fx=1 / times, fy=1 / times, interpolation=cv2.INTER_AREA)
    return np.asarray(Image.fromarray(small).resize(size, WAYS[way]))


@pytest.mark.parametrize("quality", [0, 95, 80])
def test_a_picture_as_it_was_taken_says_nothing(film: np.ndarray, quality: int) -> None:
    one = found(stored(film, quality) if quality else film)
    assert one.enlarged == 1.0
    assert one.blocks < LIMITS.blocks_warn
    assert one.colours_a_level is not None
    assert one.colours_a_level > LIMITS.palette_max
    assert one.noise is not None
    assert one.noise.light_at(2) < LIMITS.light_noise_warn
    assert one.noise.colour_at(4) < LIMITS.colour_noise_warn


@pytest.mark.parametrize(
    ("way", "times", "quality"),
    [
        *[("blocks", times, quality) for times in (2.0, 4.0, 5.6, 8.9) for quality in (0, 90)][:-1],
        *[("lines", 2.4, quality) for quality in (0, 90)],
        *[("lines", times, 0) for times in (4.0, 5.6)],
        ("curves", 2.4, 0),
    ],
)
def test_how_often_a_picture_was_enlarged_is_told(
    film: np.ndarray, way: str, times: float, quality: int
) -> None:
    picture = enlarged(film, times, way)
    told = found(stored(picture, quality) if quality else picture).enlarged
    # A line of the spectrum may be the second of its period.
    assert min(abs(told / times - 1), abs(2 * told / times - 1)) < 0.2


def test_noise_is_told_by_its_strength_and_falls_as_px_are_averaged(film: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    shares = []
    for sigma in (5.0, 10.0, 20.0):
        noisy = np.clip(film + rng.normal(0, sigma, film.shape), 0, 255).astype(np.uint8)
        noise = found(noisy).noise
        assert noise is not None
        assert noise.light_at(2) == pytest.approx(noise.light_at(1) / 2, rel=0.2)
        shares.append(noise.light_at(1))
    assert shares[1] == pytest.approx(2 * shares[0], rel=0.15)
    assert shares[2] == pytest.approx(2 * shares[1], rel=0.15)


def test_single_px_are_noise(film: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    picture = film.copy()
    picture[rng.random(film.shape[:2]) < 0.05] = 0
    noise = found(picture).noise
    assert noise is not None
    assert noise.light_at(1) > LIMITS.light_noise_refuse


def test_blots_of_colour_without_light_are_noise_of_the_colour(film: np.ndarray) -> None:
    blots = cv2.GaussianBlur(np.random.default_rng(3).normal(0, 1, film.shape[:2]), (0, 0), 1.5) * 130
    picture = film.astype(np.float64)
    picture[..., 0] += blots
    picture[..., 2] -= blots
    noise = found(np.clip(picture, 0, 255).astype(np.uint8)).noise
    assert noise is not None
    assert noise.colour_at(4) > LIMITS.colour_noise_refuse


def test_a_photo_in_the_dark_is_noise_but_has_no_palette(film: np.ndarray) -> None:
    rng = np.random.default_rng(5)
    dark = np.clip(film * 0.03 + rng.normal(0, 1.5, film.shape), 0, 255).astype(np.uint8)
    one = found(dark)
    assert one.noise is not None
    assert one.noise.light_at(2) > LIMITS.light_noise_refuse
    assert one.colours_a_level is not None
    assert one.colours_a_level > LIMITS.palette_max


@pytest.mark.parametrize("number", [16, 64, 256])
@pytest.mark.parametrize("dither", [Image.Dither.NONE, Image.Dither.FLOYDSTEINBERG])
def test_a_palette_has_few_colours_for_its_levels(
    film: np.ndarray, number: int, dither: Image.Dither
) -> None:
    palette = Image.fromarray(film).quantize(number)
    picture = np.asarray(Image.fromarray(film).quantize(palette=palette, dither=dither).convert("RGB"))
    told = found(picture).colours_a_level
    assert told is not None
    assert told < LIMITS.palette_max


def test_the_blocks_of_a_jpeg_file_stand_out_the_more_it_was_compressed(film: np.ndarray) -> None:
    told = [found(stored(film, quality)).blocks for quality in (90, 10, 4)]
    assert told == sorted(told)
    assert told[-1] > LIMITS.blocks_refuse


def test_small_windows_tell_nothing() -> None:
    small = np.full((40, 40, 3), 200, np.uint8)
    one = find_artefacts([small], np.full(3, 220, np.float32), (0.2, 0.5, 0.3))
    assert (one.enlarged, one.blocks) == (1.0, 1.0)
    assert find_artefacts([], np.full(3, 220, np.float32), (0.2, 0.5, 0.3)).noise is None

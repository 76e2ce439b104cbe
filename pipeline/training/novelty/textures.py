"""Draws surfaces close by and landscapes, in which a detector of round things finds cells."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.training.novelty.slides import HEIGHT, WIDTH

__all__ = [
    "draw_bark",
    "draw_cobbles",
    "draw_concrete",
    "draw_fabric",
    "draw_foam",
    "draw_foliage",
    "draw_fur",
    "draw_gravel",
    "draw_honeycomb",
    "draw_marble",
    "draw_mountains",
    "draw_ripples",
    "draw_rust",
    "draw_sand",
    "draw_snow",
    "fractal",
]

_Picture = NDArray[np.uint8]
_F32 = NDArray[np.float32]


def fractal(rng: np.random.Generator, slope: float, stretch: float = 1.0) -> _F32:
    """Noise with a spectrum that falls with the frequency to the power of `slope`, float32 (H, W), sd 1."""
    down = np.fft.fftfreq(HEIGHT)[:, None] * stretch
    across = np.fft.rfftfreq(WIDTH)[None]
    frequency = np.hypot(down, across)
    frequency[0, 0] = 1.0
    spectrum = np.fft.rfft2(rng.normal(size=(HEIGHT, WIDTH))) / frequency**slope
    spectrum[0, 0] = 0
    noise = np.fft.irfft2(spectrum, (HEIGHT, WIDTH))
    return np.asarray(noise / noise.std(), np.float32)


def draw_concrete(rng: np.random.Generator) -> _Picture:
    """A concrete wall: mottled grey, pits with a shadow, now and then a joint."""
    grey = 150 + 12 * fractal(rng, 1.2) + float(rng.uniform(4, 14)) * fractal(rng, 0.4)
    for _ in range(int(rng.integers(50, 900))):
        centre, radius = _place(rng), int(rng.gamma(2.0, 2.0)) + 1
        cv2.circle(grey, centre, radius, float(rng.uniform(60, 120)), cv2.FILLED, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 3))):
        y = int(rng.integers(0, HEIGHT))
        cv2.line(grey, (0, y), (WIDTH, y + int(rng.integers(-9, 9))), 85.0, int(rng.integers(2, 8)))
    return _toned(rng, grey, (1.0, 0.99, 0.96))


def draw_gravel(rng: np.random.Generator) -> _Picture:
    """Gravel: angular stones of many greys, lit from one side, dark between."""
    return _stones(rng, float(rng.uniform(14, 70)), 0.9, ((0.85, 1.1), (0.85, 1.05), (0.8, 1.05)))


def draw_cobbles(rng: np.random.Generator) -> _Picture:
    """Cobblestones: rounded stones in dark joints."""
    return _stones(rng, float(rng.uniform(40, 120)), 0.75, ((0.95, 1.05), (0.95, 1.0), (0.9, 1.0)))


def draw_honeycomb(rng: np.random.Generator) -> _Picture:
    """A honeycomb: rows of dark cells with golden walls."""
    step = float(rng.uniform(24, 90))
    grid = [
        (column * step + (row % 2) * step / 2, row * step * 0.87)
        for row in range(-1, int(HEIGHT / step / 0.87) + 2)
        for column in range(-1, int(WIDTH / step) + 2)
    ]
    places = np.asarray(grid) + rng.normal(0, step / 25, (len(grid), 2))
    near, _ = _nearest(places)
    grey = np.clip(230 - 170 * np.exp(-((near / (0.42 * step)) ** 4)), 0, 255).astype(np.float32)
    return _toned(rng, grey + 6 * fractal(rng, 0.8), (1.0, 0.78, 0.35))


def draw_foam(rng: np.random.Generator) -> _Picture:
    """Foam: packed bubbles of every size, bright rims."""
    size = float(rng.uniform(18, 60))
    near, gap = _nearest(_scattered(rng, size))
    grey = 190 + 55 * np.exp(-gap / 2.5) - 60 * np.exp(-((near / (0.3 * size)) ** 2)) * rng.uniform(0.2, 1)
    return _toned(rng, np.asarray(grey + 4 * fractal(rng, 1.0), np.float32), (0.97, 1.0, 1.0))


def draw_mountains(rng: np.random.Generator) -> _Picture:
    """A mountain view: sky, ridges that grow darker to the front, rock and snow."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.float32)
    sky = np.asarray(rng.uniform((120, 150, 190), (190, 210, 250)), np.float32)
    picture[:] = sky + np.linspace(-25, 35, HEIGHT, dtype=np.float32)[:, None, None]
    picture += 8 * np.maximum(fractal(rng, 1.8), 0)[..., None]
    rock = fractal(rng, 1.1)
    ridges = int(rng.integers(2, 6))
    for ridge in range(ridges):
        line = fractal(rng, 1.6)[HEIGHT // 2] * 60 + HEIGHT * (0.25 + 0.6 * ridge / ridges)
        below = np.arange(HEIGHT)[:, None] > line[None]
        base = np.asarray(rng.uniform((50, 60, 50), (130, 125, 120)), np.float32) * (
            1.2 - 0.6 * ridge / ridges
        )
        ground = base + (28 * rock + 10 * fractal(rng, 0.5))[..., None]
        snow = below & (fractal(rng, 1.4) > 0.6 + ridge)
        picture[below] = ground[below]
        picture[snow] = 235 + 10 * rock[snow][:, None]
    return _finish(picture, rng)


def draw_bark(rng: np.random.Generator) -> _Picture:
    """Bark or wood: long fibres, cracks, brown."""
    grain = fractal(rng, 1.3, float(rng.uniform(4, 14)))
    grey = 125 + 32 * grain + 12 * fractal(rng, 0.6)
    grey[grain < -1.3] *= 0.45
    return _toned(rng, grey, (1.0, 0.78, 0.58))


def draw_fur(rng: np.random.Generator) -> _Picture:
    """Fur or hair: many thin strands, each a little lighter or darker."""
    grey = np.full((HEIGHT, WIDTH), float(rng.uniform(90, 170)), np.float32)
    lean = float(rng.uniform(-1, 1))
    for _ in range(3500):
        start = np.asarray(_place(rng))
        end = start + rng.normal((40 * lean, 50), 12)
        tone = float(grey[start[1] % HEIGHT, start[0] % WIDTH] + rng.normal(0, 30))
        cv2.line(grey, tuple(start.tolist()), tuple(end.astype(int).tolist()), tone, 1, cv2.LINE_AA)
    return _toned(rng, grey, tuple(rng.uniform((0.9, 0.75, 0.6), (1.0, 1.0, 1.0)).tolist()))


def draw_foliage(rng: np.random.Generator) -> _Picture:
    """Leaves over leaves, green to yellow, with a vein each."""
    picture = np.full((HEIGHT, WIDTH, 3), (30.0, 45.0, 22.0), np.float32)
    size = float(rng.uniform(10, 50))
    for _ in range(int(60_000 / size)):
        centre, turn = _place(rng), float(rng.uniform(0, 360))
        axes = (max(2, int(size * rng.uniform(0.6, 1.3))), max(2, int(size * rng.uniform(0.25, 0.6))))
        colour = rng.uniform((40, 80, 20), (150, 190, 80))
        cv2.ellipse(picture, centre, axes, turn, 0, 360, colour.tolist(), cv2.FILLED, cv2.LINE_AA)
        cv2.ellipse(picture, centre, (axes[0], 1), turn, 0, 360, (1.2 * colour).tolist(), 1, cv2.LINE_AA)
    return _finish(picture, rng)


def draw_fabric(rng: np.random.Generator) -> _Picture:
    """Knitted cloth: rows of stitches with shade and lint."""
    step = float(rng.uniform(8, 40))
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    bend = 2 * fractal(rng, 1.6)
    stitches = np.abs(np.sin(np.pi * (x + bend) / step)) * np.abs(
        np.cos(np.pi * (y + bend + 0.3 * step * np.sin(2 * np.pi * x / step)) / step)
    )
    grey = 70 + 150 * stitches + 8 * fractal(rng, 0.4)
    return _toned(rng, np.asarray(grey, np.float32), tuple(rng.uniform(0.4, 1.0, 3).tolist()))


def draw_marble(rng: np.random.Generator) -> _Picture:
    """Marble: soft clouds with thin dark veins."""
    veins = np.abs(np.sin(2 * fractal(rng, 1.7) + fractal(rng, 1.3)))
    grey = 205 + 14 * fractal(rng, 1.5) - 90 * np.exp(-veins / float(rng.uniform(0.02, 0.1)))
    return _toned(rng, np.asarray(grey, np.float32), tuple(rng.uniform((0.9, 0.85, 0.8), 1.0).tolist()))


def draw_ripples(rng: np.random.Generator) -> _Picture:
    """Water: crossing ripples with glints."""
    waves = fractal(rng, 1.5, 3.0)
    grey = 110 + 30 * waves + 120 * np.maximum(waves - 1.5, 0)
    return _toned(rng, grey, tuple(rng.uniform((0.5, 0.7, 0.85), (0.8, 1.0, 1.0)).tolist()))


def draw_rust(rng: np.random.Generator) -> _Picture:
    """Rust through paint: ragged spots of orange and brown."""
    spots = fractal(rng, float(rng.uniform(0.9, 1.5)))
    mask = (spots > float(rng.uniform(0.2, 1.2)))[..., None]
    paint = (
        np.asarray(rng.uniform((90, 110, 110), (230, 230, 225)), np.float32)
        + 5 * fractal(rng, 1.0)[..., None]
    )
    rust = np.asarray((140.0, 75.0, 40.0), np.float32) + 22 * fractal(rng, 0.9)[..., None]
    return _finish(np.where(mask, rust, paint).astype(np.float32), rng)


def draw_sand(rng: np.random.Generator) -> _Picture:
    """Sand: fine grains, some dark."""
    grains = np.asarray(cv2.GaussianBlur(fractal(rng, 0.0), (0, 0), float(rng.uniform(0.8, 3))), np.float32)
    grey = 175 + 66 * grains + 12 * fractal(rng, 1.5)
    return _toned(rng, np.asarray(grey, np.float32), (1.0, 0.9, 0.72))


def draw_snow(rng: np.random.Generator) -> _Picture:
    """Footprints and clods in snow: nearly white, with soft blue shade."""
    shade = fractal(rng, 1.4)
    grey = 225 + 14 * shade
    for _ in range(int(rng.integers(5, 80))):
        axes = (int(rng.integers(5, 40)), int(rng.integers(4, 20)))
        cv2.ellipse(
            grey, _place(rng), axes, float(rng.uniform(0, 180)), 0, 360, 185.0, cv2.FILLED, cv2.LINE_AA
        )
    return _toned(rng, cv2.GaussianBlur(grey, (0, 0), 2.0).astype(np.float32), (0.95, 0.98, 1.0))


def _stones(
    rng: np.random.Generator, size: float, fill: float, tints: tuple[tuple[float, float], ...]
) -> _Picture:
    places = _scattered(rng, size)
    near, gap, which = _nearest_of(places)
    tone = rng.uniform(80, 210, len(places)).astype(np.float32)[which]
    tint = np.stack([rng.uniform(*each, len(places)) for each in tints], axis=1).astype(np.float32)[which]
    side = (np.mgrid[:HEIGHT, :WIDTH][1] - places[:, 0][which]) / size
    grey = tone * (1 - 0.35 * side) * np.clip(gap / (size * (1 - fill)), 0.15, 1)
    grey += 8 * fractal(rng, 0.6) + np.float32(0) * near
    return _finish(np.asarray(grey[..., None] * tint, np.float32), rng)


def _scattered(rng: np.random.Generator, size: float) -> NDArray[np.float64]:
    """Places about `size` px apart, float64 (n, 2) x, y."""
    grid = np.stack(
        np.meshgrid(np.arange(-size, WIDTH + size, size), np.arange(-size, HEIGHT + size, size)), -1
    )
    return np.asarray(grid.reshape(-1, 2) + rng.uniform(-0.45, 0.45, (grid.size // 2, 2)) * size)


def _nearest(places: NDArray[np.float64]) -> tuple[_F32, _F32]:
    near, gap, _ = _nearest_of(places)
    return near, gap


def _nearest_of(places: NDArray[np.float64]) -> tuple[_F32, _F32, NDArray[np.intp]]:
    """Of each px: distance to the nearest place, how much farther the second is, and which it is."""
    from scipy.spatial import cKDTree

    y, x = np.mgrid[:HEIGHT, :WIDTH]
    distance, which = cKDTree(places).query(np.stack([x, y], axis=-1).reshape(-1, 2), k=2)
    distance, which = distance.reshape(HEIGHT, WIDTH, 2), which.reshape(HEIGHT, WIDTH, 2)
    near = np.asarray(distance[..., 0], np.float32)
    return near, np.asarray(distance[..., 1], np.float32) - near, np.asarray(which[..., 0], np.intp)


def _toned(rng: np.random.Generator, grey: _F32, tint: tuple[float, ...]) -> _Picture:
    return _finish(grey[..., None] * np.asarray(tint, np.float32), rng)


def _place(rng: np.random.Generator) -> tuple[int, int]:
    return int(rng.integers(0, WIDTH)), int(rng.integers(0, HEIGHT))


def _finish(field: _F32, rng: np.random.Generator) -> _Picture:
    soft = cv2.GaussianBlur(field, (0, 0), float(rng.uniform(0.5, 1.5)))
    lit = soft * float(rng.uniform(0.75, 1.2)) + rng.normal(0, float(rng.uniform(0.5, 3.0)), soft.shape)
    return np.asarray(np.clip(np.rint(lit), 0, 255), np.uint8)

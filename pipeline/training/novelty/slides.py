"""Draws views through a microscope that are no thin film: thick film, tissue, bacteria, an empty slide."""

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "HEIGHT",
    "WIDTH",
    "draw_bacteria",
    "draw_bubbles",
    "draw_crystals",
    "draw_empty_slide",
    "draw_plant_tissue",
    "draw_thick_film",
    "draw_tissue",
    "ground",
    "outlines",
]

WIDTH, HEIGHT = 960, 720
"""Size of every drawn picture, px."""
_F32 = NDArray[np.float32]
_Picture = NDArray[np.uint8]
_Colour = tuple[float, float, float]


def draw_thick_film(rng: np.random.Generator) -> _Picture:
    """Lysed red cells on a mottled ground, nuclei of white cells, dots of chromatin with wisps beside."""
    field = ground(rng, _between(rng, (195, 190, 200), (225, 215, 225)), 14, (6, 20, 60))
    px = float(rng.uniform(5, 14))  # px a µm
    for _ in range(int(rng.integers(0, 60))):  # ghosts of red cells, hardly to be seen
        _ring(field, rng, 3.6 * px, _between(rng, (-14, -16, -8), (-3, -4, -2)))
    for _ in range(int(rng.integers(3, 16))):
        _nucleus(field, rng, float(rng.uniform(3.5, 6.5)) * px)
    for _ in range(int(rng.integers(20, 140))):
        _parasite(field, rng, px)
    _dirt(field, rng, int(rng.integers(10, 80)), px)
    return _finish(field, rng, float(rng.uniform(0.6, 1.6)))


def draw_tissue(rng: np.random.Generator) -> _Picture:
    """Histology, haematoxylin and eosin: packed dark nuclei in pink fibres with white gaps."""
    field = ground(rng, _between(rng, (205, 130, 170), (235, 175, 205)), 22, (10, 30, 90))
    for _ in range(int(rng.integers(3, 12))):
        centre, axes, angle = _place(rng), rng.integers(20, 110, 2), float(rng.uniform(0, 180))
        _stamp(field, centre, (int(axes[0]), int(axes[1])), angle, (242, 238, 240), 0.95)
    for _ in range(int(rng.integers(60, 200))):
        start = np.asarray(_place(rng))
        end = start + rng.normal(0, 70, 2)
        colour = _between(rng, (190, 95, 140), (235, 170, 200))
        cv2.line(field, _point(start), _point(end), colour, int(rng.integers(1, 5)), cv2.LINE_AA)
    size = float(rng.uniform(6, 16))
    for _ in range(int(rng.integers(150, 600))):
        reach = size * rng.uniform(0.6, 1.4, 2)
        colour = _between(rng, (70, 40, 110), (130, 90, 165))
        spot = (max(2, int(reach[0])), max(2, int(reach[1])))
        _stamp(field, _place(rng), spot, float(rng.uniform(0, 180)), colour, float(rng.uniform(0.6, 0.95)))
    return _finish(field, rng, float(rng.uniform(0.6, 1.3)))


def draw_bacteria(rng: np.random.Generator) -> _Picture:
    """A Gram stain: rods or clustered cocci, violet or pink, on a pale ground."""
    field = ground(rng, (232, 226, 228), 6, (40, 120))
    colour = _between(rng, (70, 30, 120), (120, 70, 165)) if rng.random() < 0.5 else (205.0, 90.0, 120.0)
    rods = rng.random() < 0.5
    length = float(rng.uniform(6, 16))
    for _ in range(int(rng.integers(10, 50))):
        middle = np.asarray(_place(rng))
        for _ in range(int(rng.integers(1, 25))):
            centre = _point(middle + rng.normal(0, 2.2 * length, 2))
            axes = (max(2, int(length)), max(2, int(length * (0.3 if rods else 0.9))))
            _stamp(field, centre, axes, float(rng.uniform(0, 180)), colour, 0.85)
    return _finish(field, rng, 1.0)


def draw_bubbles(rng: np.random.Generator) -> _Picture:
    """Air bubbles under a cover slip: dark rims, bright middles, of every size."""
    field = ground(rng, _between(rng, (170, 180, 175), (225, 230, 228)), 5, (60, 200))
    for _ in range(int(rng.integers(15, 90))):
        radius = float(rng.gamma(2.0, 16.0)) + 6
        centre = _place(rng)
        _stamp(field, centre, (int(radius),) * 2, 0, _between(rng, (40, 45, 45), (90, 95, 95)), 0.9)
        _stamp(field, centre, (max(1, int(radius * rng.uniform(0.6, 0.85))),) * 2, 0, (240, 244, 243), 0.95)
    return _finish(field, rng, 1.2)


def draw_plant_tissue(rng: np.random.Generator) -> _Picture:
    """A section of a plant: polygons with thick walls, no gaps."""
    field = ground(rng, _between(rng, (205, 220, 185), (235, 240, 225)), 5, (40, 100))
    wall = _between(rng, (60, 90, 40), (160, 150, 110))
    for polygon in outlines(rng, int(rng.integers(80, 400))):
        if rng.random() < 0.3:
            cv2.fillPoly(field, [polygon], _between(rng, (150, 190, 120), (225, 235, 205)), cv2.LINE_AA)
        cv2.polylines(field, [polygon], True, wall, int(rng.integers(2, 5)), cv2.LINE_AA)
    return _finish(field, rng, 1.0)


def draw_crystals(rng: np.random.Generator) -> _Picture:
    """Crystals: bright and dark angular pieces on grey."""
    field = ground(rng, (178, 180, 172), 6, (30, 120))
    for _ in range(int(rng.integers(15, 70))):
        centre, size = np.asarray(_place(rng)), float(rng.uniform(10, 50))
        turns = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 7))))
        corners = centre + size * np.stack([np.cos(turns), np.sin(turns)], axis=1)
        shape = corners.astype(np.int32)
        cv2.fillPoly(field, [shape], _between(rng, (90, 95, 90), (240, 240, 235)), cv2.LINE_AA)
        cv2.polylines(field, [shape], True, (60.0, 62.0, 58.0), 2, cv2.LINE_AA)
    return _finish(field, rng, 1.0)


def draw_empty_slide(rng: np.random.Generator) -> _Picture:
    """Bare glass: light that falls off to the corners, a few specks of dust, a scratch."""
    field = ground(rng, _between(rng, (200, 205, 195), (245, 248, 245)), 2, (150, 300))
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    away = np.hypot(x - WIDTH / 2, y - HEIGHT / 2) / np.hypot(WIDTH / 2, HEIGHT / 2)
    field *= (1 - float(rng.uniform(0, 0.3)) * away**2)[..., None]
    _dirt(field, rng, int(rng.integers(0, 25)), float(rng.uniform(4, 14)))
    for _ in range(int(rng.integers(0, 3))):
        cv2.line(field, _place(rng), _place(rng), (170.0, 172.0, 168.0), 1, cv2.LINE_AA)
    return _finish(field, rng, float(rng.uniform(0.6, 2.0)))


def ground(rng: np.random.Generator, colour: _Colour, depth: float, sizes: tuple[int, ...]) -> _F32:
    """Float32 (HEIGHT, WIDTH, 3): a colour, mottled by `depth` grey levels in patches of `sizes` px."""
    field = np.empty((HEIGHT, WIDTH, 3), np.float32)
    field[:] = colour
    for size in sizes:
        coarse = rng.normal(0, depth / len(sizes) ** 0.5, (HEIGHT // size + 2, WIDTH // size + 2, 1))
        tinted = (coarse + rng.normal(0, depth / 4, (*coarse.shape[:2], 3))).astype(np.float32)
        field += cv2.resize(tinted, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return field


def outlines(rng: np.random.Generator, number: int) -> list[NDArray[np.int32]]:
    """Polygons that fill the picture without gaps: the Voronoi cells of random points."""
    division = cv2.Subdiv2D((0, 0, WIDTH, HEIGHT))
    for x, y in rng.uniform((1, 1), (WIDTH - 1, HEIGHT - 1), (number, 2)):
        division.insert((float(x), float(y)))
    facets, _ = division.getVoronoiFacetList([])
    return [np.asarray(facet, np.float32).astype(np.int32) for facet in facets]


def _nucleus(field: _F32, rng: np.random.Generator, radius: float) -> None:
    """Nucleus of a white cell: one to four dark lobes."""
    centre = np.asarray(_place(rng))
    colour = _between(rng, (75, 35, 115), (125, 80, 160))
    for _ in range(int(rng.integers(1, 5))):
        axes = radius * rng.uniform(0.5, 0.9, 2)
        spot = _point(centre + rng.normal(0, 0.4 * radius, 2))
        _stamp(field, spot, (int(axes[0]) + 1, int(axes[1]) + 1), float(rng.uniform(0, 180)), colour, 0.9)


def _parasite(field: _F32, rng: np.random.Generator, px: float) -> None:
    """A dot of chromatin and, beside it, a wisp of cytoplasm."""
    centre = np.asarray(_place(rng))
    wisp = _point(centre + rng.normal(0, 0.8 * px, 2))
    axes = (int(rng.uniform(0.8, 1.6) * px) + 1, int(0.4 * px) + 1)
    _stamp(field, wisp, axes, float(rng.uniform(0, 180)), (140, 150, 190), 0.5)
    _stamp(field, _point(centre), (int(0.45 * px) + 1,) * 2, 0, (130, 40, 100), 0.85)


def _dirt(field: _F32, rng: np.random.Generator, number: int, px: float) -> None:
    for _ in range(number):
        axes = rng.uniform(0.2, 1.2, 2) * px
        colour = _between(rng, (60, 50, 60), (170, 160, 165))
        _stamp(
            field, _place(rng), (int(axes[0]) + 1, int(axes[1]) + 1), float(rng.uniform(0, 180)), colour, 0.7
        )


def _ring(field: _F32, rng: np.random.Generator, radius: float, change: _Colour) -> None:
    layer = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.circle(layer, _place(rng), max(2, int(radius)), 1.0, max(1, int(radius / 5)), cv2.LINE_AA)
    field += cv2.GaussianBlur(layer, (0, 0), 2)[..., None] * np.asarray(change, np.float32)


def _stamp(
    field: _F32, centre: tuple[int, int], axes: tuple[int, int], angle: float, colour: _Colour, cover: float
) -> None:
    """Lay an ellipse over the field, `cover` (0 to 1) of what lies under it hidden."""
    reach = max(axes) + 2
    left, top = max(0, centre[0] - reach), max(0, centre[1] - reach)
    under = field[top : centre[1] + reach, left : centre[0] + reach]
    if not under.size:
        return
    layer = np.zeros(under.shape[:2], np.float32)
    cv2.ellipse(layer, (centre[0] - left, centre[1] - top), axes, angle, 0, 360, cover, cv2.FILLED)
    soft = np.asarray(cv2.GaussianBlur(layer, (0, 0), 0.8), np.float32)[..., None]
    under += soft * (np.asarray(colour, np.float32) - under)


def _place(rng: np.random.Generator) -> tuple[int, int]:
    return int(rng.integers(0, WIDTH)), int(rng.integers(0, HEIGHT))


def _point(place: NDArray[np.float64] | NDArray[np.int_]) -> tuple[int, int]:
    return int(place[0]), int(place[1])


def _between(rng: np.random.Generator, low: _Colour, high: _Colour) -> _Colour:
    red, green, blue = rng.uniform(low, high).tolist()
    return red, green, blue


def _finish(field: _F32, rng: np.random.Generator, blur_px: float) -> _Picture:
    """Blur of the lens and noise of the camera."""
    soft = cv2.GaussianBlur(field, (0, 0), blur_px)
    noisy = soft + rng.normal(0, float(rng.uniform(0.5, 3.0)), soft.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)

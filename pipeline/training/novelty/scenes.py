"""Draws everyday pictures that are no smear: screens, pages, plots, maps, textures, round things."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.training.novelty.slides import HEIGHT, WIDTH, ground, outlines

__all__ = [
    "draw_balls",
    "draw_clouds",
    "draw_code",
    "draw_gradient",
    "draw_map",
    "draw_noise",
    "draw_page",
    "draw_plot",
    "draw_screen",
    "draw_stars",
    "draw_stones",
    "draw_tablets",
    "draw_truck",
    "draw_weave",
]

_Picture = NDArray[np.uint8]
_WORDS = (
    "count",
    "cells",
    "of",
    "the",
    "file",
    "open",
    "view",
    "total",
    "mean",
    "and",
    "report",
    "12",
    "4.7",
)


def draw_screen(rng: np.random.Generator) -> _Picture:
    """A screenshot: windows with title bars, lines of text, buttons and round icons."""
    picture = np.full((HEIGHT, WIDTH, 3), rng.integers(20, 256, 3), np.uint8)
    for _ in range(int(rng.integers(1, 5))):
        x, y = int(rng.integers(0, WIDTH // 2)), int(rng.integers(0, HEIGHT // 2))
        right, bottom = x + int(rng.integers(200, WIDTH)), y + int(rng.integers(150, HEIGHT))
        paper, ink = (255, 20) if rng.random() < 0.6 else (35, 225)
        cv2.rectangle(picture, (x, y), (right, bottom), (paper,) * 3, cv2.FILLED)
        cv2.rectangle(picture, (x, y), (right, y + 26), _colour(rng), cv2.FILLED)
        for place in range(3):
            cv2.circle(picture, (x + 16 + 22 * place, y + 13), 7, _colour(rng), cv2.FILLED, cv2.LINE_AA)
        _lines_of_text(picture, rng, (x + 12, y + 50, min(right, WIDTH), min(bottom, HEIGHT)), (ink,) * 3)
    for place in range(int(rng.integers(0, 14))):
        centre = (30 + 52 * place, HEIGHT - 28)
        cv2.circle(picture, centre, 18, _colour(rng), cv2.FILLED, cv2.LINE_AA)
    return picture


def draw_page(rng: np.random.Generator) -> _Picture:
    """A printed page, photographed: lines of text on paper in uneven light."""
    field = ground(rng, (228.0, 225.0, 218.0), 6, (200, 300))
    _lines_of_text(field, rng, (40, 50, WIDTH - 40, HEIGHT - 20), (40.0, 40.0, 42.0))
    return _finish(field, rng, float(rng.uniform(0.3, 1.2)))


def draw_plot(rng: np.random.Generator) -> _Picture:
    """A chart: axes, a grid, coloured discs and a curve."""
    picture = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    for step in range(80, WIDTH, 110):
        cv2.line(picture, (step, 40), (step, HEIGHT - 60), (225,) * 3, 1)
    cv2.rectangle(picture, (80, 40), (WIDTH - 30, HEIGHT - 60), (0, 0, 0), 2)
    radius = int(rng.integers(4, 16))
    for _ in range(int(rng.integers(1, 4))):
        colour = _colour(rng)
        for _ in range(int(rng.integers(15, 120))):
            cv2.circle(picture, _place(rng), radius, colour, cv2.FILLED, cv2.LINE_AA)
    x = np.arange(80, WIDTH - 30)
    y = HEIGHT / 2 + 200 * np.sin(x / rng.uniform(30, 200))
    curve = np.stack([x, y], axis=1).astype(np.int32)
    cv2.polylines(picture, [curve], False, _colour(rng), 3, cv2.LINE_AA)
    _lines_of_text(picture, rng, (100, HEIGHT - 30, WIDTH, HEIGHT), (0, 0, 0))
    return picture


def draw_map(rng: np.random.Generator) -> _Picture:
    """A map: coloured areas, borders, round towns."""
    field = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    for area in outlines(rng, int(rng.integers(15, 120))):
        cv2.fillPoly(field, [area], tuple(rng.integers(150, 250, 3).tolist()), cv2.LINE_AA)
        cv2.polylines(field, [area], True, (90, 90, 90), int(rng.integers(1, 4)), cv2.LINE_AA)
    for _ in range(int(rng.integers(10, 60))):
        cv2.circle(field, _place(rng), int(rng.integers(3, 10)), (190, 40, 40), cv2.FILLED, cv2.LINE_AA)
    return field


def draw_code(rng: np.random.Generator) -> _Picture:
    """A square code: black and white blocks."""
    blocks = rng.integers(0, 2, (int(rng.integers(15, 60)),) * 2).astype(np.uint8) * 255
    square = cv2.resize(blocks, (HEIGHT, HEIGHT), interpolation=cv2.INTER_NEAREST)
    return np.repeat(square[..., None], 3, axis=2)


def draw_noise(rng: np.random.Generator) -> _Picture:
    """Noise, in colour or grey, blurred more or less."""
    noise = rng.normal(0, 1, (HEIGHT, WIDTH, 3 if rng.random() < 0.5 else 1))
    soft = cv2.GaussianBlur(noise, (0, 0), float(rng.choice([0.5, 2.0, 6.0, 15.0]))).reshape(
        HEIGHT, WIDTH, -1
    )
    scaled = np.clip(128 + 50 * soft / soft.std(), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(scaled, (HEIGHT, WIDTH, 3)))


def draw_gradient(rng: np.random.Generator) -> _Picture:
    """A smooth run from one colour to another."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] / HEIGHT
    turn = rng.uniform(0, 2 * np.pi)
    part = np.clip(0.5 + 0.7 * ((x - 0.6) * np.cos(turn) + (y - 0.5) * np.sin(turn)), 0, 1)[..., None]
    first, last = rng.uniform(0, 255, (2, 3))
    return np.asarray(first + part * (last - first), np.uint8)


def draw_clouds(rng: np.random.Generator) -> _Picture:
    """A sky: white patches of every size on blue."""
    return _finish(ground(rng, (150.0, 185.0, 225.0), 75, (12, 30, 70, 160, 300)), rng, 3.0)


def draw_stars(rng: np.random.Generator) -> _Picture:
    """Bright dots on black."""
    field = np.full((HEIGHT, WIDTH, 3), 8, np.float32)
    for _ in range(int(rng.integers(80, 600))):
        cv2.circle(field, _place(rng), int(rng.integers(1, 7)), _bright(rng), cv2.FILLED, cv2.LINE_AA)
    return _finish(field, rng, 1.5)


def draw_stones(rng: np.random.Generator) -> _Picture:
    """Gravel: packed grey and brown polygons, rounded, with dark gaps."""
    field = np.full((HEIGHT, WIDTH, 3), 45, np.float32)
    for stone in outlines(rng, int(rng.integers(60, 500))):
        middle = stone.mean(axis=0)
        shape = (middle + 0.85 * (stone - middle)).astype(np.int32)
        grey = float(rng.uniform(90, 215))
        cv2.fillPoly(field, [shape], (grey, grey * 0.96, grey * 0.9), cv2.LINE_AA)
    return _finish(field + ground(rng, (0.0, 0.0, 0.0), 18, (3, 8)), rng, 2.5)


def draw_balls(rng: np.random.Generator) -> _Picture:
    """Fruit or marbles: shaded balls of many colours, lying over one another."""
    field = ground(rng, _bright(rng), 10, (40, 160))
    radius = float(rng.uniform(14, 60))
    for _ in range(int(rng.integers(30, 220))):
        x, y = _place(rng)
        size = radius * float(rng.uniform(0.7, 1.3))
        colour = np.asarray(_colour(rng), np.float64)
        for part in np.linspace(1, 0.15, 12):
            shade = tuple((colour * (0.45 + 0.55 * (1 - part)) + 60 * (1 - part) ** 3).tolist())
            spot = (int(x - 0.3 * size * (1 - part)), int(y - 0.3 * size * (1 - part)))
            cv2.circle(field, spot, max(1, int(size * part)), shade, cv2.FILLED, cv2.LINE_AA)
    return _finish(field, rng, 1.0)


def draw_tablets(rng: np.random.Generator) -> _Picture:
    """Tablets or coins on a table: equal discs with an edge and a groove, none over another."""
    table = (float(rng.uniform(90, 220)), float(rng.uniform(90, 200)), float(rng.uniform(70, 190)))
    field = ground(rng, table, 14, (5, 60))
    step = int(rng.integers(50, 130))
    colour = _bright(rng)
    dark = (colour[0] * 0.6, colour[1] * 0.6, colour[2] * 0.6)
    for y in range(step // 2, HEIGHT, step):
        for x in range(step // 2, WIDTH, step):
            if rng.random() < 0.75:
                centre = (x + int(rng.integers(-6, 7)), y + int(rng.integers(-6, 7)))
                cv2.circle(
                    field, (centre[0] + 4, centre[1] + 4), int(0.36 * step), (40.0,) * 3, -1, cv2.LINE_AA
                )
                cv2.circle(field, centre, int(0.36 * step), colour, cv2.FILLED, cv2.LINE_AA)
                cv2.circle(field, centre, int(0.3 * step), dark, 2, cv2.LINE_AA)
    return _finish(field, rng, 1.0)


def draw_truck(rng: np.random.Generator) -> _Picture:
    """A truck on a road: a box, a cab, windows, wheels, sky and trees behind."""
    field = ground(rng, (165.0, 195.0, 225.0), 18, (60, 200))
    for _ in range(40):
        tree = (int(rng.integers(0, WIDTH)), int(rng.uniform(360, 430)))
        cv2.circle(field, tree, int(rng.uniform(20, 60)), (60.0, float(rng.uniform(80, 130)), 50.0), -1)
    cv2.rectangle(field, (0, 460), (WIDTH, HEIGHT), (105.0, 105.0, 108.0), cv2.FILLED)
    body, cab = _bright(rng), _bright(rng)
    x, size = int(rng.integers(20, 260)), float(rng.uniform(0.6, 1.2))
    left, floor = x, 560
    box = (left + int(400 * size), floor - int(260 * size))
    cv2.rectangle(field, (left, floor - 30), box, body, cv2.FILLED)
    front = (box[0] + int(150 * size), floor - int(190 * size))
    cv2.rectangle(field, (box[0] + 6, floor - 30), front, cab, cv2.FILLED)
    pane = (box[0] + int(50 * size), floor - int(170 * size)), (front[0] - 8, floor - int(95 * size))
    cv2.rectangle(field, *pane, (50.0, 60.0, 70.0), cv2.FILLED)
    for part in (0.15, 0.3, 0.85, 1.2):
        hub = (left + int(400 * size * part), floor - 20)
        cv2.circle(field, hub, int(46 * size), (25.0, 25.0, 25.0), cv2.FILLED, cv2.LINE_AA)
        cv2.circle(field, hub, int(22 * size), (170.0, 170.0, 172.0), cv2.FILLED, cv2.LINE_AA)
    return _finish(field + ground(rng, (0.0, 0.0, 0.0), 8, (3, 12)), rng, 1.0)


def draw_weave(rng: np.random.Generator) -> _Picture:
    """Cloth: threads over and under, at an angle."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    turn, step = rng.uniform(0, np.pi), rng.uniform(8, 40)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    wave = np.sin(2 * np.pi * along / step) * np.sin(2 * np.pi * across / step)
    field = ground(rng, _bright(rng), 10, (4, 50)) + (40 * wave)[..., None].astype(np.float32)
    return _finish(field, rng, 0.8)


def _lines_of_text(
    picture: NDArray[np.uint8] | NDArray[np.float32],
    rng: np.random.Generator,
    box: tuple[int, int, int, int],
    ink: tuple[float, float, float],
) -> None:
    size = float(rng.uniform(0.4, 1.1))
    for y in range(box[1], box[3], max(14, int(34 * size))):
        words = " ".join(str(word) for word in rng.choice(_WORDS, int(rng.integers(2, 14))))
        fits = words[: max(1, int((box[2] - box[0]) / (18 * size)))]
        cv2.putText(
            picture, fits, (box[0], y), cv2.FONT_HERSHEY_SIMPLEX, size, ink, 1 + int(size > 0.8), cv2.LINE_AA
        )


def _place(rng: np.random.Generator) -> tuple[int, int]:
    return int(rng.integers(0, WIDTH)), int(rng.integers(0, HEIGHT))


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = rng.integers(0, 256, 3).tolist()
    return red, green, blue


def _bright(rng: np.random.Generator) -> tuple[float, float, float]:
    red, green, blue = rng.uniform(90, 250, 3).tolist()
    return red, green, blue


def _finish(field: NDArray[np.float32], rng: np.random.Generator, blur_px: float) -> _Picture:
    soft = cv2.GaussianBlur(field, (0, 0), blur_px)
    noisy = soft + rng.normal(0, float(rng.uniform(0.5, 3.0)), soft.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)

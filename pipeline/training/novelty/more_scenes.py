"""Draws further pictures that are no thin film: drops, keys, walls, yeast and others."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.training.novelty.slides import HEIGHT, WIDTH, ground

__all__ = [
    "draw_drops",
    "draw_keyboard",
    "draw_radiograph",
    "draw_scales",
    "draw_spreadsheet",
    "draw_squames",
    "draw_wall",
    "draw_yeast",
]

_Picture = NDArray[np.uint8]
_F32 = NDArray[np.float32]


def draw_yeast(rng: np.random.Generator) -> _Picture:
    """Unstained yeast: pale ovals with a bright edge and a dark one, some with a bud."""
    field = ground(rng, (190.0, 192.0, 186.0), 4, (60, 200))
    size = float(rng.uniform(8, 20))
    for _ in range(int(rng.integers(15, 150))):
        centre, turn = rng.uniform((0, 0), (WIDTH, HEIGHT)), float(rng.uniform(0, 360))
        _oval(field, centre, size, turn)
        if rng.random() < 0.4:
            away = np.asarray((np.cos(np.radians(turn)), np.sin(np.radians(turn))))
            _oval(field, centre + 1.6 * size * away, 0.6 * size, turn)
    return _finish(field, rng, 1.0)


def draw_squames(rng: np.random.Generator) -> _Picture:
    """A cervical smear: large, pale, folded cells, each with a small dark nucleus."""
    field = ground(rng, (236.0, 234.0, 232.0), 4, (80, 200))
    size = float(rng.uniform(50, 120))
    for _ in range(int(rng.integers(6, 30))):
        centre = rng.uniform((0, 0), (WIDTH, HEIGHT))
        turns = np.sort(rng.uniform(0, 2 * np.pi, 8))
        reach = size * rng.uniform(0.7, 1.2, (8, 1))
        edge = (centre + reach * np.stack([np.cos(turns), np.sin(turns)], axis=1)).astype(np.int32)
        layer = field.copy()
        tint = (150.0, 200.0, 205.0) if rng.random() < 0.6 else (225.0, 165.0, 175.0)
        cv2.fillPoly(layer, [edge], tint, cv2.LINE_AA)
        field += np.float32(0.55) * (layer - field)
        cv2.circle(field, _at(centre), max(3, int(size / 9)), (70.0, 50.0, 110.0), cv2.FILLED, cv2.LINE_AA)
    return _finish(field, rng, 1.2)


def draw_drops(rng: np.random.Generator) -> _Picture:
    """Rain on a window: drops with a bright spot and a dark rim before a blurred view."""
    field = ground(rng, (120.0, 135.0, 140.0), 45, (120, 240))
    for _ in range(int(rng.integers(40, 260))):
        centre, radius = rng.uniform((0, 0), (WIDTH, HEIGHT)), float(rng.gamma(3.0, 4.0)) + 3
        axes = (int(radius), int(radius * rng.uniform(1.0, 1.4)))
        cv2.ellipse(field, _at(centre), axes, 0, 0, 360, (70.0, 80.0, 85.0), 2, cv2.LINE_AA)
        spot = _at(centre - radius * np.asarray((0.3, 0.4)))
        cv2.circle(field, spot, max(1, int(radius / 4)), (235.0, 240.0, 242.0), cv2.FILLED, cv2.LINE_AA)
    return _finish(field, rng, 1.2)


def draw_scales(rng: np.random.Generator) -> _Picture:
    """Roof tiles or fish scales: rows of shaded half discs, one row over the next."""
    field = ground(rng, (120.0, 80.0, 60.0), 10, (10, 60))
    step = int(rng.integers(24, 90))
    colour = rng.uniform((110, 60, 40), (220, 190, 170))
    for row, y in enumerate(range(0, HEIGHT + step, step // 2)):
        for x in range(-step, WIDTH + step, step):
            tone = tuple((colour * rng.uniform(0.75, 1.15)).tolist())
            centre = (x + (row % 2) * step // 2, y)
            cv2.circle(field, centre, step // 2, tone, cv2.FILLED, cv2.LINE_AA)
            cv2.circle(field, centre, step // 2, (50.0, 35.0, 30.0), 2, cv2.LINE_AA)
    return _finish(field, rng, 1.0)


def draw_keyboard(rng: np.random.Generator) -> _Picture:
    """A keyboard from above: rows of equal keys with a letter each."""
    dark = rng.random() < 0.5
    field = ground(rng, (60.0, 60.0, 62.0) if dark else (205.0, 205.0, 202.0), 5, (60, 200))
    key = int(rng.integers(40, 90))
    face, ink = ((30.0,) * 3, (230.0,) * 3) if dark else ((240.0,) * 3, (30.0,) * 3)
    for y in range(20, HEIGHT, key):
        for x in range(10 + (y // key) % 2 * key // 3, WIDTH, key):
            cv2.rectangle(field, (x, y), (x + key - 8, y + key - 8), face, cv2.FILLED, cv2.LINE_AA)
            letter = chr(65 + int(rng.integers(0, 26)))
            place = (x + key // 4, y + key // 2)
            cv2.putText(field, letter, place, cv2.FONT_HERSHEY_SIMPLEX, key / 90, ink, 2, cv2.LINE_AA)
    return _finish(field, rng, 0.8)


def draw_spreadsheet(rng: np.random.Generator) -> _Picture:
    """A table on a screen: ruled cells, numbers, a coloured heading."""
    picture = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    high, wide = int(rng.integers(18, 40)), int(rng.integers(60, 160))
    cv2.rectangle(picture, (0, 0), (WIDTH, high), rng.integers(0, 200, 3).tolist(), cv2.FILLED)
    for y in range(0, HEIGHT, high):
        cv2.line(picture, (0, y), (WIDTH, y), (205,) * 3, 1)
        for x in range(0, WIDTH, wide):
            cv2.line(picture, (x, 0), (x, HEIGHT), (205,) * 3, 1)
            number, place = f"{rng.uniform(0, 999):.1f}", (x + 6, y + high - 6)
            cv2.putText(
                picture, number, place, cv2.FONT_HERSHEY_SIMPLEX, high / 55, (30,) * 3, 1, cv2.LINE_AA
            )
    return picture


def draw_radiograph(rng: np.random.Generator) -> _Picture:
    """A radiograph: soft bright ribs on black, in grey."""
    field = ground(rng, (45.0, 45.0, 45.0), 8, (100, 240))
    for y in range(60, HEIGHT, int(rng.integers(50, 90))):
        for side in (-1, 1):
            centre = (WIDTH // 2 + side * 200, y + 80)
            cv2.ellipse(field, centre, (210, 90), side * 15, 200, 340, (185.0,) * 3, 16, cv2.LINE_AA)
    cv2.rectangle(field, (WIDTH // 2 - 25, 0), (WIDTH // 2 + 25, HEIGHT), (205.0,) * 3, cv2.FILLED)
    grey = _finish(field, rng, float(rng.uniform(3, 7))).mean(axis=2)
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


def draw_wall(rng: np.random.Generator) -> _Picture:
    """A brick wall: offset rows of red bricks between pale joints."""
    field = ground(rng, (205.0, 200.0, 190.0), 10, (4, 20))
    high = int(rng.integers(24, 70))
    wide = int(high * 2.2)
    for row, y in enumerate(range(0, HEIGHT, high)):
        for x in range(-wide * (row % 2) // 2, WIDTH, wide):
            tone = tuple(rng.uniform((130, 60, 45), (190, 105, 85)).tolist())
            cv2.rectangle(field, (x, y), (x + wide - 6, y + high - 6), tone, cv2.FILLED)
    return _finish(field + ground(rng, (0.0, 0.0, 0.0), 12, (3, 9)), rng, 1.0)


def _oval(field: _F32, centre: NDArray[np.float64], size: float, turn: float) -> None:
    axes = (max(2, int(size)), max(2, int(0.75 * size)))
    cv2.ellipse(field, _at(centre), axes, turn, 0, 360, (205.0, 208.0, 200.0), cv2.FILLED, cv2.LINE_AA)
    cv2.ellipse(field, _at(centre), axes, turn, 0, 360, (120.0, 122.0, 118.0), 2, cv2.LINE_AA)


def _at(place: NDArray[np.float64]) -> tuple[int, int]:
    return int(place[0]), int(place[1])


def _finish(field: _F32, rng: np.random.Generator, blur_px: float) -> _Picture:
    soft = cv2.GaussianBlur(field, (0, 0), blur_px)
    noisy = soft + rng.normal(0, float(rng.uniform(0.5, 3.0)), soft.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)

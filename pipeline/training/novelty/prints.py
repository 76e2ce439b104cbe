"""Draws prints, false colours and things strewn in number: halftones, heat maps, coins, cereals, tiles."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.training.novelty.micrographs import stamp_discs
from pipeline.training.novelty.slides import HEIGHT, WIDTH, ground
from pipeline.training.novelty.textures import fractal

__all__ = [
    "draw_cereals",
    "draw_coins",
    "draw_confetti",
    "draw_dot_print",
    "draw_heat_map",
    "draw_lego",
    "draw_lentils",
    "draw_mosaic",
    "draw_pipes",
    "draw_scatter_plot",
    "draw_tree_rings",
    "draw_woven_beads",
]

_Picture = NDArray[np.uint8]
_F32 = NDArray[np.float32]


def draw_coins(rng: np.random.Generator) -> _Picture:
    """Coins on a table: discs of metal with a rim, a portrait and letters."""
    field = ground(rng, tuple(rng.uniform(60, 235, 3).tolist()), 8, (20, 120))
    size = float(rng.uniform(22, 110))
    for place in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(5, 90)), 2)):
        radius = size * float(rng.choice([0.75, 0.9, 1.0]))
        metal = np.asarray(((200, 150, 90), (205, 190, 120), (190, 190, 192))[int(rng.integers(0, 3))])
        shadow = place + 0.08 * radius
        stamp_discs(field, [shadow], 1.02 * radius, (40.0, 38.0, 36.0), 0.6)
        stamp_discs(field, [place], radius, tuple((0.8 * metal).tolist()), 1.0)
        stamp_discs(field, [place], 0.9 * radius, tuple(metal.tolist()), 1.0)
        stamp_discs(
            field, [place + np.asarray((0, 0.1 * radius))], 0.4 * radius, tuple((1.12 * metal).tolist()), 0.8
        )
        stamp_discs(field, [place - 0.15 * radius], 0.22 * radius, tuple((0.85 * metal).tolist()), 0.8)
    return _finish(field, rng)


def draw_cereals(rng: np.random.Generator) -> _Picture:
    """Cereals in milk: brown rings and balls that overlap on white."""
    field = ground(rng, (243.0, 240.0, 232.0), 3, (60, 200))
    size, colour = float(rng.uniform(14, 60)), rng.uniform((170, 110, 40), (225, 175, 105))
    rings = rng.random() < 0.7
    for place in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(15, 200)), 2)):
        under, tone = field.copy(), colour * float(rng.uniform(0.85, 1.1))
        stamp_discs(field, [place], size, tuple((0.8 * tone).tolist()), 1.0)
        stamp_discs(field, [place - 0.06 * size], 0.9 * size, tuple(tone.tolist()), 1.0)
        if rings:
            hole = np.zeros((HEIGHT, WIDTH, 1), np.float32)
            cv2.circle(hole, (int(place[0]), int(place[1])), int(0.35 * size), 1.0, cv2.FILLED, cv2.LINE_AA)
            field += hole * (under - field)
    return _finish(field + 3 * fractal(rng, 0.6)[..., None], rng)


def draw_lentils(rng: np.random.Generator) -> _Picture:
    """Lentils, peppercorns, rice or seeds, packed: small, alike, each a little turned."""
    field = ground(rng, tuple(rng.uniform(30, 120, 3).tolist()), 8, (20, 90))
    size, colour, long = (
        float(rng.uniform(7, 26)),
        rng.uniform((90, 60, 30), (235, 200, 150)),
        float(rng.uniform(1, 2.6)),
    )
    for x, y in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(1.6 * WIDTH * HEIGHT / size**2 / 3), 2)).tolist():
        tone, turn = colour * float(rng.uniform(0.75, 1.15)), float(rng.uniform(0, 180))
        place, axes = (int(x), int(y)), (int(size * long), int(size))
        cv2.ellipse(field, place, axes, turn, 0, 360, tuple((0.6 * tone).tolist()), -1, cv2.LINE_AA)
        inner = (int(0.85 * axes[0]), int(0.85 * axes[1]))
        cv2.ellipse(field, place, inner, turn, 0, 360, tuple(tone.tolist()), -1, cv2.LINE_AA)
    return _finish(field, rng)


def draw_dot_print(rng: np.random.Generator) -> _Picture:
    """A halftone print close by: rows of dots in cyan, magenta, yellow and black that grow with the tone."""
    step = float(rng.uniform(9, 46))
    paper = np.full((HEIGHT, WIDTH, 3), (246.0, 243.0, 234.0), np.float32)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    inks = (((0, 150, 220), 15), ((215, 20, 120), 75), ((250, 225, 20), 0), ((30, 28, 28), 45))
    for ink, angle in (
        inks[: int(rng.integers(1, 5))] if rng.random() < 0.5 else (inks[int(rng.integers(0, 4))],)
    ):
        turn, tone = np.radians(angle), 0.3 + 0.16 * fractal(rng, 1.6)
        across, down = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        away = np.hypot(across % step - step / 2, down % step - step / 2) / step
        dot = np.clip((np.sqrt(np.clip(tone, 0.02, 1) / np.pi) - away) * step + 0.5, 0, 1)
        paper *= 1 - dot[..., None] * (1 - np.asarray(ink, np.float32) / 255)
    return _finish(paper, rng)


def draw_heat_map(rng: np.random.Generator) -> _Picture:
    """A field of numbers in false colours, smooth or in squares, with or without spots."""
    values = fractal(rng, float(rng.uniform(0.8, 2.0)))
    for x, y in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(0, 120)), 2)).tolist():
        cv2.circle(values, (int(x), int(y)), int(rng.integers(8, 40)), float(rng.uniform(-3, 3)), cv2.FILLED)
    values = np.asarray(cv2.GaussianBlur(values, (0, 0), float(rng.uniform(0.8, 9))), np.float32)
    side = int(rng.choice([1, 1, 12, 30]))
    small = cv2.resize(values, (WIDTH // side, HEIGHT // side), interpolation=cv2.INTER_AREA)
    values = np.asarray(cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST), np.float32)
    low, high = float(values.min()), float(values.max())
    levels = np.asarray(255 * (values - low) / max(high - low, 1e-6), np.uint8)
    maps = (cv2.COLORMAP_JET, cv2.COLORMAP_VIRIDIS, cv2.COLORMAP_HOT, cv2.COLORMAP_MAGMA, cv2.COLORMAP_PINK)
    coloured = cv2.applyColorMap(levels, maps[int(rng.integers(0, len(maps)))])
    return np.asarray(coloured[..., ::-1], np.uint8)


def draw_mosaic(rng: np.random.Generator) -> _Picture:
    """Floor or wall tiles: squares or rounds in rows, joints between, each a little other."""
    side, joint = int(rng.integers(18, 90)), int(rng.integers(2, 7))
    grout, base = rng.uniform(120, 235, 3), rng.uniform(60, 235, 3)
    field = np.full((HEIGHT, WIDTH, 3), grout, np.float32)
    round_tiles = rng.random() < 0.5
    for row, y in enumerate(range(-side, HEIGHT + side, side)):
        for x in range(-side + (row % 2) * side // 2, WIDTH + side, side):
            tone = tuple((base * float(rng.uniform(0.85, 1.15))).tolist())
            if round_tiles:
                cv2.circle(field, (x, y), (side - joint) // 2, tone, cv2.FILLED, cv2.LINE_AA)
            else:
                cv2.rectangle(field, (x, y), (x + side - joint, y + side - joint), tone, cv2.FILLED)
    return _finish(field + 3 * fractal(rng, 0.9)[..., None], rng)


def draw_lego(rng: np.random.Generator) -> _Picture:
    """A plate of building bricks: round studs in rows, lit from a side."""
    base, step = rng.uniform(40, 230, 3), int(rng.integers(28, 80))
    field = np.full((HEIGHT, WIDTH, 3), base, np.float32)
    for y in range(step // 2, HEIGHT, step):
        places = np.asarray([(x, y) for x in range(step // 2, WIDTH, step)], np.float64)
        stamp_discs(field, list(places + 0.08 * step), 0.33 * step, tuple((0.6 * base).tolist()), 0.9)
        stamp_discs(field, list(places), 0.31 * step, tuple((1.1 * base).tolist()), 1.0)
    return _finish(field, rng)


def draw_confetti(rng: np.random.Generator) -> _Picture:
    """Confetti or the dots of a test for colour vision: discs of many sizes in few colours on paper."""
    field = np.full((HEIGHT, WIDTH, 3), rng.uniform(225, 252, 3), np.float32)
    palette, size = rng.uniform(60, 230, (int(rng.integers(1, 6)), 3)), float(rng.uniform(5, 26))
    for place in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(60, 1200)), 2)):
        colour = palette[int(rng.integers(0, len(palette)))] * float(rng.uniform(0.9, 1.1))
        stamp_discs(field, [place], size * float(rng.uniform(0.5, 1.4)), tuple(colour.tolist()), 1.0)
    return np.asarray(np.clip(field, 0, 255), np.uint8)


def draw_scatter_plot(rng: np.random.Generator) -> _Picture:
    """A chart of circles, clear through, of one colour or two, with axes."""
    field = np.full((HEIGHT, WIDTH, 3), 255.0, np.float32)
    size = float(rng.uniform(5, 40))
    for _ in range(int(rng.integers(1, 4))):
        middle, spread = rng.uniform((200, 150), (WIDTH - 200, HEIGHT - 150)), rng.uniform(60, 250, 2)
        places = rng.normal(middle, spread, (int(rng.integers(20, 300)), 2))
        stamp_discs(
            field, places, size, tuple(rng.uniform(30, 230, 3).tolist()), float(rng.uniform(0.3, 0.8))
        )
    cv2.rectangle(field, (60, 30), (WIDTH - 30, HEIGHT - 60), (0.0, 0.0, 0.0), 2)
    for tick in range(60, WIDTH - 30, 110):
        cv2.putText(field, str(tick), (tick, HEIGHT - 30), 0, 0.6, (0.0, 0.0, 0.0), 1, cv2.LINE_AA)
    return np.asarray(np.clip(field, 0, 255), np.uint8)


def draw_pipes(rng: np.random.Generator) -> _Picture:
    """A stack of logs or pipes from their ends: packed rounds, rings or hollow, dark between."""
    field = np.full((HEIGHT, WIDTH, 3), rng.uniform(15, 60, 3), np.float32)
    size, colour, hollow = (
        float(rng.uniform(16, 70)),
        rng.uniform((150, 110, 70), (240, 210, 170)),
        rng.random() < 0.5,
    )
    for row, y in enumerate(np.arange(0, HEIGHT + size, 1.75 * size)):
        for x in np.arange((row % 2) * size, WIDTH + size, 2 * size):
            place, radius = np.asarray((x, y)), size * float(rng.uniform(0.8, 1.0))
            tone = colour * float(rng.uniform(0.8, 1.1))
            stamp_discs(field, [place], radius, tuple((0.6 * tone).tolist()), 1.0)
            stamp_discs(field, [place], 0.88 * radius, tuple(tone.tolist()), 1.0)
            if hollow:
                stamp_discs(field, [place], 0.7 * radius, (20.0, 18.0, 16.0), 1.0)
    return _finish(field + 5 * fractal(rng, 0.7)[..., None], rng)


def draw_tree_rings(rng: np.random.Generator) -> _Picture:
    """Rings of a trunk, ripples of a target or grooves of a record: many circles about one middle."""
    middle, step = rng.uniform((200, 150), (WIDTH - 200, HEIGHT - 150)), float(rng.uniform(5, 40))
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    away = np.hypot(x - middle[0], y - middle[1]) + 6 * fractal(rng, 1.8)
    tone = 0.5 + 0.5 * np.cos(2 * np.pi * away / step)
    one, other = rng.uniform((150, 100, 60), (250, 220, 190)), rng.uniform(40, 160, 3)
    return _finish(np.asarray(one + tone[..., None] * (other - one), np.float32), rng)


def draw_woven_beads(rng: np.random.Generator) -> _Picture:
    """Strings of glass beads in rows, each with a glint and a hole."""
    size, palette = float(rng.uniform(8, 32)), rng.uniform(40, 240, (4, 3))
    field = np.full((HEIGHT, WIDTH, 3), rng.uniform(20, 240, 3), np.float32)
    for y in np.arange(size, HEIGHT, 2.1 * size):
        for x in np.arange(size, WIDTH, 2.05 * size):
            place, colour = (
                np.asarray((x, y)) + rng.normal(0, 0.06 * size, 2),
                palette[int(rng.integers(0, 4))],
            )
            stamp_discs(field, [place], size, tuple((0.7 * colour).tolist()), 1.0)
            stamp_discs(field, [place], 0.8 * size, tuple(colour.tolist()), 1.0)
            stamp_discs(field, [place], 0.25 * size, tuple((0.3 * colour).tolist()), 1.0)
            stamp_discs(field, [place - 0.35 * size], 0.16 * size, (250.0, 250.0, 250.0), 0.9)
    return _finish(field, rng)


def _finish(field: _F32, rng: np.random.Generator) -> _Picture:
    soft = cv2.GaussianBlur(field, (0, 0), float(rng.uniform(0.6, 1.6)))
    noisy = soft + rng.normal(0, float(rng.uniform(0.5, 3.0)), soft.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)

"""Draws other specimens of a laboratory's microscope: sediments, marrow, yeast, eggs, chambers."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.training.novelty.micrographs import stamp_discs
from pipeline.training.novelty.slides import HEIGHT, WIDTH, ground, outlines

__all__ = [
    "draw_acid_fast",
    "draw_buffy_coat",
    "draw_csf",
    "draw_emulsion",
    "draw_glands",
    "draw_haemocytometer",
    "draw_helminth_eggs",
    "draw_marrow",
    "draw_mould",
    "draw_urinary_cells",
    "draw_yeast_buds",
]

_Picture = NDArray[np.uint8]
_F32 = NDArray[np.float32]
_Colour = tuple[float, float, float]


def draw_urinary_cells(rng: np.random.Generator) -> _Picture:
    """Urine, not stained: pale red cells like rings, grained white cells, a flat cell with a nucleus."""
    field = ground(rng, _tone(rng, (200, 200, 175), (228, 226, 210)), 4, (60, 200))
    size = float(rng.uniform(7, 24))
    for place in _places(rng, int(rng.integers(15, 260))):
        shade = tuple((field[0, 0] * rng.uniform(0.72, 0.9)).tolist())
        cv2.circle(field, _at(place), int(size), shade, max(1, int(size / 6)), cv2.LINE_AA)
        if rng.random() < 0.4:
            stamp_discs(field, [place], 1.5 * size, shade, 0.5)
            stamp_discs(
                field, place + rng.normal(0, 0.6 * size, (14, 2)), size / 6, (120.0, 120.0, 105.0), 0.6
            )
    for place in _places(rng, int(rng.integers(0, 8))):
        axes = (int(5 * size), int(4 * size))
        cv2.ellipse(field, _at(place), axes, float(rng.uniform(0, 180)), 0, 360, (188.0, 188.0, 168.0), 1)
        stamp_discs(field, [place], size, (160.0, 160.0, 140.0), 0.7)
    return _finish(field, rng)


def draw_csf(rng: np.random.Generator) -> _Picture:
    """Cerebrospinal fluid, spun down and stained: lymphocytes with a thin blue rim on a clean ground."""
    field = ground(rng, _tone(rng, (222, 215, 222), (244, 240, 246)), 4, (60, 200))
    size = float(rng.uniform(10, 40))
    for place in _places(rng, int(rng.integers(8, 140))):
        body = size * float(rng.uniform(0.9, 1.3))
        stamp_discs(field, [place], body, _tone(rng, (150, 160, 205), (190, 200, 230)), 0.8)
        nucleus = place + rng.normal(0, 0.08 * body, 2)
        stamp_discs(field, [nucleus], 0.85 * body, _tone(rng, (85, 45, 125), (120, 75, 160)), 0.9)
        grains = nucleus + rng.normal(0, 0.35 * body, (9, 2))
        stamp_discs(field, grains, 0.16 * body, (70.0, 35.0, 110.0), 0.6)
    return _finish(field, rng)


def draw_marrow(rng: np.random.Generator) -> _Picture:
    """Bone marrow: crowded nucleated cells of all sizes between empty drops of fat and some red cells."""
    field = ground(rng, _tone(rng, (205, 175, 190), (232, 210, 222)), 9, (20, 90))
    size = float(rng.uniform(9, 24))
    stamp_discs(field, _places(rng, int(rng.integers(60, 250))), size, (205.0, 150.0, 160.0), 0.7)
    for place in _places(rng, int(rng.integers(120, 420))):
        body = size * float(rng.uniform(0.9, 2.4))
        stamp_discs(field, [place], body, _tone(rng, (130, 120, 185), (215, 180, 205)), 0.85)
        for lobe in place + rng.normal(0, 0.25 * body, (int(rng.integers(1, 4)), 2)):
            stamp_discs(field, [lobe], body * float(rng.uniform(0.4, 0.75)), (105.0, 55.0, 135.0), 0.85)
    for place in _places(rng, int(rng.integers(3, 14))):
        stamp_discs(field, [place], size * float(rng.uniform(2, 6)), (246.0, 243.0, 245.0), 0.97)
    return _finish(field, rng)


def draw_buffy_coat(rng: np.random.Generator) -> _Picture:
    """A smear of the buffy coat: lobed and round white cells side by side, platelets in between."""
    field = ground(rng, _tone(rng, (226, 215, 222), (243, 236, 242)), 5, (40, 160))
    size = float(rng.uniform(12, 30))
    for place in _places(rng, int(rng.integers(90, 300))):
        stamp_discs(field, [place], size, _tone(rng, (205, 175, 205), (230, 205, 225)), 0.85)
        lobes = int(rng.integers(1, 5))
        for lobe in place + rng.normal(0, 0.4 * size if lobes > 1 else 0.05 * size, (lobes, 2)):
            reach = size * (0.75 if lobes == 1 else 0.38)
            stamp_discs(field, [lobe], reach, _tone(rng, (90, 45, 125), (125, 75, 155)), 0.9)
    stamp_discs(field, _places(rng, int(rng.integers(50, 500))), 0.2 * size, (160.0, 120.0, 175.0), 0.8)
    return _finish(field, rng)


def draw_yeast_buds(rng: np.random.Generator) -> _Picture:
    """Yeast in a stain: dark ovals, many with a bud, and threads of cells end to end."""
    field = ground(rng, _tone(rng, (215, 205, 215), (244, 238, 244)), 6, (30, 120))
    size, colour = float(rng.uniform(5, 20)), _tone(rng, (70, 40, 110), (140, 95, 175))
    for place in _places(rng, int(rng.integers(15, 180))):
        turn = float(rng.uniform(0, 180))
        along = np.asarray((np.cos(np.radians(turn)), np.sin(np.radians(turn))))
        cells = 1 + int(rng.integers(2, 9)) * int(rng.random() < 0.15)
        for step in range(cells):
            middle = place + 2.4 * size * step * along
            _oval(field, middle, (1.25 * size, 0.85 * size), turn, colour)
        if rng.random() < 0.5:
            _oval(field, place + 1.6 * size * along, (0.6 * size, 0.5 * size), turn, colour)
    return _finish(field, rng)


def draw_haemocytometer(rng: np.random.Generator) -> _Picture:
    """A counting chamber: ruled squares, single and triple lines, and small refracting cells over them."""
    field = ground(rng, _tone(rng, (150, 152, 150), (205, 208, 205)), 5, (80, 220))
    gap, size = int(rng.integers(40, 130)), float(rng.uniform(4, 12))
    line = tuple((field[0, 0] * (0.7 if rng.random() < 0.5 else 1.2)).tolist())
    for at in range(int(rng.integers(0, gap)), WIDTH, gap):
        for shift in (0, 4, 8) if (at // gap) % 4 == 0 else (0,):
            cv2.line(field, (at + shift, 0), (at + shift, HEIGHT), line, 1, cv2.LINE_AA)
            cv2.line(field, (0, at + shift), (WIDTH, at + shift), line, 1, cv2.LINE_AA)
    places = _places(rng, int(rng.integers(20, 400)))
    stamp_discs(field, places, 1.3 * size, (110.0, 112.0, 110.0), 0.6)
    stamp_discs(field, places, size, (238.0, 240.0, 236.0), 0.8)
    stamp_discs(field, places, 0.5 * size, (190.0, 192.0, 190.0), 0.6)
    return _finish(field, rng)


def draw_helminth_eggs(rng: np.random.Generator) -> _Picture:
    """Stool in iodine: brown eggs of worms with a thick shell among fibres and crumbs."""
    field = ground(rng, _tone(rng, (195, 165, 105), (235, 215, 170)), 16, (10, 40, 120))
    size = float(rng.uniform(16, 60))
    stamp_discs(field, _places(rng, int(rng.integers(80, 500))), size / 8, (150.0, 115.0, 65.0), 0.6)
    for place in _places(rng, int(rng.integers(0, 25))):
        end = place + rng.normal(0, 3 * size, 2)
        cv2.line(field, _at(place), _at(end), (140.0, 105.0, 60.0), int(rng.integers(1, 5)), cv2.LINE_AA)
    for place in _places(rng, int(rng.integers(3, 30))):
        turn, long = float(rng.uniform(0, 180)), float(rng.uniform(1.0, 1.7))
        _oval(field, place, (long * size, size), turn, (95.0, 65.0, 30.0))
        _oval(field, place, (long * size - size / 6, 0.84 * size), turn, (185.0, 140.0, 70.0))
        stamp_discs(field, place + rng.normal(0, 0.35 * size, (7, 2)), size / 4, (140.0, 100.0, 50.0), 0.6)
    return _finish(field, rng)


def draw_acid_fast(rng: np.random.Generator) -> _Picture:
    """Sputum for tuberculosis: red rods alone and in bundles on blue slime and pale nuclei."""
    field = ground(rng, _tone(rng, (150, 185, 210), (215, 228, 238)), 20, (15, 60, 160))
    size = float(rng.uniform(4, 12))
    for place in _places(rng, int(rng.integers(5, 40))):
        _oval(field, place, (3 * size, 2.4 * size), float(rng.uniform(0, 180)), (110.0, 150.0, 195.0))
    for place in _places(rng, int(rng.integers(20, 250))):
        turn = float(rng.uniform(0, 6.3))
        end = place + 2.5 * size * np.asarray((np.cos(turn), np.sin(turn)))
        cv2.line(field, _at(place), _at(end), (200.0, 35.0, 85.0), max(1, int(size / 3)), cv2.LINE_AA)
    return _finish(field, rng)


def draw_mould(rng: np.random.Generator) -> _Picture:
    """A mould in blue: branching threads with round spores at their heads."""
    field = ground(rng, _tone(rng, (205, 220, 230), (238, 244, 246)), 5, (50, 200))
    size, blue = float(rng.uniform(4, 14)), _tone(rng, (60, 95, 160), (120, 150, 205))
    for start in _places(rng, int(rng.integers(5, 25))):
        turns = rng.uniform(0, 6.3) + np.cumsum(rng.normal(0, 0.2, 40))
        thread = start + size * np.cumsum(np.stack([np.cos(turns), np.sin(turns)], axis=1), axis=0)
        cv2.polylines(field, [thread.astype(np.int32)], False, blue, max(2, int(0.6 * size)), cv2.LINE_AA)
        stamp_discs(field, [thread[-1]], 2 * size, blue, 0.8)
        spores = thread[-1] + rng.normal(0, 3.2 * size, (int(rng.integers(5, 60)), 2))
        stamp_discs(field, spores, 0.6 * size, blue, 0.85)
    return _finish(field, rng)


def draw_emulsion(rng: np.random.Generator) -> _Picture:
    """Drops of fat in milk or oil in water: clear, of all sizes, each with a thin dark and a bright edge."""
    field = ground(rng, _tone(rng, (185, 185, 175), (232, 230, 222)), 3, (90, 220))
    size = float(rng.uniform(3, 12))
    for place in _places(rng, int(rng.integers(150, 900))):
        radius = float(rng.gamma(2.0, size)) + 2
        cv2.circle(field, _at(place), int(radius), (120.0, 120.0, 112.0), 2, cv2.LINE_AA)
        cv2.circle(field, _at(place), max(1, int(radius) - 2), (246.0, 245.0, 240.0), 1, cv2.LINE_AA)
    return _finish(field, rng)


def draw_glands(rng: np.random.Generator) -> _Picture:
    """A section of gut or kidney: rings of nuclei round pale lumens in pink stroma."""
    field = ground(rng, _tone(rng, (215, 150, 180), (238, 185, 208)), 14, (8, 30, 100))
    size = float(rng.uniform(4, 12))
    for polygon in outlines(rng, int(rng.integers(10, 70))):
        middle = polygon.mean(axis=0)
        reach = 0.8 * float(np.abs(polygon - middle).max(axis=1).mean())
        if reach < 5 * size:
            continue
        stamp_discs(field, [middle], reach, (205.0, 140.0, 185.0), 0.7)
        stamp_discs(field, [middle], 0.35 * reach, (244.0, 238.0, 242.0), 0.9)
        turns = np.arange(0, 6.28, 2.4 * size / reach)
        ring = middle + 0.8 * reach * np.stack([np.cos(turns), np.sin(turns)], axis=1)
        stamp_discs(field, ring + rng.normal(0, 0.3 * size, ring.shape), size, (95.0, 55.0, 130.0), 0.85)
    stamp_discs(field, _places(rng, int(rng.integers(50, 300))), 0.6 * size, (110.0, 65.0, 140.0), 0.7)
    return _finish(field, rng)


def _tone(rng: np.random.Generator, low: tuple[int, int, int], high: tuple[int, int, int]) -> _Colour:
    red, green, blue = rng.uniform(low, high).tolist()
    return red, green, blue


def _places(rng: np.random.Generator, number: int) -> NDArray[np.float64]:
    return rng.uniform((0, 0), (WIDTH, HEIGHT), (number, 2))


def _oval(
    field: _F32, middle: NDArray[np.float64], axes: tuple[float, float], turn: float, colour: _Colour
) -> None:
    sides = (max(1, int(axes[0])), max(1, int(axes[1])))
    cv2.ellipse(field, _at(middle), sides, turn, 0, 360, colour, cv2.FILLED, cv2.LINE_AA)


def _at(place: NDArray[np.float64]) -> tuple[int, int]:
    return int(place[0]), int(place[1])


def _finish(field: _F32, rng: np.random.Generator) -> _Picture:
    soft = cv2.GaussianBlur(field, (0, 0), float(rng.uniform(0.6, 1.8)))
    noisy = soft + rng.normal(0, float(rng.uniform(0.5, 3.0)), soft.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)

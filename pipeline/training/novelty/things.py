"""Draws photos of single things and of a few: cups, signs, plates, flowers, lamps, labels, overlays."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.training.novelty.slides import HEIGHT, WIDTH, draw_thick_film
from pipeline.training.novelty.textures import fractal

__all__ = [
    "draw_bench",
    "draw_boxed_thick_film",
    "draw_buttons",
    "draw_cup",
    "draw_eggs",
    "draw_eye",
    "draw_flower",
    "draw_label",
    "draw_lamps",
    "draw_planet",
    "draw_plate",
    "draw_sign",
]

_Picture = NDArray[np.uint8]
_F32 = NDArray[np.float32]
_Colour = tuple[float, ...]


def draw_cup(rng: np.random.Generator) -> _Picture:
    """A cup of coffee from above on a table: saucer, rim, dark drink, a glint."""
    field = _table(rng)
    centre, radius = _middle(rng), int(rng.integers(90, 260))
    cup = _bright(rng)
    _disc(field, centre, int(radius * 1.5), tuple(0.93 * one for one in cup))
    _disc(field, centre, radius, cup)
    _disc(field, centre, int(0.86 * radius), tuple(rng.uniform((45, 22, 10), (150, 100, 60)).tolist()))
    glint = (centre[0] - radius // 3, centre[1] - radius // 3)
    cv2.ellipse(field, glint, (radius // 4, radius // 9), -40, 0, 360, (235.0, 225.0, 210.0), -1, cv2.LINE_AA)
    return _finish(field, rng)


def draw_plate(rng: np.random.Generator) -> _Picture:
    """A plate of food: round pieces in warm colours."""
    field = _table(rng)
    centre, radius = _middle(rng), int(rng.integers(200, 330))
    _disc(field, centre, radius, _bright(rng))
    size = int(rng.integers(12, 60))
    for _ in range(int(rng.integers(3, 60))):
        turn, reach = float(rng.uniform(0, 6.3)), radius * 0.75 * float(rng.uniform(0, 1)) ** 0.5
        place = (int(centre[0] + reach * np.cos(turn)), int(centre[1] + reach * np.sin(turn)))
        colour = rng.uniform((140, 40, 20), (240, 170, 90))
        _disc(field, place, int(size * rng.uniform(0.7, 1.2)), tuple(colour.tolist()))
        _disc(field, place, size // 3, tuple((0.85 * colour).tolist()))
    return _finish(field, rng)


def draw_sign(rng: np.random.Generator) -> _Picture:
    """A logo or a sign: one to five plain discs, rings or letters on one colour."""
    field = np.full((HEIGHT, WIDTH, 3), _bright(rng) if rng.random() < 0.7 else _any(rng), np.float32)
    for _ in range(int(rng.integers(1, 6))):
        place, radius = _place(rng), int(rng.integers(25, 230))
        shape = int(rng.integers(0, 4))
        if shape == 0:
            _disc(field, place, radius, _any(rng))
        elif shape == 1:
            cv2.circle(field, place, radius, _any(rng), max(2, radius // 5), cv2.LINE_AA)
        elif shape == 2:
            corner = (place[0] + radius, place[1] + radius)
            cv2.rectangle(field, place, corner, _any(rng), cv2.FILLED)
        else:
            cv2.putText(
                field, "Oo8&"[int(rng.integers(0, 4))], place, 2, radius / 25, _any(rng), 9, cv2.LINE_AA
            )
    return np.asarray(np.clip(field, 0, 255), np.uint8)


def draw_flower(rng: np.random.Generator) -> _Picture:
    """A flower or several: petals round a middle on green."""
    field = _table(rng, (60.0, 100.0, 45.0))
    for _ in range(int(rng.integers(1, 12))):
        centre, size = np.asarray(_place(rng)), float(rng.uniform(25, 140))
        colour, petals = _any(rng), int(rng.integers(5, 16))
        for petal in range(petals):
            turn = 2 * np.pi * petal / petals
            place = (centre + 0.6 * size * np.asarray((np.cos(turn), np.sin(turn)))).astype(int)
            axes = (int(0.45 * size), int(0.2 * size))
            cv2.ellipse(field, tuple(place.tolist()), axes, np.degrees(turn), 0, 360, colour, -1, cv2.LINE_AA)
        _disc(field, tuple(centre.tolist()), max(2, int(0.25 * size)), (225.0, 180.0, 50.0))
    return _finish(field, rng)


def draw_eggs(rng: np.random.Generator) -> _Picture:
    """Eggs or fruit in a box: shaded balls in rows."""
    field = _table(rng)
    step, colour = int(rng.integers(60, 200)), rng.uniform((150, 90, 40), (250, 225, 200))
    for y in range(step // 2, HEIGHT, step):
        for x in range(step // 2, WIDTH, step):
            for ring in range(8):
                shift = ring * step // 40
                tone = tuple((colour * (0.65 + 0.05 * ring)).tolist())
                _disc(field, (x - shift, y - shift), int(0.45 * step * (1 - ring / 8)), tone)
    return _finish(field, rng)


def draw_buttons(rng: np.random.Generator) -> _Picture:
    """Buttons or beads strewn on cloth, of many colours, some with holes."""
    field = _table(rng)
    size = float(rng.uniform(12, 50))
    for _ in range(int(rng.integers(10, 150))):
        place, radius = _place(rng), max(4, int(size * rng.uniform(0.6, 1.4)))
        colour = _any(rng)
        _disc(field, place, radius, colour)
        cv2.circle(field, place, int(0.7 * radius), tuple(0.8 * one for one in colour), 2, cv2.LINE_AA)
        for side in (-1, 1):
            _disc(field, (place[0] + side * radius // 4, place[1]), max(1, radius // 8), (25.0, 25.0, 25.0))
    return _finish(field, rng)


def draw_eye(rng: np.random.Generator) -> _Picture:
    """An eye or a face: pale ovals with dark round middles."""
    skin = rng.uniform((120, 80, 60), (240, 200, 180))
    field = np.full((HEIGHT, WIDTH, 3), skin, np.float32) + 7 * fractal(rng, 1.4)[..., None]
    size = int(rng.integers(40, 200))
    for side in (-1, 1) if size < 120 else (0,):
        centre = (WIDTH // 2 + side * 2 * size, HEIGHT // 2)
        cv2.ellipse(
            field,
            centre,
            (int(1.4 * size), int(0.7 * size)),
            0,
            0,
            360,
            (235.0, 230.0, 228.0),
            -1,
            cv2.LINE_AA,
        )
        _disc(field, centre, int(0.65 * size), tuple(rng.uniform((40, 40, 30), (120, 140, 160)).tolist()))
        _disc(field, centre, int(0.28 * size), (15.0, 12.0, 12.0))
    return _finish(field, rng)


def draw_lamps(rng: np.random.Generator) -> _Picture:
    """Lights at night out of focus: soft bright discs on black."""
    field = np.full((HEIGHT, WIDTH, 3), 18.0, np.float32)
    size = int(rng.integers(12, 70))
    for _ in range(int(rng.integers(4, 90))):
        layer = field.copy()
        _disc(layer, _place(rng), int(size * rng.uniform(0.8, 1.2)), _bright(rng))
        field += np.float32(0.6) * (layer - field)
    return _finish(field, rng)


def draw_planet(rng: np.random.Generator) -> _Picture:
    """A planet or a ball: one shaded, mottled disc on dark or on light."""
    field = np.full((HEIGHT, WIDTH, 3), _any(rng), np.float32)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    centre, radius = _middle(rng), float(rng.uniform(60, 330))
    away = np.hypot(x - centre[0], y - centre[1]) / radius
    shade = np.clip(1.1 - 0.5 * (x - centre[0]) / radius, 0.2, 1.4) + 0.12 * fractal(rng, 1.5)
    field[away < 1] = (np.asarray(_bright(rng), np.float32) * shade[..., None])[away < 1]
    return _finish(field, rng)


def draw_label(rng: np.random.Generator) -> _Picture:
    """The label of a slide: paper with hand-written lines and a stamp."""
    field = np.full((HEIGHT, WIDTH, 3), (238.0, 234.0, 222.0), np.float32) + 3 * fractal(rng, 1.2)[..., None]
    ink = tuple(rng.uniform((10, 10, 40), (60, 60, 170)).tolist())
    for row in range(int(rng.integers(2, 7))):
        text = "".join(rng.choice(list("abcdefghnorstu 0123456789/-"), 16).tolist())
        size = float(rng.uniform(1.2, 3.0))
        cv2.putText(
            field, text, (40, 90 + 95 * row), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, size, ink, 3, cv2.LINE_AA
        )
    cv2.circle(field, (WIDTH - 190, HEIGHT - 170), 110, (170.0, 50.0, 60.0), 7, cv2.LINE_AA)
    return _finish(field, rng)


def draw_bench(rng: np.random.Generator) -> _Picture:
    """A laboratory bench: slides in a rack, bottles, a blurred ground."""
    field = cv2.GaussianBlur(_table(rng), (0, 0), 8).astype(np.float32)
    for _ in range(int(rng.integers(3, 14))):
        x, y = _place(rng)
        cv2.rectangle(field, (x, y), (x + 220, y + 70), (215.0, 222.0, 225.0), cv2.FILLED)
        cv2.rectangle(field, (x, y), (x + 55, y + 70), (240.0, 240.0, 238.0), cv2.FILLED)
        cv2.ellipse(field, (x + 130, y + 35), (45, 22), 0, 0, 360, (165.0, 110.0, 170.0), -1, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 5))):
        _disc(field, _place(rng), int(rng.integers(30, 90)), _any(rng))
    return _finish(field, rng)


def draw_boxed_thick_film(rng: np.random.Generator) -> _Picture:
    """A thick film with the boxes that someone drew round what was found in it."""
    picture = draw_thick_film(rng)
    for _ in range(int(rng.integers(10, 300))):
        x, y = _place(rng)
        side = int(rng.integers(12, 46))
        cv2.rectangle(picture, (x, y), (x + side, y + side), [int(one) for one in _any(rng)], 2)
    return picture


def _table(rng: np.random.Generator, colour: _Colour | None = None) -> _F32:
    base = np.asarray(rng.uniform(40, 225, 3) if colour is None else colour, np.float32)
    grain = fractal(rng, 1.3, float(rng.uniform(1, 9)))
    return np.asarray(base + float(rng.uniform(2, 16)) * grain[..., None], np.float32)


def _disc(field: _F32, place: tuple[int, int], radius: int, colour: _Colour) -> None:
    cv2.circle(field, place, radius, colour, cv2.FILLED, cv2.LINE_AA)


def _middle(rng: np.random.Generator) -> tuple[int, int]:
    return WIDTH // 2 + int(rng.integers(-150, 150)), HEIGHT // 2 + int(rng.integers(-90, 90))


def _place(rng: np.random.Generator) -> tuple[int, int]:
    return int(rng.integers(0, WIDTH)), int(rng.integers(0, HEIGHT))


def _bright(rng: np.random.Generator) -> _Colour:
    return tuple(rng.uniform(185, 255, 3).tolist())


def _any(rng: np.random.Generator) -> _Colour:
    return tuple(rng.uniform(10, 250, 3).tolist())


def _finish(field: _F32, rng: np.random.Generator) -> _Picture:
    soft = cv2.GaussianBlur(field, (0, 0), float(rng.uniform(0.6, 2.0)))
    noisy = soft + rng.normal(0, float(rng.uniform(0.5, 3.0)), soft.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)

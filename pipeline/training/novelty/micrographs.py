"""Draws further views through a microscope that are no thin film: pollen, eggs, beads, algae."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.training.novelty.slides import HEIGHT, WIDTH, ground

__all__ = [
    "draw_algae",
    "draw_beads",
    "draw_diatoms",
    "draw_fish_eggs",
    "draw_glowing_cells",
    "draw_gram_stain",
    "draw_phase_contrast",
    "draw_pollen",
    "draw_sediment",
    "draw_sperm",
    "stamp_discs",
]

_Picture = NDArray[np.uint8]
_F32 = NDArray[np.float32]


def draw_pollen(rng: np.random.Generator) -> _Picture:
    """Pollen: large yellow or brown grains with a thick wall, spines or furrows, few on a pale ground."""
    field = ground(rng, (236.0, 233.0, 222.0), 4, (80, 200))
    size, spines = float(rng.uniform(18, 90)), int(rng.integers(0, 30))
    colour = rng.uniform((150, 90, 20), (235, 190, 110))
    for place in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(5, 60)), 2)):
        radius = size * float(rng.uniform(0.8, 1.2))
        for spine in range(spines):
            turn = 2 * np.pi * spine / spines
            tip = place + 1.2 * radius * np.asarray((np.cos(turn), np.sin(turn)))
            cv2.line(field, _at(place), _at(tip), tuple((0.8 * colour).tolist()), 3, cv2.LINE_AA)
        cv2.circle(field, _at(place), int(radius), tuple((0.7 * colour).tolist()), cv2.FILLED, cv2.LINE_AA)
        cv2.circle(field, _at(place), int(0.88 * radius), tuple(colour.tolist()), cv2.FILLED, cv2.LINE_AA)
        for _ in range(int(rng.integers(0, 25))):
            pit = place + rng.normal(0, 0.35 * radius, 2)
            cv2.circle(field, _at(pit), max(1, int(radius / 12)), tuple((0.8 * colour).tolist()), cv2.FILLED)
    return _finish(field, rng)


def draw_fish_eggs(rng: np.random.Generator) -> _Picture:
    """Eggs of fish or frogs: clear balls with a bright rim, each with a dark yolk or an eye."""
    field = ground(rng, tuple(rng.uniform((150, 150, 130), (235, 235, 225)).tolist()), 6, (60, 160))
    size, tint = float(rng.uniform(16, 60)), rng.uniform((200, 120, 40), (250, 190, 140))
    for place in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(20, 200)), 2)):
        stamp_discs(field, [place], size, tuple(tint.tolist()), 0.35)
        cv2.circle(field, _at(place), int(size), (250.0, 248.0, 240.0), 2, cv2.LINE_AA)
        yolk = place + rng.normal(0, 0.2 * size, 2)
        stamp_discs(field, [yolk], size * float(rng.uniform(0.2, 0.6)), tuple((0.4 * tint).tolist()), 0.8)
    return _finish(field, rng)


def draw_beads(rng: np.random.Generator) -> _Picture:
    """Latex beads or oil drops: all of one size, a dark rim and a bright spot in the middle."""
    field = ground(rng, tuple(rng.uniform((165, 165, 165), (220, 220, 220)).tolist()), 4, (90, 200))
    size = float(rng.uniform(6, 30))
    places = rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(30, 600)), 2))
    stamp_discs(field, places, 1.15 * size, (242.0, 242.0, 242.0), 0.6)
    stamp_discs(field, places, size, (70.0, 70.0, 74.0), 0.85)
    stamp_discs(field, places, 0.6 * size, (200.0, 200.0, 202.0), 0.8)
    stamp_discs(field, places, 0.25 * size, (252.0, 252.0, 252.0), 0.9)
    return _finish(field, rng)


def draw_algae(rng: np.random.Generator) -> _Picture:
    """Green algae: round cells full of grains, alone, in pairs and in fours, on a light ground."""
    field = ground(rng, (226.0, 232.0, 214.0), 5, (60, 200))
    size, colour = float(rng.uniform(8, 40)), rng.uniform((60, 120, 20), (130, 190, 80))
    for place in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(15, 180)), 2)):
        for step in ((0, 0), (1.6, 0), (0, 1.6), (1.6, 1.6))[: int(rng.choice([1, 2, 4]))]:
            middle = place + size * np.asarray(step)
            stamp_discs(field, [middle], size, tuple((0.75 * colour).tolist()), 0.9)
            stamp_discs(field, [middle], 0.85 * size, tuple(colour.tolist()), 0.9)
            grains = middle + rng.normal(0, 0.35 * size, (6, 2))
            stamp_discs(field, grains, 0.2 * size, tuple((0.6 * colour).tolist()), 0.7)
    return _finish(field, rng)


def draw_diatoms(rng: np.random.Generator) -> _Picture:
    """Diatoms: striped boats and wheels of glass on grey."""
    field = ground(rng, tuple(rng.uniform(170, 225, 3).tolist()), 4, (90, 220))
    size = float(rng.uniform(15, 70))
    for place in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(6, 70)), 2)):
        wheel, turn = rng.random() < 0.4, float(rng.uniform(0, 180))
        axes = (int(size), int(size * (1.0 if wheel else rng.uniform(0.15, 0.4))))
        cv2.ellipse(field, _at(place), axes, turn, 0, 360, (150.0, 145.0, 120.0), 3, cv2.LINE_AA)
        for line in range(12):
            if wheel:
                away = 30 * line
                cv2.ellipse(field, _at(place), axes, 0, away, away + 1, (160.0, 155.0, 130.0), -1)
            else:
                part = (int(axes[0] * line / 12), axes[1])
                cv2.ellipse(field, _at(place), part, turn, 0, 360, (165.0, 160.0, 140.0), 1, cv2.LINE_AA)
    return _finish(field, rng)


def draw_glowing_cells(rng: np.random.Generator) -> _Picture:
    """Fluorescence: blue nuclei, green or red bodies, soft and bright on black."""
    field = ground(rng, (6.0, 6.0, 9.0), 2, (60, 200))
    size = float(rng.uniform(8, 45))
    body = ((20.0, 200.0, 60.0), (210.0, 40.0, 30.0), (230.0, 190.0, 40.0))[int(rng.integers(0, 3))]
    bodies, nuclei = np.zeros((HEIGHT, WIDTH), np.float32), np.zeros((HEIGHT, WIDTH), np.float32)
    for place in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(10, 200)), 2)):
        long, wide = (size * rng.uniform(0.8, 1.8, 2) + 2).astype(int).tolist()
        turn, core = float(rng.uniform(0, 180)), int(0.6 * size) + 1
        cv2.ellipse(bodies, _at(place), (long, wide), turn, 0, 360, float(rng.uniform(0.2, 0.8)), -1)
        cv2.circle(bodies, _at(place), core, 0.0, cv2.FILLED)
        cv2.circle(nuclei, _at(place), core, float(rng.uniform(0.5, 1)), cv2.FILLED)
    field += bodies[..., None] * np.asarray(body, np.float32)
    field += nuclei[..., None] * np.asarray((40, 70, 230), np.float32)
    soft = cv2.GaussianBlur(field, (0, 0), float(rng.uniform(1, 4)))
    return _finish(np.asarray(soft, np.float32), rng)


def draw_gram_stain(rng: np.random.Generator) -> _Picture:
    """A Gram stain of pus: violet cocci in chains and heaps, pink rods, pale lobed nuclei."""
    field = ground(rng, tuple(rng.uniform((225, 200, 205), (245, 232, 236)).tolist()), 7, (20, 80))
    size = float(rng.uniform(2.5, 9))
    for place in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(0, 14)), 2)):
        stamp_discs(field, [place], 7 * size, (235.0, 175.0, 190.0), 0.5)
        lobes = place + rng.normal(0, 2.2 * size, (3, 2))
        stamp_discs(field, lobes, 2.4 * size, (205.0, 95.0, 130.0), 0.75)
    for start in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(10, 90)), 2)):
        number, turn = int(rng.integers(1, 14)), float(rng.uniform(0, 6.3))
        steps = np.cumsum(turn + rng.normal(0, 0.5, number))
        chain = start + 2 * size * np.cumsum(np.stack([np.cos(steps), np.sin(steps)], axis=1), axis=0)
        stamp_discs(field, chain, size, (85.0, 45.0, 130.0), 0.9)
    for place in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(0, 160)), 2)):
        axes = (int(2.2 * size) + 1, int(0.7 * size) + 1)
        cv2.ellipse(
            field, _at(place), axes, float(rng.uniform(0, 180)), 0, 360, (215.0, 85.0, 115.0), -1, cv2.LINE_AA
        )
    return _finish(field, rng)


def draw_phase_contrast(rng: np.random.Generator) -> _Picture:
    """Cells of a culture in phase contrast: grey, dark bodies in bright halos, long and round."""
    field = ground(rng, (128.0, 128.0, 128.0), 9, (6, 40, 160))
    size = float(rng.uniform(8, 45))
    for place in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(15, 220)), 2)):
        long = float(rng.uniform(1, 3.5)) if rng.random() < 0.7 else 1.0
        axes, turn = (int(size * long) + 2, int(size) + 2), float(rng.uniform(0, 180))
        cv2.ellipse(field, _at(place), axes, turn, 0, 360, (215.0, 215.0, 215.0), 5, cv2.LINE_AA)
        cv2.ellipse(field, _at(place), axes, turn, 0, 360, (105.0, 105.0, 105.0), -1, cv2.LINE_AA)
        stamp_discs(field, [place], 0.4 * size, (75.0, 75.0, 75.0), 0.6)
    field[:] = field.mean(axis=2, keepdims=True)
    return _finish(field, rng)


def draw_sediment(rng: np.random.Generator) -> _Picture:
    """Urine under the microscope: crystals like envelopes, casts, pale round cells."""
    field = ground(rng, (214.0, 216.0, 196.0), 5, (50, 200))
    size = float(rng.uniform(8, 30))
    for place in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(10, 120)), 2)):
        form = int(rng.integers(0, 3))
        if form == 0:
            box = cv2.boxPoints((tuple(place.tolist()), (2 * size, 2 * size), float(rng.uniform(0, 90))))
            corners = box.astype(np.int32)
            cv2.polylines(field, [corners], True, (110.0, 112.0, 100.0), 2, cv2.LINE_AA)
            for one, other in ((0, 2), (1, 3)):
                ends = tuple(corners[one].tolist()), tuple(corners[other].tolist())
                cv2.line(field, *ends, (120.0, 122.0, 110.0), 1, cv2.LINE_AA)
        elif form == 1:
            cv2.circle(field, _at(place), int(size), (150.0, 152.0, 135.0), 2, cv2.LINE_AA)
        else:
            axes, turn = (int(4 * size), int(0.8 * size)), float(rng.uniform(0, 180))
            cv2.ellipse(field, _at(place), axes, turn, 0, 360, (190.0, 188.0, 165.0), -1, cv2.LINE_AA)
    return _finish(field, rng)


def draw_sperm(rng: np.random.Generator) -> _Picture:
    """A stained semen smear: small dark oval heads with long thin tails."""
    field = ground(rng, tuple(rng.uniform((215, 205, 215), (240, 238, 245)).tolist()), 5, (60, 200))
    size, colour = float(rng.uniform(4, 14)), rng.uniform((70, 40, 100), (150, 110, 190))
    for place in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(15, 160)), 2)):
        turn = float(rng.uniform(0, 360))
        steps = np.radians(turn) + np.cumsum(rng.normal(0, 0.12, 30))
        tail = place + 0.5 * size * np.cumsum(np.stack([np.cos(steps), np.sin(steps)], axis=1), axis=0)
        cv2.polylines(field, [tail.astype(np.int32)], False, tuple((1.2 * colour).tolist()), 1, cv2.LINE_AA)
        axes = (int(1.3 * size) + 1, int(0.8 * size) + 1)
        cv2.ellipse(field, _at(place), axes, turn, 0, 360, tuple(colour.tolist()), -1, cv2.LINE_AA)
    return _finish(field, rng)


def stamp_discs(
    field: _F32,
    places: NDArray[np.float64] | list[NDArray[np.float64]],
    radius: float,
    colour: tuple[float, ...],
    cover: float,
) -> None:
    """Lay discs over the field, `cover` (0 to 1) of what lies under them hidden."""
    reach = int(radius) + 2
    tone = np.asarray(colour, np.float32)
    for x, y in (_at(place) for place in places):
        left, top = max(0, x - reach), max(0, y - reach)
        under = field[top : max(top, y + reach), left : max(left, x + reach)]
        if not under.size:
            continue
        layer = np.zeros(under.shape[:2], np.float32)
        cv2.circle(layer, (x - left, y - top), max(1, int(radius)), cover, cv2.FILLED, cv2.LINE_AA)
        under += layer[..., None] * (tone - under)


def _at(place: NDArray[np.float64]) -> tuple[int, int]:
    return int(place[0]), int(place[1])


def _finish(field: NDArray[np.floating], rng: np.random.Generator) -> _Picture:
    soft = cv2.GaussianBlur(field, (0, 0), float(rng.uniform(0.6, 1.8)))
    noisy = soft + rng.normal(0, float(rng.uniform(0.5, 3.0)), soft.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)

"""Draws what a laboratory hands in by mistake: a screen, a print, tubes, dried stain, another objective."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.field import RenderSettings, render_field, varied_settings
from pipeline.training.novelty.micrographs import stamp_discs
from pipeline.training.novelty.slides import HEIGHT, WIDTH, draw_thick_film, ground

__all__ = [
    "draw_coverslip_bubbles",
    "draw_film_sketch",
    "draw_gel",
    "draw_glass_edge",
    "draw_low_power",
    "draw_oil_drops",
    "draw_petri_dish",
    "draw_precipitate",
    "draw_printed_smear",
    "draw_report",
    "draw_ruled_thick_film",
    "draw_screen_smear",
    "draw_slide_on_bench",
    "draw_thick_haze",
    "draw_tube_caps",
    "draw_well_plate",
    "shown_on_screen",
]

_Picture = NDArray[np.uint8]
_F32 = NDArray[np.float32]
_Colour = tuple[float, float, float]

LOW_POWER_UM_PER_PX = 0.65
"""Pixel size of a camera behind an objective of 10x, µm."""


def draw_thick_haze(rng: np.random.Generator) -> _Picture:
    """A thick film stained too long: brown-blue haze with cracks, ragged nuclei, no cell."""
    field = ground(rng, _tone(rng, (165, 155, 165), (205, 195, 205)), 26, (5, 18, 60, 180))
    size = float(rng.uniform(10, 34))
    for place in _places(rng, int(rng.integers(2, 30))):
        stamp_discs(field, place + rng.normal(0, 0.5 * size, (4, 2)), 0.6 * size, (75.0, 45.0, 110.0), 0.8)
    for start in _places(rng, int(rng.integers(0, 7))):
        crack = start + np.cumsum(rng.normal((9, 3), 12, (60, 2)), axis=0)
        cv2.polylines(field, [crack.astype(np.int32)], False, (236.0, 234.0, 232.0), 3, cv2.LINE_AA)
    stamp_discs(field, _places(rng, int(rng.integers(50, 500))), size / 8, (110.0, 70.0, 120.0), 0.8)
    return _finish(field, rng)


def draw_ruled_thick_film(rng: np.random.Generator) -> _Picture:
    """A thick film seen through an eyepiece with a ruled square or a scale."""
    picture = draw_thick_film(rng)
    gap, ink = int(rng.integers(40, 160)), int(rng.integers(0, 70))
    for at in range(int(rng.integers(0, gap)), WIDTH, gap):
        cv2.line(picture, (at, 0), (at, HEIGHT), (ink,) * 3, 1, cv2.LINE_AA)
        cv2.line(picture, (0, at), (WIDTH, at), (ink,) * 3, 1, cv2.LINE_AA)
    return picture


def draw_screen_smear(rng: np.random.Generator) -> _Picture:
    """A photo of a screen that shows a smear."""
    return shown_on_screen(_smear(rng, float(rng.uniform(0.08, 0.2))), rng)


def shown_on_screen(picture: _Picture, rng: np.random.Generator) -> _Picture:
    """A picture as a phone sees it on a screen: stripes of its pixels, moire, slant, glare, a frame."""
    height, width = picture.shape[:2]
    pitch = float(rng.uniform(2.2, 6.0))
    across = np.arange(width, dtype=np.float32)
    stripes = np.stack([np.cos(2 * np.pi * (across / pitch - part / 3)) for part in range(3)], axis=1)
    lit = picture.astype(np.float32) * (1 + float(rng.uniform(0.1, 0.35)) * stripes[None])
    y, x = np.mgrid[:height, :width].astype(np.float32)
    turn, wave = float(rng.uniform(0, 3.1)), float(rng.uniform(18, 90))
    along = x * np.cos(turn) + y * np.sin(turn) + 14 * np.sin(y / float(rng.uniform(90, 250)))
    moire = np.stack([np.sin(2 * np.pi * along / wave + part) for part in (0.0, 1.2, 2.4)], axis=2)
    lit = lit * (1 + float(rng.uniform(0.03, 0.12)) * moire) * rng.uniform((0.8, 0.9, 0.95), (0.95, 1, 1.08))
    away = np.hypot(x - rng.uniform(0, width), y - rng.uniform(0, height))
    lit = lit + float(rng.uniform(0, 60)) * np.exp(-((away / (0.3 * width)) ** 2))[..., None]
    corners = np.asarray(((0, 0), (width, 0), (width, height), (0, height)), np.float32)
    moved = corners + rng.uniform(-0.04, 0.06, (4, 2)).astype(np.float32) * width
    slant = cv2.getPerspectiveTransform(corners, moved)
    shown = cv2.warpPerspective(lit.astype(np.float32), slant, (width, height), borderValue=(22, 22, 24))
    return _finish(np.asarray(shown, np.float32), rng)


def draw_printed_smear(rng: np.random.Generator) -> _Picture:
    """A smear printed on paper and photographed: dots of three inks, a margin, a caption."""
    picture = _smear(rng, float(rng.uniform(0.12, 0.3)))
    height, width = picture.shape[:2]
    pitch = float(rng.uniform(5, 9))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    dots = []
    for turn in rng.uniform(0, 1.5, 3).tolist():
        along, aside = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        dots.append(np.cos(2 * np.pi * along / pitch) * np.cos(2 * np.pi * aside / pitch))
    ink = picture.astype(np.float32) + 70 * np.stack(dots, axis=2)
    printed = 40 + 200 / (1 + np.exp(-(ink - 150) / 14))
    page = ground(rng, (235.0, 232.0, 224.0), 4, (6, 60))
    inside = cv2.resize(printed.astype(np.float32), (WIDTH - 160, HEIGHT - 180))
    page[60 : HEIGHT - 120, 80 : WIDTH - 80] = inside
    cv2.putText(page, "Fig. 3", (90, HEIGHT - 70), cv2.FONT_HERSHEY_SIMPLEX, 1, (40.0,) * 3, 2, cv2.LINE_AA)
    return _finish(page, rng)


def draw_low_power(rng: np.random.Generator) -> _Picture:
    """A smear through an objective of 10x: cells of a dozen pixels."""
    return _smear(rng, LOW_POWER_UM_PER_PX * float(rng.uniform(0.9, 1.3)), 2)


def draw_coverslip_bubbles(rng: np.random.Generator) -> _Picture:
    """Bubbles under a coverslip: large, flattened, with double rims, and mounting medium in between."""
    field = ground(rng, _tone(rng, (200, 205, 205), (235, 238, 238)), 4, (90, 240))
    for place in _places(rng, int(rng.integers(4, 45))):
        axes = (int(rng.gamma(3.0, 14.0)) + 8, int(rng.gamma(3.0, 14.0)) + 8)
        turn = float(rng.uniform(0, 180))
        cv2.ellipse(
            field, _at(place), axes, turn, 0, 360, (70.0, 72.0, 72.0), int(rng.integers(3, 9)), cv2.LINE_AA
        )
        inner = (max(1, axes[0] - 7), max(1, axes[1] - 7))
        cv2.ellipse(field, _at(place), inner, turn, 0, 360, (250.0, 251.0, 250.0), 3, cv2.LINE_AA)
    return _finish(field, rng)


def draw_precipitate(rng: np.random.Generator) -> _Picture:
    """Stain that dried on the glass: purple grains in heaps, needles in stars."""
    field = ground(rng, _tone(rng, (222, 214, 226), (243, 238, 245)), 7, (20, 90))
    size = float(rng.uniform(1.5, 7))
    for place in _places(rng, int(rng.integers(8, 60))):
        heap = place + rng.normal(0, float(rng.uniform(3, 14)) * size, (int(rng.integers(5, 90)), 2))
        stamp_discs(field, heap, size, _tone(rng, (60, 25, 110), (120, 70, 165)), 0.9)
    for place in _places(rng, int(rng.integers(0, 25))):
        for turn in rng.uniform(0, 6.3, int(rng.integers(3, 12))).tolist():
            tip = place + 12 * size * np.asarray((np.cos(turn), np.sin(turn)))
            cv2.line(field, _at(place), _at(tip), (95.0, 55.0, 140.0), 2, cv2.LINE_AA)
    return _finish(field, rng)


def draw_oil_drops(rng: np.random.Generator) -> _Picture:
    """Empty glass with drops of immersion oil: few large rims out of focus."""
    field = ground(rng, _tone(rng, (205, 208, 200), (240, 242, 236)), 3, (120, 300))
    for place in _places(rng, int(rng.integers(1, 16))):
        radius = int(rng.uniform(20, 190))
        cv2.circle(field, _at(place), radius, (165.0, 166.0, 150.0), int(rng.integers(4, 22)), cv2.LINE_AA)
        stamp_discs(field, [place], 0.5 * radius, (247.0, 248.0, 240.0), 0.4)
    return _finish(np.asarray(cv2.GaussianBlur(field, (0, 0), float(rng.uniform(1, 6))), np.float32), rng)


def draw_glass_edge(rng: np.random.Generator) -> _Picture:
    """The edge of the glass, with the frosted end, writing by hand and a scratch or two."""
    field = ground(rng, (228.0, 230.0, 228.0), 3, (100, 300))
    edge = int(rng.uniform(0.3, 0.7) * WIDTH)
    field[:, edge:] = ground(rng, (205.0, 206.0, 204.0), 14, (2, 5))[:, edge:]
    cv2.line(field, (edge, 0), (edge, HEIGHT), (120.0, 125.0, 122.0), 5, cv2.LINE_AA)
    for row in range(int(rng.integers(1, 4))):
        text, place = (
            f"{int(rng.integers(10, 9999))}/{int(rng.integers(10, 30))}",
            (edge + 20, 150 + 170 * row),
        )
        cv2.putText(
            field, text, place, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 2.6, (45.0, 45.0, 60.0), 5, cv2.LINE_AA
        )
    for start in _places(rng, 3):
        cv2.line(field, _at(start), _at(start + rng.normal(0, 250, 2)), (185.0,) * 3, 1, cv2.LINE_AA)
    return _finish(field, rng)


def draw_petri_dish(rng: np.random.Generator) -> _Picture:
    """A plate of agar from above: round colonies, alone and run together, in a round dish."""
    field = ground(rng, (70.0, 70.0, 72.0), 6, (60, 200))
    middle, reach = np.asarray((WIDTH / 2, HEIGHT / 2)), float(rng.uniform(260, 430))
    stamp_discs(field, [middle], 1.05 * reach, (205.0, 205.0, 200.0), 0.9)
    agar, colony = _tone(rng, (140, 30, 25), (235, 215, 170)), _tone(rng, (200, 190, 150), (250, 245, 230))
    stamp_discs(field, [middle], reach, agar, 0.95)
    for _ in range(int(rng.integers(20, 260))):
        turn, away = float(rng.uniform(0, 6.3)), 0.95 * reach * float(rng.uniform(0, 1)) ** 0.5
        place = middle + away * np.asarray((np.cos(turn), np.sin(turn)))
        stamp_discs(field, [place], float(rng.uniform(3, 14)), colony, 0.9)
    return _finish(field, rng)


def draw_tube_caps(rng: np.random.Generator) -> _Picture:
    """Blood tubes in a rack from above: caps of one colour in rows, each with a dimple."""
    field = ground(rng, _tone(rng, (60, 60, 60), (225, 225, 220)), 8, (50, 150))
    size, cap = float(rng.uniform(22, 60)), _tone(rng, (90, 20, 30), (220, 190, 200))
    gap = 2.4 * size
    for y in np.arange(size, HEIGHT + size, gap):
        for x in np.arange(size, WIDTH + size, gap):
            if rng.random() < 0.9:
                place = np.asarray((x, y)) + rng.normal(0, 1.5, 2)
                stamp_discs(field, [place], size, tuple(0.7 * one for one in cap), 1.0)
                stamp_discs(field, [place - size / 12], 0.9 * size, cap, 1.0)
                stamp_discs(field, [place], 0.4 * size, tuple(0.6 * one for one in cap), 0.8)
    return _finish(field, rng)


def draw_well_plate(rng: np.random.Generator) -> _Picture:
    """A plate of 96 wells: equal round wells in rows, some clear, some yellow or red."""
    field = ground(rng, (214.0, 216.0, 218.0), 4, (60, 200))
    gap = float(rng.uniform(55, 110))
    colours = ((240.0, 205.0, 60.0), (235.0, 228.0, 190.0), (200.0, 60.0, 70.0), (226.0, 230.0, 232.0))
    for y in np.arange(gap / 2, HEIGHT + gap, gap):
        for x in np.arange(gap / 2, WIDTH + gap, gap):
            place = np.asarray((x, y))
            stamp_discs(field, [place], 0.45 * gap, (150.0, 152.0, 156.0), 0.9)
            stamp_discs(field, [place], 0.4 * gap, colours[int(rng.integers(0, 4))], 0.95)
    return _finish(field, rng)


def draw_slide_on_bench(rng: np.random.Generator) -> _Picture:
    """A whole slide on the bench: glass, the pink tongue of the film, fingers' smudges."""
    field = ground(rng, _tone(rng, (90, 80, 70), (230, 225, 220)), 10, (20, 120))
    left, top = int(rng.integers(40, 150)), int(rng.integers(160, 260))
    cv2.rectangle(field, (left, top), (WIDTH - 40, top + 270), (226.0, 230.0, 232.0), cv2.FILLED)
    axes = (int(rng.uniform(180, 330)), int(rng.uniform(70, 120)))
    cv2.ellipse(
        field, (WIDTH // 2, top + 135), axes, 0, 0, 360, _tone(rng, (175, 95, 120), (230, 170, 185)), -1
    )
    cv2.rectangle(field, (left, top), (left + 130, top + 270), (245.0, 245.0, 240.0), cv2.FILLED)
    cv2.putText(
        field, "P 17", (left + 10, top + 140), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (30.0,) * 3, 3, cv2.LINE_AA
    )
    return _finish(field, rng)


def draw_film_sketch(rng: np.random.Generator) -> _Picture:
    """A drawing of cells from a textbook: outlines in ink, flat colours, names with arrows."""
    field = np.full((HEIGHT, WIDTH, 3), (250.0, 248.0, 240.0), np.float32)
    size = int(rng.integers(20, 70))
    for place in _places(rng, int(rng.integers(12, 80))):
        cv2.circle(
            field, _at(place), size, _tone(rng, (225, 150, 150), (245, 190, 185)), cv2.FILLED, cv2.LINE_AA
        )
        cv2.circle(field, _at(place), size, (60.0, 30.0, 40.0), 2, cv2.LINE_AA)
        if rng.random() < 0.3:
            cv2.circle(field, _at(place + size / 4), size // 3, (80.0, 60.0, 150.0), 3, cv2.LINE_AA)
    for place in _places(rng, 5):
        cv2.arrowedLine(field, _at(place), _at(place + rng.normal(0, 90, 2)), (20.0,) * 3, 2, cv2.LINE_AA)
        cv2.putText(field, "ring", _at(place), cv2.FONT_HERSHEY_SIMPLEX, 1, (20.0,) * 3, 2, cv2.LINE_AA)
    return np.asarray(np.clip(field, 0, 255), np.uint8)


def draw_gel(rng: np.random.Generator) -> _Picture:
    """An agarose gel under ultraviolet light: bright bands in lanes on black."""
    field = ground(rng, (22.0, 20.0, 26.0), 4, (60, 200))
    for lane in range(40, WIDTH - 60, int(rng.integers(60, 110))):
        for at in rng.uniform(60, HEIGHT - 40, int(rng.integers(1, 10))).astype(int).tolist():
            cv2.rectangle(
                field, (lane, at), (lane + 44, at + 9), (float(rng.uniform(120, 250)),) * 3, cv2.FILLED
            )
    return _finish(np.asarray(cv2.GaussianBlur(field, (0, 0), 2.5), np.float32), rng)


def draw_report(rng: np.random.Generator) -> _Picture:
    """A laboratory's report, photographed: lines of print, a table, a round stamp."""
    field = ground(rng, _tone(rng, (215, 212, 200), (244, 242, 236)), 5, (40, 200))
    for row, y in enumerate(range(40, HEIGHT - 30, int(rng.integers(24, 44)))):
        name = ("HGB", "RBC", "WBC", "PLT", "MCV")[row % 5]
        text = f"{name}   {rng.uniform(1, 400):.1f}   ({rng.uniform(1, 9):.1f})"
        cv2.putText(field, text, (60, y), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (45.0, 45.0, 50.0), 1, cv2.LINE_AA)
        cv2.line(field, (50, y + 8), (WIDTH - 60, y + 8), (170.0,) * 3, 1)
    stamp = (int(rng.integers(500, 800)), int(rng.integers(200, 600)))
    cv2.circle(field, stamp, int(rng.integers(60, 120)), (70.0, 80.0, 180.0), 6, cv2.LINE_AA)
    return _finish(field, rng)


def _smear(rng: np.random.Generator, um_per_px: float, smaller: int = 1) -> _Picture:
    base = RenderSettings(width=WIDTH // smaller, height=HEIGHT // smaller, um_per_px=um_per_px)
    return render_field(replace(varied_settings(rng, base), um_per_px=um_per_px), rng).image


def _tone(rng: np.random.Generator, low: tuple[int, int, int], high: tuple[int, int, int]) -> _Colour:
    red, green, blue = rng.uniform(low, high).tolist()
    return red, green, blue


def _places(rng: np.random.Generator, number: int) -> NDArray[np.float64]:
    return rng.uniform((0, 0), (WIDTH, HEIGHT), (number, 2))


def _at(place: NDArray[np.float64]) -> tuple[int, int]:
    return int(place[0]), int(place[1])


def _finish(field: _F32, rng: np.random.Generator) -> _Picture:
    soft = cv2.GaussianBlur(field, (0, 0), float(rng.uniform(0.6, 1.8)))
    noisy = soft + rng.normal(0, float(rng.uniform(0.5, 3.0)), soft.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)

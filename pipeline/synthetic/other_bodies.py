"""White cells, platelets and dirt of a rendered smear."""

import numpy as np

from pipeline.synthetic.layout import Body
from pipeline.synthetic.settings import RenderSettings
from pipeline.synthetic.shapes import Drawn, Outline, coverage, dots, grain, lobed, patch_around

__all__ = ["body_outline", "draw_body"]


def body_outline(body: Body) -> Outline:
    """The outline of a white cell or a platelet; the same for the same body."""
    rng = np.random.default_rng([body.seed, 0])
    if body.kind == "white_cell":
        return lobed(rng, body.radius_um, aspect=rng.uniform(1.0, 1.25), rough=rng.uniform(0.01, 0.05))
    return lobed(rng, body.radius_um, aspect=rng.uniform(1.0, 1.5), rough=rng.uniform(0.04, 0.14))


def draw_body(body: Body, settings: RenderSettings) -> Drawn:
    """Absorbance (height, width, 3) of a white cell, a platelet or dirt, in the patch around it."""
    rng = np.random.default_rng([body.seed, 1])
    draw = {
        "white_cell": _white_cell,
        "platelet": _platelet,
        "speck": _speck,
        "smudge": _smudge,
        "scratch": _scratch,
    }
    return draw[body.kind](body, settings, rng)


def _white_cell(body: Body, settings: RenderSettings, rng: np.random.Generator) -> Drawn:
    outline = body_outline(body)
    patch = patch_around(body.x, body.y, float(outline.radii_um.max()) + 1.0, settings.um_per_px)
    depth, _part = outline.polar(patch)
    cell = coverage(depth, 0.5)
    type_ = rng.choice(("neutrophil", "lymphocyte", "monocyte", "eosinophil"), p=(0.55, 0.25, 0.12, 0.08))
    nucleus = np.zeros_like(patch.u)
    for u, v, radius, aspect in _lobes(str(type_), body.radius_um, rng):
        lobe, _part = lobed(rng, radius, aspect=aspect, rough=0.05).polar(patch, u, v)
        np.maximum(nucleus, coverage(lobe, 0.35), out=nucleus)
    nucleus *= cell * (1 + 0.13 * grain(patch, rng, 0.7) + 0.10 * grain(patch, rng, 2.0))
    texture = np.clip(1 + 0.22 * grain(patch, rng, 0.5), 0.4, 1.8)
    plasm = cell * texture
    blue, pink, red = {
        "neutrophil": (0.08, 0.14, 0.0),
        "lymphocyte": (0.8, 0.0, 0.0),
        "monocyte": (0.6, 0.06, 0.0),
        "eosinophil": (0.1, 0.05, 0.7),
    }[str(type_)]
    palette, strength = settings.palette, rng.uniform(0.7, 1.3)
    colour = (
        blue * np.asarray(palette.cytoplasm)
        + pink * np.asarray(palette.chromatin)
        + red * np.asarray(palette.red_cell)
    )
    dark = np.asarray(palette.chromatin) * rng.uniform(0.65, 1.0)
    layers = plasm[..., None] * (strength * colour) + nucleus[..., None] * dark
    return Drawn(patch=patch, layer=np.asarray(layers, np.float32))


def _lobes(type_: str, radius: float, rng: np.random.Generator) -> list[tuple[float, float, float, float]]:
    """Centre (u, v), radius (µm) and aspect of the parts of a nucleus."""
    if type_ == "lymphocyte":
        u, v = rng.normal(0, 0.06 * radius, 2).tolist()
        return [(u, v, radius * rng.uniform(0.78, 0.9), rng.uniform(1.0, 1.15))]
    count = {"neutrophil": int(rng.integers(3, 6)), "monocyte": 3, "eosinophil": 2}[type_]
    spread = {"neutrophil": 0.48, "monocyte": 0.35, "eosinophil": 0.42}[type_] * radius
    size = {"neutrophil": 0.30, "monocyte": 0.42, "eosinophil": 0.38}[type_] * radius
    turn = rng.uniform(0, 2 * np.pi)
    sweep = rng.uniform(2.6, 4.6) if type_ == "neutrophil" else rng.uniform(1.6, 2.6)
    lobes = []
    for place in np.linspace(0, sweep, count) if type_ != "eosinophil" else (0.0, 2.6):
        angle = turn + place + rng.normal(0, 0.12)
        reach = spread * rng.uniform(0.8, 1.1)
        part, aspect = size * rng.uniform(0.85, 1.15), rng.uniform(1.0, 1.6)
        lobes.append((float(reach * np.cos(angle)), float(reach * np.sin(angle)), float(part), float(aspect)))
    return lobes


def _platelet(body: Body, settings: RenderSettings, rng: np.random.Generator) -> Drawn:
    outline = body_outline(body)
    patch = patch_around(body.x, body.y, float(outline.radii_um.max()) + 1.6, settings.um_per_px)
    depth, part = outline.polar(patch)
    inside = coverage(depth, 0.35)
    core = np.exp(-((part / np.float32(rng.uniform(0.55, 0.8))) ** 3)) * (1 + 0.3 * grain(patch, rng, 0.4))
    mass = inside * (0.3 + 0.75 * np.clip(core, 0, 1.5)) * rng.uniform(0.6, 1.4)
    halo = coverage(depth + np.float32(0.6), 0.8) * (1 - inside) * np.float32(rng.uniform(0.0, 0.25))
    colour = np.asarray(settings.palette.platelet)
    light = np.asarray(settings.palette.red_cell)
    return Drawn(
        patch=patch, layer=np.asarray(mass[..., None] * colour - halo[..., None] * 0.5 * light, np.float32)
    )


def _speck(body: Body, settings: RenderSettings, rng: np.random.Generator) -> Drawn:
    count = int(rng.choice((1, 2, 3, 8), p=(0.7, 0.15, 0.1, 0.05)))
    patch = patch_around(body.x, body.y, 3.5, settings.um_per_px)
    places = rng.normal(0, 0.25 if count < 4 else 0.9, (count, 2))
    mass = dots(patch, places, body.radius_um * rng.uniform(0.5, 1.0, count), rng.uniform(0.1, 0.5))
    palette = settings.palette
    colours = np.asarray((palette.chromatin, palette.pigment, (1.2, 1.2, 1.2), palette.platelet))
    colour = colours[rng.choice(4, p=(0.5, 0.2, 0.2, 0.1))] * rng.uniform(0.5, 1.1)
    return Drawn(patch=patch, layer=np.asarray(mass[..., None] * colour, np.float32))


def _smudge(body: Body, settings: RenderSettings, rng: np.random.Generator) -> Drawn:
    outline = lobed(rng, body.radius_um, aspect=rng.uniform(1.0, 2.5), rough=0.12)
    patch = patch_around(body.x, body.y, float(outline.radii_um.max()) * 1.6 + 1.0, settings.um_per_px)
    _depth, part = outline.polar(patch)
    veil = np.exp(-(part ** np.float32(rng.uniform(2.0, 5.0)))) * (1 + 0.3 * grain(patch, rng, 0.9))
    palette = settings.palette
    colours = np.asarray((palette.platelet, palette.pigment, palette.red_cell, (0.5, 0.5, 0.5)))
    return Drawn(
        patch=patch,
        layer=np.asarray(veil[..., None] * colours[rng.integers(4)] * rng.uniform(0.08, 0.4), np.float32),
    )


def _scratch(body: Body, settings: RenderSettings, rng: np.random.Generator) -> Drawn:
    patch = patch_around(body.x, body.y, body.radius_um, settings.um_per_px)
    turn, bend = rng.uniform(0, np.pi), rng.normal(0, 0.02)
    along = patch.u * np.cos(turn) + patch.v * np.sin(turn)
    across = patch.v * np.cos(turn) - patch.u * np.sin(turn) + bend * along * along
    width = rng.uniform(0.1, 0.4)
    line = coverage((width - np.abs(across)).astype(np.float32), 0.3)
    ends = np.clip(1 - (along / body.radius_um) ** 2, 0, 1)
    shade = rng.choice((-0.06, 0.25)) * np.asarray((0.8, 1.0, 0.9))
    return Drawn(patch=patch, layer=np.asarray((line * ends)[..., None] * shade, np.float32))

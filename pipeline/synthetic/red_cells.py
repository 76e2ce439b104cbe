"""Red cells of a rendered smear: outline, pale centre, rim, and what lives inside."""

import numpy as np

from pipeline.synthetic.layout import Body
from pipeline.synthetic.parasites import parasite
from pipeline.synthetic.settings import STAGES, RenderSettings
from pipeline.synthetic.shapes import (
    F32,
    Crescent,
    Drawn,
    Outline,
    Patch,
    coverage,
    grain,
    lobed,
    patch_around,
    spot,
)

__all__ = ["draw_red_cell", "red_cell_outline"]

_EDGE_UM = 0.16  # width of the ramp at a cell's edge: the resolution of an oil immersion lens


def red_cell_outline(body: Body, settings: RenderSettings) -> Outline | Crescent:
    """The outline of a red cell; the same for the same body."""
    rng = np.random.default_rng([body.seed, 0])
    if body.label == "gametocyte" and settings.species == "falciparum":
        length, width = body.radius_um * rng.uniform(2.6, 3.3), body.radius_um * rng.uniform(0.7, 0.95)
        bend, turn = rng.uniform(0.15, 0.5), rng.uniform(0, 2 * np.pi)
        return Crescent(length_um=length, width_um=width, bend=bend, turn=turn)
    variation = settings.variation
    aspect = 1 + abs(rng.normal(0, 0.07)) * variation
    rough = 0.016 * variation * rng.lognormal(0, 0.5)
    spikes = 0.0
    draw = rng.random()
    if draw < 0.02 * variation:
        aspect = rng.uniform(1.4, 2.3)
    elif draw < 0.04 * variation:
        spikes = rng.uniform(0.03, 0.10)
    elif draw < 0.065 * variation:
        rough = rng.uniform(0.04, 0.09)
    if body.label in STAGES[1:] and rng.random() < 0.3:
        spikes = rng.uniform(0.03, 0.08)
    return lobed(
        rng,
        body.radius_um,
        aspect=min(aspect, 2.3),
        rough=min(rough, 0.09),
        spikes=spikes,
        contacts=body.contacts,
    )


def draw_red_cell(body: Body, settings: RenderSettings) -> Drawn:
    """Draw a red cell and its parasites."""
    rng = np.random.default_rng([body.seed, 1])
    outline = red_cell_outline(body, settings)
    reach_um = max(abs(side) for side in outline.extent_um()) * 1.1 + 1.0
    patch = patch_around(body.x, body.y, reach_um, settings.um_per_px)
    depth, part = outline.polar(patch)
    inside = coverage(depth, max(_EDGE_UM, settings.um_per_px))
    palette = settings.palette
    colour = np.asarray(palette.red_cell) * rng.lognormal(0, 0.07) * rng.normal(1, 0.025, 3)
    if rng.random() < 0.02 * settings.variation:
        colour = colour + 0.18 * np.asarray(palette.cytoplasm)
    thickness = _thickness(body, patch, depth, settings, rng)
    if isinstance(outline, Outline):
        thickness *= 1 - _hollow(body, outline, patch, settings, rng)
    host = inside * thickness
    guest = (_fringe(depth) * np.float32(settings.optics.refraction))[..., None]
    guest = guest * np.asarray((0.9, 1.1, 0.9), np.float32)
    if body.label in STAGES:
        kept, added = parasite(body, patch, (depth, part), settings, rng)
        host = host * kept
        guest = guest + added * inside[..., None]
    elif rng.random() < 0.015 * settings.variation:
        guest = guest + (_bubble(body, patch, rng) * inside)[..., None] * colour.astype(np.float32)
    red = host[..., None] * colour.astype(np.float32)
    return Drawn(patch=patch, layer=np.asarray(guest, np.float32), red=red)


def _thickness(
    body: Body, patch: Patch, depth: F32, settings: RenderSettings, rng: np.random.Generator
) -> F32:
    """Thickness without the pale centre: about 1, more at the rim and to one side."""
    wide = np.float32(rng.uniform(0.3, 0.8))
    rim = rng.uniform(0.0, 0.25) * np.exp(-(((depth - np.float32(0.45)) / wide) ** 2))
    turn = rng.uniform(0, 2 * np.pi)
    lean = rng.uniform(0, 0.12) / body.radius_um * (patch.u * np.cos(turn) + patch.v * np.sin(turn))
    return np.asarray(1 + rim + lean + 0.02 * grain(patch, rng, 0.9), np.float32)


def _hollow(
    body: Body, outline: Outline, patch: Patch, settings: RenderSettings, rng: np.random.Generator
) -> F32:
    """Part of the thickness that is missing in the pale centre: round, a slit, or around a target."""
    pallor = float(np.clip(settings.pallor * rng.normal(1.0, 0.2), 0, 0.96))
    size = np.float32(rng.uniform(0.3, 0.48) + 0.18 * settings.pallor)
    if rng.random() < 0.06 * settings.variation:
        pallor = 0.0
    shift_u, shift_v = rng.normal(0, 0.06 * body.radius_um, 2)
    _, part = outline.polar(patch, float(shift_u), float(shift_v))
    draw = rng.random()
    if draw < 0.05 * settings.variation:
        turn, squeeze = rng.uniform(0, np.pi), rng.uniform(0.9, 1.6) / body.radius_um
        across = (patch.u - shift_u) * np.sin(turn) - (patch.v - shift_v) * np.cos(turn)
        part = np.hypot(part, squeeze * across).astype(np.float32)
    hollow = np.exp(-((part / size) ** np.float32(rng.uniform(2.8, 8.0))))
    if 0.05 * settings.variation <= draw < 0.08 * settings.variation:
        hollow = hollow - 0.8 * np.exp(-((part / np.float32(0.2)) ** 2))
    return np.asarray(pallor * hollow, np.float32)


def _fringe(depth: F32) -> F32:
    """A dark line inside the edge and a bright one outside, as refraction makes them."""
    dark = np.exp(-(((depth - np.float32(0.15)) / np.float32(0.22)) ** 2))
    bright = np.exp(-(((depth + np.float32(0.35)) / np.float32(0.25)) ** 2))
    return np.asarray(dark - np.float32(0.5) * bright, np.float32)


def _bubble(body: Body, patch: Patch, rng: np.random.Generator) -> F32:
    """A refractile spot, as water leaves in a cell that dried slowly: bright, with a dark ring."""
    place = (float(rng.normal(0, 0.4 * body.radius_um)), float(rng.normal(0, 0.4 * body.radius_um)))
    radius = rng.uniform(0.3, 1.0)
    bright = spot(patch, place, radius, 0.2)
    ring = spot(patch, place, radius + rng.uniform(0.15, 0.4), 0.2) - bright
    return np.asarray(rng.uniform(0.3, 1.2) * ring - rng.uniform(0.5, 1.0) * bright, np.float32)

"""Malaria parasites inside rendered red cells: rings, trophozoites, schizonts, gametocytes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.layout import Body
from pipeline.synthetic.settings import RenderSettings
from pipeline.synthetic.shapes import F32, Patch, coverage, dots, grain, lobed, spot

__all__ = ["parasite"]


def parasite(
    body: Body, patch: Patch, host: tuple[F32, F32], settings: RenderSettings, rng: np.random.Generator
) -> tuple[F32, F32]:
    """Draw the parasites of one cell.

    Parameters
    ----------
    host : depth below the cell's outline (µm), and radius over the outline's.

    Returns
    -------
    Part of the host cell's thickness that is left (height, width), and the absorbance that the parasites add
    (height, width, 3).
    """
    guest = {
        "ring": _rings,
        "trophozoite": _trophozoite,
        "schizont": _schizont,
        "gametocyte": _gametocyte,
    }[body.label](body, patch, host, rng)
    nuclei = guest.nuclei
    if settings.species == "vivax" and body.label != "schizont":
        nuclei = nuclei + _stipple(body, patch, rng)
    palette = settings.palette
    strength = np.float32(rng.uniform(0.55, 1.0))
    added = np.clip(guest.body, 0, 1.5)[..., None] * np.asarray(palette.cytoplasm, np.float32)
    added = added + np.clip(nuclei, 0, 1.2)[..., None] * np.asarray(palette.chromatin, np.float32)
    added = added * strength + guest.pigment[..., None] * np.asarray(palette.pigment, np.float32)
    return guest.kept, np.asarray(added, np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Guest:
    """Parasites of one cell, each float32 (height, width).

    Attributes
    ----------
    kept : part of the host's thickness that is left.
    body, nuclei, pigment : how much of each covers it.
    """

    kept: F32
    body: F32
    nuclei: F32
    pigment: F32


def _rings(body: Body, patch: Patch, host: tuple[F32, F32], rng: np.random.Generator) -> _Guest:
    kept, walls, nuclei = np.ones_like(patch.u), np.zeros_like(patch.u), np.zeros_like(patch.u)
    for _ in range(rng.choice((1, 2, 3), p=(0.78, 0.17, 0.05))):
        radius = rng.uniform(0.8, 1.4)
        away = body.radius_um * rng.uniform(0, 0.6) if rng.random() < 0.8 else body.radius_um - 0.5
        turn = rng.uniform(0, 2 * np.pi)
        u, v = _inward(patch, host[0], np.array([[away * np.cos(turn), away * np.sin(turn)]]))[0].tolist()
        outline = lobed(rng, radius, aspect=rng.uniform(1.0, 1.6), rough=0.06)
        depth, _ = outline.polar(patch, u, v)
        bearing = np.arctan2(patch.v - np.float32(v), patch.u - np.float32(u))
        nucleus_at = float(rng.uniform(0, 2 * np.pi))
        wall = rng.uniform(0.14, 0.3) * (1.15 - 0.6 * np.cos(bearing - np.float32(nucleus_at)))
        ring = coverage(np.float32(1) * (wall - np.abs(depth - np.float32(0.15))), max(0.2, patch.um_per_px))
        np.maximum(walls, ring * np.float32(rng.uniform(0.5, 1.2)), out=walls)
        kept *= 1 - np.float32(rng.uniform(0.05, 0.4)) * coverage(depth, 0.3)
        angles = [nucleus_at, nucleus_at + rng.uniform(0.6, 3.0)][: rng.choice((1, 2), p=(0.75, 0.25))]
        places = np.array([(u + outline.at(a) * np.cos(a), v + outline.at(a) * np.sin(a)) for a in angles])
        places = _inward(patch, host[0], places)
        np.maximum(nuclei, dots(patch, places, rng.uniform(0.28, 0.52, len(places)), 0.25), out=nuclei)
    return _Guest(kept=kept, body=walls, nuclei=nuclei, pigment=np.zeros_like(walls))


def _trophozoite(body: Body, patch: Patch, host: tuple[F32, F32], rng: np.random.Generator) -> _Guest:
    radius = body.radius_um * rng.uniform(0.35, 0.72)
    away = min(body.radius_um - radius, 1.2) * rng.uniform(0, 1)
    turn = rng.uniform(0, 2 * np.pi)
    centre = np.array([away * np.cos(turn), away * np.sin(turn)])
    outline = lobed(rng, radius, aspect=rng.uniform(1.0, 1.9), rough=rng.uniform(0.06, 0.2))
    depth, _ = outline.polar(patch, *centre.tolist())
    amoeba = coverage(depth, 0.35) * (0.75 + 0.25 * grain(patch, rng, 0.7))
    for _ in range(rng.integers(0, 3)):
        hole_u, hole_v = (centre + rng.normal(0, 0.35 * radius, 2)).tolist()
        amoeba = amoeba * (1 - 0.85 * spot(patch, (hole_u, hole_v), radius * rng.uniform(0.18, 0.45), 0.4))
    turn = rng.uniform(0, 2 * np.pi)
    first = centre + 0.7 * radius * np.array([np.cos(turn), np.sin(turn)])
    places = _inward(patch, host[0], np.array([first, first + rng.normal(0, 0.6, 2)])[: rng.integers(1, 3)])
    nuclei = dots(patch, places, rng.uniform(0.4, 0.8, len(places)), 0.35)
    grains = centre + _scatter(rng, int(rng.integers(4, 18)), 0.8 * radius)
    pigment = dots(patch, grains, rng.uniform(0.1, 0.22, len(grains))) * np.float32(rng.uniform(0.4, 1.0))
    kept = np.full_like(patch.u, 1 - rng.uniform(0.05, 0.35))
    amoeba = amoeba * np.float32(rng.uniform(0.6, 1.3))
    return _Guest(kept=kept, body=amoeba, nuclei=nuclei, pigment=pigment)


def _schizont(body: Body, patch: Patch, host: tuple[F32, F32], rng: np.random.Generator) -> _Guest:
    filled = np.float32(rng.uniform(0.75, 0.98))
    count = int(rng.integers(6, 25))
    order = np.arange(count) + rng.uniform(0.3, 1.0)
    reach = body.radius_um * filled * np.sqrt(order / (count + 0.5)) * 0.88
    angles = order * 2.39996 + rng.uniform(0, 2 * np.pi)  # the golden angle spreads them evenly
    places = np.stack([reach * np.cos(angles), reach * np.sin(angles)], axis=1)
    places = places + rng.normal(0, 0.22, (count, 2))
    sizes = rng.uniform(0.25, 0.46, count) * (1.25 if count < 12 else 1.0)
    nuclei = dots(patch, places, sizes, 0.3) * np.float32(rng.uniform(0.5, 1.0))
    tails = dots(patch, places + rng.normal(0, 0.32, (count, 2)), sizes * 0.75, 0.3)
    nuclei = np.maximum(nuclei, tails * np.float32(rng.uniform(0.4, 0.8)))
    halo = dots(patch, places + rng.normal(0, 0.15, (count, 2)), sizes + 0.28, 0.4)
    clump = _scatter(rng, int(rng.integers(6, 26)), rng.uniform(0.5, 1.1)) + rng.normal(0, 0.7, 2)
    pigment = dots(patch, clump, rng.uniform(0.15, 0.32, len(clump)), 0.2)
    veil = coverage((filled - host[1]) * np.float32(body.radius_um), 0.5) * np.float32(rng.uniform(0.2, 0.6))
    blue = np.maximum(halo, veil) * (0.8 + 0.25 * grain(patch, rng, 0.6))
    kept = np.full_like(patch.u, rng.uniform(0.35, 0.85))
    nuclei = nuclei * (1 - 0.7 * pigment) + 0.18 * veil * np.clip(1 + grain(patch, rng, 0.5), 0, 2)
    pigment = pigment * np.float32(rng.uniform(0.5, 1.0))
    return _Guest(kept=kept, body=blue, nuclei=nuclei, pigment=pigment)


def _gametocyte(body: Body, patch: Patch, host: tuple[F32, F32], rng: np.random.Generator) -> _Guest:
    filled = np.float32(rng.uniform(0.85, 1.0))
    mass = coverage((filled - host[1]) * np.float32(body.radius_um), 0.4)
    mass = mass * (0.8 + 0.18 * grain(patch, rng, 0.45) + 0.12 * grain(patch, rng, 1.5))
    turn, away = rng.uniform(0, 2 * np.pi), body.radius_um * rng.uniform(0.0, 0.5)
    nucleus, _ = lobed(rng, rng.uniform(0.9, 1.8), aspect=rng.uniform(1, 1.8), rough=0.1).polar(
        patch, float(away * np.cos(turn)), float(away * np.sin(turn))
    )
    chromatin = coverage(nucleus, 0.9) * np.float32(rng.uniform(0.15, 0.6))
    chromatin = chromatin * (0.85 + 0.3 * grain(patch, rng, 0.5))
    grains = _scatter(rng, int(rng.integers(15, 50)), 0.85 * body.radius_um)
    pigment = dots(patch, grains, rng.uniform(0.08, 0.2, len(grains))) * np.float32(rng.uniform(0.4, 1.0))
    kept = np.full_like(patch.u, rng.uniform(0.3, 0.8))
    blue = mass * np.float32(rng.uniform(0.3, 1.1))
    nuclei = mass * np.float32(rng.uniform(0.0, 0.3)) + chromatin
    return _Guest(kept=kept, body=blue, nuclei=nuclei, pigment=pigment)


def _inward(patch: Patch, depth: F32, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The places (n, 2), µm, those less than 0.5 µm deep moved towards the cell's centre until they are."""
    moved = places.copy()
    corner = np.array([patch.u[0, 0], patch.v[0, 0]])
    limit = np.array(depth.shape[::-1]) - 1
    for place in moved:
        for _ in range(30):
            column, row = np.clip(np.rint((place - corner) / patch.um_per_px).astype(int), 0, limit)
            if depth[row, column] >= 0.5:
                break
            place *= 0.93
    return moved


def _stipple(body: Body, patch: Patch, rng: np.random.Generator) -> F32:
    """Fine dots all over the host cell (Schueffner's)."""
    places = _scatter(rng, int(rng.integers(30, 90)), body.radius_um)
    return dots(patch, places, rng.uniform(0.08, 0.16, len(places))) * np.float32(rng.uniform(0.0, 0.3))


def _scatter(rng: np.random.Generator, count: int, radius_um: float) -> NDArray[np.float64]:
    """Places (count, 2), µm, even over a disc."""
    reach, angle = radius_um * np.sqrt(rng.random(count)), rng.uniform(0, 2 * np.pi, count)
    return np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=1)

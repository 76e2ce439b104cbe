"""What a rendered smear looks like: settings of the film, the stain and the microscope."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.settings import UM_PER_PX_MIN

__all__ = ["STAGES", "Optics", "Palette", "RenderSettings", "crescent_settings", "varied_settings"]

Colour = tuple[float, float, float]

# Lowest and highest of the settings that a person gives; units as in `RenderSettings`.
_LIMITS: dict[str, tuple[float, float]] = {
    "width": (16, 262_144),
    "height": (16, 262_144),
    "um_per_px": (UM_PER_PX_MIN, 2.0),
    "density": (0.0, 2.0),
    "clumping": (0.0, 1.0),
    "stacking": (0.0, 1.0),
    "cell_um": (4.0, 12.0),
    "variation": (0.0, 4.0),
    "pallor": (0.0, 1.0),
    "parasitaemia": (0.0, 1.0),
    "white_cells": (0.0, 100.0),
    "platelets": (0.0, 1000.0),
    "dirt": (0.0, 1000.0),
    "fields": (1, 10_000),
    "seed": (0, 2**63),
}

STAGES: tuple[str, ...] = ("ring", "trophozoite", "schizont", "gametocyte")


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours of one stained film, each as (red, green, blue).

    Attributes
    ----------
    light : grey levels 0 to 255 of empty glass.
    red_cell, chromatin, cytoplasm, pigment, platelet, plasma : absorbance (natural logarithm) of a red
        cell's thick part, of nuclei, of a parasite's body, of malaria pigment, of platelets, and of the
        dried plasma between the cells.
    overlap : part of its absorbance that a red cell keeps where it lies over another: 1 adds up in full, on
        real films less, for the cells thin each other out.
    """

    light: Colour = (216.0, 233.0, 222.0)
    red_cell: Colour = (0.20, 0.42, 0.28)
    chromatin: Colour = (0.62, 1.40, 0.42)
    cytoplasm: Colour = (0.38, 0.38, 0.10)
    pigment: Colour = (0.40, 0.60, 0.85)
    platelet: Colour = (0.36, 0.78, 0.28)
    plasma: Colour = (0.010, 0.015, 0.010)
    overlap: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Optics:
    """The microscope and its camera.

    Attributes
    ----------
    defocus_um : standard deviation of the blur.
    vignette, gradient : fraction of the light lost in the corners, and from one side to the other.
    refraction : absorbance of the dark and bright lines along the cells' edges.
    shift_um : distance between the red and the blue picture (chromatic aberration).
    noise : standard deviation at full light, grey levels.
    jpeg_quality : 1 to 100, of the written picture.
    """

    defocus_um: float = 0.13
    vignette: float = 0.12
    gradient: float = 0.05
    refraction: float = 0.08
    shift_um: float = 0.04
    noise: float = 1.5
    jpeg_quality: int = 92


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderSettings:
    """Settings of one rendered slide.

    Attributes
    ----------
    width, height : of a field, px.
    um_per_px : size of a pixel.
    round_view : a bright round view on black, as a phone on an eyepiece gives.
    density : area of the red cells together as a fraction of the film's area (overlaps count twice).
    clumping : fraction (0 to 1) of red cells that are laid against another one.
    stacking : fraction (0 to 1) of those that lie well over it; the others touch, and are pressed flat.
    cell_um : mean diameter of a red cell.
    variation : 1 is a healthy person's variety of sizes and shapes; 0 none, 3 a disorder of the red cells.
    pallor : depth of the pale centre, 0 (none) to 1 (a hole).
    parasitaemia : fraction (0 to 1) of infected red cells.
    species : falciparum (small parasites, crescents) or vivax (larger, stippled cells, round gametocytes).
    stages : weights of ring, trophozoite, schizont and gametocyte among the infected.
    white_cells, platelets, dirt : expected number of each for 100 red cells.
    palette, optics : colours and microscope.
    fields : number of fields of the slide.
    seed : of every random choice of `render_set`.
    """

    width: int = 1280
    height: int = 960
    um_per_px: float = 0.11
    round_view: bool = False
    density: float = 0.45
    clumping: float = 0.35
    stacking: float = 0.5
    cell_um: float = 7.5
    variation: float = 1.0
    pallor: float = 0.6
    parasitaemia: float = 0.05
    species: Literal["falciparum", "vivax"] = "falciparum"
    stages: tuple[float, float, float, float] = (0.75, 0.12, 0.05, 0.08)
    white_cells: float = 0.4
    platelets: float = 5.0
    dirt: float = 4.0
    palette: Palette = field(default_factory=Palette)
    optics: Optics = field(default_factory=Optics)
    fields: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (low, high) in _LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"{name} is {value}; a smear is rendered with {low:g} to {high:g}")
        if min(self.stages) < 0 or sum(self.stages) <= 0:
            raise InputError(f"stages are {self.stages}; give four weights, none below 0, one above")


# Absorbance of red cells: lowest and highest of green, and of red and blue as parts of green. Read from real
# films (Giemsa, Leishman and Wright, five sources) and widened.
_STAINS: tuple[tuple[Colour, Colour], ...] = (
    ((0.45, 0.20, 0.60), (0.95, 0.65, 0.95)),  # grey
    ((0.05, 0.20, 0.30), (0.30, 0.90, 0.65)),  # pink
    ((0.10, 0.60, 0.25), (0.35, 1.90, 0.50)),  # magenta
    ((0.45, 0.25, 0.25), (0.80, 0.90, 0.60)),  # purple
    ((0.08, 0.20, 0.85), (0.35, 0.70, 1.40)),  # orange
    ((0.10, 0.09, 0.30), (0.90, 0.20, 1.00)),  # faint
    ((0.90, 0.15, 0.35), (1.40, 0.40, 0.80)),  # bluish
)

# Light of empty glass, red and blue as parts of green: greenish, white, bluish, pinkish, brownish, yellowish.
_LIGHTS: tuple[tuple[float, float], ...] = (
    (0.84, 0.88),
    (1.00, 1.00),
    (0.82, 1.12),
    (1.20, 0.98),
    (1.20, 0.88),
    (1.02, 0.80),
)


# Weights of the stages where crescents are to be learnt: no labelled set holds one.
_CRESCENT_STAGES = (0.15, 0.05, 0.05, 0.75)


def varied_settings(rng: np.random.Generator, base: RenderSettings) -> RenderSettings:
    """Draw another slide: stain, light, optics, film and cells differ widely.

    Parameters
    ----------
    rng : source of every choice.
    base : size, scale, view, parasitaemia, number of fields and seed are kept.
    """
    size = 7.5 * rng.uniform(0.88, 1.12)
    return replace(
        base,
        density=float(rng.uniform(0.12, 0.75)),
        clumping=float(rng.uniform(0.0, 0.8)),
        stacking=float(rng.uniform(0.0, 1.0)),
        cell_um=float(size),
        variation=float(rng.choice([rng.uniform(0.4, 1.4), rng.uniform(1.4, 3.0)], p=[0.7, 0.3])),
        pallor=float(rng.choice([rng.uniform(0.0, 0.3), rng.uniform(0.2, 0.7), rng.uniform(0.7, 1.0)])),
        species="vivax" if rng.random() < 0.5 else "falciparum",
        stages=_varied_stages(rng),
        white_cells=float(rng.gamma(1.0, 0.6)),
        platelets=float(rng.gamma(1.2, 5.0)),
        dirt=float(rng.gamma(1.0, 6.0)),
        palette=_varied_palette(rng),
        optics=_varied_optics(rng, base.um_per_px),
    )


def crescent_settings(rng: np.random.Generator, base: RenderSettings) -> RenderSettings:
    """Draw another slide (see `varied_settings`) of falciparum with many gametocytes, which are crescents."""
    varied = varied_settings(rng, replace(base, parasitaemia=float(rng.uniform(0.1, 0.3))))
    return replace(varied, species="falciparum", stages=_CRESCENT_STAGES)


def _varied_stages(rng: np.random.Generator) -> tuple[float, float, float, float]:
    ring, trophozoite, schizont, gametocyte = rng.dirichlet((1.5, 1.0, 0.7, 0.7)).tolist()
    return ring, trophozoite, schizont, gametocyte


def _varied_palette(rng: np.random.Generator) -> Palette:
    low, high = _STAINS[rng.integers(len(_STAINS))]
    red, green, blue = rng.uniform(low, high)
    tint_red, tint_blue = np.asarray(_LIGHTS[rng.integers(len(_LIGHTS))]) * rng.uniform(0.95, 1.05, 2)
    light = np.array([tint_red, 1.0, tint_blue])
    light *= rng.choice([rng.uniform(110, 180), rng.uniform(180, 262)], p=[0.25, 0.75]) / light.max()
    strength = rng.uniform(0.7, 1.35) * (0.75 + 0.35 * min(green, 1.0))
    plasma = rng.uniform(0.0, 0.04) * rng.uniform(0.5, 1.5, 3)
    return Palette(
        light=_colour(light),
        red_cell=_colour(np.array([red * green, green, blue * green])),
        chromatin=_colour(strength * rng.uniform((0.30, 1.1, 0.15), (0.95, 1.7, 0.65))),
        cytoplasm=_colour(strength * rng.uniform((0.15, 0.28, 0.02), (0.50, 0.65, 0.28))),
        pigment=_colour(rng.uniform((0.25, 0.45, 0.6), (0.7, 0.9, 1.1))),
        platelet=_colour(strength * rng.uniform((0.30, 0.55, 0.10), (0.65, 1.0, 0.45))),
        plasma=_colour(plasma),
        overlap=float(rng.uniform(0.08, 0.8)),
    )


def _varied_optics(rng: np.random.Generator, um_per_px: float) -> Optics:
    sharpest = 0.4 * um_per_px
    return Optics(
        defocus_um=float(np.clip(rng.gamma(2.5, 0.07), sharpest, 0.6)),
        vignette=float(rng.uniform(0.0, 0.35)),
        gradient=float(rng.uniform(0.0, 0.2)),
        refraction=float(rng.uniform(0.0, 0.1) + 0.25 * rng.random() ** 3),
        shift_um=float(rng.uniform(0.0, 0.15)),
        noise=float(rng.gamma(2.0, 1.2)),
        jpeg_quality=int(rng.integers(70, 98)),
    )


def _colour(values: NDArray[np.float64]) -> Colour:
    red, green, blue = (float(value) for value in values)
    return red, green, blue

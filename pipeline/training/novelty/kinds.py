"""Pictures that the novelty score is fitted to: no thin films, rendered ones, altered ones."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.field import RenderSettings, render_field, varied_settings
from pipeline.training.novelty import (
    micrographs,
    mistakes,
    more_scenes,
    prints,
    scenes,
    slides,
    specimens,
    textures,
    things,
)

__all__ = ["ALTERATIONS", "KINDS", "UNSEEN_KINDS", "drawn_smear"]

_Picture = NDArray[np.uint8]
_Kinds = Mapping[str, Callable[[np.random.Generator], _Picture]]


def _bundled(name: str) -> Callable[[np.random.Generator], _Picture]:
    """Parts of a picture that scikit-image brings along, by the name of its function in skimage.data."""

    def draw(rng: np.random.Generator) -> _Picture:
        import skimage.data

        loaded = getattr(skimage.data, name)()
        picture = np.asarray(loaded[0] if isinstance(loaded, tuple) else loaded)
        if name == "lfw_subset":  # 25 x 25 px each: a sheet of 5 by 4 faces
            picture = np.block([[picture[4 * row + column] for column in range(4)] for row in range(5)])
        if picture.dtype != np.uint8:
            picture = np.clip(picture.astype(np.float32) * 255, 0, 255).astype(np.uint8)
        if picture.ndim == 2:
            picture = np.repeat(picture[..., None], 3, axis=2)
        return _cut_out(picture[..., :3], rng)

    return draw


KINDS: _Kinds = MappingProxyType(
    {
        **{
            f"photo: {name}": _bundled(name)
            for name in (
                *("astronaut", "brick", "camera", "cat", "cell", "checkerboard", "clock", "coffee", "coins"),
                *("colorwheel", "grass", "gravel", "horse", "hubble_deep_field", "immunohistochemistry"),
                *(
                    "lfw_subset",
                    "logo",
                    "microaneurysms",
                    "moon",
                    "page",
                    "retina",
                    "rocket",
                    "shepp_logan_phantom",
                ),
                *("stereo_motorcycle", "text"),
            )
        },
        "thick film": slides.draw_thick_film,
        "tissue": slides.draw_tissue,
        "bacteria": slides.draw_bacteria,
        "bubbles": slides.draw_bubbles,
        "crystals": slides.draw_crystals,
        "plant tissue": slides.draw_plant_tissue,
        "empty slide": slides.draw_empty_slide,
        "balls": scenes.draw_balls,
        "clouds": scenes.draw_clouds,
        "square code": scenes.draw_code,
        "gradient": scenes.draw_gradient,
        "map": scenes.draw_map,
        "noise": scenes.draw_noise,
        "printed page": scenes.draw_page,
        "plot": scenes.draw_plot,
        "screenshot": scenes.draw_screen,
        "stars": scenes.draw_stars,
        "stones": scenes.draw_stones,
        "tablets": scenes.draw_tablets,
        "truck": scenes.draw_truck,
        "weave": scenes.draw_weave,
        "rain drops": more_scenes.draw_drops,
        "keyboard": more_scenes.draw_keyboard,
        "radiograph": more_scenes.draw_radiograph,
        "roof tiles": more_scenes.draw_scales,
        "spreadsheet": more_scenes.draw_spreadsheet,
        "cervical smear": more_scenes.draw_squames,
        "wall": more_scenes.draw_wall,
        "yeast": more_scenes.draw_yeast,
        "bark": textures.draw_bark,
        "cobbles": textures.draw_cobbles,
        "concrete": textures.draw_concrete,
        "fabric": textures.draw_fabric,
        "foam": textures.draw_foam,
        "foliage": textures.draw_foliage,
        "fur": textures.draw_fur,
        "gravel": textures.draw_gravel,
        "honeycomb": textures.draw_honeycomb,
        "marble": textures.draw_marble,
        "mountains": textures.draw_mountains,
        "ripples": textures.draw_ripples,
        "rust": textures.draw_rust,
        "sand": textures.draw_sand,
        "snow": textures.draw_snow,
        "bench": things.draw_bench,
        "boxed thick film": things.draw_boxed_thick_film,
        "buttons": things.draw_buttons,
        "cup": things.draw_cup,
        "eggs": things.draw_eggs,
        "eye": things.draw_eye,
        "flower": things.draw_flower,
        "label": things.draw_label,
        "lamps": things.draw_lamps,
        "planet": things.draw_planet,
        "plate": things.draw_plate,
        "sign": things.draw_sign,
    }
)
"""Kinds of pictures that are no thin film, and what draws one of each."""

UNSEEN_KINDS: _Kinds = MappingProxyType(
    {
        "algae": micrographs.draw_algae,
        "beads": micrographs.draw_beads,
        "diatoms": micrographs.draw_diatoms,
        "fish eggs": micrographs.draw_fish_eggs,
        "glowing cells": micrographs.draw_glowing_cells,
        "gram stain": micrographs.draw_gram_stain,
        "phase contrast": micrographs.draw_phase_contrast,
        "pollen": micrographs.draw_pollen,
        "sediment": micrographs.draw_sediment,
        "sperm": micrographs.draw_sperm,
        "cereals": prints.draw_cereals,
        "coins": prints.draw_coins,
        "confetti": prints.draw_confetti,
        "dot print": prints.draw_dot_print,
        "heat map": prints.draw_heat_map,
        "lego": prints.draw_lego,
        "lentils": prints.draw_lentils,
        "mosaic": prints.draw_mosaic,
        "pipes": prints.draw_pipes,
        "scatter plot": prints.draw_scatter_plot,
        "tree rings": prints.draw_tree_rings,
        "woven beads": prints.draw_woven_beads,
        "acid-fast rods": specimens.draw_acid_fast,
        "buffy coat": specimens.draw_buffy_coat,
        "cerebrospinal fluid": specimens.draw_csf,
        "emulsion": specimens.draw_emulsion,
        "glands": specimens.draw_glands,
        "haemocytometer": specimens.draw_haemocytometer,
        "helminth eggs": specimens.draw_helminth_eggs,
        "bone marrow": specimens.draw_marrow,
        "mould": specimens.draw_mould,
        "urinary cells": specimens.draw_urinary_cells,
        "yeast buds": specimens.draw_yeast_buds,
        "coverslip bubbles": mistakes.draw_coverslip_bubbles,
        "sketch of cells": mistakes.draw_film_sketch,
        "gel": mistakes.draw_gel,
        "edge of the glass": mistakes.draw_glass_edge,
        "smear at low power": mistakes.draw_low_power,
        "oil drops": mistakes.draw_oil_drops,
        "petri dish": mistakes.draw_petri_dish,
        "stain precipitate": mistakes.draw_precipitate,
        "printed smear": mistakes.draw_printed_smear,
        "report": mistakes.draw_report,
        "ruled thick film": mistakes.draw_ruled_thick_film,
        "smear on a screen": mistakes.draw_screen_smear,
        "slide on the bench": mistakes.draw_slide_on_bench,
        "thick haze": mistakes.draw_thick_haze,
        "tube caps": mistakes.draw_tube_caps,
        "well plate": mistakes.draw_well_plate,
    }
)
"""Further kinds that are never fitted: they say what the fit makes of what it has not seen."""


def _reordered(*channels: int) -> Callable[[_Picture], _Picture]:
    return lambda picture: np.ascontiguousarray(picture[..., list(channels)])


def _restained(*powers: float) -> Callable[[_Picture], _Picture]:
    """Every pixel in one hue: its green absorbance, multiplied for red, green and blue."""

    def restain(picture: _Picture) -> _Picture:
        clear = picture[..., 1:2].astype(np.float64) / 255
        return np.asarray(np.rint(255 * clear ** np.asarray(powers)), np.uint8)

    return restain


ALTERATIONS: Mapping[str, Callable[[_Picture], _Picture]] = MappingProxyType(
    {
        "grey": _restained(1.0, 1.0, 1.0),
        "brown": _restained(0.35, 0.7, 1.4),
        "blue": _restained(1.5, 0.8, 0.2),
        "green": _restained(1.4, 0.3, 1.1),
        "red and green swapped": _reordered(1, 0, 2),
        "green and blue swapped": _reordered(0, 2, 1),
        "negative": lambda picture: np.asarray(255 - picture, np.uint8),
    }
)
"""What is done to a field of a real smear so that its colours are no smear's."""


def drawn_smear(rng: np.random.Generator) -> _Picture:
    """A rendered thin film: any stain, light, scale and view; every fifth sparse, every fifth crowded."""
    base = RenderSettings(
        width=int(rng.integers(640, 1281)),
        height=int(rng.integers(480, 961)),
        um_per_px=float(rng.uniform(0.06, 0.2)),
        round_view=bool(rng.random() < 0.2),
        parasitaemia=float(rng.choice([0.0, 0.02, 0.2])),
    )
    settings = varied_settings(rng, base)
    crowd = rng.random()
    if crowd < 0.2:
        settings = replace(settings, density=float(rng.uniform(0.02, 0.1)))
    elif crowd < 0.4:
        settings = replace(settings, density=float(rng.uniform(0.7, 1.0)))
    return render_field(settings, rng).image


def _cut_out(picture: _Picture, rng: np.random.Generator) -> _Picture:
    """A part of a picture, mirrored or not, at another size."""
    height, width = picture.shape[:2]
    share = float(rng.uniform(0.4, 1.0))
    high, wide = int(height * share), int(width * share)
    top, left = int(rng.integers(0, height - high + 1)), int(rng.integers(0, width - wide + 1))
    part = picture[top : top + high, left : left + wide]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    scale = float(rng.uniform(600, 1200)) / max(high, wide)
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_CUBIC), np.uint8)

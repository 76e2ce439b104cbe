"""Features of a field for quality control, from its table of cells and the colours of its pixels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.quality.channels import FieldColours
from pipeline.quality.novelty import FieldFeatures
from segmentation.detections import Kind
from segmentation.resample import DETECTOR_UM_PER_PX, WHITE_LEVEL

__all__ = ["CellSample", "Ground", "Seen", "field_features"]

CellSample = Mapping[str, NDArray[Any]]
"""Columns of the table of cells, of a fair sample of its rows."""

GLASS_DEPTH = 255.0 - WHITE_LEVEL
"""Depth of stain of empty glass after normalisation, 0 to 255."""
GLASS_BRIGHTER = 12.0
"""How much brighter than the white point empty glass may be, levels."""
GLASS_SHARE, FULL_SHARE, DARKER_SHARE = 0.35, 0.7, 1.6
"""Depth up to which a pixel is glass, from which it is as deep as a cell, and from which much deeper;
shares of the way from glass to the usual red cell."""
FAINTEST = 10.0
"""Least depth of the usual red cell below glass that shares of it are taken of, levels."""
NOISE = 0.1
"""Absorbance added to that of the cells before a spread is taken relative to it: the camera's noise."""
FAINTEST_ABSORBANCE = 0.03
"""Least absorbance whose logarithm is taken: one in thirty, hardly to be seen."""
LEAST_AREA = 0.002
"""Share of the view added to both sides of a ratio of areas, so that few pixels do not decide."""
GLASS_BAND = slice(20, 36)
"""Depths of stain within 10 levels of glass, as noise and uneven light leave it."""
BRIGHTER_BAND = slice(0, 16)
"""Depths of stain that are clearly brighter than glass."""
LEAST_DIAMETER_UM, MOST_DIAMETER_UM = 4.5, 10.0
"""Diameters of nearly all red cells of a thin film, from a spherocyte to one that is stretched."""


DEEPEST_SHARE = 0.005
"""Share of the view whose colour is that of the deepest stain."""


class Seen(Protocol):
    """Pixels of a field: int64 (256,) at each depth of stain, and int64 (3, 256), their colours' sums."""

    @property
    def depths(self) -> NDArray[np.int64]: ...

    @property
    def levels(self) -> NDArray[np.int64]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Light of a field as far as features are taken of it.

    Attributes
    ----------
    white_point : colour of the empty background, 1 to 255.
    saturated_fraction, dark_fraction : share of the view that is pure white, or nearly black.
    """

    white_point: NDArray[np.float32]
    saturated_fraction: float
    dark_fraction: float


def field_features(
    cells: CellSample, seen: Seen, covered_um2: float, ground: Ground, red_cells: int
) -> FieldFeatures | None:
    """Features of one field, None where it holds no red cell.

    Parameters
    ----------
    cells : its rows, or a fair sample of them, with `rules.FEATURE_COLUMNS`.
    seen : its pixels at each depth of stain, and their colours.
    covered_um2 : area of all its red cells together, µm².
    red_cells : number of all of them.
    """
    told_red = cells["kind"] == "red_cell"
    if not told_red.any():
        return None
    # Whatever the detector called a red cell: one of an absurd size is an artefact, but shows the stain.
    red = cells["kind_number"] == Kind.RED_CELL
    scores = cells["score"].astype(np.float64)[red]
    colours = np.stack([cells[name].astype(np.float64)[red] for name in ("red", "green", "blue")], axis=1)
    absorbance = np.log((WHITE_LEVEL + 1) / (colours + 1))
    usual = np.median(absorbance, axis=0)
    whole = told_red & ~cells["at_border"].astype(bool)
    depths = seen.depths
    pixels = max(float(depths.sum()), 1.0)
    covered = covered_um2 / DETECTOR_UM_PER_PX**2 / pixels
    cell_depth = float(np.median(255 - colours.min(axis=1)))
    stained, between, darker, background = _shares(depths / pixels, cell_depth)
    depth = max(float(usual.max()), 0.0) + NOISE
    return FieldFeatures(
        detector_score=_logit(float(np.percentile(scores, 25))),
        colour_spread=_spread(_hue_difference(absorbance), 90, depth),
        depth_spread=_spread(np.abs(absorbance - usual).max(axis=1), 50, depth),
        unexplained=stained - min(1.0, covered),
        explained=float(np.clip(np.log((covered + LEAST_AREA) / (stained + LEAST_AREA)), -1, 2)),
        half_tones=between,
        darker=darker,
        background=background,
        roundness=float(np.percentile(cells["circularity"][whole if whole.any() else told_red], 25)),
        focus=float(np.nanmedian(cells["focus"][told_red])),
        depth=float(np.log(max(float(usual.max()), FAINTEST_ABSORBANCE))),
        coverage=float(np.log(np.clip(covered, 0.001, 1.0))),
        number=float(np.log(max(red_cells, 1))),
        median_score=_logit(float(np.median(scores))),
        high_score=_logit(float(np.percentile(scores, 90))),
        others=float((~red).mean()),
        stain=_three(usual),
        colours=FieldColours(
            cells=_three(usual), deepest=_deepest(seen.depths, seen.levels), ground=_three(ground.white_point)
        ),
        **_shape({name: values[red] for name, values in cells.items()}),
        **_light(depths / pixels, ground, usual),
    )


def _deepest(depths: NDArray[np.int64], levels: NDArray[np.int64]) -> tuple[float, float, float]:
    """Absorbance of the pixels of the deepest stain."""
    number, sums = np.cumsum(depths[::-1]), np.cumsum(levels[:, ::-1], axis=1)
    place = min(int(np.searchsorted(number, DEEPEST_SHARE * number[-1])), len(number) - 1)
    return _three(np.log((WHITE_LEVEL + 1) / (sums[:, place] / max(int(number[place]), 1) + 1)))


def _three(values: NDArray[Any]) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def _shape(red: CellSample) -> dict[str, float]:
    """What the red cells' sizes and shapes are, whatever size the detector called one."""
    inside = ~red["at_border"].astype(bool)
    whole = {name: values[inside] if inside.any() else values for name, values in red.items()}
    diameters = whole["diameter_um"]
    low, quarter, usual, most, high = np.percentile(diameters, (5, 25, 50, 75, 95)).tolist()
    size = max(usual, 0.1)
    plausible = (diameters >= LEAST_DIAMETER_UM) & (diameters <= MOST_DIAMETER_UM)
    return {
        "size_spread": float(np.log(np.clip((most - quarter) / size, 0.02, 1))),
        "size_range": float(np.log(np.clip((high - low) / size, 0.02, 2))),
        "diameter": float(np.log(size)),
        "usual_roundness": float(np.nanmedian(whole["circularity"])),
        "plausible": float(plausible.mean()),
        "overlapping": float(red["overlaps"].astype(bool).mean()),
        "focus_spread": float(red["focus"].std()),
        "oblong": float(np.nanmedian(whole["oblong"])),
    }


def _light(shares: NDArray[np.float64], ground: Ground, usual: NDArray[np.float64]) -> dict[str, float]:
    """What the view's light is, and the colour of the usual red cell."""
    deepest = max(float(usual.max()), 2 * FAINTEST_ABSORBANCE)
    white = ground.white_point.astype(np.float64)
    return {
        "ground_level": float(white.mean()) / 255,
        "ground_colour": float(np.log((white.max() + 5) / (white.min() + 5))),
        "red_share": float(usual[0]) / deepest,
        "green_share": float(usual[1]) / deepest,
        "blue_share": float(usual[2]) / deepest,
        "saturated": ground.saturated_fraction,
        "dark": ground.dark_fraction,
        "glass": float(np.log(np.clip(shares[GLASS_BAND].sum(), 0.003, 1))),
        "brighter": float(shares[BRIGHTER_BAND].sum()),
        "deepest": int(np.searchsorted(shares.cumsum(), 0.99)) / 255,
    }


def _shares(depths: NDArray[np.float64], cell_depth: float) -> tuple[float, float, float, float]:
    """Of the view: stained, half-tones (of what is no glass), much darker than the cells, glass."""
    level = np.arange(len(depths))
    way = max(cell_depth - GLASS_DEPTH, FAINTEST)
    stained = float(depths[level > GLASS_DEPTH + way / 2].sum())
    glass = level <= GLASS_DEPTH + GLASS_SHARE * way
    below_full = level < GLASS_DEPTH + FULL_SHARE * way
    no_glass = max(float(depths[~glass].sum()), LEAST_AREA)
    between = float(depths[~glass & below_full].sum()) / no_glass
    darker = float(depths[level > GLASS_DEPTH + DARKER_SHARE * way].sum())
    background = float(depths[glass & (level >= GLASS_DEPTH - GLASS_BRIGHTER)].sum())
    return stained, between, darker, background


def _hue_difference(absorbance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest difference of each object's hue (absorbance less its mean) from the usual one, float64 (n,)."""
    hue = absorbance - absorbance.mean(axis=1, keepdims=True)
    return np.asarray(np.abs(hue - np.median(hue, axis=0)).max(axis=1), np.float64)


def _spread(differences: NDArray[np.float64], percentile: float, depth: float) -> float:
    return float(np.log(np.clip(np.percentile(differences, percentile) / depth, 0.02, 3.0)))


def _logit(score: float) -> float:
    inside = min(max(score, 0.001), 0.999)
    return float(np.log(inside / (1 - inside)))

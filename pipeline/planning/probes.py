"""Probes: close-ups of a slide before its pixel size is known: where cells lie, what colour glass has."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.planning.field import FieldLight, light_shrink
from pipeline.planning.sampling import along_curve
from pipeline.reader.field import Field
from segmentation.cell_colour import absorbed
from segmentation.illumination import film_colour, white_point
from segmentation.masks import stain_depth
from segmentation.resample import normalise
from segmentation.stain_layers import DEPTH_LEVELS, cells_apart, depth_counts

__all__ = ["closer_light", "probe_positions"]

PART_PX = 16
"""Side of the parts into which the thumbnail is cut, px: 0.25 mm on a scan of 30 mm."""
CLOSER = 32
"""How many times closer a probe of a part is than the thumbnail, if the slide has as many px."""
LOOK_PX = 240
"""Side of a probe, px: half of a part."""
PROBES = 24
"""Parts that are probed, of all and of those that are not bare."""
BARE_LEVELS = 5.0
"""Grey levels by which such a part is at least deeper stained than the barest one."""
COARSE_SHRINK = 16
"""Level-0 px a thumbnail px from which on none shows the glass between two cells: cells are 14 px or more."""
LIGHT_PLACES = 12
"""Places whose gaps give the colour of glass."""

_Probe = tuple[tuple[float, float], NDArray[np.uint8]]
"""Middle of what was seen, level-0 px (x, y), and its picture."""


def probe_positions(field: Field, light: FieldLight, number: int) -> list[tuple[float, float]]:
    """Level-0 px (x, y) of up to so many places where cells lie side by side, the plainest first.

    Parts of the film, spread over the whole of it, are probed. Those are taken in which cells and
    gaps stand apart most plainly: glass, the thick end and single specks of dirt show no such thing. None is
    given where no part does, nor for what cannot be read.
    """
    return [place for place, _ in _plainest(field, light, number)]


def closer_light(field: Field, light: FieldLight) -> FieldLight:
    """Light of a large scan with the white point of the gaps between cells, and the colour of the cells.

    The px of a scan's thumbnail are as large as cells. Where the film leaves no glass free, none of them is
    bare, and the white point that they give is too dark. A smaller picture's light is right as it is.
    """
    if light_shrink(field) < COARSE_SHRINK:
        return light
    probes = _plainest(field, light, LIGHT_PLACES)
    if not probes:
        return light
    seen = np.vstack([picture for _, picture in probes])
    white = white_point(seen, None)
    return replace(light, white_point=white, film=absorbed(film_colour(seen, None), white))


def _plainest(field: Field, light: FieldLight, number: int) -> list[_Probe]:
    shrink = light_shrink(field)
    # A film that covers all of the slide evenly has no bare part to compare the others with.
    chosen = {place for parts in _lit_parts(field, light, shrink) for place in _spread(parts)}
    probes = [_probe(field, part, shrink) for part in sorted(chosen)]
    seen = [probe for probe in probes if probe is not None]
    if not seen:
        return []
    counts = [_counts(picture, light.white_point) for _, picture in seen]
    # The middle one of its ninths: the edge of a thick film beside glass shows both, too, but in few of them.
    plainness = np.median(cells_apart(np.concatenate(counts)).reshape(len(seen), -1), axis=1)
    best = np.argsort(-plainness, kind="stable")[:number]
    return [seen[index] for index in best[plainness[best] > 0].tolist()]


def _spread(parts: NDArray[np.int64]) -> list[tuple[int, int]]:
    strung = parts[along_curve(parts)]
    probes = min(PROBES, len(parts))
    chosen = strung[[int((probe + 0.5) * len(parts) / probes) for probe in range(probes)]]
    return [(column, row) for column, row in chosen.tolist()]


def _lit_parts(field: Field, light: FieldLight, shrink: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Column and row, (n, 2), of the lit parts of the thumbnail: of all of them, and of the stained ones."""
    side = PART_PX * shrink
    columns, rows = field.width // side, field.height // side
    depth = np.zeros((rows, columns), np.float64)
    for row in range(rows if columns else 0):
        try:
            picture = field.read(0, row * side, columns * side, side, shrink)
        except SlideError:
            continue
        depths = stain_depth(normalise(picture, light.white_point))
        depth[row] = depths.reshape(PART_PX, columns, PART_PX).mean(axis=(0, 2)) + 1
    lit = depth > 0
    if light.view is not None:
        x, y = np.meshgrid((np.arange(columns) + 0.5) * side, (np.arange(rows) + 0.5) * side)
        lit &= light.view.distance_at(x.astype(np.float32), y.astype(np.float32)) > side
    stained = lit & (depth > depth.min(where=lit, initial=256.0) + BARE_LEVELS)
    every, deeper = (np.argwhere(chosen)[:, ::-1].astype(np.int64) for chosen in (lit, stained))
    return every, deeper


def _probe(field: Field, part: tuple[int, int], shrink: int) -> _Probe | None:
    """A close-up of the middle of a part; None where it cannot be read or is too small."""
    closely = max(1, shrink // CLOSER)
    side = LOOK_PX * closely
    if min(field.width, field.height) < side:
        return None
    middle = [(index + 0.5) * PART_PX * shrink for index in part]
    x, y = (
        min(max(round((place - side / 2) / closely), 0), (length - side) // closely) * closely
        for place, length in zip(middle, (field.width, field.height), strict=True)
    )
    try:
        return (x + side / 2, y + side / 2), field.read(x, y, side, side, closely)
    except SlideError:
        return None


def _counts(picture: NDArray[np.uint8], white: NDArray[np.float32]) -> NDArray[np.float32]:
    """How many px have which depth of stain, float32 (9, DEPTH_LEVELS)."""
    thirds = np.linspace(0, LOOK_PX, 4).astype(np.int64)
    return depth_counts(picture, white, (thirds, thirds), None).reshape(-1, DEPTH_LEVELS).astype(np.float32)

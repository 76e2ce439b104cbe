"""The map of a field: its picture in small, what of it was not counted, and where the infected cells lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.names import for_html
from pipeline.output.evidence import AREA_GREYS
from pipeline.reports.slide.pictures import SmallPicture
from pipeline.reports.slide.svg_style import PATTERNS, SVG_STYLE
from segmentation.film import SQUARE_PX, Area
from segmentation.resample import DETECTOR_UM_PER_PX

__all__ = ["HATCHED", "MAPS_SHOWN", "FieldMap", "field_map", "mapped_fields"]

MAPS_SHOWN = 12
"""Fields of a slide whose maps are shown, those with the most infected cells first."""
RING_PX, RING_EACH_PX, RING_MANY_PX = 7.0, 5.0, 3.5
"""Radius of the ring round an infected cell: on the map of a slide's only field, of one of several, and of
one with more than `MANY` of them."""
MANY = 100
BLANK_PX = 900
"""Longer side of a map without a picture."""
HATCHED = {
    Area.THICK: ("thick", "too thick"),
    Area.FEATHERED: ("thin", "too thin"),
    Area.EMPTY: ("glass", "empty glass"),
}
"""Pattern and words of each area that was not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMap:
    """A map: its SVG, the field's name, its caption, and the areas that are hatched, for the legend."""

    svg: str
    name: str
    caption: str
    hatched: tuple[str, ...]


def mapped_fields(fields: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the fields that get a map, in the slide's order."""
    ranked = sorted(range(len(fields)), key=lambda place: (-int(fields[place]["infected"]), place))
    return [str(fields[place]["name"]) for place in sorted(ranked[:MAPS_SHOWN])]


def field_map(
    field: Mapping[str, Any],
    places: NDArray[np.float64],
    picture: SmallPicture | None,
    *,
    squares: NDArray[np.uint8] | None = None,
    region: Sequence[int] | None = None,
    is_only: bool = True,
) -> FieldMap:
    """The map of a field.

    Parameters
    ----------
    field : as it stands in summary.json.
    places : float64 (n, 2), x, y of infected cells, level-0 px.
    picture : of the field in small; None draws on white.
    squares : the map of the film as `output.evidence` keeps it, a px a square; None where all was counted.
    region : x, y, width, height, level-0 px: the part that was asked for.
    """
    scale = BLANK_PX / max(field["width"], field["height"]) if picture is None else picture.scale
    width, height = field["width"] * scale, field["height"] * scale
    words = f"map of {field['name']}: {len(places):,} infected cells marked"
    parts = [
        f'<svg class="map" viewBox="0 0 {width:.1f} {height:.1f}" role="img" aria-label="{for_html(words)}">',
        SVG_STYLE,
    ]
    hatched: tuple[str, ...] = ()
    if picture is not None:
        parts.append(f'<image href="{picture.uri}" width="{width:.1f}" height="{height:.1f}"/>')
    if squares is not None:
        um_per_px = float(field["um_per_px"])
        side = SQUARE_PX * DETECTOR_UM_PER_PX / um_per_px * scale
        areas, hatched = _areas(squares, side)
        parts += [PATTERNS, *areas]
    if region is not None:
        x, y, across, down = (part * scale for part in region)
        parts.append(
            f'<rect class="region" x="{x:.1f}" y="{y:.1f}" width="{across:.1f}" height="{down:.1f}"/>'
        )
    radius = RING_MANY_PX if len(places) > MANY else RING_PX if is_only else RING_EACH_PX
    parts += _rings(places * scale, radius)
    caption = f"{field['infected']:,} of {field['counted']:,} red cells called infected"
    if not field["counted"]:
        caption = "no red cell counted"
    return FieldMap(
        svg="\n".join([*parts, "</svg>"]), name=str(field["name"]), caption=caption, hatched=hatched
    )


def _rings(places: NDArray[np.float64], radius: float) -> list[str]:
    """A dark ring on a white one: seen on any ground, without colour."""
    arc = f"a{radius} {radius} 0 1 0"
    drawn = [
        f"M{x - radius:.1f} {y:.1f}{arc} {2 * radius} 0{arc} {-2 * radius} 0" for x, y in places.tolist()
    ]
    path = "".join(drawn)
    return [f'<path class="halo" d="{path}"/>', f'<path class="ring" d="{path}"/>'] if path else []


def _areas(squares: NDArray[np.uint8], side: float) -> tuple[list[str], tuple[str, ...]]:
    """The hatched areas, each as one path of its runs of squares."""
    parts, names = [], []
    for area, (pattern, words) in HATCHED.items():
        runs = _runs(squares == AREA_GREYS[area])
        if not runs:
            continue
        names.append(pattern)
        path = "".join(
            f"M{start * side:.1f} {row * side:.1f}h{(end - start) * side:.1f}v{side:.1f}H{start * side:.1f}z"
            for row, start, end in runs
        )
        parts.append(f'<path class="area" fill="url(#{pattern})" d="{path}"><title>{words}</title></path>')
    outline = _outline(squares == AREA_GREYS[Area.READABLE], side)
    return [*parts, f'<path class="readable" d="{outline}"/>'], tuple(names)


def _runs(chosen: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Row, first and last column (half-open) of each run of chosen squares."""
    edges = np.diff(np.pad(chosen.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    return list(zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True))


def _outline(chosen: NDArray[np.bool_], side: float) -> str:
    """The border between the chosen squares and the others."""
    framed = np.pad(chosen, 1)
    across = _runs(framed[1:] != framed[:-1])  # between a row and the next
    down = _runs((framed[:, 1:] != framed[:, :-1]).T)
    lines = [
        f"M{(start - 1) * side:.1f} {row * side:.1f}H{(end - 1) * side:.1f}" for row, start, end in across
    ]
    lines += [
        f"M{row * side:.1f} {(start - 1) * side:.1f}V{(end - 1) * side:.1f}" for row, start, end in down
    ]
    return "".join(lines)

"""What is estimated once a field before its tiles are worked on: light, view and working grid."""

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import OwnPictureError, SlideError
from pipeline.planning.area import CountedArea
from pipeline.planning.overview import field_picture, is_costly, sampled_picture
from pipeline.planning.own_marks import bears_marks
from pipeline.reader.field import Box, Field
from segmentation.artefacts.found import Artefacts, find_artefacts
from segmentation.cell_colour import absorbed
from segmentation.colours import hue_spread
from segmentation.drawing.drawn import drawn_over
from segmentation.illumination import (
    BrightView,
    bright_view,
    brightest_channel,
    chosen_pixels,
    darkest_channel,
    film_colour,
    white_point,
)
from segmentation.lattice import WINDOW_PX, lattice_strength
from segmentation.resample import MAX_SHRINK, WorkingGrid, halve, normalise, working_grid

__all__ = [
    "LEAST_BACKGROUND",
    "MOST_BACKGROUND",
    "MOST_DARK",
    "MOST_WHITE",
    "FieldLight",
    "FieldPlan",
    "field_light",
    "light_shrink",
    "plan_field",
    "read_window",
    "view_at",
]

BAND_ROWS = 512
"""Rows at crop scale that are read at once."""
THUMBNAIL_PX = 1024
"""Light is measured on a picture of the field whose long side is at most twice this."""
DRAWN_RIM_PX = 3
"""Detector px around what is drawn over a photo that its soft edge reaches."""
MOST_DRAWN = 0.02
"""Share of a field from which on what is drawn over it is left aside where light is measured."""
LEAST_BACKGROUND, MOST_DARK = 70.0, 0.4
"""Brightness of the background, levels, below which a field is too dark, and share of it darker than a
stained cell can be, above which it is too."""
MOST_BACKGROUND, MOST_WHITE = 253.0, 0.5
"""The same of a field that is too bright: both must be passed, the second is the share of pure white."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLight:
    """Light of one field.

    Attributes
    ----------
    white_point : float32 (3,), colour of the empty background, 1 to 255.
    view : the lit part of an eyepiece photo, or None.
    drawn : the part that nothing is drawn over, no margin, scale bar or text; None where nothing is drawn.
    film : what the usual stained place absorbs in red, green and blue, see `segmentation.cell_colour`; None:
        not measured.
    lattice : how far a regular pattern stands out of the middle of the field, see `lattice_strength`.
    saturated_fraction, dark_fraction : share of the view that is pure white, or nearly black.
    hue_spread : of its px of one brightness, see `segmentation.colours.hue_spread`; None: not measured.
    artefacts : what spoils the middle of the field, see `segmentation.artefacts`.
    """

    white_point: NDArray[np.float32]
    view: BrightView | None
    saturated_fraction: float
    dark_fraction: float
    drawn: BrightView | None = None
    film: tuple[float, float, float] | None = None
    hue_spread: float | None = None
    lattice: float = 0.0
    artefacts: Artefacts = field(default_factory=Artefacts)

    @property
    def is_well_lit(self) -> bool:
        """Neither too dark nor too bright to say how a slide's other photos look."""
        background = float(self.white_point.mean())
        too_dark = background < LEAST_BACKGROUND or self.dark_fraction > MOST_DARK
        return not too_dark and not (background > MOST_BACKGROUND and self.saturated_fraction > MOST_WHITE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPlan:
    """Everything a tile of the field needs to know; `area` is what is counted of it.

    `absorbance` is what its usual red cell absorbs, see `segmentation.cell_colour`; None: not known.
    """

    index: int
    name: str
    width: int
    height: int
    um_per_px: float
    light: FieldLight
    grid: WorkingGrid
    area: CountedArea
    absorbance: tuple[float, float, float] | None = None

    @property
    def step(self) -> float:
        """Level-0 px per detector px."""
        return 2 * self.grid.step

    def drawn_over(self, box: Box) -> NDArray[np.bool_] | None:
        """What of a box, detector px, is drawn over, with a rim, bool (y1 - y0, x1 - x0); None if nothing."""
        drawn = self.light.drawn
        if drawn is None:
            return None
        x, y = (
            (np.arange(box[side], box[side + 2], dtype=np.float32) + np.float32(0.5)) * np.float32(self.step)
            for side in (0, 1)
        )
        over = drawn.distance_at(*np.broadcast_arrays(x[None], y[:, None])) <= DRAWN_RIM_PX * self.step
        return over if over.any() else None


def field_light(field: Field) -> FieldLight:
    """Light of a field, from a small picture of all of it that can be read.

    Where that would mean decoding gigapixels, windows spread over the field give the light; such a field is
    no photo through the eyepiece, so no round view is looked for.

    Raises
    ------
    SlideError
        None of the field can be read, or it is an overlay of a count (OwnPictureError).
    """
    shrink = light_shrink(field)
    view = drawn = white = None
    if is_costly(field, shrink):
        lit = sampled_picture(field, shrink)
    else:
        small = field_picture(field, shrink)
        if bears_marks(small.pixels):
            raise OwnPictureError(
                f"{field.name} is an overlay that a count drew, whose marks are no cells; expected a photo; "
                "hand in the photo that was counted"
            )
        view = bright_view(small.pixels, float(shrink))
        inside = small.known if view is None else small.known & view.mask
        lit = chosen_pixels(small.pixels, inside if inside.any() else small.known)
        white = white_point(lit, None)
        drawn = drawn_over(small.pixels, float(shrink), white, view)
        if drawn is not None and (inside & drawn.mask).mean() < (1 - MOST_DRAWN) * inside.mean():
            lit, white = chosen_pixels(small.pixels, inside & drawn.mask), None
    white = white_point(lit, None) if white is None else white
    film = absorbed(film_colour(lit, None), white)
    middle = _middle_as_stored(field)
    return FieldLight(
        white_point=white,
        film=film,
        hue_spread=hue_spread(lit, white),
        view=view,
        saturated_fraction=float((darkest_channel(lit) == 255).mean()),
        dark_fraction=float((brightest_channel(lit) < 40).mean()),
        drawn=drawn,
        lattice=lattice_strength(middle),
        artefacts=find_artefacts(middle, white, film),
    )


def _middle_as_stored(field: Field) -> list[NDArray[np.uint8]]:
    """Four windows side by side in the middle of a field, as stored; none where they cannot be read."""
    sides = (min(field.width, WINDOW_PX), min(field.height, WINDOW_PX))
    left, top = (
        sorted({max(0, whole // 2 - side), min(whole - side, whole // 2)})
        for whole, side in zip((field.width, field.height), sides, strict=True)
    )
    try:
        return [field.read(x, y, *sides, 1) for y in top for x in left]
    except SlideError:
        return []


def light_shrink(field: Field) -> int:
    """Level-0 px, along a side, of a px of the small picture that gives the light."""
    shrink = 1
    while max(field.width, field.height) / shrink > 2 * THUMBNAIL_PX and shrink < MAX_SHRINK:
        shrink *= 2
    return shrink


def plan_field(
    index: int,
    field: Field,
    um_per_px: float,
    light: FieldLight,
    *,
    absorbance: tuple[float, float, float] | None = None,
) -> FieldPlan:
    """Plan of one field, all of which is counted."""
    grid = working_grid(field.width, field.height, um_per_px)
    return FieldPlan(
        index=index,
        name=field.name,
        width=field.width,
        height=field.height,
        um_per_px=um_per_px,
        light=light,
        grid=grid,
        area=replace(CountedArea.whole(grid.width // 2, grid.height // 2), hidden=_hidden(light)),
        absorbance=absorbance,
    )


def _hidden(light: FieldLight) -> NDArray[np.bool_] | None:
    """Where no film is in sight, bool (h, w); None where it is everywhere."""
    seen = [part.mask for part in (light.view, light.drawn) if part is not None]
    return ~np.logical_and.reduce(seen) if seen else None


def read_window(
    field: Field, grid: WorkingGrid, light: FieldLight, window: tuple[int, int, int, int]
) -> NDArray[np.uint8]:
    """Normalised picture at crop scale, uint8 (height, width, 3), of a window (x, y, width, height).

    It is read in bands: the pixels that it is made from are many times as many.
    """
    x, y, width, height = window
    picture = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, BAND_ROWS):
        rows = min(BAND_ROWS, height - top)
        picture[top : top + rows] = _read_band(field, grid, light, (x, y + top, width, rows))
    return picture


def _read_band(
    field: Field, grid: WorkingGrid, light: FieldLight, window: tuple[int, int, int, int]
) -> NDArray[np.uint8]:
    shrink = grid.shrink
    x, y, width, height = grid.source_window(*window)
    across, down = -(-field.width // shrink) * shrink, -(-field.height // shrink) * shrink
    right, bottom = min(x + width, across), min(y + height, down)
    # The grid may end a detector px past the field; there, its last pixels are read and repeated.
    left, top = min(max(x, 0), across - shrink), min(max(y, 0), down - shrink)
    shrunk = field.read(left, top, right - left, bottom - top, shrink)
    return normalise(grid.cut(shrunk, (left // shrink, top // shrink), window), light.white_point)


def view_at(
    field: Field, light: FieldLight, um_per_px: float, side_px: int, place: tuple[float, float] | None = None
) -> NDArray[np.uint8] | None:
    """A part of the field at detector scale, were its pixels of that size; None where it is too small.

    Parameters
    ----------
    side_px : most detector px that it is wide and high.
    place : its middle, level-0 px (x, y); None is the middle of the lit part.
    """
    grid = working_grid(field.width, field.height, um_per_px)
    middle_x, middle_y = place or _middle(field, light)
    width = min(2 * side_px, grid.width)
    height = min(2 * side_px, grid.height)
    if min(width, height) < 64:
        return None
    x = int(np.clip(middle_x / grid.step - width / 2, 0, grid.width - width)) // 2 * 2
    y = int(np.clip(middle_y / grid.step - height / 2, 0, grid.height - height)) // 2 * 2
    return halve(read_window(field, grid, light, (x, y, width, height)))


def _middle(field: Field, light: FieldLight) -> tuple[float, float]:
    """Middle of the lit part, level-0 px (x, y)."""
    if light.view is None:
        return field.width / 2, field.height / 2
    moments = cv2.moments(light.view.mask.astype(np.uint8), binaryImage=True)
    area = max(moments["m00"], 1.0)
    return moments["m10"] / area * light.view.px, moments["m01"] / area * light.view.px

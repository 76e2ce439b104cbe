"""The pictures of a report: cells cut from the slide, or from its overlays where the slide is away."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.output.overlay import field_file_name
from pipeline.output.sheet import overlay_zoom
from pipeline.planning.overview import field_picture, is_costly
from pipeline.reader.field import Field
from pipeline.reader.slide import open_slide
from pipeline.reports.slide.encoded import jpeg_uri

__all__ = ["CellPictures", "PictureBook", "SmallPicture"]

CROP_UM = 11.0
"""Side of a cell's picture: a red cell of 7.5 µm and what lies beside it."""
CROP_PX = 104
CELL_MIN_PX = 12.0
"""A cell of fewer px is no evidence."""
SMALL_PX, SMALL_EACH_PX = 900, 240
"""Longer side of the picture of a slide's only field, and of each of several."""
GROUND = 235  # grey beyond the picture's edge
SHRINK_MAX = 64  # of Field.read
FINE_ENOUGH = 0.7
"""Px of a cell's picture, as a share of `CROP_PX`, below which it is cut from the slide."""
_BOXES = ("field", "cell", "x_min", "y_min", "x_max", "y_max")

Picture = NDArray[np.uint8]
Origin = Literal["slide", "overlay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallPicture:
    """A field in small: a data URI, its size in px, and px of it per level-0 px of the field."""

    uri: str
    width: int
    height: int
    scale: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPictures:
    """What was drawn.

    Attributes
    ----------
    crops : data URI of each cell, by its number; one that cannot be cut is missing.
    small : fields in small, by their names.
    origin : what they were cut from: the overlay where it was so for one of them.
    """

    crops: Mapping[int, str]
    small: Mapping[str, SmallPicture]
    origin: Origin


class _Sheet(Protocol):
    """A field as cells are cut from it; `is_marked` where marks of a count are drawn on it."""

    scale: float
    is_marked: bool

    def small(self, side: int) -> tuple[Picture, float] | None:
        """The whole field, at most so many px, and px of it per level-0 px."""

    def cut(self, box: tuple[float, float, float, float]) -> Picture | None:
        """A square part of it, level-0 px, at whatever size it has; None where it shows too little."""


class PictureBook:
    """Cuts the pictures of a report from whole fields that are shown to it, and the rest from the slide.

    Parameters
    ----------
    fields : as they stand in summary.json.
    cells : field, cell, x_min, y_min, x_max, y_max, level-0 px.
    small : names of the fields that are wanted in small.
    is_small : every picture half as wide.
    """

    def __init__(
        self,
        fields: Sequence[Mapping[str, Any]],
        cells: pd.DataFrame,
        small: Sequence[str],
        *,
        is_small: bool = False,
    ) -> None:
        self._fields = fields
        self._um_per_px = {str(field["name"]): float(field["um_per_px"]) for field in fields}
        self._side = (SMALL_PX if len(fields) == 1 else SMALL_EACH_PX) // (2 if is_small else 1)
        self._crop_px = CROP_PX // (2 if is_small else 1)
        self._wanted: dict[str, list[dict[str, Any]]] = {}
        for row in cells[list(_BOXES)].to_dict("records"):
            self._wanted.setdefault(str(row["field"]), []).append(row)
        self._unseen = set(small)
        self._crops: dict[int, str] = {}
        self._small: dict[str, SmallPicture] = {}

    def see(self, name: str, picture: Picture, scale: float) -> None:
        """Take what is wanted of a field from a picture of all of it, where that is fine enough.

        Parameters
        ----------
        picture : RGB uint8 (H, W, 3), unmarked; left as it is.
        scale : px of it per level-0 px.
        """
        sheet = _FromPicture(picture, scale, is_marked=False)
        self._take_small(name, sheet)
        fine = scale == 1.0 or CROP_UM / self._um_per_px[name] * scale >= FINE_ENOUGH * CROP_PX
        if fine:
            self._take_crops(name, sheet)

    def complete(self, folder: Path, source: Path | None) -> CellPictures:
        """Cut what is still wanting from the slide, or from the overlays in the result's folder.

        Parameters
        ----------
        source : the slide; None where it is away or is another one now.
        """
        origin: Origin = "slide"
        with ExitStack() as stack:
            slide = _opened(stack, source) if self._wanted or self._unseen else {}
            for number, field in enumerate(self._fields, start=1):
                name = str(field["name"])
                if name not in self._wanted and name not in self._unseen:
                    continue
                there = slide.get((name, field["width"], field["height"]))
                sheet = _FromSlide(there, CROP_UM / self._um_per_px[name]) if there is not None else None
                origin = origin if sheet is not None else "overlay"
                overlay = sheet or _overlay(folder, self._fields, number)
                if overlay is not None:
                    self._take_crops(name, overlay)
                    self._take_small(name, overlay)
        return CellPictures(crops=self._crops, small=self._small, origin=origin)

    def _take_small(self, name: str, sheet: _Sheet) -> None:
        picture = sheet.small(self._side) if name in self._unseen else None
        if picture is not None:
            self._small[name] = _small(*picture)
            self._unseen.discard(name)

    def _take_crops(self, name: str, sheet: _Sheet) -> None:
        for row in self._wanted.pop(name, ()):
            drawn = _crop(sheet, row, self._um_per_px[name])
            if drawn is not None:
                self._crops[int(row["cell"])] = jpeg_uri(_at_most(drawn, 1.0, self._crop_px)[0])


def _opened(stack: ExitStack, source: Path | None) -> dict[tuple[str, int, int], Field]:
    if source is None:
        return {}
    try:
        slide = stack.enter_context(open_slide(source))
    except SlideError:
        return {}
    return {(field.name, field.width, field.height): field for field in slide.fields}


def _overlay(folder: Path, fields: Sequence[Mapping[str, Any]], number: int) -> "_FromPicture | None":
    """The overlay of a field, by its number from 1."""
    facts = fields[number - 1]
    path = folder / "overlay.jpg"
    if len(fields) > 1:
        names = [str(one["name"]) for one in fields]
        path = folder / "overlays" / f"{field_file_name(names[number - 1], number, names)}.jpg"
    picture = cv2.imread(str(path)) if path.is_file() else None
    if picture is None:
        return None
    shrink, enlarge = overlay_zoom(facts["width"], facts["height"])
    height = round(facts["height"] * enlarge / shrink)  # below it stands the legend
    rgb = cv2.cvtColor(picture[:height], cv2.COLOR_BGR2RGB)
    return _FromPicture(np.asarray(rgb, np.uint8), enlarge / shrink, is_marked=True)


class _FromSlide:
    """A field that is there; every part is read at one shrink, for a photo is decoded anew for another."""

    def __init__(self, field: Field, crop_px: float) -> None:
        self._field, self.scale, self.is_marked = field, 1.0, False
        self._shrink = _shrink(crop_px / CROP_PX)

    def small(self, side: int) -> tuple[Picture, float] | None:
        shrink = _shrink(max(self._field.width, self._field.height) / side)
        if is_costly(self._field, shrink):
            return None
        try:
            picture = field_picture(self._field, shrink).pixels
        except SlideError:
            return None
        return _at_most(picture, 1 / shrink, side)

    def cut(self, box: tuple[float, float, float, float]) -> Picture | None:
        shrink = self._shrink
        width, height = (-(-side // shrink) for side in (self._field.width, self._field.height))
        x0, y0, x1, y1 = (round(side / shrink) for side in box)
        left, top, right, foot = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
        if right <= left or foot <= top:
            return None
        try:
            x, y, across, down = (part * shrink for part in (left, top, right - left, foot - top))
            inside = self._field.read(x, y, across, down, shrink)
        except SlideError:
            return None
        return _padded(inside, (left - x0, top - y0, x1 - right, y1 - foot))


class _FromPicture:
    """A field of which there is a picture as large as an overlay."""

    def __init__(self, picture: Picture, scale: float, *, is_marked: bool) -> None:
        self._picture, self.scale, self.is_marked = picture, scale, is_marked

    def small(self, side: int) -> tuple[Picture, float] | None:
        return _at_most(self._picture, self.scale, side)

    def cut(self, box: tuple[float, float, float, float]) -> Picture | None:
        x0, y0, x1, y1 = (round(side * self.scale) for side in box)
        height, width = self._picture.shape[:2]
        left, top, right, foot = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
        if right <= left or foot <= top:
            return None
        return _padded(self._picture[top:foot, left:right], (left - x0, top - y0, x1 - right, y1 - foot))


def _crop(sheet: _Sheet, cell: Mapping[str, Any], um_per_px: float) -> Picture | None:
    """A cell with its surroundings, RGB uint8 (CROP_PX, CROP_PX, 3), and ticks at the corners of its box."""
    sides = [float(cell[name]) for name in ("x_min", "y_min", "x_max", "y_max")]
    longest = max(sides[2] - sides[0], sides[3] - sides[1])
    half = max(CROP_UM / um_per_px, 1.25 * longest) / 2
    if longest * sheet.scale < CELL_MIN_PX:
        return None
    x, y = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
    cut = sheet.cut((x - half, y - half, x + half, y + half))
    if cut is None:
        return None
    method = cv2.INTER_AREA if cut.shape[0] > CROP_PX else cv2.INTER_CUBIC
    picture = np.asarray(cv2.resize(cut, (CROP_PX, CROP_PX), interpolation=method), np.uint8)
    if not sheet.is_marked:
        zoom = CROP_PX / (2 * half)
        starts = (x - half, y - half, x - half, y - half)
        _ticks(picture, [(side - start) * zoom for side, start in zip(sides, starts, strict=True)])
    return picture


def _ticks(picture: Picture, box: Sequence[float]) -> None:
    """Mark the four corners of a box from outside: nothing of the cell is covered."""
    reach, gap = 7, 3
    for x, right in ((box[0] - gap, 1), (box[2] + gap, -1)):
        for y, down in ((box[1] - gap, 1), (box[3] + gap, -1)):
            corner = (round(x), round(y))
            for colour, width in (((255, 255, 255), 3), ((0, 0, 0), 1)):
                cv2.line(picture, corner, (corner[0] + reach * right, corner[1]), colour, width)
                cv2.line(picture, corner, (corner[0], corner[1] + reach * down), colour, width)


def _small(picture: Picture, scale: float) -> SmallPicture:
    return SmallPicture(uri=jpeg_uri(picture), width=picture.shape[1], height=picture.shape[0], scale=scale)


def _at_most(picture: Picture, scale: float, side: int) -> tuple[Picture, float]:
    """The picture with a longer side of at most so many px."""
    zoom = min(1.0, side / max(picture.shape[:2]))
    if zoom == 1.0:
        return picture, scale
    size = max(1, round(picture.shape[1] * zoom)), max(1, round(picture.shape[0] * zoom))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8), scale * zoom


def _shrink(times: float) -> int:
    """The largest power of two up to a number, 1 to 64."""
    shrink = 1
    while shrink * 2 <= min(times, SHRINK_MAX):
        shrink *= 2
    return shrink


def _padded(picture: Picture, margins: tuple[int, int, int, int]) -> Picture:
    left, top, right, foot = margins
    if not any(margins):
        return picture
    value = (GROUND, GROUND, GROUND)
    return np.asarray(
        cv2.copyMakeBorder(picture, top, foot, left, right, cv2.BORDER_CONSTANT, value=value), np.uint8
    )

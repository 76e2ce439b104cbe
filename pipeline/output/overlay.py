"""The overlays of a counted slide: its fields are read again, small, and every cell is marked."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.counting.result import CountResult
from pipeline.errors import SlideError
from pipeline.names import one_of_folder
from pipeline.output.film_areas import areas_legend, tint_areas
from pipeline.output.marked_cells import marked_cells, marks_are_small
from pipeline.output.sheet import (
    SHEET_PICTURES_MAX,
    contact_sheet,
    draw_overlay,
    mark_cells,
    overlay_zoom,
    sheet_zoom,
)
from pipeline.planning.overview import field_picture
from pipeline.reader.field import Field
from pipeline.reader.slide import open_slide
from pipeline.records import FieldResult, SlideSummary
from pipeline.wording import count_line, percent_text, verdict_text

__all__ = ["Seen", "field_file_name", "overlays"]

Seen = Callable[[str, NDArray[np.uint8], float], None]
UNREADABLE = 128  # grey of a part that could not be read


def overlays(
    source: Path, result: CountResult, seen: Seen | None = None, marked: pd.DataFrame | None = None
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Draw the overlays of a slide, one at a time.

    A slide of one field gives overlay.jpg. A slide of many gives overlays/<field>.jpg for each, and
    overlay.jpg as a contact sheet: of all fields, or of those with the most infected cells where there are
    more than fit, and of the photos that are left out.

    Parameters
    ----------
    seen : called with the name of each field that is there, its unmarked picture, RGB uint8 (H, W, 3), and px
        of that per level-0 px, so that nobody need decode it again.
    marked : the cells to mark, see `MarkedCells`; None goes through the result's parts.

    Yields
    ------
    name : of the file inside the result's folder.
    picture : RGB uint8 (H, W, 3).
    """
    left_out: list[tuple[Field, str]] = []
    cells = _standing_out(marked_cells(result) if marked is None else marked, result.summary)
    with ExitStack() as stack:
        there: dict[tuple[str, int, int], Field] = {}
        with suppress(SlideError):  # it went away after it was counted
            slide = stack.enter_context(open_slide(source))
            there = {(field.name, field.width, field.height): field for field in slide.fields}
            reasons = {one.name: one.code for one in result.summary.excluded_fields}
            left_out = [(field, reasons[field.name]) for field in slide.fields if field.name in reasons]
        fields = [
            there.get((field.name, field.width, field.height)) or _Gone(field)
            for field in result.summary.fields
        ]
        if len(fields) == 1:
            yield "overlay.jpg", _one(fields[0], result, cells, seen)
        else:
            yield from _many(fields, result.summary, cells, seen, left_out)


class _Gone:
    """A field that is no longer there: its marks are drawn on grey."""

    def __init__(self, field: FieldResult) -> None:
        self.name, self.width, self.height = field.name, field.width, field.height
        self.um_per_px = field.um_per_px

    def read(self, x: int, y: int, width: int, height: int, shrink: int) -> NDArray[np.uint8]:
        raise SlideError(f"{self.name} is gone")

    def stored_shrink(self, shrink: int) -> int:
        return 1


def slide_caption(summary: SlideSummary, shown: int | None = None) -> str:
    """The count of a slide and its verdict in one line; a partial count says so first."""
    partial = "PARTIAL COUNT - " if summary.status == "partial" else ""
    verdict = verdict_text(summary.verdict, _looked_at(summary))
    line = f"{partial}{summary.slide}: {count_line(summary)} - {verdict}"
    if summary.excluded_fields:
        line += f" - {len(summary.excluded_fields)} photos are left out"
    hidden = len(summary.fields) - shown if shown is not None else 0
    return f"{line} - {hidden} fields with fewer infected cells are not shown here" if hidden else line


def _looked_at(summary: SlideSummary) -> int | None:
    return None if summary.second_look is None else summary.second_look.cells


def _standing_out(cells: pd.DataFrame, summary: SlideSummary) -> pd.DataFrame:
    """The cells, and in the column `stands_out` which of them a person must look at."""
    look = summary.second_look
    least = look.least_p if look is not None and summary.verdict == "uncertain" else math.inf
    chance = pd.to_numeric(cells["p_infected"], errors="coerce")
    return cells.assign(stands_out=cells["counted"].astype(bool) & (chance >= least))


def field_caption(field: FieldResult) -> str:
    """The count of a field in one line; no interval, for the slide is what is judged."""
    share = percent_text(field.infected / field.counted if field.counted else None)
    return f"{field.name}: {field.infected} infected of {field.counted} red cells: {share}"


def _one(field: Field, result: CountResult, cells: pd.DataFrame, seen: Seen | None) -> NDArray[np.uint8]:
    """A photo with every cell marked; a scan with its infected cells, and where it was not counted."""
    picture, scale = _picture(field, seen)
    area = result.areas.get(field.name)
    if area is not None:
        picture = tint_areas(picture, area)
    if marks_are_small(result.summary.fields[0]):
        cells = cells[cells["infected"].astype(bool) | cells["stands_out"]]
    drawn = draw_overlay(picture, cells, scale, slide_caption(result.summary))
    if area is None:
        return drawn
    return np.vstack([drawn, areas_legend(drawn.shape[1], result.summary.area_mm2)])


def _many(
    fields: Sequence[Field],
    summary: SlideSummary,
    all_cells: pd.DataFrame,
    seen: Seen | None,
    left_out: Sequence[tuple[Field, str]],
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    found = {field.name: field for field in summary.fields}
    groups = {str(name): rows for name, rows in all_cells.groupby("field", sort=False, observed=True)}
    on_sheet = _most_infected(summary.fields)
    left_out = left_out[: SHEET_PICTURES_MAX - len(on_sheet)]
    small, captions, places = [], [], len(on_sheet) + len(left_out)
    for number, field in enumerate(fields, start=1):
        caption = field_caption(found[field.name])
        cells = groups.get(field.name, all_cells.iloc[:0])
        picture, scale = _picture(field, seen)
        name = f"overlays/{field_file_name(field.name, number, [other.name for other in fields])}.jpg"
        yield name, draw_overlay(picture, cells, scale, caption)
        if field.name in on_sheet:
            zoom = sheet_zoom(picture.shape[1], picture.shape[0], places)
            small.append(mark_cells(_resized(picture, zoom), cells, scale * zoom))
            captions.append(caption)
    shown = len(small)
    for field, code in left_out:
        picture, _ = _picture(field, None)
        small.append(_resized(picture, sheet_zoom(picture.shape[1], picture.shape[0], places)))
        captions.append(f"{field.name}: left out ({code})")
    if small:
        yield "overlay.jpg", contact_sheet(small, captions, slide_caption(summary, shown))


def _picture(field: Field, seen: Seen | None) -> tuple[NDArray[np.uint8], float]:
    """The whole field at the overlay's size, and overlay px per level-0 px."""
    shrink, enlarge = overlay_zoom(field.width, field.height)
    picture = _read_small(field, shrink)
    if seen is not None and not isinstance(field, _Gone):
        seen(field.name, picture, 1 / shrink)
    return _resized(picture, float(enlarge)), enlarge / shrink


def _resized(picture: NDArray[np.uint8], zoom: float) -> NDArray[np.uint8]:
    if zoom == 1.0:
        return picture
    method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    size = max(1, round(picture.shape[1] * zoom)), max(1, round(picture.shape[0] * zoom))
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)


def _read_small(field: Field, shrink: int) -> NDArray[np.uint8]:
    """The whole field at 1/shrink; what cannot be read is grey."""
    try:
        picture = field_picture(field, shrink)
    except SlideError:
        height, width = -(-field.height // shrink), -(-field.width // shrink)
        return np.full((height, width, 3), UNREADABLE, np.uint8)
    picture.pixels[~picture.known] = UNREADABLE
    return picture.pixels


def _most_infected(fields: tuple[FieldResult, ...]) -> frozenset[str]:
    ranked = sorted(fields, key=lambda field: -field.infected)
    return frozenset(field.name for field in ranked[:SHEET_PICTURES_MAX])


def field_file_name(name: str, number: int, names: Sequence[str]) -> str:
    """A field's name as a file name; its number, from 1, is put before it where two fields share one."""
    plain = name.replace("/", "_").replace("\\", "_").lstrip(".") or f"field-{number}"
    shared = sum(one_of_folder(other) == one_of_folder(name) for other in names) > 1
    return f"{number:04d}-{plain}" if shared else plain

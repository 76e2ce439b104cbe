"""Rendered smears: pictures of a stained thin film with the exact truth beside them."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.files import new_folder, write_synced
from pipeline.synthetic.drawn import FilmWindow, drawn, extent_px
from pipeline.synthetic.layout import Layout, lay_out
from pipeline.synthetic.optics import BLUR_REACH, expose
from pipeline.synthetic.settings import (
    STAGES,
    Optics,
    Palette,
    RenderSettings,
    crescent_settings,
    varied_settings,
)

__all__ = [
    "FIELD_PX_MAX",
    "Optics",
    "Palette",
    "RenderSettings",
    "RenderedField",
    "crescent_settings",
    "draw_window",
    "render_field",
    "render_set",
    "truth",
    "varied_settings",
]


FIELD_PX_MAX = 20_000
"""Longest side of a field, which is in memory whole; a scan is not."""

_STRIP_PX = 1024  # rows of a field that are drawn together, which bounds the memory


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedField:
    """One rendered field.

    Attributes
    ----------
    image : uint8 RGB (height, width, 3), as read back from `jpeg`.
    cells : columns label, x, y, xmin, ymin, xmax, ymax (px of the image), one row a cell.
    jpeg : the same picture as a JPEG file.
    """

    image: NDArray[np.uint8]
    cells: pd.DataFrame
    jpeg: bytes


def render_field(settings: RenderSettings, rng: np.random.Generator) -> RenderedField:
    """Render one field.

    Raises
    ------
    InputError : a side is longer than FIELD_PX_MAX.
    """
    if max(settings.width, settings.height) > FIELD_PX_MAX:
        raise InputError(
            f"a field of {settings.width} x {settings.height} px would be in memory whole; "
            f"render at most {FIELD_PX_MAX} px a side, or a scan (--scan)"
        )
    layout = lay_out(settings, rng)
    strips = [
        draw_window(layout, 0, top, settings.width, min(_STRIP_PX, settings.height - top))
        for top in range(0, settings.height, _STRIP_PX)
    ]
    picture = np.concatenate(strips)
    quality = [cv2.IMWRITE_JPEG_QUALITY, settings.optics.jpeg_quality]
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), quality)
    image = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR_RGB), np.uint8)
    return RenderedField(image=image, cells=truth(layout), jpeg=jpeg.tobytes())


def render_set(settings: RenderSettings, out: Path) -> Path:
    """Write the fields of one rendered slide as a field set: fields.csv, cells.csv and images/.

    Parameters
    ----------
    out : folder that is made, whole or not at all; it must not exist, or be empty.

    Raises
    ------
    OutputExistsError : something is there already.
    OutputError : the folder cannot be written.
    """
    with new_folder(out) as folder:
        _write_set(settings, folder)
    return out


def _write_set(settings: RenderSettings, folder: Path) -> None:
    (folder / "images").mkdir()
    slide = f"rendered-{settings.seed}"
    fields, cells = [], []
    for number in range(1, settings.fields + 1):
        rendered = render_field(settings, np.random.default_rng([settings.seed, number]))
        name = f"{slide}-{number:03d}"
        image = f"images/{name}.jpg"
        write_synced(folder / image, rendered.jpeg)
        labels = rendered.cells["label"]
        infected = int(labels.isin(STAGES).sum())
        red = infected + int((labels == "uninfected").sum())
        fields.append((name, slide, image, 1, red, infected))
        cells.append(rendered.cells.assign(field=name))
    columns = ["field", "slide", "image", "complete", "n_rbc", "n_parasitized"]
    rows = pd.concat(cells)[["field", "label", "x", "y", "xmin", "ymin", "xmax", "ymax"]]
    write_synced(folder / "fields.csv", pd.DataFrame(fields, columns=columns).to_csv(index=False).encode())
    write_synced(folder / "cells.csv", rows.to_csv(index=False).encode())


def draw_window(layout: Layout, left: int, top: int, width: int, height: int) -> NDArray[np.uint8]:
    """Draw a window of a layout, px of the field; the same pixels in whatever window they are drawn."""
    settings = layout.settings
    spread = settings.optics.defocus_um + settings.optics.shift_um
    halo = int(np.ceil(BLUR_REACH * spread / settings.um_per_px)) + 2
    absorbance = np.empty((height + 2 * halo, width + 2 * halo, 3), np.float32)
    absorbance[:] = settings.palette.plasma
    film = FilmWindow(absorbance=absorbance, red=np.zeros_like(absorbance))
    for body in layout.bodies:
        reach = 4 * max(body.radius_um, 1.0) / settings.um_per_px + 4
        if not (left - halo - reach < body.x < left + width + halo + reach):
            continue
        if not (top - halo - reach < body.y < top + height + halo + reach):
            continue
        stamp = drawn(body, settings)
        x, y = round(body.x) + stamp.left - left, round(body.y) + stamp.top - top
        film.lay(stamp, x + halo, y + halo, settings.palette.overlap)
    return expose(layout, film.absorbance + film.red, left, top, halo)


def truth(layout: Layout) -> pd.DataFrame:
    """The rows of cells.csv of a layout, without the name of the field."""
    rows = []
    for body in layout.bodies:
        if not body.label:
            continue
        box = np.asarray(extent_px(body, layout.settings)) + (body.x, body.y) * 2
        xmin, ymin, xmax, ymax = (round(float(side), 1) for side in box)
        x, y = round((xmin + xmax) / 2, 2), round((ymin + ymax) / 2, 2)
        rows.append((body.label, x, y, xmin, ymin, xmax, ymax))
    return pd.DataFrame(rows, columns=["label", "x", "y", "xmin", "ymin", "xmax", "ymax"])

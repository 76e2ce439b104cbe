"""One body of a film as it is drawn, and how it is laid over the others: for fields and for scans alike."""

from dataclasses import dataclass

import numpy as np

from pipeline.synthetic.layout import Body
from pipeline.synthetic.other_bodies import body_outline, draw_body
from pipeline.synthetic.red_cells import draw_red_cell, red_cell_outline
from pipeline.synthetic.settings import RenderSettings
from pipeline.synthetic.shapes import F32

__all__ = ["Extent", "FilmWindow", "Stamp", "drawn", "extent_px"]

Extent = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The absorbance of one body.

    Attributes
    ----------
    left, top : px from the body's centre to the stamp's corner.
    red : float32 (height, width, 3), of a red cell itself; None for another body.
    layer : float32 (height, width, 3), of what lies in a red cell and along its edge, or of another body.
    """

    left: int
    top: int
    red: F32 | None
    layer: F32


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmWindow:
    """The absorbance of a window of film, (height, width, 3), on which bodies are laid one after the other.

    Attributes
    ----------
    absorbance : of the plasma and of all but the red cells. red : of the red cells.
    """

    absorbance: F32
    red: F32

    def lay(self, stamp: Stamp, left: int, top: int, overlap: float) -> None:
        """Lay a body on the film, the stamp's first px at (left, top) of the window.

        Where red cells lie on each other, `overlap` of the thinner one is added.
        """
        if stamp.red is not None:
            under, over = _shared(self.red, stamp.red, left, top)
            both = np.minimum(under, over)
            both *= np.float32(1 - overlap)
            under += over
            under -= both
        under, over = _shared(self.absorbance, stamp.layer, left, top)
        under += over


def drawn(body: Body, settings: RenderSettings) -> Stamp:
    """A body drawn by itself."""
    left, top = round(body.x), round(body.y)
    own = draw_red_cell(body, settings) if body.kind == "red_cell" else draw_body(body, settings)
    return Stamp(left=own.patch.left - left, top=own.patch.top - top, red=own.red, layer=own.layer)


def extent_px(body: Body, settings: RenderSettings) -> Extent:
    """Lowest x and y, highest x and y of a body's outline, px from its centre."""
    outline = red_cell_outline(body, settings) if body.kind == "red_cell" else body_outline(body)
    left, top, right, bottom = (side / settings.um_per_px for side in outline.extent_um())
    return left, top, right, bottom


def _shared(window: F32, layer: F32, column: int, row: int) -> tuple[F32, F32]:
    """The pixels that a window and a layer share; the layer's first one is at (column, row) of the window."""
    height, width = layer.shape[:2]
    under = window[max(row, 0) : max(row + height, 0), max(column, 0) : max(column + width, 0)]
    from_row, from_column = max(-row, 0), max(-column, 0)
    return under, layer[from_row : from_row + under.shape[0], from_column : from_column + under.shape[1]]

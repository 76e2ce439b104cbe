"""Sheets of the worst errors: each cell as the classifier sees it and in the photo, its facts beneath."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipeline.evaluation.plots.cell_views import CellView
from pipeline.evaluation.plots.style import INK, Subject, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FALSE_POSITIVE", "MISSED", "draw_sheet", "worst_errors"]

FALSE_POSITIVE, MISSED = "false positive", "missed"
MOST = 50
"""Errors on the sheets together, half of each kind; a kind that has fewer leaves its places to the other."""
COLUMNS = 5
_TITLES = {
    FALSE_POSITIVE: "uninfected cells called infected, highest probability first",
    MISSED: "infected cells not called, lowest probability first",
}
_LONGEST = 30
"""Letters of a field's name that fit under a cell; of a longer one the end is shown."""


def worst_errors(errors: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The worst errors of one kind, worst first.

    The worse, the farther the probability lies on the wrong side. An infected cell that was not detected was
    given no chance at all and comes first.

    Parameters
    ----------
    errors : columns error, p_infected, field, and y, x where the cells have a place.
    """
    ranked = {
        name: errors[errors["error"] == name].assign(
            away=lambda rows: (
                rows["p_infected"].fillna(-1.0) * (-1 if rows["error"].eq(FALSE_POSITIVE).all() else 1)
            )
        )
        for name in (FALSE_POSITIVE, MISSED)
    }
    other = FALSE_POSITIVE if kind == MISSED else MISSED
    places = max(MOST // 2, MOST - len(ranked[other]))
    order = ["away", "field", *(name for name in ("y", "x") if name in errors)]
    return (
        ranked[kind]
        .sort_values(order, kind="stable")
        .head(places)
        .drop(columns="away")
        .reset_index(drop=True)
    )


def draw_sheet(
    cells: pd.DataFrame, views: Sequence[CellView], kind: str, every: int, subject: Subject
) -> "Figure":
    """One sheet of one kind of error.

    Parameters
    ----------
    cells : rows of `worst_errors`, at least one. views : their pictures.
    every : errors of this kind in all.
    """
    rows = math.ceil(len(cells) / COLUMNS)
    right = "the crop as the set holds it" if views[0].box is None else "the photo, the cell in its box"
    figure, panels = new_figure(
        f"{subject.source}: {len(cells)} of {every} {_TITLES[kind]}",
        f"Left of each: what the classifier looked at. Right: {right}. "
        f"{subject.cells}; threshold {subject.threshold:.3f}. {subject.networks}.\n"
        f"The licence of {subject.source} says whether this sheet may be passed on.",
        (16.0, 1.4 + 2.15 * rows),
        (rows, COLUMNS),
    )
    for axes in panels:
        axes.set_axis_off()
    for axes, cell, view in zip(panels, cells.to_dict("records"), views, strict=False):
        _draw_cell(axes, view)
        axes.set_title(_words(cell, view, subject), y=-0.06, va="top", fontsize=9.5, linespacing=1.25)
    return figure


def _draw_cell(axes: "Axes", view: CellView) -> None:
    """Both pictures side by side, in units of a picture's side."""
    from matplotlib.patches import Rectangle

    if view.seen is None:
        axes.add_patch(Rectangle((0, 0), 1, 1, facecolor="#ededed", edgecolor=INK, linewidth=0.8))
        axes.text(0.5, 0.5, "not\ndetected", ha="center", va="center", fontsize=11)
    else:
        axes.imshow(view.seen, extent=(0, 1, 1, 0), interpolation="nearest")
    height, width = view.photo.shape[:2]
    side = max(height, width)
    left, top = 1.04 + (1 - width / side) / 2, (1 - height / side) / 2
    axes.imshow(
        view.photo, extent=(left, left + width / side, top + height / side, top), interpolation="nearest"
    )
    if view.box is not None:
        x0, y0, x1, y1 = (value / side for value in view.box)
        for colour, line in (("white", 3.0), (INK, 1.2)):
            axes.add_patch(
                Rectangle(
                    (left + x0, top + y0), x1 - x0, y1 - y0, fill=False, edgecolor=colour, linewidth=line
                )
            )
    axes.set(xlim=(-0.02, 2.06), ylim=(1.02, -0.02), aspect="equal")


def _words(cell: dict[str, object], view: CellView, subject: Subject) -> str:
    """Three lines: probability and label, field or crop, place."""
    p_infected = float(str(cell["p_infected"]))
    chance = f"p {p_infected:.3f}" if np.isfinite(p_infected) else "no probability"
    label = str(cell["label"]) or "no label"
    name = str(cell["field"]).rpartition("/")[2]
    name = name if len(name) <= _LONGEST else f"…{name[-_LONGEST:]}"
    group = f"{subject.group} {cell['group']}"
    if view.box is None:
        return f"{chance}, {label}\n{name}\n{group}"
    return f"{chance}, {label}, {group}\n{name}\nx {float(str(cell['x'])):.0f}, y {float(str(cell['y'])):.0f}"

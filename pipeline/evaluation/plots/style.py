"""The style of every plot: size, letters, colours and marks that stay apart in grey print, and PNG bytes.

Colours follow Okabe and Ito, Color Universal Design (2008). Curves differ in their dashes and marks too.
"""

import io
import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import OutputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "GREY",
    "INK",
    "MOST_STYLES",
    "LineStyle",
    "Subject",
    "drawn",
    "line_styles",
    "new_figure",
    "place_legend",
    "require_matplotlib",
]

INK, GREY = "#1a1a1a", "#7f7f7f"
DPI = 100
LETTERS_PT = 12
TITLE_LETTERS, NOTE_LETTERS = 8.5, 14.0
"""Letters of a title and of a note that fit an inch."""
LEGEND_ROW_IN = 0.27
TITLES_IN = 1.5
"""Height that the title, the words at the axes and the note at the foot take together."""
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_DASHES: tuple[tuple[float, ...], ...] = ((6, 2), (2, 1.5), (8, 2, 2, 2), (4, 4), (1, 2), (10, 2, 1, 2, 1, 2))
MOST_STYLES = 6
_MARKS = ("s", "^", "D", "v", "P", "X")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a plot shows: the words of its titles.

    Attributes
    ----------
    source : name of the labelled set. cells : what was measured, such as '10 fields of 5 slides'.
    group : what the set is split by, 'slide' or 'patient'. networks : what measured it.
    threshold : least probability called infected.
    """

    source: str
    cells: str
    group: str
    networks: str
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStyle:
    """Colour, dashes (points on and off) and mark of one curve."""

    colour: str
    dashes: tuple[float, ...]
    mark: str


def require_matplotlib() -> None:
    """Raise OutputError where matplotlib is missing, before any work is done."""
    if find_spec("matplotlib") is None:
        raise OutputError("matplotlib is missing; install smearcount[train] to draw pictures")


def line_styles(names: Sequence[str]) -> dict[str, LineStyle]:
    """A style for each of the first `MOST_STYLES` names."""
    return {
        name: LineStyle(colour=colour, dashes=dashes, mark=mark)
        for name, colour, dashes, mark in zip(names, _COLOURS, _DASHES, _MARKS, strict=False)
    }


def new_figure(
    title: str, note: str, size_in: tuple[float, float], panels: tuple[int, int] = (1, 1)
) -> "tuple[Figure, list[Axes]]":
    """Figure with a bold title, a note at its foot, and panels in reading order."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size_in, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(textwrap.fill(title, int(TITLE_LETTERS * size_in[0])), x=0.01, ha="left")
    lines = [textwrap.fill(line, int(NOTE_LETTERS * size_in[0])) for line in note.split("\n")]
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=LETTERS_PT - 3, color="#404040")
    grid = figure.add_gridspec(*panels)
    return figure, [figure.add_subplot(grid[place]) for place in np.ndindex(*panels)]


def place_legend(figure: "Figure", panels: "Sequence[Axes]", columns: int) -> None:
    """Put the legend of the first of a row of panels below them, in a strip where it covers nothing."""
    handles, labels = panels[0].get_legend_handles_labels()
    strip_in = LEGEND_ROW_IN * math.ceil(len(labels) / columns)
    panel_in = max(figure.get_figheight() - strip_in - TITLES_IN, 1.0)
    grid = figure.add_gridspec(2, len(panels), height_ratios=(panel_in, strip_in))
    for place, axes in enumerate(panels):
        axes.set_subplotspec(grid[0, place])
    strip = figure.add_subplot(grid[1, :])
    strip.set_axis_off()
    legend = strip.legend(
        handles, labels, loc="upper left", ncols=columns, handlelength=3.2, borderaxespad=0, borderpad=0
    )
    legend.set_in_layout(False)  # a wide one must not make the panels narrow


def drawn(draw: "Callable[[], Figure]") -> bytes:
    """PNG of the figure that `draw` makes, in the style of this module; equal numbers give equal bytes."""
    with _house_style():
        buffer = io.BytesIO()
        draw().savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


@contextmanager
def _house_style() -> Iterator[None]:
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rc("font", family="DejaVu Sans", size=LETTERS_PT)
        matplotlib.rc("axes", titlesize=LETTERS_PT, labelsize=LETTERS_PT + 1, edgecolor=INK)
        matplotlib.rc("axes", grid=True, axisbelow=True)
        matplotlib.rc("axes.spines", top=False, right=False)
        matplotlib.rc("grid", color="#d9d9d9", linewidth=0.7)
        matplotlib.rc("legend", fontsize=LETTERS_PT - 1, frameon=False)
        matplotlib.rc("figure", titlesize=LETTERS_PT + 2, titleweight="bold")
        yield

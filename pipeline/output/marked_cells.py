"""The cells that the overlays of a slide mark, kept while its table goes by."""

import pandas as pd

from pipeline.counting.result import CountResult, TableHead
from pipeline.counting.second_look import DOUBTFUL_P
from pipeline.counting.summary import FieldFacts
from pipeline.output.marks import OUTLINED_MIN_PX
from pipeline.output.sheet import overlay_zoom
from pipeline.records import FieldResult

__all__ = ["MarkedCells", "marked_cells", "marks_are_small"]

CELL_UM = 7.5  # across, of a red cell
_COLUMNS = ("field", "kind", "counted", "infected", "p_infected", "x_min", "y_min", "x_max", "y_max")
"""What an overlay needs of a cell."""


def marks_are_small(field: FieldFacts | FieldResult) -> bool:
    """Whether the cells of a field are too small on its overlay for all of them to be outlined."""
    shrink, enlarge = overlay_zoom(field.width, field.height)
    return CELL_UM / field.um_per_px * enlarge / shrink < OUTLINED_MIN_PX


class MarkedCells:
    """A `PartsReader`: all cells of photos; of a scan, those of its infected and doubtful cells alone.

    All cells of a large scan would not fit into memory.
    """

    def __init__(self) -> None:
        self._parts: list[pd.DataFrame] = []
        self._stand_out_alone = False

    def begin(self, head: TableHead) -> None:
        """See `PartsReader.begin`."""
        self._parts = []
        self._stand_out_alone = len(head.fields) == 1 and marks_are_small(head.fields[0])

    def add(self, cells: pd.DataFrame) -> None:
        """See `PartsReader.add`."""
        if self._stand_out_alone:
            high = pd.to_numeric(cells["p_infected"], errors="coerce") >= DOUBTFUL_P
            cells = cells[cells["infected"].astype(bool) | high]
        self._parts.append(cells[list(_COLUMNS)])

    def table(self) -> pd.DataFrame | None:
        """All of them; None where no table went by."""
        return pd.concat(self._parts, ignore_index=True) if self._parts else None


def marked_cells(result: CountResult) -> pd.DataFrame:
    """The same of a count whose table has gone by already."""
    marked = MarkedCells()
    fields = tuple(
        FieldFacts(name=one.name, width=one.width, height=one.height, um_per_px=one.um_per_px)
        for one in result.summary.fields
    )
    marked.begin(TableHead(slide=result.summary.slide, fields=fields, threshold=0.5))
    for part in result.parts:
        marked.add(part)
    found = marked.table()
    return result.cells if found is None else found

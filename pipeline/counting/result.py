"""What a count gives before it is written, and what became of a slide."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.specks import SPECK_PX
from pipeline.counting.second_look import DOUBTFUL_P
from pipeline.planning.area import CountedArea
from pipeline.records import SlideSummary

__all__ = ["DRAWN_COLUMNS", "CountResult", "SlideOutcome", "infected_cells"]

DRAWN_COLUMNS = ("kind", "counted", "infected", "p_infected", "x_min", "y_min", "x_max", "y_max")
"""What an overlay needs of a cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountResult:
    """Everything a count gives before it is written.

    Attributes
    ----------
    parts : tables of the slide's cells, one after the other, columns CELL_COLUMNS in that order, one row an
        object; can be gone through again and again.
    run : versions, hashes, settings, seed and times for run.json (JSON-ready).
    areas : of each field of which only a part was counted, by its name, which part that was.
    infected : `DRAWN_COLUMNS` of the infected and the doubtful cells; None where they are still to be
        picked from the parts.
    specks : uint8 (n, SPECK_PX, SPECK_PX, 3), light that passes the specks kept of the slide\'s ground.
    """

    summary: SlideSummary
    parts: Iterable[pd.DataFrame]
    run: dict[str, object]
    areas: Mapping[str, CountedArea] = field(default_factory=dict)
    infected: pd.DataFrame | None = None
    specks: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, SPECK_PX, SPECK_PX, 3), np.uint8))

    @property
    def cells(self) -> pd.DataFrame:
        """All cells as one table: for a gigapixel slide this takes gigabytes."""
        return pd.concat(list(self.parts), ignore_index=True)


def infected_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """What is drawn of the infected and the doubtful cells of a part: all cells of a large scan would not fit
    into memory.
    """
    high = pd.to_numeric(cells["p_infected"], errors="coerce") >= DOUBTFUL_P
    return cells.loc[cells["infected"].astype(bool) | high, list(DRAWN_COLUMNS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideOutcome:
    """What became of one slide.

    Attributes
    ----------
    folder, summary : where its results are and what they say; None where it failed.
    error : one line; None where it did not fail.
    exists : the result was there before, of the same slide and settings.
    """

    slide: str
    source: Path
    folder: Path | None
    summary: SlideSummary | None
    error: str | None
    exists: bool = False

    @property
    def state(self) -> str:
        """'done', 'exists' (done before), 'partial' (some of the slide could not be read) or 'failed'."""
        if self.summary is None:
            return "failed"
        if self.summary.status == "partial":
            return "partial"
        return "exists" if self.exists else "done"

    @property
    def refusal(self) -> str | None:
        """Why quality control refuses the count, one line; None where it does not, or there is none."""
        notices = () if self.summary is None else self.summary.notices
        return next((notice.text for notice in notices if notice.severity == "refuse"), None)

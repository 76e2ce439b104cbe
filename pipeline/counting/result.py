"""What a count gives before it is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.specks import SPECK_PX
from pipeline.counting.summary import FieldFacts
from pipeline.planning.area import CountedArea
from pipeline.records import SlideSummary

__all__ = ["CountResult", "PartsReader", "TableHead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableHead:
    """What is known of a slide's table before its rows.

    Attributes
    ----------
    slide : its name.
    fields : those that are counted, in the slide's order.
    threshold : probability from which a cell is called infected, 0 to 1.
    """

    slide: str
    fields: tuple[FieldFacts, ...]
    threshold: float


class PartsReader(Protocol):
    """Takes the parts of a slide's table in the one pass that adds them up."""

    def begin(self, head: TableHead) -> None:
        """The first part comes next. What was taken before is void: a photo has been left out since."""

    def add(self, cells: pd.DataFrame) -> None:
        """Take the next part, columns `records.CELL_COLUMNS` and more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountResult:
    """Everything a count gives before it is written.

    Attributes
    ----------
    parts : tables of the slide's cells, one after the other, columns CELL_COLUMNS in that order, one row an
        object; can be gone through again and again.
    run : versions, hashes, settings, seed and times for run.json (JSON-ready).
    areas : of each field of which only a part was counted, by its name, which part that was.
    specks : uint8 (n, SPECK_PX, SPECK_PX, 3), light that passes the specks kept of the slide's ground.
    """

    summary: SlideSummary
    parts: Iterable[pd.DataFrame]
    run: dict[str, object]
    areas: Mapping[str, CountedArea] = field(default_factory=dict)
    specks: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, SPECK_PX, SPECK_PX, 3), np.uint8))

    @property
    def cells(self) -> pd.DataFrame:
        """All cells as one table: for a gigapixel slide this takes gigabytes."""
        return pd.concat(list(self.parts), ignore_index=True)

"""A count as a person corrected it: the labels given to some of its cells."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from pipeline.errors import InputError
from pipeline.reports.readers.reading import Reading
from pipeline.reports.stored import read_stored
from pipeline.tables.labels import CellLabel, read_labels

__all__ = ["reviewed_readings"]


def reviewed_readings(table: Path) -> dict[str, Reading]:
    """Readings of the slides in a table of labels; what nobody labelled counts as it was called.

    A cell that was not counted stays out of the count whatever its label.

    Raises
    ------
    InputError
        Where a table or a result cannot be read, or a row names no cell of its slide.
    """
    of_slide: defaultdict[Path, dict[int, CellLabel]] = defaultdict(dict)
    for label in read_labels([table], None):
        of_slide[label.folder][label.cell] = label
    found = {}
    for folder, labels in of_slide.items():
        stored = read_stored(folder)
        reading = _reading(stored.parts(), labels)
        if reading.counted and stored.summary["verdict"] != "not countable":
            found[str(stored.summary["slide"])] = reading
    return found


def _reading(parts: Iterable[pd.DataFrame], labels: Mapping[int, CellLabel]) -> Reading:
    """Asexual stages alone, of all parts of a slide's cells."""
    infected = counted = 0
    unseen = dict(labels)
    asexual = {cell: label.infected and not label.is_gametocyte for cell, label in labels.items()}
    for part in parts:
        called = part["infected"] & (part["stage"] != "gametocyte")
        given = part["cell"].map(asexual)
        decided = called.where(given.isna(), given.fillna(False).astype(bool))
        infected += int((decided & part["counted"]).sum())
        counted += int(part["counted"].sum())
        for cell in part.loc[given.notna(), "cell"]:
            unseen.pop(cell)
    for label in unseen.values():
        raise InputError(
            f"{label.place}, column cell: {label.folder.name} has no cell {label.cell}; expected a number in "
            "its cells.csv; mend the row"
        )
    return Reading(infected=infected, counted=counted)

"""Compare readers of the same slides."""

from collections.abc import Sequence
from os import PathLike

import pandas as pd

from pipeline.errors import InputError
from pipeline.reports.readers.agreement import compared
from pipeline.reports.readers.readings import read_readers
from smearcount.given import path_of

__all__ = ["compare"]


def compare(readers: Sequence[str | PathLike[str]]) -> pd.DataFrame:
    """Two readers or more of the same slides, and which slides a third must read (rule of Obare).

    Parameters
    ----------
    readers : counted folders, summary.json files, CSVs of manual counts (slide, infected, counted), or of
        cells that a person reviewed (slide, cell, label).

    Returns
    -------
    One row a slide that two of them read: slide; parasitaemia (0 to 1) of each reader by name, NaN where it
    has none; discordant, opposed, third_needed; final, NaN where a third reader must decide.

    Raises
    ------
    InputError
        Where fewer than two are given, one cannot be read (row and column are named), or no slide is common.
    """
    if isinstance(readers, str | PathLike):
        raise InputError(f"readers is one path, {readers}; expected a list of two or more")
    found = compared(read_readers([path_of(reader, "reader") for reader in readers]))
    rows = []
    for slide in found.slides:
        fractions = [None if reading is None else reading.fraction for reading in slide.readings]
        rows.append(
            {
                "slide": slide.slide,
                **dict(zip(found.readers, fractions, strict=True)),
                "discordant": slide.discordant,
                "opposed": slide.opposed,
                "third_needed": slide.third_needed,
                "final": slide.final,
            }
        )
    table = pd.DataFrame(rows)
    return table.astype({name: "float64" for name in (*found.readers, "final")})

"""What is chosen for a report before its pictures are cut."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.reports.slide.pictures import PictureBook
from pipeline.reports.slide.selection import Selection, select_cells
from pipeline.reports.slide.slide_map import mapped_fields

__all__ = ["Draft", "draft_of", "draft_report", "look_from"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The cells of a report, names of the fields that get a map, and the book of their pictures."""

    chosen: Selection
    mapped: list[str]
    book: PictureBook


def draft_report(
    parts: Iterable[pd.DataFrame],
    summary: Mapping[str, Any],
    run: Mapping[str, Any],
    *,
    is_small: bool = False,
) -> Draft:
    """Choose what a report shows.

    Parameters
    ----------
    parts : tables of cells, columns of cells.csv.
    summary, run : as they stand in summary.json and run.json.
    is_small : pictures of a quarter of the size.
    """
    threshold = float(run.get("models", {}).get("classifier", {}).get("threshold", 0.5))
    names = [str(field["name"]) for field in summary["fields"]]
    return draft_of(select_cells(parts, names, threshold, look_from(summary)), summary, is_small=is_small)


def draft_of(chosen: Selection, summary: Mapping[str, Any], *, is_small: bool = False) -> Draft:
    """What a report shows of these cells; parameters as `draft_report`."""
    fields = summary["fields"]
    mapped = mapped_fields(fields)
    book = PictureBook(fields, chosen.shown, mapped, is_small=is_small)
    return Draft(chosen=chosen, mapped=mapped, book=book)


def look_from(summary: Mapping[str, Any]) -> float | None:
    """From which probability on a person must look at every cell; None where that is not asked."""
    look = summary.get("second_look")
    return float(look["least_p"]) if look and summary["verdict"] == "uncertain" else None

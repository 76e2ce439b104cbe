"""Write report.html: the count of one slide and its evidence, one file that needs no network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.files import write_whole
from pipeline.names import for_css, for_line
from pipeline.output.place import remove_half_written
from pipeline.reports.fhir import CAVEAT
from pipeline.reports.page import page_template
from pipeline.reports.slide.draft import Draft, draft_report, look_from
from pipeline.reports.slide.encoded import evidence_png, png_uri
from pipeline.reports.slide.interval_scale import CLINICAL_MARKS, interval_scale
from pipeline.reports.slide.pictures import CellPictures
from pipeline.reports.slide.selection import Selection
from pipeline.reports.slide.size_chart import size_chart
from pipeline.reports.slide.slide_map import HATCHED, FieldMap, field_map
from pipeline.reports.slide.statements import (
    debris_lines,
    estimate_of,
    figures,
    method_lines,
    settings_rows,
    verdict_words,
)
from pipeline.reports.slide.svg_style import HATCHES
from pipeline.reports.slide.tables import (
    area_rows,
    excluded_rows,
    field_rows,
    finding_of,
    left_out_rows,
)
from pipeline.reports.stored import StoredResult, read_stored
from pipeline.settings import ReportSettings

__all__ = ["REPORT_NAME", "report_page", "report_settings_of", "write_page", "write_report"]

REPORT_NAME = "report.html"
PRINTED_CHARACTERS = 100
"""Of the line at the foot of a printed page: more does not fit on A4."""
_WRITTEN_S = 60.0
"""A report, whole in memory before, is written in less: what is older is left of one that was cut short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _ShownCell:
    """A cell of a gallery: its picture, empty where there is none, and its words.

    Name and number of its field are empty and 0 where the slide has one only.
    """

    uri: str
    title: str
    place: str
    field: str
    field_number: int
    alt: str


def write_report(
    folder: Path, source: Path | None, settings: ReportSettings | None = None, *, is_small: bool = False
) -> Path:
    """Write report.html into the folder of a result, and return its path.

    Parameters
    ----------
    folder : that holds cells.csv, summary.json, run.json and the overlays.
    source : the slide, to cut its cells from; None cuts them from the overlays.
    settings : sample and notes for its head; None takes those of the count.
    is_small : pictures of a quarter of the size.

    Raises
    ------
    InputError
        Where the folder holds no result, or one of its files is damaged.
    OutputError
        Where the report cannot be written.
    """
    stored = read_stored(folder)
    draft = draft_report(stored.parts(), stored.summary, stored.run, is_small=is_small)
    return write_page(stored, draft, source, settings or report_settings_of(stored))


def write_page(stored: StoredResult, draft: Draft, source: Path | None, settings: ReportSettings) -> Path:
    """Write the report of a draft into the result's folder; as `write_report`."""
    remove_half_written(stored.folder, older_than_s=_WRITTEN_S)
    write_whole(stored.folder / REPORT_NAME, report_page(stored, draft, source, settings).encode())
    return stored.folder / REPORT_NAME


def report_page(stored: StoredResult, draft: Draft, source: Path | None, settings: ReportSettings) -> str:
    """The report as HTML; parameters as for `write_report`."""
    chosen = draft.chosen
    pictures = draft.book.complete(stored.folder, source)
    maps = _maps(stored, chosen, pictures, draft.mapped)
    return page_template("report.html").render(
        **_told(stored, chosen.threshold),
        **_shown(stored, chosen, pictures),
        sample=for_line(settings.sample),
        printed_name=for_css(_printed_name(stored, settings)),
        notes=[(for_line(name), for_line(text)) for name, text in settings.notes],
        maps=maps,
        hatched=[
            (*HATCHES[one], words)
            for one, words in HATCHED.values()
            if any(one in each.hatched for each in maps)
        ],
        sizes=size_chart(chosen.sizes),
    )


def _printed_name(stored: StoredResult, settings: ReportSettings) -> str:
    """What stands at the foot of each printed page, so that none is mistaken for that of another slide."""
    sample = f"sample {settings.sample}, " if settings.sample else ""
    return f"{sample}slide {stored.summary['slide']}"[:PRINTED_CHARACTERS]


def _told(stored: StoredResult, threshold: float) -> dict[str, object]:
    """What the report says in words and numbers."""
    summary = stored.summary
    verdict = verdict_words(summary)
    return {
        "slide": for_line(summary["slide"]),
        "verdict": verdict,
        "remarks": [for_line(note) for note in summary.get("notes") or (CAVEAT,)],
        "figures": figures(summary, is_claimed=verdict.is_claimed),
        "scale": _scale(summary) if verdict.is_claimed else "",
        "limit": summary["limit_of_detection"],
        "clinical_marks": [(f"{100 * fraction:g}%", words) for fraction, words in CLINICAL_MARKS.items()],
        "findings": [finding_of(notice) for notice in summary["notices"]],
        "left_out": left_out_rows(summary),
        "left_out_number": len(summary.get("excluded_fields") or ()),
        "failed": summary["failed_tiles"],
        "look_from": look_from(summary),
        "numbers": _numbers(summary["fields"]),
        "field_rows": field_rows(summary["fields"]),
        "fields_number": len(summary["fields"]),
        "excluded": excluded_rows(summary),
        "areas": area_rows(summary),
        "debris": debris_lines(summary),
        "methods": method_lines(summary, threshold),
        "settings": settings_rows(summary, stored.run),
    }


def _shown(stored: StoredResult, chosen: Selection, pictures: CellPictures) -> dict[str, object]:
    """The pictures of the report."""
    fields = stored.summary["fields"]
    specks = evidence_png(stored.folder, "specks.png")
    return {
        "chosen": chosen,
        "infected": _cells(chosen.infected.to_dict("records"), pictures, fields),
        "borderline": _cells(chosen.borderline.to_dict("records"), pictures, fields, is_told=True),
        "clean": _cells(chosen.clean.to_dict("records"), pictures, fields),
        "origin": pictures.origin,
        "specks": None if specks is None else png_uri(specks),
        "specks_number": 0 if specks is None else specks.shape[1] // specks.shape[0],
    }


def report_settings_of(
    stored: StoredResult, *, sample: str = "", notes: tuple[tuple[str, str], ...] = ()
) -> ReportSettings:
    """Sample and notes of a report: those given now, else those that the count was given."""
    given = stored.run.get("settings", {}).get("report") or {}
    earlier = tuple((str(name), str(text)) for name, text in given.get("notes", ()))
    return ReportSettings(sample=sample or str(given.get("sample", "")), notes=notes or earlier)


def _scale(summary: Mapping[str, Any]) -> str:
    found = estimate_of(summary)
    if found is None:
        return ""
    return interval_scale(
        found,
        limit=summary["limit_of_detection"],
        is_seen=summary["verdict"] == "parasites seen",
    )


def _cells(
    rows: Sequence[Mapping[str, Any]],
    pictures: CellPictures,
    fields: Sequence[Mapping[str, Any]],
    *,
    is_told: bool = False,
) -> list[_ShownCell]:
    """The cells of a gallery; `is_told` says of each whether it was called."""
    shown = []
    numbers = _numbers(fields)
    for row in rows:
        words = [f"{row['p_infected']:.2f}"]
        if row["stage"] and row["stage"] != "unknown":
            words.append(str(row["stage"]))
        if is_told:
            words.append("called" if row["infected"] else "not called")
        title = " ".join(words)
        shown.append(
            _ShownCell(
                uri=pictures.crops.get(int(row["cell"]), ""),
                title=title,
                place=f"{row['x']:.0f}, {row['y']:.0f}",
                field=for_line(row["field"]) if len(fields) > 1 else "",
                field_number=numbers[row["field"]] if len(fields) > 1 else 0,
                alt=f"cell {row['cell']}, probability {title}",
            )
        )
    return shown


def _numbers(fields: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Number of each field, from 1, by its name."""
    return {str(field["name"]): number for number, field in enumerate(fields, start=1)}


def _maps(
    stored: StoredResult, chosen: Selection, pictures: CellPictures, mapped: Sequence[str]
) -> list[FieldMap]:
    fields = {str(field["name"]): field for field in stored.summary["fields"]}
    is_only = len(fields) == 1
    squares = evidence_png(stored.folder, "film_map.png") if is_only else None
    region = stored.run.get("settings", {}).get("region")
    names = chosen.places["field"].astype(object).to_numpy()
    places = chosen.places[["x", "y"]].to_numpy(float)
    return [
        field_map(
            fields[name],
            places[names == name],
            pictures.small.get(name),
            squares=squares,
            region=region,
            is_only=is_only,
        )
        for name in mapped
    ]

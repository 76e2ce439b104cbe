"""Writes the pictures of an evaluation: plots, a table by slide or patient, galleries of the worst errors."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from pipeline.errors import OutputError, reason_of
from pipeline.evaluation.accuracy import SlideCounts, slide_counts
from pipeline.evaluation.crops import ClassifiedCrops
from pipeline.evaluation.decisions import (
    STAGE_ANSWERS,
    STAGE_LABELS,
    Decisions,
    crop_decisions,
    crop_errors,
    field_decisions,
    field_errors,
    field_stages,
)
from pipeline.evaluation.fields import CountedFields
from pipeline.evaluation.plots.cell_views import CellView, crop_views, field_views
from pipeline.evaluation.plots.contact import CONTACT_SHEETS, chosen_cells, contact_sheet, sheet_cells
from pipeline.evaluation.plots.curves import plot_free_response, plot_precision_recall, plot_roc
from pipeline.evaluation.plots.decision import infected_confusion, plot_confusion, plot_reliability
from pipeline.evaluation.plots.gallery import FALSE_POSITIVE, MISSED, draw_sheet, worst_errors
from pipeline.evaluation.plots.parasitaemia import plot_parasitaemia
from pipeline.evaluation.plots.style import Subject, drawn, require_matplotlib
from pipeline.evaluation.results_table import result_rows, results_csv
from pipeline.evaluation.thresholds import confusion
from pipeline.files import write_whole
from pipeline.networks import load_classifier, load_detector
from pipeline.settings import CountSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "CONTACTS",
    "PICTURE_FILES",
    "PLOTS",
    "RESULTS",
    "claim_pictures",
    "draw_crop_pictures",
    "draw_field_pictures",
]

RESULTS: Final = "results.csv"
GALLERY: Final = "gallery"
"""Folder of the sheets that show cells of the labelled photos; everything beside it is numbers."""
PLOTS: Final = (
    "roc.png",
    "precision_recall.png",
    "free_response.png",
    "reliability.png",
    "confusion.png",
    "stages.png",
    "parasitaemia.png",
)
SHEETS: Final = {FALSE_POSITIVE: f"{GALLERY}/false_positives.png", MISSED: f"{GALLERY}/missed.png"}
CONTACTS: Final = {name: f"{GALLERY}/{name}.png" for name in CONTACT_SHEETS}
PICTURE_FILES: Final = (RESULTS, *PLOTS, *SHEETS.values(), *CONTACTS.values())

Views = Callable[[pd.DataFrame], Iterator[CellView]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """Pictures of an evaluation: `stages` as labelled and predicted, `views` of wrong cells row by row."""

    decisions: Decisions
    slides: tuple[SlideCounts, ...]
    errors: pd.DataFrame
    stages: tuple[list[str], list[str]]
    views: Views


def claim_pictures(folder: Path) -> None:
    """Make the folder, and see that pictures can be drawn, before the work of an evaluation.

    Raises
    ------
    OutputError
        Where matplotlib is missing or the folder cannot be made.
    """
    require_matplotlib()
    try:
        (folder / GALLERY).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder}: no folder for pictures can be made there ({reason_of(error)}); name another one"
        ) from error


def draw_field_pictures(folder: Path, counted: CountedFields, settings: CountSettings) -> None:
    """Write the pictures of an evaluation of fields into `folder`; earlier ones are replaced.

    Raises
    ------
    OutputError
        Where they cannot be written.
    """
    detector, classifier = load_detector(settings), load_classifier(settings)
    field_set = counted.field_set
    fields, slides = len(field_set.fields), field_set.fields["slide"].nunique()
    subject = Subject(
        source=field_set.name,
        cells=f"{_number(fields, 'field')} of {_number(slides, 'slide')}",
        group="slide",
        networks=f"{detector.manifest.name}, {classifier.manifest.name}",
        threshold=classifier.manifest.threshold,
    )

    def views(cells: pd.DataFrame) -> Iterator[CellView]:
        found: dict[int, CellView] = {}
        for name, own in cells.groupby("field", sort=False):
            scale = float(counted.tallies.loc[name, "um_per_px"])
            pictures = field_views(field_set.image_path(str(name)), scale, own, detector)
            found.update(zip(own.index, pictures, strict=True))
        return iter([found[place] for place in cells.index])

    drawing = _Drawn(
        decisions=field_decisions(field_set, counted.scored),
        slides=slide_counts(field_set, counted.tallies),
        errors=_with_scale(field_errors(field_set, counted.scored), counted.tallies),
        stages=field_stages(field_set, counted.scored),
        views=views,
    )
    _write(folder, drawing, subject)
    _write_contacts(folder, counted)


def draw_crop_pictures(folder: Path, classified: ClassifiedCrops, settings: CountSettings) -> None:
    """Write the pictures of an evaluation of crops; as `draw_field_pictures`, without parasitaemia."""
    crop_set, threshold = classified.crop_set, classified.threshold
    crops = crop_set.crops
    patients = crops["patient"].nunique()
    subject = Subject(
        source=crop_set.name,
        cells=f"{_number(len(crops), 'crop')} of {_number(patients, 'patient')}",
        group="patient",
        networks=load_classifier(settings).manifest.name,
        threshold=threshold,
    )
    drawing = _Drawn(
        decisions=crop_decisions(crops, threshold),
        slides=(),
        errors=crop_errors(crops, threshold),
        stages=([], []),
        views=lambda cells: crop_views(crop_set, list(cells["field"])),
    )
    _write(folder, drawing, subject)


def _write(folder: Path, drawing: _Drawn, subject: Subject) -> None:
    claim_pictures(folder)
    plots = _plots(drawing, subject)
    for name in PLOTS:
        if name in plots:
            write_whole(folder / name, drawn(plots[name]))
    rows = result_rows(drawing.decisions, drawing.slides, subject)
    write_whole(folder / RESULTS, results_csv(rows))
    sheets = set()
    for kind, name in SHEETS.items():
        cells = worst_errors(drawing.errors, kind)
        if len(cells):
            views = list(drawing.views(cells))
            every = int((drawing.errors["error"] == kind).sum())
            write_whole(folder / name, drawn(partial(draw_sheet, cells, views, kind, every, subject)))
            sheets.add(name)
    # What an earlier evaluation drew and this one has nothing for must not be taken for this one's.
    for name in set(PICTURE_FILES) - set(plots) - sheets - {RESULTS}:
        (folder / name).unlink(missing_ok=True)


def _write_contacts(folder: Path, counted: CountedFields) -> None:
    """Sheets of found, missed and falsely called cells of the fields that could be counted."""
    scored = _with_scale(counted.scored, counted.tallies)
    for name, cells in sheet_cells(counted.field_set, scored).items():
        shown = chosen_cells(cells)
        title = (
            f"{counted.field_set.name}: {len(shown)} of {_number(len(cells), 'cell')}: {CONTACT_SHEETS[name]}"
        )
        sheet = contact_sheet(counted.field_set, shown, counted.tallies["um_per_px"], title)
        write_whole(folder / CONTACTS[name], sheet)


def _plots(drawing: _Drawn, subject: Subject) -> Mapping[str, "Callable[[], Figure]"]:
    """The plots there is something to draw for, by file."""
    decisions = drawing.decisions
    plots: dict[str, Callable[[], Figure]] = {}
    if decisions.infected.any() and not decisions.infected.all():
        plots["roc.png"] = partial(plot_roc, decisions, subject)
        plots["precision_recall.png"] = partial(plot_precision_recall, decisions, subject)
        plots["free_response.png"] = partial(plot_free_response, decisions, subject)
    note = (
        f"{subject.source}, {subject.cells}. Percent of the row. Threshold {subject.threshold:.3f}.\n"
        f"{subject.networks}."
    )
    if len(decisions.infected):
        counts, rows, columns = infected_confusion(decisions)
        title = f"Red cells of {subject.source}: label and decision"
        plots["reliability.png"] = partial(plot_reliability, decisions, subject)
        plots["confusion.png"] = partial(plot_confusion, counts, rows, columns, title, note)
    truth, told = drawing.stages
    if truth:
        counts = confusion(truth, told, STAGE_LABELS, STAGE_ANSWERS)
        title = f"Life stages of the infected cells of {subject.source}"
        plots["stages.png"] = partial(plot_confusion, counts, STAGE_LABELS, STAGE_ANSWERS, title, note)
    if any(slide.annotated and slide.counted for slide in drawing.slides):
        plots["parasitaemia.png"] = partial(plot_parasitaemia, drawing.slides, subject)
    return plots


def _with_scale(errors: pd.DataFrame, tallies: pd.DataFrame) -> pd.DataFrame:
    """Without the cells of fields that could not be counted: they have no picture that could be shown."""
    known = tallies.index[tallies["um_per_px"].notna()]
    return errors[errors["field"].isin(known)].reset_index(drop=True)


def _number(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"

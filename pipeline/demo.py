"""The demonstration: a smear is rendered and counted, and the count stands beside the truth."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from pipeline.batch import count_and_write
from pipeline.evaluation.labelled import INFECTED_LABELS, RED_CELL_LABELS, FieldSet, read_field_set
from pipeline.output.outcome import SlideOutcome
from pipeline.records import SlideSummary
from pipeline.settings import CountSettings, SlideProgress
from pipeline.synthetic.field import RenderSettings, render_set
from pipeline.wording import percent_text

__all__ = ["Demonstration", "run_demo", "truth_beside"]

SMEAR = RenderSettings(width=1920, height=1440, parasitaemia=0.06, seed=11)
EDGE_PX = 1.0  # a cell whose box comes nearer to the picture's edge is cut by it, so it is not in the truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """What the demonstration found.

    Attributes
    ----------
    comparison : rows of what is compared, the truth and the count; empty where a slide was handed in.
    """

    outcome: SlideOutcome
    comparison: tuple[tuple[str, str, str], ...]


def run_demo(slide: Path | None, out: Path, *, progress: SlideProgress | None = None) -> Demonstration:
    """Count SLIDE, or a smear that is rendered into OUT/smear; the results go to OUT.

    Raises
    ------
    SmearcountError
        Where the slide cannot be counted or OUT cannot be written.
    """
    if slide is not None:
        return Demonstration(outcome=_count(slide, out, progress)[0], comparison=())
    smear = _smear(out / "smear")
    outcome, summary = _count(smear.image_path(str(smear.fields["field"].iloc[0])), out, progress)
    return Demonstration(outcome=outcome, comparison=truth_beside(smear.cells, summary))


def _smear(folder: Path) -> FieldSet:
    """The rendered smear; drawn where it is not there from an earlier run."""
    if not (folder / "fields.csv").is_file():
        render_set(SMEAR, folder)
    return read_field_set(folder)


def _count(slide: Path, out: Path, progress: SlideProgress | None) -> tuple[SlideOutcome, SlideSummary]:
    report = None if progress is None else partial(progress, slide)
    result, folder = count_and_write(slide, out, CountSettings(), overwrite=True, progress=report)
    summary = result.summary
    return SlideOutcome(slide=folder.name, source=slide, folder=folder, summary=summary, error=None), summary


def truth_beside(truth: pd.DataFrame, summary: SlideSummary) -> tuple[tuple[str, str, str], ...]:
    """Rows of what is compared, the truth and the count.

    Parameters
    ----------
    truth : labelled cells of the one field, columns label, xmin, ymin, xmax, ymax (px).
    summary : its count.
    """
    field = summary.fields[0]
    whole = truth[
        (truth["xmin"] >= EDGE_PX)
        & (truth["ymin"] >= EDGE_PX)
        & (truth["xmax"] <= field.width - EDGE_PX)
        & (truth["ymax"] <= field.height - EDGE_PX)
    ]
    red_cells = int(whole["label"].isin(RED_CELL_LABELS).sum())
    infected = int(whole["label"].isin(INFECTED_LABELS).sum())
    share = infected / red_cells if red_cells else None
    return (
        ("whole red cells", str(red_cells), str(summary.counted)),
        ("infected", str(infected), str(summary.infected)),
        ("parasitaemia", percent_text(share), percent_text(summary.parasitaemia)),
    )

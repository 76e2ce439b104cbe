"""Measures and fits how the networks' errors differ from slide to slide, on slides they never saw."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.manifest import read_manifest
from pipeline.counting.intervals.limits import beyond_false_calls
from pipeline.counting.intervals.measured import FamiliarSlides, FittedBeta, MeasuredSlide, SlideErrorsFile
from pipeline.counting.intervals.melded import melded_interval
from pipeline.counting.intervals.slide_errors import Beta, SlideErrors, fit_beta
from pipeline.counting.result import CountResult
from pipeline.errors import InputError
from pipeline.evaluation.fields import CountedFields, count_fields
from pipeline.evaluation.labelled import read_field_set
from pipeline.evaluation.metrics import Rate, rate
from pipeline.files import write_whole
from pipeline.settings import CountSettings

__all__ = [
    "FEWEST_CELLS",
    "FEWEST_INFECTED",
    "CrossCheck",
    "cross_checked",
    "fit_slide_errors",
    "measured_slides",
    "write_slide_errors",
    "wrong_verdicts",
]

FEWEST_INFECTED, FEWEST_CELLS = 5, 200
"""Infected and all red cells of a slide from which a count is expected to see parasites."""

FAR_OUT = 2.0
"""Interquartile ranges above the upper quartile from which on a slide's clean cells are unlike those of the
others: between the fences of Tukey (Exploratory Data Analysis, 1977), 1.5 and 3; see ADR 23."""
FEWEST_FAMILIAR = 20
"""Fewest slides whose clean cells tell what is usual."""

Count = Callable[[Path, CountSettings], CountResult]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossCheck:
    """How each slide is judged by the errors of all others.

    Attributes
    ----------
    uninfected_seen : slides without an infected cell on which parasites would be claimed, wrongly.
    infected_seen : slides with enough infected cells on which they are claimed, rightly.
    interval_holds : completely labelled slides with an infected cell whose interval holds the true fraction.
    """

    uninfected_seen: Rate
    infected_seen: Rate
    interval_holds: Rate


def measured_slides(
    data: Path, left_out: Path, *, progress: Progress | None = None, count: Count | None = None
) -> list[MeasuredSlide]:
    """Count the slides that a pair of networks never saw, of every labelled set in a folder.

    A photo that quality control refuses gives no count, so it is left out here too. Of a slide on which
    no cell is labelled infected, every call is a false one. False calls of other slides that are not labelled
    completely are not known.

    Parameters
    ----------
    data : folder of field sets. left_out : folder of the pair, detector.toml and classifier.toml.
    progress : called with the fields done and all fields, of each set.
    count : counts one picture; None is `pipeline.count.count_slide`.

    Raises
    ------
    InputError
        Where no set in the folder holds a slide that was left out.
    """
    if count is None:
        from pipeline.count import count_slide

        count = count_slide
    detector, classifier = left_out / "detector.toml", left_out / "classifier.toml"
    unseen = set(read_manifest(classifier, "classifier").left_out)
    settings, found = CountSettings(detector=detector, classifier=classifier), []
    for folder in sorted(path.parent for path in data.glob("*/fields.csv")):
        known = read_field_set(folder)
        slides = sorted(set(known.fields["slide"]))
        chosen = slides if known.name in unseen else [name for name in slides if name in unseen]
        if chosen:
            found += _of_set(folder, settings, chosen, progress, count)
    if not found:
        raise InputError(
            f"{data} holds no slide that {classifier} leaves out; give the folder of the labelled sets"
        )
    return found


def fit_slide_errors(
    slides: Sequence[MeasuredSlide], measured: Path, stands_for: Path, made_by: str
) -> SlideErrorsFile:
    """Fit both distributions.

    Parameters
    ----------
    slides : what the measured classifier did on each.
    measured : manifest of that classifier. stands_for : of the one trained alike on every slide.
    made_by : the command, for whoever makes the file anew.

    Raises
    ------
    InputError
        Where no slide holds an infected cell, or none an uninfected one.
    ModelError
        Where a manifest cannot be read.
    """
    fitted, familiar = _fitted(slides), _familiar(slides)
    left_out, whole = read_manifest(measured, "classifier"), read_manifest(stands_for, "classifier")
    return SlideErrorsFile(
        made_by=made_by,
        measured_with=left_out.name,
        measured_sha256=left_out.sha256,
        stands_for=whole.name,
        stands_for_sha256=whole.sha256,
        sensitivity=_written(fitted.sensitivity),
        false_calls=_written(fitted.false_calls),
        slides=tuple(slides),
        familiar=familiar,
    )


def cross_checked(slides: Sequence[MeasuredSlide]) -> CrossCheck:
    """Judge each slide by the errors of all others, as a count would judge a new one."""
    uninfected, infected, holds = [], [], []
    for slide in slides:
        if slide.uninfected and not slide.infected:
            uninfected.append(_claimed(slide, slides))
        elif _is_expected(slide):
            infected.append(_claimed(slide, slides))
        if slide.uninfected and slide.infected:
            called, cells = _called_of(slide)
            low, high = melded_interval(called, cells, _by_others(slide, slides))
            holds.append(low <= slide.infected / cells <= high)
    return CrossCheck(
        uninfected_seen=rate(sum(uninfected), len(uninfected)),
        infected_seen=rate(sum(infected), len(infected)),
        interval_holds=rate(sum(holds), len(holds)),
    )


def wrong_verdicts(slides: Sequence[MeasuredSlide]) -> int:
    """Slides without an infected cell on which parasites would be claimed, and those with enough of them on
    which not; each judged by the errors of all others.
    """
    judged = [slide for slide in slides if _is_expected(slide) or (slide.uninfected and not slide.infected)]
    return sum(_claimed(slide, slides) != _is_expected(slide) for slide in judged)


def _is_expected(slide: MeasuredSlide) -> bool:
    """Whether a count of the slide is expected to see parasites."""
    enough = slide.infected >= FEWEST_INFECTED and slide.infected + slide.uninfected >= FEWEST_CELLS
    return enough and slide.uninfected > 0


def _called_of(slide: MeasuredSlide) -> tuple[int, int]:
    """Cells called infected, and all cells."""
    return slide.infected_found + slide.false_calls, slide.infected + slide.uninfected


def _claimed(slide: MeasuredSlide, slides: Sequence[MeasuredSlide]) -> bool:
    """Whether parasites would be claimed on a slide, by the errors of the others; never without a call."""
    called, cells = _called_of(slide)
    return called > 0 and beyond_false_calls(called, cells, _by_others(slide, slides))


def _by_others(slide: MeasuredSlide, slides: Sequence[MeasuredSlide]) -> SlideErrors:
    others = [other for other in slides if other is not slide]
    fitted, below = _fitted(others), _usual_below(others)
    if below is None or not _is_below(slide, below):
        return fitted
    return replace(fitted, false_calls=_false_calls([other for other in others if _is_below(other, below)]))


def _familiar(slides: Sequence[MeasuredSlide]) -> FamiliarSlides | None:
    below = _usual_below(slides)
    if below is None:
        return None
    usual = [slide for slide in slides if slide.uninfected and _is_below(slide, below)]
    return FamiliarSlides(below=below, number=len(usual), false_calls=_written(_false_calls(usual)))


def _usual_below(slides: Sequence[MeasuredSlide]) -> float | None:
    """The fence above which clean cells are unlike those of the other slides; None where few tell it."""
    known = [
        slide.clean_quartile for slide in slides if slide.clean_quartile is not None and slide.uninfected
    ]
    if len(known) < FEWEST_FAMILIAR:
        return None
    low, high = np.percentile(known, (25, 75))
    return float(high + FAR_OUT * (high - low))


def _is_below(slide: MeasuredSlide, fence: float) -> bool:
    return slide.clean_quartile is not None and slide.clean_quartile < fence


def _false_calls(slides: Sequence[MeasuredSlide]) -> Beta:
    return fit_beta([(one.false_calls, one.uninfected) for one in slides if one.uninfected])


def _written(rate: Beta) -> FittedBeta:
    return FittedBeta(alpha=rate.alpha, beta=rate.beta)


def write_slide_errors(path: Path, held: SlideErrorsFile) -> None:
    """Write the file, whole or not at all; OutputError where it cannot be written."""
    plain = held.model_dump(exclude={"sensitivity", "false_calls", "slides", "familiar"})
    text = "".join(f"{name} = {_value(value)}\n" for name, value in plain.items())
    rates = {"sensitivity": held.sensitivity, "false_calls": held.false_calls}
    if held.familiar is not None:
        text += f"\n[familiar]\nbelow = {held.familiar.below:.6g}\nnumber = {held.familiar.number}\n"
        rates["familiar.false_calls"] = held.familiar.false_calls
    for name, fitted in rates.items():
        text += f"\n[{name}]\nalpha = {fitted.alpha:.6g}\nbeta = {fitted.beta:.6g}\n"
    for slide in held.slides:
        entries = slide.model_dump(exclude_none=True).items()
        text += "\n[[slides]]\n" + "".join(f"{name} = {_value(value)}\n" for name, value in entries)
    write_whole(path, text.encode())


def _fitted(slides: Sequence[MeasuredSlide]) -> SlideErrors:
    found = [(one.infected_found, one.infected) for one in slides if one.infected]
    false = any(one.uninfected for one in slides)
    if not found or not false:
        kind = "infected" if not found else "uninfected"
        raise InputError(f"no {kind} cell in {len(slides)} slides; expected some; give more labelled sets")
    return SlideErrors(
        sensitivity=fit_beta(found), false_calls=_false_calls(slides), source="left-out slides"
    )


def _of_set(
    folder: Path, settings: CountSettings, slides: list[str], progress: Progress | None, count: Count
) -> list[MeasuredSlide]:
    refused: set[str] = set()

    def counted(path: Path, settings: CountSettings) -> CountResult:
        result = count(path, settings)
        if result.summary.verdict == "not countable":
            refused.add(path.name)
        return result

    held = count_fields(folder, settings, slides=slides, progress=progress, count=counted)
    fields = held.field_set.fields
    kept = fields[~fields["image"].map(lambda image: Path(image).name in refused)]
    report = replace(held, field_set=replace(held.field_set, fields=kept)).report()
    return [_measured(held, slide.slide, kept, asdict(slide.accuracy)) for slide in report.by_slide]


def _measured(
    held: CountedFields, slide: str, fields: pd.DataFrame, accuracy: Mapping[str, Any]
) -> MeasuredSlide:
    mine = fields[fields["slide"] == slide]
    tally = held.tallies.loc[list(mine["field"])]
    found, false = accuracy["infected_cells_found"], accuracy["classification"]["false_positives_per_10000"]
    if mine["n_parasitized"].eq(0).all():
        uninfected, called = int(tally["counted"].sum()), int(tally["infected"].sum())
    elif mine["complete"].all():
        uninfected = int(false["of"]) + int(accuracy["detection"]["extra"] or 0)
        called = int(false["hits"]) + int(accuracy["infected_without_label"] or 0)
    else:
        uninfected, called = 0, 0
    return MeasuredSlide(
        source=held.field_set.name,
        slide=slide,
        infected=int(found["of"]),
        infected_found=int(found["hits"]),
        uninfected=uninfected,
        false_calls=called,
        clean_quartile=held.clean_quartile(list(mine["field"])),
    )


def _value(value: object) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)

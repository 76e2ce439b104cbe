"""Measures and fits how the networks' errors differ from slide to slide, on slides they never saw."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd

from models.manifest import read_manifest
from pipeline.counting.intervals.measured import FittedBeta, MeasuredSlide, SlideErrorsFile
from pipeline.counting.intervals.slide_errors import fit_beta
from pipeline.counting.result import CountResult
from pipeline.errors import InputError
from pipeline.evaluation.accuracy import field_report
from pipeline.evaluation.fields import CountedFields, count_fields
from pipeline.evaluation.labelled import read_field_set
from pipeline.files import write_whole
from pipeline.settings import CountSettings

__all__ = ["fit_slide_errors", "measured_slides", "write_slide_errors"]

Count = Callable[[Path, CountSettings], CountResult]
Progress = Callable[[int, int], None]


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
    slides: Sequence[MeasuredSlide], measured: Path, stands_for: Sequence[Path], made_by: str
) -> SlideErrorsFile:
    """Fit both distributions.

    Parameters
    ----------
    slides : what the measured classifier did on each.
    measured : manifest of that classifier; stands_for : manifests of others that the figures are used for.
    made_by : the command, for whoever makes the file anew.

    Raises
    ------
    InputError
        Where no slide holds an infected cell, or none an uninfected one.
    ModelError
        Where a manifest cannot be read.
    """
    found = [(one.infected_found, one.infected) for one in slides if one.infected]
    false = [(one.false_calls, one.uninfected) for one in slides if one.uninfected]
    if not found or not false:
        kind = "infected" if not found else "uninfected"
        raise InputError(f"no {kind} cell in {len(slides)} slides; expected some; give more reports")
    manifest = read_manifest(measured, "classifier")
    names = [manifest.name, *(read_manifest(path, "classifier").name for path in stands_for)]
    sensitivity, false_calls = fit_beta(found), fit_beta(false)
    return SlideErrorsFile(
        made_by=made_by,
        measured_with=manifest.name,
        measured_sha256=manifest.sha256,
        stands_for=tuple(dict.fromkeys(names)),
        sensitivity=FittedBeta(alpha=sensitivity.alpha, beta=sensitivity.beta),
        false_calls=FittedBeta(alpha=false_calls.alpha, beta=false_calls.beta),
        slides=tuple(slides),
    )


def write_slide_errors(path: Path, held: SlideErrorsFile) -> None:
    """Write the file, whole or not at all; OutputError where it cannot be written."""
    plain = held.model_dump(exclude={"sensitivity", "false_calls", "slides"})
    text = "".join(f"{name} = {_value(value)}\n" for name, value in plain.items())
    for name, rate in (("sensitivity", held.sensitivity), ("false_calls", held.false_calls)):
        text += f"\n[{name}]\nalpha = {rate.alpha:.6g}\nbeta = {rate.beta:.6g}\n"
    for slide in held.slides:
        entries = slide.model_dump().items()
        text += "\n[[slides]]\n" + "".join(f"{name} = {_value(value)}\n" for name, value in entries)
    write_whole(path, text.encode())


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
    report = field_report(replace(held.field_set, fields=kept), held.scored, held.tallies, held.failed)
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
    )


def _value(value: object) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)

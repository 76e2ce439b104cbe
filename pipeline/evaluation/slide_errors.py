"""Fits how the networks' errors differ from slide to slide, from reports on slides they never saw."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.manifest import read_manifest
from pipeline.counting.intervals.measured import FittedBeta, MeasuredSlide, SlideErrorsFile
from pipeline.counting.intervals.slide_errors import fit_beta
from pipeline.errors import InputError
from pipeline.files import write_whole

__all__ = ["fit_slide_errors", "slides_of_report", "uninfected_slides", "write_slide_errors"]


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


def slides_of_report(path: Path) -> list[MeasuredSlide]:
    """Slides of a report of `smearcount evaluate fields --json`.

    Cells found without a label count as uninfected where every cell of the slide is labelled.

    Raises
    ------
    InputError
        Where the file is no such report.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        return [_of_slide(str(report["name"]), slide) for slide in report["by_slide"]]
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(
            f"{path} is no report on labelled fields ({reason}); give a file that"
            " smearcount evaluate fields --json wrote"
        ) from error


def uninfected_slides(path: Path) -> list[MeasuredSlide]:
    """Slides of a slides.csv of people without malaria: every call is false; refused ones are left out.

    Raises
    ------
    InputError
        Where the file is no slides.csv; the message names the row.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read ({error}); give a slides.csv of smearcount count") from error
    source, found = path.resolve().parent.name, []
    for number, row in enumerate(rows, start=2):
        try:
            if row["state"] == "failed" or row["verdict"] == "not countable":
                continue
            called, counted = int(row["infected"]), int(row["counted"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{path} row {number}: {error}; expected a slides.csv of smearcount count"
            ) from error
        found.append(_measured(source, str(row["slide"]), (0, 0), (called, counted)))
    return found


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


def _of_slide(source: str, slide: Mapping[str, Any]) -> MeasuredSlide:
    accuracy = slide["accuracy"]
    found, false = accuracy["infected_cells_found"], accuracy["classification"]["false_positives_per_10000"]
    more_called, more = accuracy["infected_without_label"] or 0, accuracy["detection"]["extra"] or 0
    return _measured(
        source,
        str(slide["slide"]),
        (int(found["hits"]), int(found["of"])),
        (int(false["hits"]) + int(more_called), int(false["of"]) + int(more)),
    )


def _measured(source: str, slide: str, found: tuple[int, int], false: tuple[int, int]) -> MeasuredSlide:
    return MeasuredSlide(
        source=source,
        slide=slide,
        infected=found[1],
        infected_found=found[0],
        uninfected=false[1],
        false_calls=false[0],
    )


def _value(value: object) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)

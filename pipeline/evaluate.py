"""Measures the accuracy of a count on labelled fields, and of the classifier on labelled single cells."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.accuracy import field_report
from pipeline.accuracy_report import FailedField, FieldReport
from pipeline.crop_report import CropReport, crop_report
from pipeline.errors import InputError, OutputError
from pipeline.export import write_whole
from pipeline.fieldset import CropSet, FieldSet, read_crop_set, read_crops, read_field_set
from pipeline.matching import Frame
from pipeline.reader import open_slide
from pipeline.records import CELL_COLUMNS, CountResult
from pipeline.scoring import SCORE_COLUMNS, score_field
from pipeline.settings import CountSettings
from segmentation.illumination import bright_view

__all__ = [
    "CropChoice",
    "CropClassifier",
    "evaluate_crops",
    "evaluate_fields",
    "write_json",
]

Count = Callable[[Path, CountSettings], CountResult]
Progress = Callable[[int, int], None]

_CROPS_AT_ONCE: Final = 2048
_VIEW_SIDE_PX: Final = 1024
"""Longest side of the picture the bright view is looked for in: its edge to a twentieth of a cell."""
_BOUNDLESS = Frame(width=2**31, height=2**31)
"""Stands for a picture that cannot be read: all its labelled cells are missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CropClassifier:
    """What tells infected crops: RGB uint8 pictures to float32 probabilities, and the threshold on them."""

    classify: Callable[[Iterable[NDArray[np.uint8]], CountSettings], NDArray[np.float32]]
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CropChoice:
    """Which crops of a set to take.

    Attributes
    ----------
    patients : only these; None takes every patient.
    exclude_patients_in_fields : without the patients who have fields in nih_fields.
    """

    patients: tuple[str, ...] | None = None
    exclude_patients_in_fields: bool = False


def evaluate_fields(
    folder: Path,
    settings: CountSettings,
    *,
    slides: Sequence[str] | None = None,
    progress: Progress | None = None,
    count: Count | None = None,
) -> FieldReport:
    """Count every field of a labelled set and hold the cells against the labels.

    Parameters
    ----------
    folder : a field set.
    slides : only these slides; None takes all.
    progress : called with the fields done and all fields.
    count : counts one picture; None is `pipeline.count.count_slide`.

    Raises
    ------
    LabelledDataError
        Where the folder is not a field set.
    InputError
        Where a slide is asked for that the set does not have.
    """
    if count is None:
        from pipeline.count import count_slide

        count = count_slide
    field_set = _only_slides(read_field_set(folder), slides)
    names = list(field_set.fields["field"])
    tables = [pd.DataFrame(columns=["field", *SCORE_COLUMNS])]
    tallies, failed = {}, []
    for done, name in enumerate(names):
        if progress is not None:
            progress(done, len(names))
        path = field_set.image_path(name)
        try:
            frame, result = _frame(path), count(path, settings)
            found = result.cells
            if result.summary.failed_tiles:
                reason = f"counted in part: {result.summary.failed_tiles[0].reason}"
                failed.append(FailedField(field=name, reason=reason))
        except InputError as error:
            failed.append(FailedField(field=name, reason=str(error)))
            frame, found = _BOUNDLESS, pd.DataFrame(columns=list(CELL_COLUMNS))
        tables.append(score_field(field_set.cells_of(name), found, frame).assign(field=name))
        counted = found["counted"].eq(True)
        tallies[name] = (int(counted.sum()), int((counted & found["infected"].eq(True)).sum()))
    if progress is not None:
        progress(len(names), len(names))
    tally = pd.DataFrame.from_dict(tallies, orient="index", columns=["counted", "infected"])
    return field_report(field_set, pd.concat(tables[1:], ignore_index=True), tally, tuple(failed))


def evaluate_crops(
    folder: Path,
    settings: CountSettings,
    *,
    predictions_path: Path | None = None,
    choice: CropChoice | None = None,
    progress: Progress | None = None,
    classifier: CropClassifier | None = None,
) -> CropReport:
    """Classify every crop of a labelled set and hold the answers against the labels.

    Parameters
    ----------
    folder : a crop set.
    predictions_path : CSV to write, columns crop and p_infected; None writes none.
    choice : the crops to take; None takes all.
    progress : called with the crops done and all crops.
    classifier : None is the one that `settings` name.

    Raises
    ------
    LabelledDataError
        Where the folder is not a crop set.
    InputError
        Where a patient is asked for that the set does not have, or no crop is left.
    OutputError
        Where the predictions cannot be written.
    """
    if predictions_path is not None and not predictions_path.parent.is_dir():
        raise OutputError(f"no folder {predictions_path.parent} to write the predictions to; make it first")
    if classifier is None:
        from pipeline.crops import classify_pictures, load_threshold

        classifier = CropClassifier(classify=classify_pictures, threshold=load_threshold(settings))
    crop_set = _only_patients(read_crop_set(folder), choice or CropChoice())
    crops = crop_set.crops
    pictures = read_crops(crop_set, list(crops["crop"]))
    answers: list[NDArray[np.float32]] = []
    for done in range(0, len(crops), _CROPS_AT_ONCE):
        if progress is not None:
            progress(done, len(crops))
        answers.append(classifier.classify(islice(pictures, _CROPS_AT_ONCE), settings))
    if progress is not None:
        progress(len(crops), len(crops))
    crops = crops.assign(p_infected=np.concatenate(answers))
    if predictions_path is not None:
        table = crops[["crop", "p_infected"]].to_csv(index=False, lineterminator="\n", float_format="%.6f")
        write_whole(predictions_path, table.encode())
    return crop_report(crop_set.name, crops, classifier.threshold)


def write_json(path: Path, data: Mapping[str, object]) -> None:
    """Write `data` as JSON, whole or not at all; a file that is there is replaced.

    Raises
    ------
    OutputError
        Where the file cannot be written.
    """
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(path, f"{text}\n".encode())


def _only_slides(field_set: FieldSet, slides: Sequence[str] | None) -> FieldSet:
    if slides is None:
        return field_set
    known = set(field_set.fields["slide"])
    _require_known("slide", slides, known)
    return replace(field_set, fields=field_set.fields[field_set.fields["slide"].isin(slides)])


def _only_patients(crop_set: CropSet, choice: CropChoice) -> CropSet:
    crops = crop_set.crops
    if choice.patients is not None:
        _require_known("patient", choice.patients, set(crops["patient"]))
        crops = crops[crops["patient"].isin(choice.patients)]
    if choice.exclude_patients_in_fields:
        crops = crops[~crops["patient_in_nih_fields"]]
    if crops.empty:
        raise InputError(f"no crop of {crop_set.folder} is left to evaluate; choose other patients")
    return replace(crop_set, crops=crops)


def _require_known(kind: str, asked: Sequence[str], known: set[str]) -> None:
    unknown = sorted(set(asked) - known)
    if unknown or not asked:
        some = ", ".join(sorted(known)[:10])
        raise InputError(f"no {kind} {', '.join(unknown) or 'given'} in the set; take some of: {some}")


def _frame(path: Path) -> Frame:
    with open_slide(path) as slide:
        field = slide.fields[0]
        shrink = 1
        while max(field.width, field.height) > _VIEW_SIDE_PX * shrink and shrink < 64:
            shrink *= 2
        width, height = (-(-side // shrink) * shrink for side in (field.width, field.height))
        view = bright_view(field.read(0, 0, width, height, shrink), float(shrink))
        return Frame(width=field.width, height=field.height, view=view)

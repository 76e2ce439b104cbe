"""Measures the accuracy of the classifier on labelled single cells."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError, OutputError
from pipeline.evaluation.crop_report import CropReport, crop_report
from pipeline.evaluation.labelled import CropSet, read_crop_set, read_crops, require_known
from pipeline.files import write_whole
from pipeline.settings import CountSettings

__all__ = ["ClassifiedCrops", "CropChoice", "CropClassifier", "classify_crops"]

Progress = Callable[[int, int], None]

_CROPS_AT_ONCE: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class CropClassifier:
    """A classifier of crops: RGB uint8 pictures to float32 probabilities, and the threshold on them."""

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassifiedCrops:
    """Labelled crops, their table with a column p_infected, and the threshold they are called at."""

    crop_set: CropSet
    threshold: float

    def report(self) -> CropReport:
        """Measures over all crops and by patient."""
        return crop_report(self.crop_set.name, self.crop_set.crops, self.threshold)


def classify_crops(
    folder: Path,
    settings: CountSettings,
    *,
    predictions_path: Path | None = None,
    choice: CropChoice | None = None,
    progress: Progress | None = None,
    classifier: CropClassifier | None = None,
) -> ClassifiedCrops:
    """Classify every crop of a labelled set and compare the answers with the labels.

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
        from pipeline.classify import classify_pictures, load_threshold

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
    return ClassifiedCrops(crop_set=replace(crop_set, crops=crops), threshold=classifier.threshold)


def _only_patients(crop_set: CropSet, choice: CropChoice) -> CropSet:
    crops = crop_set.crops
    if choice.patients is not None:
        require_known("patient", choice.patients, set(crops["patient"]))
        crops = crops[crops["patient"].isin(choice.patients)]
    if choice.exclude_patients_in_fields:
        crops = crops[~crops["patient_in_nih_fields"]]
    if crops.empty:
        raise InputError(f"no crop of {crop_set.folder} is left to evaluate; choose other patients")
    return replace(crop_set, crops=crops)

"""What an evaluation on labelled single cells gives: records, and the same as JSON and as text."""

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pandas as pd

from pipeline.evaluation.metrics import Classification, classification
from pipeline.evaluation.text import number_text, rate_text, text_rows, text_table

__all__ = ["CropReport", "PatientAccuracy", "crop_report"]

_MOST_PATIENTS: Final = 20
"""Patients shown as text; of a larger set those with the most errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientAccuracy:
    """The crops of one patient."""

    patient: str
    classification: Classification


@dataclass(frozen=True, slots=True, kw_only=True)
class CropReport:
    """Accuracy on a crop set.

    Attributes
    ----------
    threshold : probability from which a crop is called infected.
    mean_patient_accuracy : mean of the patients' accuracies, each patient counting the same.
    """

    name: str
    patients: int
    threshold: float
    overall: Classification
    mean_patient_accuracy: float
    by_patient: tuple[PatientAccuracy, ...]

    def to_json(self) -> dict[str, object]:
        """The report as plain dictionaries, lists and numbers."""
        return asdict(self)

    def to_text(self) -> str:
        """The report as tables for a person; the patients with the most errors stand first."""
        called = self.overall
        rows = [
            ("accuracy", rate_text(called.accuracy, percent=True)),
            ("mean of the patients' accuracies", f"{100 * self.mean_patient_accuracy:.2f}%"),
            ("sensitivity", rate_text(called.sensitivity, percent=True)),
            ("specificity", rate_text(called.specificity, percent=True)),
            ("ROC AUC", number_text(called.auc, 4)),
            ("false positives per 10,000", rate_text(called.false_positives_per_10000)),
            ("calibration error", number_text(called.calibration_error, 4)),
            ("threshold", f"{self.threshold:.4f}"),
        ]
        lines = [f"{self.name}: {called.cells} crops of {self.patients} patients", ""]
        lines += text_rows(rows)
        worst = sorted(self.by_patient, key=lambda row: (-_errors(row.classification), row.patient))
        header = ("patient", "crops", "errors", "sensitivity", "specificity", "accuracy", "AUC")
        table = text_table(header, [_patient_row(row) for row in worst[:_MOST_PATIENTS]])
        if len(worst) > _MOST_PATIENTS:
            table += f"\n\nThe {_MOST_PATIENTS} patients with the most errors; --json FILE writes all."
        return "\n".join([*lines, "", table])


def crop_report(name: str, crops: pd.DataFrame, threshold: float) -> CropReport:
    """Measures over all crops and by patient.

    Parameters
    ----------
    crops : patient, label and p_infected, one row a crop, at least one.
    """
    by_patient = tuple(
        PatientAccuracy(patient=str(patient), classification=_classified(rows, threshold))
        for patient, rows in crops.groupby("patient", sort=True)
    )
    accuracies = [row.classification.accuracy.value or 0.0 for row in by_patient]
    return CropReport(
        name=name,
        patients=len(by_patient),
        threshold=threshold,
        overall=_classified(crops, threshold),
        mean_patient_accuracy=float(np.mean(accuracies)),
        by_patient=by_patient,
    )


def _classified(crops: pd.DataFrame, threshold: float) -> Classification:
    p_infected = crops["p_infected"].to_numpy(dtype=np.float64)
    infected = (crops["label"] == "parasitized").to_numpy(dtype=np.bool_)
    return classification(infected, p_infected, p_infected >= threshold)


def _errors(called: Classification) -> int:
    return called.accuracy.of - called.accuracy.hits


def _patient_row(row: PatientAccuracy) -> list[str]:
    called = row.classification
    shares = (called.sensitivity.value, called.specificity.value, called.accuracy.value, called.auc)
    return [row.patient, str(called.cells), str(_errors(called)), *(number_text(x, 4) for x in shares)]

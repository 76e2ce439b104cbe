"""Evaluation of single cells from folder to report, with a classifier whose errors are known."""

import json
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from pipeline.errors import InputError, OutputError
from pipeline.evaluation.crop_report import crop_report
from pipeline.evaluation.crops import CropChoice, CropClassifier, classify_crops
from pipeline.settings import CountSettings

SETTINGS = CountSettings()


@pytest.fixture
def crop_folder(tmp_path: Path) -> Path:
    """Crops whose brightness is 255 times the probability that the fake classifier gives."""
    rows = [
        ("a1", "p1", "parasitized", 0, 204),
        ("a2", "p1", "parasitized", 0, 51),
        ("a3", "p1", "uninfected", 0, 0),
        ("b1", "p2", "uninfected", 1, 153),
        ("b2", "p2", "uninfected", 1, 102),
    ]
    lines = ["crop,patient,label,patient_in_nih_fields,shrunk_by"]
    for name, patient, label, in_fields, value in rows:
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((5, 5, 3), value, dtype=np.uint8))
        lines.append(f"{name}.png,{patient},{label},{in_fields},1.5")
    (tmp_path / "crops.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def brightness(pictures: Iterable[NDArray[np.uint8]], settings: CountSettings) -> NDArray[np.float32]:
    return np.array([picture.mean() / 255 for picture in pictures], dtype=np.float32)


BRIGHTNESS = CropClassifier(classify=brightness, threshold=0.5)


def test_crops_are_measured_overall_and_by_patient(crop_folder: Path) -> None:
    report = classify_crops(crop_folder, SETTINGS, classifier=BRIGHTNESS).report()
    assert (report.overall.accuracy.hits, report.overall.accuracy.of) == (3, 5)
    assert (report.overall.sensitivity.hits, report.overall.sensitivity.of) == (1, 2)
    assert report.overall.auc == pytest.approx(4 / 6)
    assert [row.patient for row in report.by_patient] == ["p1", "p2"]
    assert [row.classification.accuracy.value for row in report.by_patient] == [2 / 3, 1 / 2]
    assert report.mean_patient_accuracy == pytest.approx(7 / 12)
    assert report.by_patient[1].classification.auc is None
    assert "p2" in report.to_text() and json.loads(json.dumps(report.to_json()))["patients"] == 2


def test_the_predictions_stand_beside_their_crops(crop_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    classify_crops(crop_folder, SETTINGS, classifier=BRIGHTNESS, predictions_path=path)
    assert path.read_text().splitlines() == [
        "crop,p_infected",
        "a1.png,0.800000",
        "a2.png,0.200000",
        "a3.png,0.000000",
        "b1.png,0.600000",
        "b2.png,0.400000",
    ]


def test_a_missing_folder_for_predictions_is_told_before_the_work(crop_folder: Path) -> None:
    def refuses(pictures: Iterable[NDArray[np.uint8]], settings: CountSettings) -> NDArray[np.float32]:
        raise AssertionError("the crops were classified first")

    with pytest.raises(OutputError, match="no folder"):
        classify_crops(
            crop_folder,
            SETTINGS,
            predictions_path=crop_folder / "none" / "p.csv",
            classifier=CropClassifier(classify=refuses, threshold=0.5),
        )


def test_patients_can_be_chosen_and_those_in_the_fields_left_out(crop_folder: Path) -> None:
    choice = CropChoice(exclude_patients_in_fields=True)
    report = classify_crops(crop_folder, SETTINGS, choice=choice, classifier=BRIGHTNESS).report()
    assert [row.patient for row in report.by_patient] == ["p1"]
    choice = CropChoice(patients=("p2",))
    assert (
        classify_crops(crop_folder, SETTINGS, choice=choice, classifier=BRIGHTNESS).report().overall.cells
        == 2
    )
    with pytest.raises(InputError, match="no crop"):
        choice = CropChoice(patients=("p2",), exclude_patients_in_fields=True)
        classify_crops(crop_folder, SETTINGS, choice=choice, classifier=BRIGHTNESS)


def test_many_crops_are_classified_in_order_over_several_batches(
    crop_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.evaluation.crops._CROPS_AT_ONCE", 2)
    whole = classify_crops(crop_folder, SETTINGS, classifier=BRIGHTNESS).report()
    assert whole.overall.accuracy.hits == 3 and whole.overall.auc == pytest.approx(4 / 6)


def test_the_text_names_the_patients_with_the_most_errors() -> None:
    rows = [(f"p{number}", "uninfected", float(number >= 15)) for number in range(30)]
    text = crop_report("set", pd.DataFrame(rows, columns=["patient", "label", "p_infected"]), 0.5).to_text()
    assert all(f"p{number}  " in text for number in range(15, 30))
    assert "p9  " not in text and "The 20 patients with the most errors" in text

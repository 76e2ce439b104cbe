"""Real smears: the networks that had slides left out are held to the measures of docs/accuracy.md on them."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logit

from classifier.crops import CROP_PX
from classifier.predict import PLAIN, predict
from models.manifest import read_manifest
from pipeline.count import count_slide
from pipeline.evaluation.crops import CropChoice, classify_crops
from pipeline.evaluation.field_report import FieldReport
from pipeline.evaluation.fields import CountedFields, count_fields
from pipeline.evaluation.labelled import read_crop_set, read_field_set
from pipeline.networks import load_classifier
from pipeline.settings import CountSettings
from pipeline.training.calibration import calibrate_classifier
from pipeline.training.data.fields import label_scale, read_rgb
from pipeline.training.data.sources import read_left_out
from segmentation.resample import WHITE_LEVEL

pytestmark = pytest.mark.real

MODELS = Path(__file__).resolve().parent.parent / "models"
LEFT_OUT = CountSettings(
    detector=MODELS / "left_out" / "detector.toml", classifier=MODELS / "left_out" / "classifier.toml"
)
LEFT_OUT_NAMES = (MODELS / "left_out" / "slides.txt").read_text(encoding="utf-8").split()


@pytest.fixture(scope="module")
def counted_of(labelled_data: Path) -> Callable[[str], CountedFields]:
    """The left-out slides of a set, counted once."""
    made: dict[str, CountedFields] = {}

    def counted(name: str) -> CountedFields:
        if name not in made:
            known = set(read_field_set(labelled_data / name).fields["slide"])
            slides = None if name in LEFT_OUT_NAMES else sorted(known & set(LEFT_OUT_NAMES))[:12]
            made[name] = count_fields(labelled_data / name, LEFT_OUT, slides=slides)
        return made[name]

    return counted


@pytest.fixture(scope="module")
def report_of(counted_of: Callable[[str], CountedFields]) -> Callable[[str], FieldReport]:
    """Report on the left-out slides of a set."""
    return lambda name: counted_of(name).report()


def test_left_out_nih_patients_cells_are_found_and_counted(report_of: Callable[[str], FieldReport]) -> None:
    overall = report_of("nih_fields").overall
    assert overall.detection.f1 is not None
    assert overall.count_error is not None
    assert overall.detection.f1 >= 0.95
    assert overall.count_error.mean_absolute_percent is not None
    assert overall.count_error.mean_absolute_percent <= 6


def test_left_out_nih_patients_infected_cells_are_found_as_docs_accuracy_states(
    report_of: Callable[[str], FieldReport],
) -> None:
    # The goal, 85% at 100 in 10,000, is not reached (docs/accuracy.md). This holds what is: 54 and 12, AUC
    # 0.985. Classifier 8 had 53 and 16, 0.976; classifier 5, which knew three microscopes, found 56 at 19.
    overall = report_of("nih_fields").overall
    assert overall.infected_cells_found.hits >= 53
    assert overall.classification.false_positives_per_10000.hits <= 13
    assert overall.classification.auc is not None
    assert overall.classification.auc >= 0.98


@pytest.mark.parametrize(
    ("name", "threshold", "found", "false"),
    [
        ("nih_fields", 0.26, 54, 16),
        ("nih_fields", 0.50, 50, 8),
        ("iml", 0.22, 65, 20),
        ("iml", 0.45, 61, 18),
    ],
)
def test_at_another_threshold_no_more_false_positives_stand_beside_as_many_found_as_before(
    counted_of: Callable[[str], CountedFields], name: str, threshold: float, found: int, false: int
) -> None:
    # Now 54 and 15, 51 and 7, 66 and 19, 62 and 17 are reached at these. Classifier 8 reached 54 and 18 at
    # 0.26, 49 and 11 at 0.50, 64 and 19 at 0.30, 62 and 17 at 0.365 (docs/accuracy.md).
    counted = counted_of(name)
    called = counted.scored["p_infected"] >= threshold
    overall = replace(counted, scored=counted.scored.assign(called=called)).report().overall
    assert overall.infected_cells_found.hits >= found
    assert overall.classification.false_positives_per_10000.hits <= false


def test_a_left_out_iml_slides_boxes_are_matched(report_of: Callable[[str], FieldReport]) -> None:
    f1 = report_of("iml").overall.detection.f1
    assert f1 is not None
    assert f1 >= 0.94


def test_a_left_out_iml_slides_infected_cells_are_found_as_docs_accuracy_states(
    report_of: Callable[[str], FieldReport],
) -> None:
    # 62 of 70 at 18 false positives; classifier 8: 64 at 20, classifier 7: 60 at 17, classifier 5: 56 at 9.
    overall = report_of("iml").overall
    assert overall.infected_cells_found.hits >= 61
    assert overall.classification.false_positives_per_10000.hits <= 19


@pytest.mark.parametrize(("name", "found"), [("bbbc041", 27), ("trip_thin", 30)])
def test_late_stages_of_left_out_slides_are_found_as_docs_accuracy_states(
    report_of: Callable[[str], FieldReport], name: str, found: int
) -> None:
    # 27 of 31 and 31 of 45; classifier 8: 28 and 31, classifier 7: 19 and 34.
    assert report_of(name).overall.infected_cells_found.hits >= found


@pytest.mark.parametrize(("name", "points"), [("nih_fields", 0.5), ("iml", 0.3)])
def test_parasitaemia_of_left_out_slides_errs_as_docs_accuracy_states(
    report_of: Callable[[str], FieldReport], name: str, points: float
) -> None:
    # Percentage points, mean over the slides: 0.37 and 0.25. Classifier 8 reached 0.61 and 0.32, classifier 7
    # 2.19 and 0.16, classifier 6 2.90 and 0.14, classifier 5 1.34 and 0.09.
    found = report_of(name).parasitaemia.mean_absolute
    assert found is not None
    assert found <= points


def test_few_cells_of_left_out_uninfected_patients_are_called_infected(
    report_of: Callable[[str], FieldReport],
) -> None:
    rate = report_of("chula").overall.called_on_uninfected_fields_per_10000
    assert rate.value is not None
    assert rate.value <= 10


def test_the_shipped_figures_are_what_is_measured_on_left_out_slides(
    labelled_data: Path, tmp_path: Path
) -> None:
    stated = read_manifest(MODELS / "left_out" / "classifier.toml", "classifier")
    for name in ("classifier.toml", stated.file):
        shutil.copy(MODELS / "left_out" / name, tmp_path / name)
    path = calibrate_classifier(
        tmp_path / "classifier.toml", labelled_data, MODELS / "left_out" / "detector.toml"
    )
    measured = read_manifest(path, "classifier")
    assert measured.threshold == pytest.approx(stated.threshold, abs=0.02)
    assert [row.source for row in measured.measured] == [row.source for row in stated.measured]
    # Another processor may round a cell or two across.
    for mine, theirs in zip(measured.measured, stated.measured, strict=True):
        assert mine.infected_found == pytest.approx(theirs.infected_found, abs=2)
        assert mine.false_positives == pytest.approx(theirs.false_positives, abs=3)


def test_an_infected_cell_beside_it_does_not_decide_for_a_cell(labelled_data: Path) -> None:
    # Unmarked, the logit rose by 0.33 (docs/adr/0013); 0.03 is reached.
    assert LEFT_OUT.detector is not None
    left = read_left_out(labelled_data, ["nih_fields"], LEFT_OUT.detector)
    cells, bare = left["nih_fields"], left["nih_crops"]
    rng = np.random.default_rng(0)
    alone = cells.crops[rng.choice(np.flatnonzero(~cells.infected), 800, replace=False)]
    others = bare.crops[rng.choice(np.flatnonzero(bare.infected), 800), ..., :3]
    away = np.rint(rng.uniform(32, 40, 800) * np.exp(2j * np.pi * rng.random(800)))
    moved = np.full((800, 3 * CROP_PX, 3 * CROP_PX, 3), WHITE_LEVEL, np.uint8)
    for canvas, other, place in zip(moved, others, away, strict=True):
        x, y = CROP_PX + int(place.real), CROP_PX + int(place.imag)
        canvas[y : y + CROP_PX, x : x + CROP_PX] = other
    beside = alone.copy()
    around = np.where(alone[..., 3:] > 0, WHITE_LEVEL, moved[:, CROP_PX:-CROP_PX, CROP_PX:-CROP_PX])
    beside[..., :3] = alone[..., :3].astype(np.uint16) * around // WHITE_LEVEL
    assert (beside != alone).any(axis=(1, 2, 3)).mean() > 0.95
    network = load_classifier(LEFT_OUT).network
    before, after = (logit(predict(crops, network, PLAIN).p_infected) for crops in (alone, beside))
    assert abs((after - before).mean()) < 0.1


def test_crops_of_left_out_patients_are_told_apart(labelled_data: Path) -> None:
    crops = read_crop_set(labelled_data / "nih_crops").crops
    patients = tuple(sorted(set(crops.loc[crops["patient_in_nih_fields"], "patient"])))
    report = classify_crops(
        labelled_data / "nih_crops", LEFT_OUT, choice=CropChoice(patients=patients)
    ).report()
    assert report.overall.auc is not None
    assert report.overall.auc >= 0.97


@pytest.mark.parametrize("name", ["iml", "nih_fields", "chula", "draaslan", "bccd"])
def test_the_scale_of_every_set_is_found_with_no_flag(labelled_data: Path, name: str) -> None:
    fields = read_field_set(labelled_data / name)
    names = fields.fields["field"].tolist()
    for field in names[:: max(1, len(names) // 3)][:3]:
        slide = fields.fields.loc[fields.fields["field"] == field, "slide"].iloc[0]
        of_slide = fields.fields.loc[fields.fields["slide"] == slide, "field"].tolist()[:10]
        labelled = label_scale(
            [read_rgb(fields.image_path(each)) for each in of_slide],
            [fields.cells_of(each) for each in of_slide],
        )
        found = count_slide(fields.image_path(field), CountSettings()).summary.um_per_px
        assert labelled is not None
        assert found is not None
        assert np.log(found / labelled) == pytest.approx(0, abs=0.25)

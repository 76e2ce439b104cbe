"""Trains the classifier on crops as the pipeline cuts them, and measures it on what was left out."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classifier.calibrate import fit_platt, least_threshold
from classifier.fit import ClassifierSettings, CropSample, classifier_loss, fit_classifier
from classifier.predict import Platt, predict
from models.manifest import Measured, read_manifest
from models.runtime import LiteRtNetwork
from pipeline.errors import InputError
from pipeline.fieldset import read_crop_set
from pipeline.model_cards import classifier_card
from pipeline.model_files import Facts, write_model_files, write_network
from pipeline.networks import load_detector
from pipeline.quantise import quantise
from pipeline.settings import CountSettings
from pipeline.train import (
    Report,
    TrainingOrder,
    checkpoint_after_each_epoch,
    claim_folder,
    resumed,
)
from pipeline.training_crops import LabelledCrops, field_crops, precut_crops, rendered_crops
from pipeline.training_sets import field_sets, kept_slides
from segmentation.crops import CropStyle
from segmentation.resample import CROP_UM_PER_PX

if TYPE_CHECKING:
    import keras

__all__ = ["train_classifier"]

CROP_SHARE = {
    "nih_crops": (0.22, 0.22),
    "iml": (0.12, 0.16),
    "nih_fields": (0.06, 0.08),
    "chula": (0.0, 0.12),
    "rendered": (0.04, 0.10),
}
"""Shares of the training crops drawn from each source: infected, uninfected."""
FIELD_SOURCES = ("iml", "nih_fields", "chula")
FIGURES = ("threshold", "calibration", "precut", "measured")
"""Entries of a manifest that are measured on what was left out."""
FALSE_POSITIVE_RATE = 0.01
"""False positives per uninfected cell that the threshold allows on the left-out fields of every source."""
REPRESENTATIVE = 400
"""Crops that the ranges of the int8 network are taken from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sources:
    """Labelled crops to train on, and those left out, by source; `precut` are left-out pre-cut cells."""

    kept: dict[str, LabelledCrops]
    left_out: dict[str, LabelledCrops]
    precut: LabelledCrops | None


def train_classifier(order: TrainingOrder, report: Report, style: CropStyle = "context") -> Path:
    """Train the classifier; `out` then holds its Keras and LiteRT files, manifest and card.

    What `order` leaves out calibrates and measures it. Where nothing is left out, `order.measured_by` names
    the manifest of the same training with something left out, and its figures are taken over.

    Raises
    ------
    InputError
        Where nothing is left out and no such manifest is named, or `out` holds another training.
    """
    if not order.leave_out and order.measured_by is None:
        raise InputError("nothing is left out to measure by; pass --leave-out or --measured-by MANIFEST")
    claim_folder(order, f"classifier, {style}")
    settings = ClassifierSettings(steps=order.steps or ClassifierSettings().steps)
    report("cutting labelled cells from fields")
    sources = _sources(order, style)
    for name, crops in sources.kept.items():
        report(f"{name}: {len(crops.infected)} crops, {int(crops.infected.sum())} infected")
    model = fit_classifier(
        [_sample(name, crops) for name, crops in sources.kept.items()],
        settings,
        order.seed,
        resume=resumed(order, {"classifier_loss": classifier_loss}),
        callbacks=[checkpoint_after_each_epoch(order.out, settings.steps_per_epoch, settings.steps, report)],
    )
    return _finish(model, order, sources, style)


def _sources(order: TrainingOrder, style: CropStyle) -> _Sources:
    kept: dict[str, LabelledCrops] = {}
    left_out: dict[str, LabelledCrops] = {}
    precut: LabelledCrops | None = None
    folder = order.data / "nih_crops"
    if folder.is_dir():
        table = read_crop_set(folder)
        crops = precut_crops(table)
        gone = np.isin(crops.group, order.leave_out)
        if "nih_fields" in order.leave_out:
            # The same patients lie in both sets.
            gone |= table.crops["patient_in_nih_fields"].to_numpy(bool)
        kept["nih_crops"] = crops.take(~gone)
        precut = crops.take(gone) if gone.any() else None
    detector = load_detector(CountSettings(detector=order.detector))
    for fields in field_sets(order.data, order.leave_out):
        if fields.name not in FIELD_SOURCES:
            continue
        slides = kept_slides(fields, order.leave_out)
        others = sorted(set(fields.fields["slide"]) - set(slides))
        if slides:
            kept[fields.name] = field_crops(fields, slides, detector, style)
        if others:
            left_out[fields.name] = field_crops(fields, others, detector, style)
    with tempfile.TemporaryDirectory() as drawn:
        kept["rendered"] = rendered_crops(
            detector, style, np.random.default_rng((order.seed, 3)), Path(drawn)
        )
    return _Sources(kept=kept, left_out=left_out, precut=precut)


def _sample(name: str, crops: LabelledCrops) -> CropSample:
    """Crops of a source, weighted so that its infected and uninfected ones have their shares."""
    infected, clean = CROP_SHARE[name]
    weight = np.where(
        crops.infected,
        infected / max(int(crops.infected.sum()), 1),
        clean / max(int((~crops.infected).sum()), 1),
    )
    return CropSample(crops=crops.crops, infected=crops.infected, weight=weight)


def _finish(model: "keras.Model", order: TrainingOrder, sources: _Sources, style: CropStyle) -> Path:
    """Quantise, calibrate and measure; the figures are those of the int8 network that is used."""
    keras_file = write_network(model, order.out, "classifier")
    pictures = _representative(sources.kept, order.seed)
    if order.measured_by is not None:
        told = read_manifest(order.measured_by, "classifier")
        figures = told.model_dump(include=set(FIGURES), exclude_none=True)
    else:
        quantise(model, pictures, keras_file.with_suffix(".tflite"))
        figures = _measure(LiteRtNetwork(keras_file.with_suffix(".tflite")), sources)
    entries = {
        "name": f"smearcount-classifier-{'' if order.measured_by else 'left-out-'}1",
        "um_per_px": CROP_UM_PER_PX,
        "classes": ["infected"],
        "crop": style,
        "trained_on": sorted(sources.kept),
        "left_out": sorted(order.leave_out),
        "seed": order.seed,
        "licence": "Apache-2.0",
        **figures,
    }
    return write_model_files(
        model, keras_file, pictures, Facts(entries=entries, card=classifier_card(entries))
    )


def _measure(network: LiteRtNetwork, sources: _Sources) -> dict[str, object]:
    """Calibrations, threshold and figures on left-out fields, first pooled, then by source."""
    logits = {name: _logits(network, crops) for name, crops in sources.left_out.items()}
    infected = np.concatenate([crops.infected for crops in sources.left_out.values()])
    pooled = np.concatenate(list(logits.values()))
    platt = fit_platt(pooled, infected, np.ones(len(pooled)))
    threshold = max(
        least_threshold(platt.probability(logits[name]), crops.infected, FALSE_POSITIVE_RATE)
        for name, crops in sources.left_out.items()
    )
    rows = [_row("all left-out fields", platt.probability(pooled), infected, threshold)]
    for name, crops in sources.left_out.items():
        rows.append(_row(name, platt.probability(logits[name]), crops.infected, threshold))
    figures: dict[str, object] = {
        "threshold": threshold,
        "calibration": {"slope": platt.slope, "offset": platt.offset},
        "measured": [row.model_dump() for row in rows],
    }
    if sources.precut is not None:
        even = np.where(
            sources.precut.infected,
            1 / max(sources.precut.infected.sum(), 1),
            1 / max((~sources.precut.infected).sum(), 1),
        )
        precut = fit_platt(_logits(network, sources.precut), sources.precut.infected, even)
        figures["precut"] = {"slope": precut.slope, "offset": precut.offset}
    return figures


def _logits(network: LiteRtNetwork, crops: LabelledCrops) -> NDArray[np.float32]:
    chance = np.clip(
        predict(crops.crops, network, Platt(slope=1.0, offset=0.0)).astype(np.float64), 1e-7, 1 - 1e-7
    )
    return np.log(chance / (1 - chance)).astype(np.float32)


def _row(
    source: str, probability: NDArray[np.float32], infected: NDArray[np.bool_], threshold: float
) -> Measured:
    called = probability >= threshold
    return Measured(
        source=source,
        infected=int(infected.sum()),
        infected_found=int((called & infected).sum()),
        uninfected=int((~infected).sum()),
        false_positives=int((called & ~infected).sum()),
    )


def _representative(kept: dict[str, LabelledCrops], seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng((seed, 2))
    each = REPRESENTATIVE // len(kept)
    return np.concatenate(
        [
            crops.crops[rng.choice(len(crops.crops), min(each, len(crops.crops)), replace=False)]
            for crops in kept.values()
        ]
    )

"""Trains the classifier on crops as the pipeline cuts them, and measures it on what was left out."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classifier.crops import CROP_PX, EVENED
from classifier.predict import PLAIN, predict
from classifier.training.fit import ClassifierSettings, CropSample
from classifier.training.hard import drawn_by_hardness
from classifier.training.network import build_classifier, split_outputs
from models.runtime import LiteRtNetwork
from pipeline.errors import InputError
from pipeline.networks import Classifier, load_classifier
from pipeline.settings import CountSettings
from pipeline.training.cards import WEIGHTS_LICENCE, classifier_card
from pipeline.training.checkpoint import claim_folder, finished, started_from
from pipeline.training.data.crops import LabelledCrops
from pipeline.training.data.sources import CELL_ONLY, RENDERED, read_sources
from pipeline.training.fitting import fit_or_resume
from pipeline.training.network_files import Facts, write_model_files, write_network
from pipeline.training.order import Report, TrainingOrder
from pipeline.training.quantise import quantise
from pipeline.training.reference import add_reference
from pipeline.training.validation.held_out import measured_figures, read_metrics
from segmentation.resample import CROP_UM_PER_PX

if TYPE_CHECKING:
    import keras

__all__ = ["train_classifier"]

_KeptAndLeft = tuple[dict[str, LabelledCrops], dict[str, LabelledCrops]]
FINE_TUNING_RATE = 1e-3
"""Highest learning rate where a finished classifier is trained on; no cell is stretched then."""
REPRESENTATIVE = 400
"""Crops that the ranges of the int8 network are taken from."""


def train_classifier(order: TrainingOrder, report: Report) -> Path:
    """Train the classifier; `out` then holds its Keras and LiteRT files, manifest and card.

    What `order` leaves out calibrates and measures it. Where nothing is left out, `order.measured_by` names
    the manifest of the same training with something left out, and its figures are taken over.

    Raises
    ------
    InputError
        Where nothing is left out and no such manifest is named, what is left out has not both kinds of
        cells, or `out` holds another training.
    """
    if not order.leave_out and order.measured_by is None:
        raise InputError("nothing is left out to measure by; pass --leave-out or --measured-by MANIFEST")
    claim_folder(order, "classifier")
    if (done := finished(order, "classifier", report)) is not None:
        return done
    start_from = started_from(order, partial(build_classifier, CROP_PX))
    miner = (
        None
        if order.hard_negatives_from is None
        else load_classifier(CountSettings(classifier=order.hard_negatives_from))
    )
    settings = ClassifierSettings(steps=order.steps or ClassifierSettings().steps)
    if order.start_from is not None:
        settings = replace(settings, learning_rate=FINE_TUNING_RATE, stretched=0.0)
    report("cutting labelled cells from fields")
    sources = read_sources(order)
    left = sources.left_out(order.leave_out)
    if order.measured_by is None:
        _refuse_what_measures_nothing(sources.taken(left))
    kept = sources.taken({name: ~gone for name, gone in left.items()})
    for name, crops in kept.items():
        report(f"{name}: {len(crops.labels)} crops, {int(crops.infected.sum())} infected")
    samples = sources.samples(left) if miner is None else _with_hard_negatives(sources.samples(left), miner)
    model = fit_or_resume(samples, settings, order, report, start_from)
    return _finish(model, order, (kept, sources.taken(left)))


def _refuse_what_measures_nothing(left: dict[str, LabelledCrops]) -> None:
    """Said before the hours of training, not after."""
    infected = np.concatenate(
        [np.empty(0, np.bool_), *(crops.infected for name, crops in left.items() if name != CELL_ONLY)]
    )
    if infected.any() and not infected.all():
        return
    raise InputError(
        f"of the slides left out the detector finds {int(infected.sum())} infected and "
        f"{int((~infected).sum())} uninfected cells; the calibration needs both: leave out slides with both, "
        "or pass a detector that finds them"
    )


def _with_hard_negatives(samples: Sequence[CropSample], miner: Classifier) -> list[CropSample]:
    return [
        drawn_by_hardness(sample, predict(sample.crops, miner.network, PLAIN).p_infected)
        for sample in samples
    ]


def _finish(model: "keras.Model", order: TrainingOrder, crops: _KeptAndLeft) -> Path:
    """Quantise, calibrate and measure; the figures are those of the int8 network that is used."""
    kept, left = crops
    keras_file = write_network(model, order.out, "classifier")
    pictures = _representative(kept, order.seed)
    if order.measured_by is not None:
        figures = read_metrics(order.measured_by)
    else:
        quantise(split_outputs(model), pictures, keras_file.with_suffix(".tflite"))
        network = LiteRtNetwork(keras_file.with_suffix(".tflite"))
        fields = {name: own for name, own in left.items() if name != CELL_ONLY}
        figures = measured_figures(network, fields, left.get(CELL_ONLY))
    entries = {
        "name": f"smearcount-classifier-{'' if order.measured_by else 'left-out-'}9",
        "um_per_px": CROP_UM_PER_PX,
        "classes": ["infected"],
        "crop": EVENED,
        "trained_on": sorted(kept),
        "left_out": sorted(order.leave_out),
        "seed": order.seed,
        "licence": WEIGHTS_LICENCE,
        **figures,
    }
    manifest = write_model_files(
        split_outputs(model), keras_file, pictures, Facts(entries=entries, card=classifier_card(entries))
    )
    of_fields = {name: cells for name, cells in kept.items() if name not in (CELL_ONLY, RENDERED)}
    return add_reference(manifest, of_fields, order.seed)


def _representative(kept: dict[str, LabelledCrops], seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng((seed, 2))
    each = REPRESENTATIVE // len(kept)
    return np.concatenate(
        [
            crops.crops[rng.choice(len(crops.crops), min(each, len(crops.crops)), replace=False)]
            for crops in kept.values()
        ]
    )

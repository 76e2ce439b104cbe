"""The earlier work's network on pre-cut cells, split at random and split by patient: the one to beat."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from classifier.training.network import BASELINE_PX, build_baseline
from pipeline.evaluation.labelled import CropSet, read_crop_set, read_crops
from pipeline.evaluation.metrics import roc_auc
from pipeline.training.order import Report, TrainingOrder
from pipeline.training.validation.folds import folds_by_group

__all__ = ["Score", "baseline_scores"]

FOLDS = 5
BASELINE_EPOCHS, BASELINE_BATCH = 6, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Accuracy at probability 0.5 and area under the ROC curve on `crops` crops not trained on."""

    split: str
    crops: int
    accuracy: float
    auc: float

    def to_text(self) -> str:
        """One line for a person."""
        return f"{self.split}: accuracy {self.accuracy:.4f}, AUC {self.auc:.4f} on {self.crops} crops"


def baseline_scores(order: TrainingOrder, report: Report) -> tuple[Score, ...]:
    """The earlier work's network, 80/20, split at random and split by patient."""
    source = read_crop_set(order.data / "nih_crops")
    table = source.crops
    pictures = _stretched(source, table["crop"].astype(str).tolist())
    infected = (table["label"] == "parasitized").to_numpy()
    at_random = np.random.default_rng(order.seed).permutation(len(infected)) % FOLDS
    by_patient = folds_by_group(table["patient"].astype(str).tolist(), FOLDS, order.seed)
    scores = []
    for split, fold in (("baseline, split at random", at_random), ("baseline, split by patient", by_patient)):
        left = fold == 0
        model = _fit_baseline(pictures[~left], infected[~left], order.seed)
        scores.append(_score(split, _logits(model, pictures[left]), infected[left]))
        report(scores[-1].to_text())
    return tuple(scores)


def _fit_baseline(pictures: NDArray[np.uint8], infected: NDArray[np.bool_], seed: int) -> Any:
    import keras

    keras.utils.set_random_seed(seed)
    model = build_baseline()
    model.compile("adam", loss=keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit(
        pictures, infected.astype(np.float32), batch_size=BASELINE_BATCH, epochs=BASELINE_EPOCHS, verbose=0
    )
    return model


def _stretched(source: CropSet, names: list[str]) -> NDArray[np.uint8]:
    size = (BASELINE_PX, BASELINE_PX)
    stretched = [
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in read_crops(source, names)
    ]
    return np.stack(stretched).astype(np.uint8)


def _logits(model: Any, pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    parts = [
        np.asarray(model.predict_on_batch(pictures[start : start + 256].astype(np.float32)))[:, 0]
        for start in range(0, len(pictures), 256)
    ]
    return np.concatenate(parts).astype(np.float64)


def _score(split: str, logits: NDArray[np.float64], infected: NDArray[np.bool_]) -> Score:
    return Score(
        split=split,
        crops=len(logits),
        accuracy=float(((logits > 0) == infected).mean()),
        auc=roc_auc(infected, logits) or 0.0,
    )

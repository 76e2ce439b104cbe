"""Crops to calibrated probabilities and life stages, in batches of one shape."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.runtime import Network
from models.site import FEATURES_OUTPUT

__all__ = ["BATCH", "PLAIN", "STAGES", "Calls", "Doubtful", "Platt", "predict", "sure_stage"]

BATCH = 32
"""Crops a run of the network; the last batch is filled up, so that every batch has one shape.

A larger batch is no faster, and filling it up wastes more."""
UNCERTAIN_AT_ONCE = 8 * BATCH
"""Uncertain crops that are turned at once: all turns of a few share their last batch."""

DECISIONS = 2
"""Outputs that are decisions: infected, and stage; the features that follow are for another last layer."""
FURTHER_TURNS = (1, 2, 3)
"""Quarter turns in which an uncertain crop is classified again. A cell has no up or down, and the mean of
four turns errs less."""
UNCERTAIN_LOGIT = -2.0
"""Least logit in the first turn from which the other turns are taken too. Of 34,785 cells of five sources
none would be called otherwise if all were turned; 2% (`draaslan`) to 19% (`nih_fields`) are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platt:
    """Calibration: probability = sigmoid(slope * logit + offset) (Platt 1999)."""

    slope: float
    offset: float

    def probability(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 (n,), 0 to 1, of logits (n,)."""
        return np.asarray(
            1 / (1 + np.exp(-(self.slope * logits.astype(np.float64) + self.offset))), np.float32
        )


PLAIN = Platt(slope=1.0, offset=0.0)
"""Logits as they are, not calibrated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Predictions of the network for cells.

    Attributes
    ----------
    p_infected : float32 (n,), calibrated probability.
    stages : float32 (n, s), probability of each stage of the manifest if the cell is infected; s is 0 where
        the network predicts none.
    features : float32 (n, k), what the last layer decides from; k is 0 where the network gives none.
    """

    p_infected: NDArray[np.float32]
    stages: NDArray[np.float32]
    features: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubtful:
    """Features of those of n cells whose decision another last layer may change.

    Attributes
    ----------
    cells : int64 (d,), which of the n. features : float16 (d, k).
    """

    cells: NDArray[np.int64]
    features: NDArray[np.float16]

    @classmethod
    def empty(cls) -> "Doubtful":
        """Of no cell."""
        return cls(cells=np.empty(0, np.int64), features=np.empty((0, 0), np.float16))

    @classmethod
    def of(cls, asked: NDArray[np.bool_], calls: Calls, least_p: float) -> "Doubtful":
        """Those of at least this probability; `asked`, bool (n,), says of which cells the calls are."""
        which = calls.p_infected >= least_p
        return cls(cells=np.flatnonzero(asked)[which], features=calls.features[which].astype(np.float16))

    def among(self, kept: NDArray[np.bool_]) -> "Doubtful":
        """Those among the kept cells, counted through; `kept` is bool (n,)."""
        which = kept[self.cells]
        return Doubtful(cells=(np.cumsum(kept) - 1)[self.cells[which]], features=self.features[which])


def predict(crops: NDArray[np.uint8], network: Network, calibration: Platt) -> Calls:
    """Call of each cell.

    Parameters
    ----------
    crops : uint8 (n, H, W, 4), normalised RGB at crop scale and the cell marked (see `classifier.outline`).
    """
    if not len(crops):
        nothing = np.empty((0, 0), np.float32)
        return Calls(p_infected=np.empty(0, np.float32), stages=nothing, features=nothing)
    mean, decisions = _forward(crops, network)
    uncertain = np.flatnonzero(mean[:, 0] >= UNCERTAIN_LOGIT)
    for start in range(0, len(uncertain), UNCERTAIN_AT_ONCE):
        some = uncertain[start : start + UNCERTAIN_AT_ONCE]
        turned = np.concatenate([np.rot90(crops[some], turn, axes=(1, 2)) for turn in FURTHER_TURNS])
        further = _forward(turned, network)[0].reshape(len(FURTHER_TURNS), len(some), -1)
        mean[some] = np.mean([mean[some], *further], axis=0)
    return Calls(
        p_infected=calibration.probability(mean[:, 0]),
        stages=_softmax(mean[:, 1:decisions]),
        features=mean[:, decisions:],
    )


def sure_stage(stages: NDArray[np.float32], least: float) -> NDArray[np.int64]:
    """Place of each cell's likeliest stage, int64 (n,); -1 where it is less probable than `least`."""
    if not stages.shape[1]:
        return np.full(len(stages), -1, np.int64)
    return np.where(stages.max(axis=1) >= least, stages.argmax(axis=1), -1)


def _forward(crops: NDArray[np.uint8], network: Network) -> tuple[NDArray[np.float32], int]:
    """Outputs side by side, float32 (n, 1 + stages + features), of one turn of each; columns that decide."""
    parts, decisions = [], 1
    for start in range(0, len(crops), BATCH):
        batch = some = crops[start : start + BATCH]
        if len(some) < BATCH:
            batch = np.zeros((BATCH, *crops.shape[1:]), np.uint8)
            batch[: len(some)] = some
        outputs = network.run(batch)[: FEATURES_OUTPUT + 1]
        decisions = sum(output.shape[1] for output in outputs[:DECISIONS])
        parts.append(np.concatenate(outputs, axis=1)[: len(some)])
    return np.concatenate(parts).astype(np.float32), decisions


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    if not logits.shape[1]:
        return logits
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


STAGES = ("ring", "trophozoite", "schizont", "gametocyte")
"""Life stages that the second output distinguishes, in its order."""

"""The last layer fitted anew to a few labelled cells, held to the shipped one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.predict import BATCH, Platt
from models.errors import ModelError
from models.runtime import Network
from models.site import FEATURES_OUTPUT

__all__ = ["LabelledCells", "LastLayer", "as_seen", "fit_last_layer", "log_loss"]

STRENGTH = 100.0
"""Of what holds the layer to the shipped one: so many cells' worth for a change of one standard deviation."""
OFFSET_STRENGTH = 100.0
"""The same for the offset: labelled cells are no fair sample, so their share of infected ones says little."""
TURNS = (0, 1, 2, 3)
"""Quarter turns over which features and logits are averaged, as a count does with doubtful cells."""
STEPS = 60
"""Newton steps at most; a few are enough."""
DONE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledCells:
    """Cells that a person has labelled.

    Attributes
    ----------
    features : float64 (n, k), mean over the turns. logits : float64 (n,), as the shipped layer gives them.
    infected : bool (n,).
    """

    features: NDArray[np.float64]
    logits: NDArray[np.float64]
    infected: NDArray[np.bool_]

    def take(self, which: NDArray[np.bool_]) -> "LabelledCells":
        """Those cells, `which` bool (n,)."""
        return LabelledCells(
            features=self.features[which], logits=self.logits[which], infected=self.infected[which]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLayer:
    """What is added to the shipped logit: features x weights + offset; weights float64 (k,)."""

    weights: NDArray[np.float64]
    offset: float

    def added(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """What is added to logits of cells of these features (n, k), the same whatever others there are."""
        return np.asarray((features.astype(np.float64) * self.weights).sum(axis=1) + self.offset, np.float64)

    def logits(self, cells: LabelledCells) -> NDArray[np.float64]:
        """float64 (n,)."""
        return cells.logits + self.added(cells.features)


def as_seen(crops: NDArray[np.uint8], infected: NDArray[np.bool_], network: Network) -> LabelledCells:
    """Labelled cells as the network sees them, mean over the turns.

    Parameters
    ----------
    crops : uint8 (n, S, S, 4), see `classifier.crops`; one at least. infected : bool (n,).

    Raises
    ------
    ModelError
        Where the network gives no features.
    """
    logits, features = [], []
    for start in range(0, len(crops), BATCH):
        some = crops[start : start + BATCH]
        turned = [network.run(np.ascontiguousarray(np.rot90(some, turn, axes=(1, 2)))) for turn in TURNS]
        if len(turned[0]) <= FEATURES_OUTPUT:
            raise ModelError(
                "this classifier gives no features to fit a last layer to; use the shipped one or train "
                "it again"
            )
        logits.append(np.mean([outputs[0][:, 0] for outputs in turned], axis=0, dtype=np.float64))
        features.append(np.mean([outputs[FEATURES_OUTPUT] for outputs in turned], axis=0, dtype=np.float64))
    return LabelledCells(features=np.concatenate(features), logits=np.concatenate(logits), infected=infected)


def fit_last_layer(cells: LabelledCells, calibration: Platt, strength: float = STRENGTH) -> LastLayer:
    """The layer with the least log loss on `cells` and a ridge toward the shipped one; one answer, no chance.

    Features are taken in units of their spread. The loss is convex; Newton's method with halved steps.
    """
    middle, spread = cells.features.mean(axis=0), cells.features.std(axis=0)
    spread = np.maximum(spread, 0.05 * spread.max() + 1e-9)
    design = np.column_stack([(cells.features - middle) / spread, np.ones(len(cells.logits))])
    held = np.full(design.shape[1], strength)
    held[-1] = OFFSET_STRENGTH
    found = np.zeros(design.shape[1])
    loss = _penalised(found, design, held, (cells, calibration))
    for _ in range(STEPS):
        chance = _chance(cells.logits + design @ found, calibration)
        slope = calibration.slope
        gradient = slope * design.T @ (chance - cells.infected) + held * found
        curvature = slope**2 * (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(held)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while (lower := _penalised(found - size * step, design, held, (cells, calibration))) > loss and (
            size > DONE
        ):
            size /= 2
        found, gained, loss = found - size * step, loss - lower, min(loss, lower)
        if gained < DONE:
            break
    weights = found[:-1] / spread
    return LastLayer(weights=weights, offset=float(found[-1] - middle @ weights))


def log_loss(
    logits: NDArray[np.float64], infected: NDArray[np.bool_], calibration: Platt
) -> NDArray[np.float64]:
    """Log loss of each cell, nats, float64 (n,)."""
    scores = calibration.slope * logits + calibration.offset
    return np.asarray(np.logaddexp(0.0, np.where(infected, -scores, scores)), np.float64)


def _chance(logits: NDArray[np.float64], calibration: Platt) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-(calibration.slope * logits + calibration.offset))), np.float64)


def _penalised(
    found: NDArray[np.float64],
    design: NDArray[np.float64],
    held: NDArray[np.float64],
    of: tuple[LabelledCells, Platt],
) -> float:
    cells, calibration = of
    loss = log_loss(cells.logits + design @ found, cells.infected, calibration).sum()
    return float(loss + (held * found**2).sum() / 2)

"""The slide's own negative control: specks of its ground laid on its clean cells, and how many are called."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.predict import Platt, predict
from classifier.specks import laid_on
from models.runtime import Network

__all__ = ["GRAIN_UM2", "Decision", "LaidOn", "lay_on"]

GRAIN_UM2 = 0.8
"""Specks up to this area are grains: what is larger may be a parasite that left its cell."""
_ON_CELL = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What calls a cell infected: a network, its calibration, and the least probability that is called."""

    network: Network
    calibration: Platt
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidOn:
    """What was called of clean cells with specks laid on them.

    Attributes
    ----------
    p_infected : float32 (n,), probability of each. threshold : least probability that is called.
    grains : bool (n,), whether the speck is a grain, see `GRAIN_UM2`.
    specks : int64 (n,), which speck it is. features : float32 (n, k), see `classifier.predict.Calls`.
    """

    p_infected: NDArray[np.float32]
    threshold: float
    grains: NDArray[np.bool_]
    specks: NDArray[np.int64]
    features: NDArray[np.float32]

    @property
    def called(self) -> NDArray[np.bool_]:
        """bool (n,)."""
        return self.p_infected >= self.threshold

    def take(self, which: NDArray[np.bool_]) -> "LaidOn":
        """Those, bool (n,)."""
        return LaidOn(
            p_infected=self.p_infected[which],
            threshold=self.threshold,
            grains=self.grains[which],
            specks=self.specks[which],
            features=self.features[which],
        )

    def share(self, grains_only: bool, least_p: float | None = None) -> float:
        """Share of the laid specks that were called, or are as probable as `least_p`, 0 to 1; 0 of none."""
        high = self.called if least_p is None else self.p_infected >= least_p
        chosen = high[self.grains] if grains_only else high
        return float(chosen.mean()) if len(chosen) else 0.0


def lay_on(
    cells: NDArray[np.uint8],
    specks: tuple[NDArray[np.uint8], NDArray[np.float32]],
    decision: Decision,
    number: int,
) -> LaidOn:
    """Lay specks on clean cells and ask the classifier; the same every time, without any chance.

    Parameters
    ----------
    cells : uint8 (n, S, S, 4), crops of clean cells. specks : what passes and areas, see `classifier.specks`.
    decision : what calls them.
    number : specks to lay, each speck and each cell about equally often.
    """
    passed, areas = specks
    if not len(cells) or not len(passed):
        return LaidOn(
            p_infected=np.zeros(0, np.float32),
            threshold=decision.threshold,
            grains=np.zeros(0, bool),
            specks=np.zeros(0, np.int64),
            features=np.zeros((0, 0), np.float32),
        )
    # Every choice comes from one generator of fixed seed over inputs in a fixed order.
    rng = np.random.default_rng(0)
    crops, which = [], np.arange(number) % len(passed)
    for speck in which.tolist():
        cell = cells[int(rng.integers(len(cells)))]
        rows, columns = np.nonzero(cell[..., 3] > _ON_CELL)
        place = rng.integers(max(len(rows), 1))
        middle = (int(rows[place]), int(columns[place])) if len(rows) else (cell.shape[0] // 2,) * 2
        crops.append(laid_on(cell, passed[speck], middle))
    calls = predict(np.stack(crops), decision.network, decision.calibration)
    return LaidOn(
        p_infected=calls.p_infected,
        threshold=decision.threshold,
        grains=areas[which] <= GRAIN_UM2,
        specks=which.astype(np.int64),
        features=calls.features,
    )

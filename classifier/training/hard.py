"""Hard negatives: uninfected cells that a finished network nearly calls infected are drawn more often."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from classifier.training.fit import CropSample

__all__ = ["HARD_SHARE", "drawn_by_hardness"]

HARD_SHARE = 0.5
"""Share of a source's uninfected draws that goes by hardness; the rest stays as it was."""
LEAST_HARD, MOST_HARD = 0.01, 0.6
"""Bounds of a cell's hardness. Beyond the upper one lie mostly wrong labels, which must not decide."""


def drawn_by_hardness(sample: CropSample, p_infected: NDArray[np.float32]) -> CropSample:
    """The sample with its uninfected cells drawn by how infected they look; each kind keeps its share.

    Parameters
    ----------
    p_infected : float32 (n,), 0 to 1, what a finished network takes each crop of the sample for.
    """
    clean = ~sample.infected
    share = sample.weight[clean].sum()
    if share == 0:
        return sample
    hardness = np.clip(p_infected[clean].astype(np.float64), LEAST_HARD, MOST_HARD)
    weight = sample.weight.copy()
    weight[clean] = (1 - HARD_SHARE) * weight[clean] + HARD_SHARE * share * hardness / hardness.sum()
    return replace(sample, weight=weight)

"""The last layer fitted anew for one slide: its own specks laid on its clean cells are no parasites.

What holds it is a ridge toward the shipped layer, and cells of the training sets beside them.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classifier.control import LaidOn
from classifier.last_layer import LabelledCells, LastLayer, fit_last_layer
from classifier.predict import Platt

__all__ = ["SlideLayer", "fit_slide_layer", "relabelled"]

RIDGE = 400.0
"""So many cells' worth for a change of one standard deviation of a feature, where 256 specks are laid and
some nine hundred reference cells stand beside them; measured in `docs/lab/slide_layer.md`."""
FOLDS = 8
"""Parts of the specks that are held back in turn, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideLayer:
    """A layer, and what it says of specks that it was not fitted to.

    Attributes
    ----------
    laid : the same specks on cells, as layers decide that were fitted to the others.
    """

    layer: LastLayer
    calibration: Platt
    laid: LaidOn


def fit_slide_layer(laid: LaidOn, reference: LabelledCells, calibration: Platt) -> SlideLayer:
    """The layer for a slide, one answer without chance.

    It is fitted to grains alone: larger specks may be platelets, which look like rings, or parasites that
    left their cells.

    Parameters
    ----------
    laid : specks of the slide on its clean cells; two grains at least.
    reference : infected and clean cells of the training sets.
    """
    grains = laid.take(laid.grains)
    uninfected = LabelledCells(
        features=grains.features.astype(np.float64),
        logits=_logits(grains.p_infected, calibration),
        infected=np.zeros(len(grains.p_infected), bool),
    )
    whole = _fitted(uninfected, reference, calibration)
    held_out = np.empty(len(grains.p_infected), np.float32)
    which = np.unique(grains.specks, return_inverse=True)[1] % FOLDS
    for fold in np.unique(which):
        own = which == fold
        layer = _fitted(uninfected.take(~own), reference, calibration)
        held_out[own] = relabelled(grains.p_infected[own], grains.features[own], (layer, calibration))
    decided = relabelled(laid.p_infected, laid.features, (whole, calibration))
    decided[laid.grains] = held_out
    return SlideLayer(layer=whole, calibration=calibration, laid=replace(laid, p_infected=decided))


def relabelled(
    p_infected: NDArray[np.float32],
    features: NDArray[np.float16] | NDArray[np.float32],
    by: tuple[LastLayer, Platt],
) -> NDArray[np.float32]:
    """Probabilities of cells by another last layer, float32 (n,).

    Parameters
    ----------
    p_infected : float32 (n,), as shipped. features : (n, k), see `classifier.predict.Calls`.
    """
    layer, calibration = by
    logits = _logits(p_infected, calibration) + layer.added(features)
    return calibration.probability(logits.astype(np.float32))


def _fitted(uninfected: LabelledCells, reference: LabelledCells, calibration: Platt) -> LastLayer:
    both = LabelledCells(
        features=np.concatenate([uninfected.features, reference.features]),
        logits=np.concatenate([uninfected.logits, reference.logits]),
        infected=np.concatenate([uninfected.infected, reference.infected]),
    )
    return fit_last_layer(both, calibration, RIDGE)


def _logits(p_infected: NDArray[np.float32], calibration: Platt) -> NDArray[np.float64]:
    """Logits of the network that gave these probabilities, float64 (n,), kept finite."""
    sure = 1e-7
    chance = np.clip(p_infected.astype(np.float64), sure, 1 - sure)
    return np.asarray((np.log(chance / (1 - chance)) - calibration.offset) / calibration.slope, np.float64)

"""Decides whether a slide gets a last layer of its own: only where its control shows confusion, and it helps.

Measured on slides left out, with dirt and with parasites on the ground: `docs/lab/slide_layer.md`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from classifier.control import LaidOn
from classifier.slide_layer import SlideLayer, fit_slide_layer
from pipeline.counting.debris import UPPER_END, DebrisSample, explained_by_grains
from pipeline.counting.own_layer.store import decided_by
from pipeline.counting.tile import TileCells
from pipeline.networks import Classifier
from pipeline.records import OwnLayer
from segmentation.detections import Kind

__all__ = ["Fitted", "fitted_to_slide"]

LEAST_SHARE, MOST_SHARE = 0.05, 0.25
"""Share of the laid grains that is called: from which on the classifier confuses this slide's dirt, and up to
which it is dirt. Of parasites laid on clean cells a quarter to a half is called, of dirt a twentieth to a
fifth."""
LEAST_EXPLAINED, ALL_EXPLAINED = 0.1, 0.67
"""Share of the slide's calls that its dirt explains: below the first there is little to gain, above the
second little to lose, and then any share may be called."""
LEAST_SPECKS, LEAST_CALLED_SPECKS = 4, 2
"""Fewest grains, and fewest that are called anywhere: one odd one is no dirt."""
MOST_LEFT = 0.8
"""Share of its calls on specks that a layer fitted to the others may leave: else it has learnt nothing, as
where the specks are parasites, which the reference cells hold against."""
MOST_TAKEN = 4.0
"""Calls that the layer may take away, as a multiple of the upper end of what dirt explains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A slide's own layer, and what is reported of it."""

    layer: SlideLayer
    record: OwnLayer


def fitted_to_slide(
    sample: DebrisSample, laid: LaidOn, tiles: Iterable[TileCells], classifier: Classifier
) -> Fitted | None:
    """The slide's own layer; None where it gets none.

    Parameters
    ----------
    laid : specks of the slide on its clean cells, as the shipped layer decides.
    tiles : gone through once, and only where the control shows confusion.
    """
    reference, grains = classifier.reference, laid.take(laid.grains)
    if reference is None or not _is_confused(grains) or laid.features.shape[1] != reference.features.shape[1]:
        return None
    fitted = fit_slide_layer(laid, reference, classifier.calibration)
    if fitted.laid.called[laid.grains].sum() > MOST_LEFT * grains.called.sum():
        return None
    threshold, before, after = classifier.manifest.threshold, 0, 0
    for cells in tiles:
        red = cells.kinds == Kind.RED_CELL
        before += int((cells.p_infected[red] >= threshold).sum())
        after += int((decided_by(fitted, cells).p_infected[red] >= threshold).sum())
    dirt = explained_by_grains(sample, laid)
    if not _is_dirt(dirt, laid.share(grains_only=True), (before, after)):
        return None
    return Fitted(
        layer=fitted,
        record=OwnLayer(laid_called_shipped=int(laid.called.sum()), called_shipped=before, called=after),
    )


def _is_confused(grains: LaidOn) -> bool:
    return (
        len(np.unique(grains.specks)) >= LEAST_SPECKS
        and len(np.unique(grains.specks[grains.called])) >= LEAST_CALLED_SPECKS
        and grains.share(grains_only=True) >= LEAST_SHARE
    )


def _is_dirt(dirt: tuple[float, float], share: float, called: tuple[int, int]) -> bool:
    """Whether what the layer takes away is dirt.

    Parameters
    ----------
    dirt : calls that it explains, and the standard error. share : of the laid grains that is called.
    called : cells that the shipped layer calls, and the slide's own.
    """
    expected, error = dirt
    before, after = called
    if share > MOST_SHARE and expected < ALL_EXPLAINED * before:
        return False
    few = expected < LEAST_EXPLAINED * before
    return not few and before - after <= MOST_TAKEN * (expected + UPPER_END * error)

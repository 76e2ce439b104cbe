"""The last layer of a site, fitted to its own labelled cells: read, checked, and added to the answers."""

from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from models.errors import ModelError
from models.manifest import Strict, read_checked
from models.runtime import Network

__all__ = ["FEATURES_OUTPUT", "SiteFigures", "SiteLayer", "SiteNetwork", "read_site"]

FEATURES_OUTPUT = 2
"""Which output of the classifier holds the features that its decision is worked out from."""


class SiteFigures(Strict):
    """Cross-validation over the groups: cells of each were decided by a layer fitted without it.

    Attributes
    ----------
    folds : groups, which were slides, or fields where there is one slide alone.
    loss_shipped, loss_site : mean log loss of a cell, nats.
    errors_shipped, errors_site : cells called wrongly.
    """

    folds: int = Field(ge=2)
    loss_shipped: float = Field(ge=0)
    loss_site: float = Field(ge=0)
    errors_shipped: int = Field(ge=0)
    errors_site: int = Field(ge=0)


class SiteLayer(Strict):
    """A site file, `site.toml`.

    Attributes
    ----------
    classifier, classifier_sha256 : the network that it belongs to.
    cells, infected, slides : labelled cells it was fitted to, the infected ones among them, and their slides.
    weights, offset : what is added to the logit: features x weights + offset.
    """

    classifier: str
    classifier_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    cells: int = Field(ge=1)
    infected: int = Field(ge=0)
    slides: tuple[str, ...]
    offset: float = Field(allow_inf_nan=False)
    weights: tuple[float, ...] = Field(min_length=1)
    figures: SiteFigures

    @model_validator(mode="after")
    def _finite(self) -> Self:
        if not np.isfinite(self.weights).all():
            raise ValueError("weights hold a number that is not finite")
        return self


class SiteNetwork:
    """The classifier with a site's last layer; its other answers stay as they are."""

    def __init__(self, network: Network, layer: SiteLayer) -> None:
        self._network = network
        self._weights, self._offset = np.asarray(layer.weights, np.float64), layer.offset

    def run(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """See `Network.run`.

        Raises
        ------
        ModelError
            Where the network gives no features, or other ones than the layer was fitted to.
        """
        outputs = self._network.run(batch)
        if len(outputs) <= FEATURES_OUTPUT or outputs[FEATURES_OUTPUT].shape[1:] != self._weights.shape:
            raise ModelError(
                "this classifier gives no features that a site's last layer fits; count without --site"
            )
        # A sum a row: the same for a cell wherever in the batch it stands.
        added = (outputs[FEATURES_OUTPUT].astype(np.float64) * self._weights).sum(axis=1) + self._offset
        return (np.asarray(outputs[0] + added[:, None], np.float32), *outputs[1:])


def read_site(path: Path, classifier_sha256: str) -> SiteLayer:
    """Read a site file for the classifier of this hash.

    Raises
    ------
    ModelError
        Where it is missing, malformed, or was fitted to another classifier.
    """
    layer = read_checked(path, SiteLayer, "site file", "give what `smearcount adapt` wrote")
    if layer.classifier_sha256 != classifier_sha256:
        raise ModelError(
            f"{path} was fitted to {layer.classifier} ({layer.classifier_sha256[:12]}...), this count uses "
            f"another classifier ({classifier_sha256[:12]}...); run `smearcount adapt` again"
        )
    return layer

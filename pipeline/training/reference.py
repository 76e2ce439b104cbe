"""Keeps cells of the training sets beside a classifier, for the last layer that is fitted to a slide."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.last_layer import as_seen
from models.manifest import read_manifest
from models.reference import ReferenceCells, reference_bytes
from models.runtime import load_network
from pipeline.files import write_whole
from pipeline.training.cards import classifier_card
from pipeline.training.data.crops import LabelledCrops
from pipeline.training.network_files import Facts, write_manifest

__all__ = ["add_reference"]

INFECTED_EACH, CLEAN_EACH = 150, 60
"""Most cells of a set; a fifth more or less of them changes what is found on slides left out by 3 points."""


def add_reference(manifest: Path, kept: Mapping[str, LabelledCrops], seed: int) -> Path:
    """Write the reference cells beside a classifier and name them in its manifest; gives `manifest`.

    Parameters
    ----------
    manifest : of a finished classifier. kept : cells it was trained on, cut from fields, by their set;
        without any, nothing is written.
    """
    told = read_manifest(manifest, "classifier")
    rng = np.random.default_rng((seed, 3))
    chosen = [crops.take(_some(crops, rng)) for _, crops in sorted(kept.items()) if len(crops.labels)]
    if not chosen:
        return manifest
    network = load_network(manifest, told)
    asked = [as_seen(crops.crops, crops.infected, network) for crops in chosen]
    cells = ReferenceCells(
        features=np.concatenate([each.features for each in asked]).astype(np.float16),
        logits=np.concatenate([each.logits for each in asked]).astype(np.float32),
        infected=np.concatenate([each.infected for each in asked]),
    )
    file, data = manifest.with_name(f"{manifest.stem}_reference.npz"), reference_bytes(cells)
    write_whole(file, data)
    entries = {
        **told.model_dump(exclude_none=True),
        "reference_file": file.name,
        "reference_sha256": hashlib.sha256(data).hexdigest(),
    }
    return write_manifest(manifest, Facts(entries=entries, card=classifier_card(entries)))


def _some(crops: LabelledCrops, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which cells are kept of a set, bool (n,)."""
    which = np.zeros(len(crops.labels), bool)
    which[rng.permutation(np.flatnonzero(crops.infected))[:INFECTED_EACH]] = True
    which[rng.permutation(np.flatnonzero(~crops.infected))[:CLEAN_EACH]] = True
    return which

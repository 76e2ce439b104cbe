"""Writes what stands in models/ for one network: Keras and LiteRT files, manifest and card."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tomli_w
from numpy.typing import NDArray

from models.manifest import Manifest
from pipeline.files import write_whole
from pipeline.training.quantise import quantise

if TYPE_CHECKING:
    import keras

__all__ = ["Facts", "write_manifest", "write_model_files", "write_network"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a manifest states beyond its files, see `models.manifest.Manifest`.

    Attributes
    ----------
    entries : the manifest's entries but those of files and hashes.
    card : text of the model card (Markdown).
    """

    entries: Mapping[str, object]
    card: str


def write_network(model: "keras.Model", out: Path, task: str) -> Path:
    """Write `out`/<task>.keras without its optimiser; gives its path."""
    import keras

    file = out / f"{task}.keras"
    beside = out / f".writing-{task}.keras"
    # The same layers in a model that was never compiled: Keras would keep the optimiser of one that was.
    keras.Model(model.inputs, model.outputs, name=model.name).save(beside)
    beside.replace(file)
    return file


def write_model_files(
    quantised: "keras.Model", keras_file: Path, pictures: NDArray[np.uint8], facts: Facts
) -> Path:
    """Write the LiteRT file, the manifest and the card beside the Keras file; gives the manifest's path.

    Parameters
    ----------
    quantised : the network as it is to be quantised (its heads apart).
    pictures : uint8 (n, H, W, channels), representative of what it will see.
    """
    task = keras_file.stem
    file = keras_file.with_suffix(".tflite")
    quantise(quantised, pictures, file)
    entries: dict[str, object] = {
        "task": task,
        "file": file.name,
        "sha256": _sha256(file),
        "keras_file": keras_file.name,
        "keras_sha256": _sha256(keras_file),
        **facts.entries,
    }
    return write_manifest(keras_file.with_suffix(".toml"), Facts(entries=entries, card=facts.card))


def write_manifest(manifest: Path, facts: Facts) -> Path:
    """Write a manifest of all these entries, files and hashes included, and its card beside it."""
    Manifest.model_validate(facts.entries)
    write_whole(manifest.with_suffix(".md"), facts.card.encode())
    write_whole(manifest, tomli_w.dumps(facts.entries).encode())
    return manifest


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()

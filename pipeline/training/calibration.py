"""Measures a trained classifier anew on what its training left out, and writes that into its manifest."""

from collections.abc import Mapping
from pathlib import Path

from models.manifest import read_manifest
from models.runtime import load_network
from pipeline.errors import InputError
from pipeline.training.cards import classifier_card
from pipeline.training.data.sources import CELL_ONLY, read_left_out
from pipeline.training.network_files import Facts, write_manifest
from pipeline.training.validation.held_out import measured_figures, read_metrics

__all__ = ["calibrate_classifier", "take_figures"]


def calibrate_classifier(manifest: Path, data: Path, detector: Path | None) -> Path:
    """Write calibration, threshold and figures of a trained classifier anew, and its card; gives `manifest`.

    Its network files stay as they are.

    Parameters
    ----------
    manifest : of the classifier. data : folder of the labelled sets, with what its training left out.
    detector : manifest of the detector that cuts the cells; None: the shipped one.

    Raises
    ------
    InputError
        Where its training left nothing out, or `data` does not hold what it left out.
    ModelError
        Where the manifest or a network cannot be trusted.
    """
    told = read_manifest(manifest, "classifier")
    if not told.left_out:
        raise InputError(
            f"the training of {manifest} left nothing out to measure by; pass --measured-by MANIFEST"
        )
    left = read_left_out(data, told.left_out, detector)
    fields = {name: crops for name, crops in left.items() if name != CELL_ONLY}
    if not any(crops.infected.any() for crops in fields.values()):
        raise InputError(
            f"no infected cell lies in the fields that the training of {manifest} left out; "
            "pass another --data or train with --leave-out of a slide that holds some"
        )
    return _written(manifest, measured_figures(load_network(manifest, told), fields, left.get(CELL_ONLY)))


def take_figures(manifest: Path, measured_by: Path) -> Path:
    """Write the figures of the classifier `measured_by` into `manifest`, and its card; gives `manifest`.

    Parameters
    ----------
    measured_by : manifest of the same training with something left out.
    """
    return _written(manifest, read_metrics(measured_by))


def _written(manifest: Path, figures: Mapping[str, object]) -> Path:
    told = read_manifest(manifest, "classifier").model_dump(exclude_none=True)
    entries = {**told, **figures}
    return write_manifest(manifest, Facts(entries=entries, card=classifier_card(entries)))

"""Writes the model card beside a manifest anew, with the results and the plots of evaluations."""

import os
from collections.abc import Sequence
from pathlib import Path

from models.manifest import read_manifest
from pipeline.errors import ModelError
from pipeline.evaluation.figures import PLOTS, RESULTS
from pipeline.evaluation.results_table import read_results
from pipeline.files import write_whole
from pipeline.training.cards import classifier_card, detector_card, results_section

__all__ = ["write_card"]


def write_card(manifest: Path, folders: Sequence[Path]) -> Path:
    """Write the card of a network, named as its manifest with the suffix .md; an earlier one is replaced.

    Parameters
    ----------
    manifest : of a detector or a classifier.
    folders : that `draw_field_pictures` or `draw_crop_pictures` wrote; the card links to the plots there.

    Returns
    -------
    The card.

    Raises
    ------
    ModelError, InputError, OutputError
        Where the manifest or a table of results cannot be read, or the card cannot be written.
    """
    results, plots = [], {}
    for folder in folders:
        rows = read_results(folder / RESULTS)
        results.append(rows)
        there = [folder / name for name in PLOTS if (folder / name).is_file()]
        plots[rows[0]["source"]] = [Path(os.path.relpath(path, manifest.parent)).as_posix() for path in there]
    section = results_section(results, plots) if results else ""
    try:
        text = classifier_card(read_manifest(manifest, "classifier").model_dump(), section)
    except ModelError:
        text = detector_card(read_manifest(manifest, "detector").model_dump(), section)
    card = manifest.with_suffix(".md")
    write_whole(card, text.encode())
    return card

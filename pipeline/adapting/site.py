"""Fits a site's last layer to labelled cells where cross-validation says that it helps; writes its file."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.last_layer import LabelledCells, fit_last_layer, log_loss
from classifier.predict import Platt
from models.site import SiteFigures, SiteLayer
from pipeline.adapting.cells import SiteCells, labelled_cells
from pipeline.errors import InputError, OutputExistsError
from pipeline.files import write_whole
from pipeline.networks import Classifier, load_classifier, load_detector
from pipeline.settings import CountSettings
from pipeline.tables.labels import read_labels

__all__ = ["Adapted", "adapt", "cross_validated", "figures_text", "site_layer"]

FIRST_LINE = "# Written by `smearcount adapt`; used by `smearcount count --site`."
LEAST_CELLS, LEAST_OF_EACH = 20, 5
"""Fewest labelled cells, and fewest of each label, that a layer is fitted to."""
FOLDS = 10
"""Most folds of the cross-validation."""
EVEN = 0.5
"""Probability from which a labelled cell is taken to be decided as infected."""
SURE = 1.0
"""Standard errors by which the log loss must fall, over cells and over slides."""
LEAST_GROUPS = 5
"""Fewest slides with labelled cells (fields, where there is one slide). From cells of four patients a layer
learns the patients, and the mean over so few does not show it: `docs/lab/adapt.md`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapted:
    """What was fitted. `lost`: labelled cells that were not found again in their slides."""

    layer: SiteLayer
    lost: int
    file: Path


def adapt(tables: Sequence[Path], out: Path, settings: CountSettings, results: Path | None) -> Adapted:
    """Fit the last layer to labelled cells and write it to `out`.

    Parameters
    ----------
    tables : CSV of slide, cell, label. results : see `read_labels`.
    settings : names the networks, which must be those that the slides were counted with.

    Raises
    ------
    InputError
        Where a table or a slide is wrong, too few cells are labelled, or the layer does not help.
    ModelError
        Where a network cannot be trusted, or gives no features.
    OutputExistsError
        Where `out` is there already and is no site file.
    """
    _check_replaceable(out)
    labels = read_labels(tables, results)
    classifier = load_classifier(settings)
    found = labelled_cells(labels, (load_detector(settings), classifier))
    layer = site_layer(found, classifier)
    write_whole(out, _toml(layer).encode())
    return Adapted(layer=layer, lost=found.lost, file=out)


def _check_replaceable(out: Path) -> None:
    """Leave alone a file that is no site file."""
    if out.is_file() and not out.read_text(encoding="utf-8", errors="replace").startswith(FIRST_LINE):
        raise OutputExistsError(f"{out}: is there already and is no site file; choose another -o")


def site_layer(found: SiteCells, classifier: Classifier) -> SiteLayer:
    """The layer fitted to all cells; InputError where there are too few, or it does not help."""
    infected, cells = int(found.cells.infected.sum()), len(found.slides)
    if cells < LEAST_CELLS or min(infected, cells - infected) < LEAST_OF_EACH:
        raise InputError(
            f"{infected} cells are labelled infected and {cells - infected} uninfected; expected "
            f"{LEAST_CELLS} or more, and {LEAST_OF_EACH} or more of each; label more cells"
        )
    _check_not_exchanged(found.cells)
    figures = cross_validated(found, classifier.calibration)
    fitted = fit_last_layer(found.cells, classifier.calibration)
    return SiteLayer(
        classifier=classifier.manifest.name,
        classifier_sha256=classifier.manifest.sha256,
        cells=cells,
        infected=infected,
        slides=tuple(sorted(set(found.slides.tolist()))),
        offset=fitted.offset,
        weights=tuple(fitted.weights.tolist()),
        figures=figures,
    )


def _check_not_exchanged(cells: LabelledCells) -> None:
    """Refuse labels that are the wrong way round: a network at a loss ranks by chance, not in reverse."""
    infected, others = cells.logits[cells.infected], cells.logits[~cells.infected]
    if np.quantile(infected, 0.75) < np.median(others):
        raise InputError(
            "most cells labelled uninfected look more infected than nearly all that are labelled infected; "
            "are the two labels exchanged? mend the column of labels"
        )


def cross_validated(found: SiteCells, calibration: Platt) -> SiteFigures:
    """Figures of cells left out, a slide (of one slide, a field) at a time.

    Raises
    ------
    InputError
        Where there are too few groups, or the layer does not help.
    """
    which = _groups(found)
    folds = which % FOLDS
    left_out = _left_out(found.cells, folds, calibration)
    truth = found.cells.infected
    before, after = (log_loss(logits, truth, calibration) for logits in (found.cells.logits, left_out))
    wrong = [
        int(((calibration.probability(logits.astype(np.float32)) >= EVEN) != truth).sum())
        for logits in (found.cells.logits, left_out)
    ]
    figures = SiteFigures(
        folds=len(np.unique(folds)),
        loss_shipped=float(before.mean()),
        loss_site=float(after.mean()),
        errors_shipped=wrong[0],
        errors_site=wrong[1],
    )
    gain = before - after
    if gain.mean() <= SURE * _standard_error(gain, which) or wrong[1] > wrong[0]:
        raise InputError(f"these labels do not help: {figures_text(figures, len(truth))}; label more cells")
    return figures


def _groups(found: SiteCells) -> NDArray[np.intp]:
    """Slide of each cell, of one slide its field, as a number from 0; InputError where there are too few."""
    one = len(set(found.slides.tolist())) == 1
    names, which = np.unique(found.fields if one else found.slides, return_inverse=True)
    if len(names) < LEAST_GROUPS:
        kind = "fields of one slide" if one else "slides"
        raise InputError(
            f"cells of {len(names)} {kind} are labelled, expected {LEAST_GROUPS} or more: fewer do not show "
            "whether it helps elsewhere; label cells of more"
        )
    return np.asarray(which, np.intp)


def _standard_error(gain: NDArray[np.float64], groups: NDArray[np.intp]) -> float:
    """Of the mean gain: over cells, or over their slides where these differ by more (one-stage clusters)."""
    apart = np.bincount(groups, gain - gain.mean())
    clustered = (apart**2).sum() * len(apart) / (len(apart) - 1)
    return float(np.sqrt(max(clustered, gain.var() * len(gain)))) / len(gain)


def figures_text(figures: SiteFigures, cells: int) -> str:
    """The figures in words."""
    return (
        f"on slides left out ({figures.folds} folds) {figures.errors_site} of {cells} labelled cells are "
        f"decided wrongly, as shipped {figures.errors_shipped}; log loss {figures.loss_site:.3f}, as shipped "
        f"{figures.loss_shipped:.3f} (less is better)"
    )


def _left_out(cells: LabelledCells, folds: NDArray[np.int64], calibration: Platt) -> NDArray[np.float64]:
    logits = np.empty(len(folds))
    for fold in np.unique(folds):
        left = folds == fold
        logits[left] = fit_last_layer(cells.take(~left), calibration).logits(cells.take(left))
    return logits


def _toml(layer: SiteLayer) -> str:
    """JSON's strings, numbers and lists are TOML's."""
    entries = layer.model_dump()
    figures = entries.pop("figures")
    lines = [FIRST_LINE]
    lines += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in entries.items()]
    lines += ["", "[figures]", *(f"{name} = {json.dumps(value)}" for name, value in figures.items())]
    return "\n".join(lines) + "\n"

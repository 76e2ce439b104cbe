"""How well the classifier does on patients, slides and whole sources that it was not trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.training.calibrate import fit_platt
from pipeline.errors import InputError
from pipeline.evaluation.metrics import calibration_error, roc_auc
from pipeline.evaluation.thresholds import sweep
from pipeline.files import write_whole
from pipeline.training.data.label_noise import contradicted, suspect_table
from pipeline.training.data.sources import CELL_ONLY, RENDERED, Sources, read_sources
from pipeline.training.order import Report, TrainingOrder
from pipeline.training.validation.folds import folds_by_group, trained_without

__all__ = ["HeldOutScore", "cross_validate"]

FOLDS = 5
PREDICTIONS, SUSPECTS = "predictions.csv", "suspect_labels.csv"
FAMILIES = {"nih_crops": "nih", "nih_fields": "nih", "iml": "iml", "chula": "chula"}
"""Sources that are left out as a whole, those of one microscope and people together."""
ALLOWED = (30, 100)
"""False positives in 10,000 uninfected cells at which the infected cells found are reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutScore:
    """Figures of cells of one source that were not trained on.

    Attributes
    ----------
    accuracy : at even odds for pre-cut cells, else at the calibrated probability 0.5.
    auc : None where only one class is there. found : share of the infected cells found at so many false
        positives in 10,000. calibration_error : expected, of probabilities calibrated on the other folds.
    """

    source: str
    cells: int
    infected: int
    accuracy: float
    auc: float | None
    found: Mapping[str, float | None]
    calibration_error: float | None

    def to_text(self) -> str:
        """One line for a person."""
        auc = "-" if self.auc is None else f"{self.auc:.4f}"
        found = ", ".join(
            f"{share:.0%} found at {rate}" for rate, share in self.found.items() if share is not None
        )
        return (
            f"{self.source}: {self.cells} cells, {self.infected} infected, accuracy {self.accuracy:.4f}, "
            f"AUC {auc}{', ' + found if found else ''}, calibration error {self.calibration_error:.4f}"
        )


def cross_validate(
    order: TrainingOrder, split: Literal["patients", "sources"], report: Report
) -> tuple[HeldOutScore, ...]:
    """Train once a fold, each time on everything else, and measure what was left out.

    `patients` deals the patients and slides of every source into five folds; `sources` leaves out one whole
    source after the other, only those that `order.leave_out` names where it names any. Every cell left out
    is written to `PREDICTIONS` in `order.out`, and those whose label is contradicted with confidence to
    `SUSPECTS`. A run that was killed resumes when run again with identical options.

    Raises
    ------
    InputError
        Where the folder holds no labelled set, `order.leave_out` names something else than a source, or
        `order.out` holds another cross-validation.
    """
    strange = sorted(set(order.leave_out) - set(FAMILIES))
    if strange:
        raise InputError(f"{strange[0]} is no source that can be left out; pass one of {', '.join(FAMILIES)}")
    order.out.mkdir(parents=True, exist_ok=True)
    report("cutting labelled cells from fields")
    sources = read_sources(order)
    folds = _by_patient(sources, order.seed) if split == "patients" else _by_source(sources, order.leave_out)
    table = _table(sources, folds)
    for fold in sorted(set(table["fold"]) - {-1}):
        left = {name: own == fold for name, own in folds.items()}
        own = replace(order, out=order.out / f"fold-{fold + 1}", seed=order.seed + fold)
        for name, logits in trained_without(sources, left, own, split, report).items():
            table.loc[(table["source"] == name) & (table["fold"] == fold), "logit"] = logits
        report(f"fold {fold + 1} of {max(table['fold']) + 1} done")
    held = table[table["fold"] >= 0].copy()
    held["p_infected"] = _calibrated(held)
    write_whole(order.out / PREDICTIONS, held.to_csv(index=False, float_format="%.5f").encode())
    write_whole(order.out / SUSPECTS, suspect_table(held).to_csv(index=False, float_format="%.4f").encode())
    believed = held[~contradicted(held)]
    scores = tuple(
        _held(f"{name}{which}", own)
        for which, table in (("", held), (", without suspect labels", believed))
        for name, own in table.groupby("source", sort=True)
    )
    for score in scores:
        report(score.to_text())
    return scores


def _by_patient(sources: Sources, seed: int) -> dict[str, NDArray[np.int64]]:
    """Fold of each row; -1 is trained on every time: drawn cells, and sources of one slide."""
    groups = {
        name: np.char.add(f"{FAMILIES[name]}/", crops.group)
        for name, crops in sources.crops.items()
        if name in FAMILIES
    }
    folds = {name: np.full(len(crops.labels), -1) for name, crops in sources.crops.items()}
    for family in sorted(set(FAMILIES.values())):
        own = [name for name in groups if FAMILIES[name] == family]
        if own:
            dealt = folds_by_group(np.concatenate([groups[name] for name in own]).tolist(), FOLDS, seed)
            ends = np.cumsum([len(groups[name]) for name in own])[:-1]
            folds.update(zip(own, np.split(dealt, ends), strict=True))
    return folds


def _by_source(sources: Sources, only: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Fold of each row: its family's, or -1 where it is trained on every time."""
    asked = {FAMILIES[name] for name in only or FAMILIES}
    families = sorted(asked & {FAMILIES[name] for name in sources.crops if name in FAMILIES})
    numbers = {name: families.index(family) for name, family in FAMILIES.items() if family in families}
    return {name: np.full(len(own.labels), numbers.get(name, -1)) for name, own in sources.crops.items()}


def _table(sources: Sources, folds: Mapping[str, NDArray[np.int64]]) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "source": name,
                "group": crops.group,
                "name": crops.names,
                "x": crops.places[:, 0],
                "y": crops.places[:, 1],
                "label": crops.labels,
                "infected": crops.infected,
                "fold": folds[name],
                "logit": np.nan,
            }
        )
        for name, crops in sources.crops.items()
        if name != RENDERED
    ]
    return pd.concat(parts, ignore_index=True)


def _calibrated(held: pd.DataFrame) -> NDArray[np.float64]:
    """Probability of each row by a calibration on the other folds; pre-cut cells apart."""
    chance = np.full(len(held), np.nan)
    cell_only = (held["source"] == CELL_ONLY).to_numpy()
    fold, infected = held["fold"].to_numpy(), held["infected"].to_numpy(bool)
    logit = held["logit"].to_numpy(np.float32)
    for kind in (cell_only, ~cell_only):
        for number in np.unique(fold[kind]):
            here, others = kind & (fold == number), kind & (fold != number)
            # A source alone of its kind is left with its own rows.
            fitted = others if infected[others].any() and not infected[others].all() else here
            platt = fit_platt(logit[fitted], infected[fitted], np.ones(int(fitted.sum())))
            chance[here] = platt.probability(logit[here])
    return chance


def _held(source: str, own: pd.DataFrame) -> HeldOutScore:
    infected, chance = own["infected"].to_numpy(bool), own["p_infected"].to_numpy(float)
    logit = own["logit"].to_numpy(float)
    return HeldOutScore(
        source=source,
        cells=len(own),
        infected=int(infected.sum()),
        accuracy=float(((chance >= 0.5) == infected).mean()),
        auc=roc_auc(infected, logit),
        found={str(rate): _found(infected, logit, rate) for rate in ALLOWED},
        calibration_error=calibration_error(infected, chance),
    )


def _found(infected: NDArray[np.bool_], logit: NDArray[np.float64], allowed: int) -> float | None:
    """Share of the infected cells called at so many false positives in 10,000; None without both kinds."""
    if not infected.any() or infected.all():
        return None
    curve = sweep(infected, logit)
    return float(curve.sensitivity[curve.false_positive_rate <= allowed / 10_000].max())

"""Trains one fold of a cross-validation, or resumes what an interrupted run left of it."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classifier.predict import PLAIN, predict
from classifier.training.fit import ClassifierSettings
from pipeline.errors import InputError
from pipeline.files import write_whole
from pipeline.training.checkpoint import claim_folder
from pipeline.training.data.sources import Sources
from pipeline.training.fitting import fit_or_resume
from pipeline.training.order import Report, TrainingOrder

if TYPE_CHECKING:
    import keras

from collections.abc import Sequence

__all__ = ["ANSWERS", "folds_by_group", "trained_without"]

STEPS = 900
"""Steps of a fold where the order names none: fewer than the shipped network's, since there are several."""
ANSWERS = "answers.npz"
"""Logits of the cells left out, by source: a fold that has them is done."""


def trained_without(
    sources: Sources, left: Mapping[str, NDArray[np.bool_]], order: TrainingOrder, task: str, report: Report
) -> dict[str, NDArray[np.float64]]:
    """Logits (n,) of the cells that `left` marks, source by source, by a network trained on all others.

    Parameters
    ----------
    left : bool for each cell of each source. task : what the folds are made by, kept with the order.
    order : `out` is the fold's own folder, `seed` its own.

    Raises
    ------
    InputError
        Where `out` holds another training, or answers for other cells.
    """
    claim_folder(order, f"fold by {task}")
    done = order.out / ANSWERS
    if not done.exists():
        settings = ClassifierSettings(steps=order.steps or STEPS)
        model = fit_or_resume(sources.samples(left), settings, order, report)
        write_whole(
            done, _packed({name: _logits(model, own.crops) for name, own in sources.taken(left).items()})
        )
    with np.load(done) as kept:
        answers = {name: np.asarray(kept[name], np.float64) for name in kept.files}
    asked = {name: int(which.sum()) for name, which in left.items() if which.any()}
    if {name: len(logits) for name, logits in answers.items()} != asked:
        raise InputError(f"{order.out} holds answers for other cells; name another --out or remove it")
    return answers


def _packed(arrays: Mapping[str, NDArray[np.float64]]) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _logits(model: "keras.Model", crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    chance = predict(crops, _Trained(model), PLAIN).p_infected.astype(np.float64).clip(1e-7, 1 - 1e-7)
    return np.asarray(np.log(chance / (1 - chance)), np.float64)


@dataclass(frozen=True, slots=True)
class _Trained:
    """A network fresh from training, see `models.runtime.Network`."""

    model: "keras.Model"

    def run(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        return (np.asarray(self.model.predict_on_batch(batch.astype(np.float32)), np.float32),)


def folds_by_group(groups: Sequence[str], folds: int, seed: int) -> NDArray[np.int64]:
    """Deal whole groups (slides, patients) into folds of about as many rows each.

    Returns
    -------
    int64 (len(groups),), the fold of each row, 0 to folds - 1; rows of one group share a fold. It depends
    on which rows belong together and on the seed, not on the order of the rows.
    """
    names, sizes = np.unique(np.asarray(groups, dtype=str), return_counts=True)
    if not 2 <= folds <= len(names):
        raise InputError(f"cannot deal {len(names)} groups into {folds} folds; take 2 to {len(names)} folds")
    # Largest first gives even folds; a random quarter on the sizes lets the seed decide who meets whom.
    weights = sizes * np.random.default_rng(seed).uniform(0.75, 1.25, len(names))
    largest_first = np.argsort(-weights, kind="stable")
    rows_in_fold = np.zeros(folds, dtype=np.int64)
    fold_of_group = np.zeros(len(names), dtype=np.int64)
    for group in largest_first:
        smallest = int(np.argmin(rows_in_fold))
        fold_of_group[group] = smallest
        rows_in_fold[smallest] += sizes[group]
    return fold_of_group[np.searchsorted(names, np.asarray(groups, dtype=str))]

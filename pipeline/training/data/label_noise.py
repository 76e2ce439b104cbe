"""Labels that a network, trained on other patients, contradicts with confidence: many of them are wrong."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.training.calibrate import fit_platt
from pipeline.errors import InputError, reason_of

__all__ = ["SUSPECT_COLUMNS", "contradicted", "read_suspects", "suspect_rows", "suspect_table"]

SURE = 0.98
"""Probability of the other class, at even odds, from which on a label is suspect."""
SUSPECT_COLUMNS = ("source", "group", "name", "x", "y", "label", "p_even")
SAME_PLACE_PX = 15.0
"""A cell of a photo is the suspect one where its centre is nearer than this, half of the smallest cells."""


def contradicted(held: pd.DataFrame) -> NDArray[np.bool_]:
    """bool (n,): rows whose label is contradicted.

    Parameters
    ----------
    held : cells that were not trained on: source, infected, logit.
    """
    chance, infected = _at_even_odds(held), held["infected"].to_numpy(bool)
    return np.where(infected, chance <= 1 - SURE, chance >= SURE)


def suspect_table(held: pd.DataFrame) -> pd.DataFrame:
    """The suspect labels, columns `SUSPECT_COLUMNS`, by source, the most contradicted first."""
    table = held.assign(p_even=_at_even_odds(held))[contradicted(held)]
    against = np.where(table["infected"], 1 - table["p_even"], table["p_even"])
    order = table.assign(against=against).sort_values(
        ["source", "against", "name"], ascending=[True, False, True], kind="stable"
    )
    return order[list(SUSPECT_COLUMNS)].reset_index(drop=True)


def read_suspects(path: Path) -> pd.DataFrame:
    """A table that `suspect_table` wrote.

    Raises
    ------
    InputError
        Where the file is no such table.
    """
    try:
        table = pd.read_csv(path, dtype={"source": str, "name": str, "x": float, "y": float})
        return table[["source", "name", "x", "y"]]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path} is no list of suspect labels ({reason_of(error)}); "
            "pass the suspect_labels.csv of train folds"
        ) from error


def suspect_rows(
    suspects: pd.DataFrame, names: NDArray[np.str_], places: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """bool (n,): cells of one source that `suspects` of that source names.

    Parameters
    ----------
    suspects : name, x, y. names : str (n,), crop or field. places : float64 (n, 2), x, y in px of the photo,
        NaN for pre-cut cells, which their name identifies.
    """
    found = np.zeros(len(names), bool)
    for name, x, y in suspects[["name", "x", "y"]].itertuples(index=False):
        own = np.flatnonzero(names == name)
        if not len(own):
            continue
        away = np.hypot(*(places[own] - (x, y)).T)
        away[np.isnan(places[own, 0]) & np.isnan(x)] = 0.0  # pre-cut: the name identifies it
        nearest = np.argmin(np.nan_to_num(away, nan=np.inf))
        found[own[nearest]] |= away[nearest] <= SAME_PLACE_PX
    return found


def _at_even_odds(held: pd.DataFrame) -> NDArray[np.float64]:
    """Probability of each row where infected and uninfected cells are equally frequent, by source.

    A source without infected cells is calibrated with all the others.
    """
    chance = np.full(len(held), np.nan)
    infected, logit = held["infected"].to_numpy(bool), held["logit"].to_numpy(np.float32)
    for source in held["source"].unique():
        here = (held["source"] == source).to_numpy()
        fitted = here if infected[here].any() else np.ones(len(held), bool)
        even = np.where(infected, 1 / max(infected[fitted].sum(), 1), 1 / max((~infected[fitted]).sum(), 1))
        platt = fit_platt(logit[fitted], infected[fitted], even[fitted])
        chance[here] = platt.probability(logit[here])
    return chance

"""Labels that a network, trained on other patients, contradicts with confidence: many of them are wrong."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.calibrate import fit_platt

__all__ = ["DOUBT_COLUMNS", "doubtful", "doubts_table"]

SURE = 0.98
"""Probability of the other class, at even odds, from which on a label is doubted."""
DOUBT_COLUMNS = ("source", "group", "name", "x", "y", "label", "p_even")


def doubtful(held: pd.DataFrame) -> NDArray[np.bool_]:
    """bool (n,): rows whose label is contradicted.

    Parameters
    ----------
    held : cells that were not trained on: source, infected, logit.
    """
    chance, infected = _at_even_odds(held), held["infected"].to_numpy(bool)
    return np.where(infected, chance <= 1 - SURE, chance >= SURE)


def doubts_table(held: pd.DataFrame) -> pd.DataFrame:
    """The doubted labels, columns `DOUBT_COLUMNS`, by source, the most contradicted first."""
    table = held.assign(p_even=_at_even_odds(held))[doubtful(held)]
    against = np.where(table["infected"], 1 - table["p_even"], table["p_even"])
    order = table.assign(against=against).sort_values(
        ["source", "against", "name"], ascending=[True, False, True], kind="stable"
    )
    return order[list(DOUBT_COLUMNS)].reset_index(drop=True)


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

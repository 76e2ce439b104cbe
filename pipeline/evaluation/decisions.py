"""Labelled red cells and what was decided about each: what curves, tables and galleries are made from."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.evaluation.labelled import INFECTED_LABELS, FieldSet

__all__ = [
    "STAGE_ANSWERS",
    "STAGE_LABELS",
    "Decisions",
    "crop_decisions",
    "crop_errors",
    "field_decisions",
    "field_errors",
    "field_stages",
]

STAGE_LABELS: Final = INFECTED_LABELS[1:]
STAGE_ANSWERS: Final = (*STAGE_LABELS, "unknown", "not called", "not detected")
"""What becomes of a cell of a labelled stage; 'not called': taken for uninfected."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decisions:
    """Cells that have a label and a probability, and labelled cells that got none.

    Attributes
    ----------
    group : str (n,), slide or patient of each cell.
    infected : bool (n,), the label. p_infected : float64 (n,), 0 to 1. called : bool (n,), the decision.
    unseen_group : str (m,), slide or patient of each labelled cell without a decision: it was not detected.
    unseen_infected : bool (m,), its label.
    """

    group: NDArray[np.str_]
    infected: NDArray[np.bool_]
    p_infected: NDArray[np.float64]
    called: NDArray[np.bool_]
    unseen_group: NDArray[np.str_]
    unseen_infected: NDArray[np.bool_]

    @property
    def groups(self) -> tuple[str, ...]:
        """Every slide or patient, sorted."""
        return tuple(str(name) for name in np.union1d(self.group, self.unseen_group))

    @property
    def labelled_infected(self) -> int:
        """Infected cells with a label, those not detected among them."""
        return int(self.infected.sum() + self.unseen_infected.sum())

    def of(self, group: str) -> "Decisions":
        """The cells of one slide or patient."""
        own, unseen = self.group == group, self.unseen_group == group
        return Decisions(
            group=self.group[own],
            infected=self.infected[own],
            p_infected=self.p_infected[own],
            called=self.called[own],
            unseen_group=self.unseen_group[unseen],
            unseen_infected=self.unseen_infected[unseen],
        )


def field_decisions(field_set: FieldSet, scored: pd.DataFrame) -> Decisions:
    """Decisions on the cells of a field set; `difficult` cells and those at the border are left out.

    Parameters
    ----------
    scored : SCORE_COLUMNS and the field each row belongs to.
    """
    red = _red_cells(field_set, scored)
    labelled = red[(red["label"] != "difficult") & red["outcome"].isin(["matched", "missed"])]
    seen = (labelled["outcome"] == "matched") & labelled["p_infected"].notna()
    infected = labelled["label"].isin(INFECTED_LABELS)
    return Decisions(
        group=labelled["group"][seen].to_numpy(np.str_),
        infected=infected[seen].to_numpy(bool),
        p_infected=labelled["p_infected"][seen].to_numpy(float),
        called=labelled["called"][seen].to_numpy(bool),
        unseen_group=labelled["group"][~seen].to_numpy(np.str_),
        unseen_infected=infected[~seen].to_numpy(bool),
    )


def crop_decisions(crops: pd.DataFrame, threshold: float) -> Decisions:
    """Decisions on single cells; columns patient, label and p_infected."""
    p_infected = crops["p_infected"].to_numpy(dtype=np.float64)
    return Decisions(
        group=crops["patient"].to_numpy(np.str_),
        infected=(crops["label"] == "parasitized").to_numpy(dtype=np.bool_),
        p_infected=p_infected,
        called=p_infected >= threshold,
        unseen_group=np.empty(0, np.str_),
        unseen_infected=np.empty(0, np.bool_),
    )


def field_errors(field_set: FieldSet, scored: pd.DataFrame) -> pd.DataFrame:
    """One row a wrong decision on a field set.

    Returns
    -------
    DataFrame: error ('false positive' or 'missed'), group (the slide), and the columns of `scored`. A called
    cell without a label of its own is an error where every red cell of its field is labelled; a missed cell
    that was not detected has no probability.
    """
    red = _red_cells(field_set, scored)
    complete = set(field_set.fields["field"][field_set.fields["complete"]])
    infected = red["label"].isin(INFECTED_LABELS)
    unlabelled = (red["outcome"] == "extra") & red["field"].isin(complete)
    clean = (red["outcome"] == "matched") & (red["label"] == "uninfected")
    wrong = red["called"] & (clean | unlabelled)
    missed = infected & red["outcome"].isin(["matched", "missed"]) & ~red["called"]
    red = red.assign(error=np.where(wrong, "false positive", "missed"))
    return red[wrong | missed].reset_index(drop=True)


def crop_errors(crops: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """One row a wrong decision on single cells: error, group (patient), field (crop), label, p_infected."""
    decided = crop_decisions(crops, threshold)
    table = crops[["patient", "crop", "label", "p_infected"]].rename(
        columns={"patient": "group", "crop": "field"}
    )
    table = table.assign(error=np.where(decided.called, "false positive", "missed"))
    return table[decided.called != decided.infected].reset_index(drop=True)


def field_stages(field_set: FieldSet, scored: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Labelled stage and answer (`STAGE_ANSWERS`) of each cell with a stage; empty without any."""
    red = _red_cells(field_set, scored)
    staged = red[red["label"].isin(STAGE_LABELS) & red["outcome"].isin(["matched", "missed"])]
    if not staged["stage"].isin(STAGE_LABELS).any():
        return [], []
    told = staged["stage"].where(staged["called"], "not called")
    told = told.where(told != "", "unknown").where(staged["outcome"] == "matched", "not detected")
    return list(staged["label"]), list(told)


def _red_cells(field_set: FieldSet, scored: pd.DataFrame) -> pd.DataFrame:
    slide_of = dict(zip(field_set.fields["field"], field_set.fields["slide"], strict=True))
    red = scored[scored["kind"] == "red_cell"]
    return red.assign(group=red["field"].map(slide_of))

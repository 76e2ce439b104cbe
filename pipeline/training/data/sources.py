"""The crops that the classifier is trained and measured on, source by source, and who is left out of them."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.crops import CROP_PX
from classifier.training.fit import CropSample
from pipeline.evaluation.labelled import CropSet, read_crop_set
from pipeline.networks import load_detector
from pipeline.settings import CountSettings
from pipeline.training.data.crops import (
    OTHER_KINDS,
    LabelledCrops,
    Surroundings,
    field_crops,
    precut_crops,
    rendered_crops,
    surroundings,
)
from pipeline.training.data.label_noise import read_suspects, suspect_rows
from pipeline.training.data.sets import field_sets
from pipeline.training.order import TrainingOrder

__all__ = ["CELL_ONLY", "RENDERED", "Sources", "read_left_out", "read_sources"]

CELL_ONLY, RENDERED = "nih_crops", "rendered"
"""Source whose crops show the cell without its neighbours; source of rendered cells."""
CROP_SHARE = {
    "nih_crops": (0.18, 0.18),
    "iml": (0.11, 0.13),
    "nih_fields": (0.06, 0.07),
    "chula": (0.0, 0.11),
    "bccd": (0.0, 0.09),
    "draaslan": (0.0, 0.04),
    "bbbc041": (0.12, 0.10),
    "trip_thin": (0.08, 0.03),
    "txl_pbc": (0.0, 0.08),
    "uganda": (0.0, 0.10),
    "rendered": (0.08, 0.08),
}
"""How often training crops are drawn from each source, relative to the others: infected, uninfected."""
OTHER_KINDS_SHARE = 0.3
"""How often white cells and platelets are drawn, relative to a source's uninfected red cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Every labelled crop.

    Attributes
    ----------
    crops : by source. suspect_labels : bool (n,) of each source, labels that are not trained on.
    around : what lies around cells of fields, set around cell-only crops.
    in_fields : patients of `nih_crops` that have fields in `nih_fields`.
    """

    crops: Mapping[str, LabelledCrops]
    suspect_labels: Mapping[str, NDArray[np.bool_]]
    around: Surroundings
    in_fields: frozenset[str]

    def left_out(self, names: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
        """bool (n,) for each source: what goes with these sets, slides and patients."""
        gone = _gone(names, self.in_fields)
        return {
            name: np.full(len(crops.labels), name in gone) | np.isin(crops.group, gone)
            for name, crops in self.crops.items()
        }

    def taken(self, which: Mapping[str, NDArray[np.bool_]]) -> dict[str, LabelledCrops]:
        """The rows that are chosen, by source; no source without any."""
        return {name: crops.take(which[name]) for name, crops in self.crops.items() if which[name].any()}

    def samples(self, left: Mapping[str, NDArray[np.bool_]]) -> list[CropSample]:
        """What is trained on where the rows of `left` (see `left_out`) are not."""
        hidden = {name for name, gone in left.items() if gone.all()}
        groups = {str(group) for name, gone in left.items() for group in self.crops[name].group[gone]}
        seen = ~np.isin(self.around.group, sorted(groups)) & ~np.isin(self.around.source, sorted(hidden))
        kept = {
            name: crops.take(~left[name] & ~self.suspect_labels[name])
            for name, crops in self.crops.items()
            if name not in hidden
        }
        hidden_groups = sorted(groups)
        specks = self.around.specks[~np.isin(self.around.speck_groups, hidden_groups)]
        others = kept[CELL_ONLY].crops if CELL_ONLY in kept else np.empty((0, CROP_PX, CROP_PX, 4), np.uint8)
        return [
            replace(_sample(name, crops, self.around.crops[seen], others), specks=specks)
            for name, crops in kept.items()
        ]


def read_sources(order: TrainingOrder) -> Sources:
    """Cut every labelled cell of `order.data` as a count would, and draw some; nothing is left out.

    Raises
    ------
    InputError
        Where the folder holds no labelled set, `order.leave_out` names what is not there, or
        `order.suspect_labels` is no list of suspect labels.
    """
    suspects = None if order.suspect_labels is None else read_suspects(order.suspect_labels)
    crops: dict[str, LabelledCrops] = {}
    table, in_fields = _cell_only(order.data)
    if table is not None:
        crops[CELL_ONLY] = precut_crops(table)
    detector = load_detector(CountSettings(detector=order.detector))
    around = []
    rng = np.random.default_rng((order.seed, 4))
    for fields in field_sets(order.data, order.leave_out):
        slides = sorted(set(fields.fields["slide"]))
        crops[fields.name] = field_crops(fields, slides, detector)
        around.append(surroundings(fields, slides, detector, rng))
    with tempfile.TemporaryDirectory() as drawn:
        crops[RENDERED] = rendered_crops(detector, np.random.default_rng((order.seed, 3)), Path(drawn))
    return Sources(
        crops=crops,
        suspect_labels=_suspect_labels(crops, suspects),
        around=Surroundings.joined(around),
        in_fields=in_fields,
    )


def read_left_out(data: Path, names: Sequence[str], detector: Path | None) -> dict[str, LabelledCrops]:
    """Cut what `names` leave out and nothing else, by source: as `Sources.left_out` and `taken` give it.

    Parameters
    ----------
    data : folder of the labelled sets. names : sets, slides or patients.
    detector : manifest of the detector that cuts the cells; None: the shipped one.

    Raises
    ------
    InputError
        Where the folder holds no labelled set, or not what is named.
    """
    left: dict[str, LabelledCrops] = {}
    table, in_fields = _cell_only(data)
    gone = _gone(names, in_fields)
    if table is not None:
        own = table.crops["patient"].isin(gone) | (CELL_ONLY in gone)
        if own.any():
            left[CELL_ONLY] = precut_crops(replace(table, crops=table.crops[own]))
    loaded = load_detector(CountSettings(detector=detector))
    for fields in field_sets(data, names):
        every = sorted(set(fields.fields["slide"]))
        slides = every if fields.name in gone else [slide for slide in every if slide in gone]
        if slides:
            left[fields.name] = field_crops(fields, slides, loaded)
    return {name: own for name, own in left.items() if len(own.labels)}


def _suspect_labels(
    crops: Mapping[str, LabelledCrops], suspects: pd.DataFrame | None
) -> dict[str, NDArray[np.bool_]]:
    """bool (n,) for each source: cells that the list names."""
    if suspects is None:
        return {name: np.zeros(len(own.labels), bool) for name, own in crops.items()}
    return {
        name: suspect_rows(suspects[suspects["source"] == name], own.names, own.places)
        for name, own in crops.items()
    }


def _cell_only(data: Path) -> tuple[CropSet | None, frozenset[str]]:
    """The pre-cut cells, None without them, and those of their patients that have fields in `nih_fields`."""
    if not (data / CELL_ONLY).is_dir():
        return None, frozenset()
    table = read_crop_set(data / CELL_ONLY)
    own = table.crops["patient"][table.crops["patient_in_nih_fields"].to_numpy(bool)]
    return table, frozenset(own.astype(str))


def _gone(names: Sequence[str], in_fields: frozenset[str]) -> list[str]:
    """What goes with these sets, slides and patients: the patients of `nih_fields` lie in both sets."""
    return sorted({*names, *(in_fields if "nih_fields" in names else ())})


def _sample(
    name: str, crops: LabelledCrops, around: NDArray[np.uint8], others: NDArray[np.uint8]
) -> CropSample:
    """Crops of a source, weighted so that its infected and uninfected ones have their shares."""
    infected, clean = CROP_SHARE[name]
    weight = np.where(
        crops.infected,
        infected / max(int(crops.infected.sum()), 1),
        clean / max(int((~crops.infected).sum()), 1),
    )
    other = np.isin(crops.labels, OTHER_KINDS)
    if other.any():
        weight = np.where(other, clean * OTHER_KINDS_SHARE / int(other.sum()), weight)
    return CropSample(
        crops=crops.crops,
        infected=crops.infected,
        stage=crops.stage,
        weight=weight,
        surroundings=around if name == CELL_ONLY else around[:0],
        others=others,
    )

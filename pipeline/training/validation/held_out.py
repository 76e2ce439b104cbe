"""What a classifier's manifest states of slides left out: calibration, threshold, stages and figures."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.predict import PLAIN, STAGES, predict, sure_stage
from classifier.training.calibrate import FoundAt, fit_platt, operating_point
from classifier.training.fit import UNKNOWN_STAGE
from models.manifest import Measured, MiddleLogits, StageFigures, read_manifest
from models.runtime import Network
from pipeline.counting.intervals.measured import MeasuredSlide
from pipeline.counting.second_look import LogitCounts, logit_of
from pipeline.evaluation.slide_errors import wrong_verdicts
from pipeline.training.data.crops import LabelledCrops

__all__ = ["measured_figures", "read_metrics", "stage_figures"]

FIGURES = ("threshold", "calibration", "precut", "stages", "middles", "measured")
"""Entries of a manifest that are measured on what was left out."""
MIDDLE_CELLS = 30
"""Fewest cells of a slide whose median is taken."""
RIGHT_STAGES = 0.9
"""Share of the stages predicted on left-out cells that must be right; a less sure cell is called unknown."""


def measured_figures(
    network: Network, left_out: Mapping[str, LabelledCrops], precut: LabelledCrops | None
) -> dict[str, object]:
    """Entries of the manifest, see `models.manifest.Manifest`: the calibrations, threshold and figures.

    Parameters
    ----------
    left_out : crops cut from fields that were not trained on, by source. precut : pre-cut cells, likewise.
    """
    logits = {name: _logits(network, crops) for name, crops in left_out.items()}
    infected = np.concatenate([crops.infected for crops in left_out.values()])
    pooled = np.concatenate(list(logits.values()))
    platt = fit_platt(pooled, infected, np.ones(len(pooled)))
    chance = {name: platt.probability(logits[name]) for name in left_out}
    found = {
        name: FoundAt(probability=chance[name], infected=crops.infected, group=crops.group)
        for name, crops in left_out.items()
    }
    threshold = operating_point([*found.values()], partial(_wrong_verdicts, found))
    rows = [_row("all left-out fields", platt.probability(pooled), infected, threshold)]
    rows += [_row(name, chance[name], crops.infected, threshold) for name, crops in left_out.items()]
    figures: dict[str, object] = {
        "threshold": threshold,
        "calibration": {"slope": platt.slope, "offset": platt.offset},
        "measured": [row.model_dump() for row in rows],
    }
    middles = _middles([*found.values()], threshold)
    if middles is not None:
        figures["middles"] = middles.model_dump()
    stages = _stages(network, left_out)
    if stages is not None:
        figures["stages"] = stages.model_dump()
    if precut is not None:
        even = np.where(
            precut.infected,
            1 / max(precut.infected.sum(), 1),
            1 / max((~precut.infected).sum(), 1),
        )
        alone = fit_platt(_logits(network, precut), precut.infected, even)
        figures["precut"] = {"slope": alone.slope, "offset": alone.offset}
    return figures


def _wrong_verdicts(found: Mapping[str, FoundAt], threshold: float) -> int:
    """Slides without infected cells on which parasites would be claimed, and those with enough on which not;
    each judged by the errors on all others.
    """
    slides = [
        _measured_slide(name, slide, own, threshold)
        for name, own in found.items()
        for slide in np.unique(own.group).tolist()
    ]
    if not any(slide.infected for slide in slides) or not any(slide.uninfected for slide in slides):
        return 0
    return wrong_verdicts(slides)


def _measured_slide(source: str, slide: str, found: FoundAt, threshold: float) -> MeasuredSlide:
    own = found.group == slide
    called, infected = found.probability[own] >= threshold, found.infected[own]
    return MeasuredSlide(
        source=source,
        slide=slide,
        infected=int(infected.sum()),
        infected_found=int((called & infected).sum()),
        uninfected=int((~infected).sum()),
        false_calls=int((called & ~infected).sum()),
        clean_quartile=_logit_counts(found.probability[own]).clean_quartile(logit_of(threshold)),
    )


def read_metrics(manifest: Path) -> dict[str, object]:
    """What `measured_figures` gave for the classifier of this manifest."""
    return read_manifest(manifest, "classifier").model_dump(include=set(FIGURES), exclude_none=True)


def stage_figures(chance: NDArray[np.float32], truth: NDArray[np.int64]) -> StageFigures:
    """How well stages are predicted, and from which probability on they are.

    Parameters
    ----------
    chance : float32 (n, s), see `Calls.stages`. truth : int64 (n,), place in `STAGES`.
    """
    sure = chance.max(axis=1)
    right = chance.argmax(axis=1) == truth
    order = np.argsort(-sure, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(share >= RIGHT_STAGES)
    least = float(sure[order][good[-1]]) if len(good) else 1.0
    called = sure_stage(chance, least)
    confusion = np.zeros((len(STAGES), len(STAGES) + 1), np.int64)
    np.add.at(confusion, (truth, called), 1)  # a stage of -1 falls into the last column
    return StageFigures(names=STAGES, least=least, confusion=tuple(map(tuple, confusion.tolist())))


def _middles(found: Sequence[FoundAt], threshold: float) -> MiddleLogits | None:
    """Range of the slides' middles, each taken as a count takes it: of the cells that are not called, so that
    a slide with many infected cells has no other. Of a slide with few cells it says little.
    """
    middles = [
        _logit_counts(own.probability[own.group == slide]).middle_below(logit_of(threshold))
        for own in found
        for slide in np.unique(own.group)
        if (own.group == slide).sum() >= MIDDLE_CELLS
    ]
    return MiddleLogits(low=round(min(middles), 2), high=round(max(middles), 2)) if middles else None


def _logit_counts(probabilities: NDArray[np.float32]) -> LogitCounts:
    """Cells of a slide as a count keeps them."""
    counts = LogitCounts()
    counts.add(probabilities.astype(np.float64))
    return counts


def _stages(network: Network, left_out: Mapping[str, LabelledCrops]) -> StageFigures | None:
    staged = {name: crops.take(crops.stage != UNKNOWN_STAGE) for name, crops in left_out.items()}
    told = [crops for crops in staged.values() if len(crops.labels)]
    if not told:
        return None
    crops = np.concatenate([crops.crops for crops in told])
    return stage_figures(
        predict(crops, network, PLAIN).stages, np.concatenate([crops.stage for crops in told])
    )


def _logits(network: Network, crops: LabelledCrops) -> NDArray[np.float32]:
    chance = np.clip(predict(crops.crops, network, PLAIN).p_infected.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.log(chance / (1 - chance)).astype(np.float32)


def _row(
    source: str, probability: NDArray[np.float32], infected: NDArray[np.bool_], threshold: float
) -> Measured:
    called = probability >= threshold
    return Measured(
        source=source,
        infected=int(infected.sum()),
        infected_found=int((called & infected).sum()),
        uninfected=int((~infected).sum()),
        false_positives=int((called & ~infected).sum()),
    )

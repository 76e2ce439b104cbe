"""Classifies pictures of single cells: cut out along their edge, or by the box that a count gave them.

A picture with black corners is a cell cut out along its edge, as NIH publishes them: its probability is
at even odds. Any other is a cell cut out by its box, as `cells.csv` gives boxes, with the background
around it: it is made, calibrated and called as a count would, so that both agree.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.crops import CROP_PX
from classifier.one_cell.verdict import Verdict, examine, why_white_cell
from classifier.precut import as_cut, without_margin
from classifier.predict import BATCH, predict
from classifier.tight import has_black_surround, place_cell
from pipeline.errors import EmptySlideError, SmearcountError
from pipeline.names import for_line
from pipeline.networks import Classifier, load_classifier, load_detector
from pipeline.reader.crop import read_crop
from pipeline.reader.slide import pictures_in
from pipeline.reader.source import shown
from pipeline.settings import CountSettings

__all__ = [
    "CROP_COLUMNS",
    "NOT_ONE_CELL",
    "THRESHOLD",
    "classify_files",
    "classify_pictures",
    "load_threshold",
    "readable",
]

THRESHOLD = 0.5
"""A cell cut out along its edge comes without its slide's prevalence: its probability is at even odds, so is
the call."""
NOT_ONE_CELL = "not_one_cell"
"""Notice of a picture that is not called, because it does not show one red cell that fills it."""
CROP_COLUMNS = ("crop", "p_infected", "infected", "model", "notice", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """What is said of one picture; `reason` is empty where it shows one cell."""

    p_infected: float | None
    infected: bool | None
    reason: str = ""


def classify_pictures(pictures: Iterable[NDArray[np.uint8]], settings: CountSettings) -> NDArray[np.float32]:
    """Probability that each cell is infected, float32 (n,), in the order they come.

    Parameters
    ----------
    pictures : uint8 (H, W, 3), RGB, each one cell that fills it, its surround black or background.
    """
    classifier = load_classifier(settings)
    found = []
    waiting = iter(pictures)
    while some := [as_cut(picture, CROP_PX) for picture in islice(waiting, BATCH)]:
        found.append(predict(np.stack(some), classifier.network, classifier.precut).p_infected)
    return np.concatenate(found) if found else np.empty(0, np.float32)


def load_threshold(settings: CountSettings) -> float:
    """Least probability of a pre-cut cell called infected; ModelError where the network cannot be used."""
    load_classifier(settings)
    return THRESHOLD


def classify_files(paths: Sequence[Path], settings: CountSettings) -> pd.DataFrame:
    """One row a picture, in their order, columns `CROP_COLUMNS`; no call where it is not one cell.

    `crop` is the path as a line of text.

    Parameters
    ----------
    settings : its `um_per_px` is that of the pictures; None takes it that each is as large as the usual cell.

    Raises
    ------
    SlideError
        Where one cannot be read; `readable` finds out beforehand which.
    """
    classifier = load_classifier(settings)
    detector = load_detector(settings).network
    calls = []
    waiting = iter(paths)
    while some := [_shown(read_crop(path)) for path in islice(waiting, BATCH)]:
        verdicts = [examine(picture, settings.um_per_px, detector) for picture in some]
        calls += _calls(some, verdicts, classifier, settings.um_per_px)
    return pd.DataFrame(
        {
            "crop": [for_line(path) for path in paths],
            "p_infected": pd.Series([call.p_infected for call in calls], dtype="float64"),
            "infected": pd.Series([call.infected for call in calls], dtype=object),
            "model": classifier.manifest.name,
            "notice": [NOT_ONE_CELL if call.reason else "" for call in calls],
            "reason": [call.reason for call in calls],
        },
        columns=list(CROP_COLUMNS),
    )


def _shown(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture, without a wide black margin around a cell that was cut out along its edge."""
    return without_margin(picture) if has_black_surround(picture) else picture


def _calls(
    pictures: Sequence[NDArray[np.uint8]],
    verdicts: Sequence[Verdict],
    classifier: Classifier,
    um_per_px: float | None,
) -> list[_Call]:
    """Calls of the pictures that show one cell, and why the others have none."""
    black = [has_black_surround(picture) for picture in pictures]
    crops = {
        index: as_cut(picture, CROP_PX) if black[index] else place_cell(picture, um_per_px).crop
        for index, picture in enumerate(pictures)
        if verdicts[index].reason is None
    }
    calls = {}
    for cut_out, calibration, least in (
        (True, classifier.precut, THRESHOLD),
        (False, classifier.calibration, classifier.manifest.threshold),
    ):
        chosen = [index for index in crops if black[index] == cut_out]
        if chosen:
            said = predict(np.stack([crops[index] for index in chosen]), classifier.network, calibration)
            for index, p_infected in zip(chosen, said.p_infected, strict=True):
                calls[index] = _call(verdicts[index], float(p_infected), least)
    return [
        calls.get(index) or _Call(p_infected=None, infected=None, reason=verdict.reason or "")
        for index, verdict in enumerate(verdicts)
    ]


def _call(verdict: Verdict, p_infected: float, least: float) -> _Call:
    infected = p_infected >= least
    white = why_white_cell(verdict, infected=infected)
    if white is not None:
        return _Call(p_infected=None, infected=None, reason=white)
    return _Call(p_infected=p_infected, infected=infected)


def readable(paths: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The pictures that can be read, and one line for each that cannot; a folder stands for those in it."""
    good: list[Path] = []
    errors: list[str] = []
    each: list[Path] = []
    for path in paths:
        try:
            each += _within(path)
        except SmearcountError as error:
            errors.append(str(error))
    for path in each:
        try:
            read_crop(path)
            good.append(path)
        except SmearcountError as error:
            errors.append(str(error))
    return good, errors


def _within(path: Path) -> list[Path]:
    """The pictures of a folder in the natural order of their names, or the path itself."""
    try:
        is_folder = path.is_dir()
    except OSError:  # a name too long: reading it says so
        is_folder = False
    if not is_folder:
        return [path]
    found = pictures_in(path)
    if not found:
        raise EmptySlideError(
            f"no picture in {shown(path)}; expected pictures of single cells directly in it; "
            "hand in the folder that holds them"
        )
    return found

"""Classifies pictures of single, pre-cut cells, as the earlier service did."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.crops import CROP_PX
from classifier.precut import as_cut
from classifier.predict import BATCH, predict
from pipeline.errors import NotAnImageError, SmearcountError
from pipeline.networks import load_classifier
from pipeline.reader.source import content_kind, shown
from pipeline.settings import CountSettings
from segmentation.resample import WHITE_LEVEL

__all__ = ["CROP_COLUMNS", "THRESHOLD", "classify_files", "classify_pictures", "load_threshold", "readable"]

THRESHOLD = 0.5
"""A pre-cut cell comes without its slide's prevalence: its probability is at even odds, so is the call."""
CROP_COLUMNS = ("crop", "p_infected", "infected", "model")


def classify_pictures(pictures: Iterable[NDArray[np.uint8]], settings: CountSettings) -> NDArray[np.float32]:
    """Probability that each cell is infected, float32 (n,), in the order they come.

    Parameters
    ----------
    pictures : uint8 (H, W, 3), RGB, each one cell that fills it, its surround black or background.
    """
    classifier = load_classifier(settings)
    found = []
    waiting = iter(pictures)
    while some := [as_cut(picture, CROP_PX, WHITE_LEVEL) for picture in islice(waiting, BATCH)]:
        found.append(predict(np.stack(some), classifier.network, classifier.precut).p_infected)
    return np.concatenate(found) if found else np.empty(0, np.float32)


def load_threshold(settings: CountSettings) -> float:
    """Least probability of a pre-cut cell called infected; ModelError where the network cannot be used."""
    load_classifier(settings)
    return THRESHOLD


def classify_files(paths: Sequence[Path], settings: CountSettings) -> pd.DataFrame:
    """One row a picture, in their order, columns `CROP_COLUMNS`.

    Raises
    ------
    SlideError
        Where one cannot be read; `readable` tells beforehand which.
    """
    manifest = load_classifier(settings).manifest
    probability = classify_pictures((_read(path) for path in paths), settings)
    return pd.DataFrame(
        {
            "crop": [shown(path) for path in paths],
            "p_infected": probability,
            "infected": probability >= THRESHOLD,
            "model": manifest.name,
        },
        columns=list(CROP_COLUMNS),
    )


def readable(paths: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The pictures that can be read, and one line for each that cannot."""
    good: list[Path] = []
    errors: list[str] = []
    for path in paths:
        try:
            _read(path)
            good.append(path)
        except SmearcountError as error:
            errors.append(str(error))
    return good, errors


def _read(path: Path) -> NDArray[np.uint8]:
    content_kind(path)
    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise NotAnImageError(
            f"{shown(path)} cannot be decoded as a picture; it may be damaged: copy it again"
        )
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)

"""Checks of the two networks: their files are whole, and this computer works out what it should with them."""

import time

import numpy as np
from numpy.typing import NDArray

from classifier.crops import CROP_PX
from classifier.predict import BATCH, predict
from pipeline.doctor.finding import Finding, passed
from pipeline.errors import ModelError
from pipeline.networks import load_classifier, load_detector
from pipeline.settings import CountSettings

__all__ = ["check_classifier", "check_detector"]

_AGAIN = "Install smearcount again, or name the manifest of a whole network with --detector or --classifier."
_OTHER_CPU = "Install smearcount again for this processor: LiteRT gives no sound numbers here."
_FIELD_PX = 256
_CELL_PX = 20  # across, of a red cell at the detector's 0.375 µm


def check_detector(settings: CountSettings) -> Finding:
    """The detector's hash, and its answers to a drawn field."""
    try:
        detector = load_detector(settings)
    except ModelError as error:
        return Finding(name="detector", state="FAIL", found=str(error), mend=_AGAIN)
    began = time.perf_counter()
    outputs = detector.network.run(_drawn_field()[None])
    took_ms = 1000 * (time.perf_counter() - began)
    again = detector.network.run(_drawn_field()[None])
    if not _sound(outputs, again):
        return Finding(name="detector", state="FAIL", found="its answers are no numbers", mend=_OTHER_CPU)
    return passed("detector", f"{detector.manifest.name}, whole; a field of 96 µm in {took_ms:.0f} ms")


def check_classifier(settings: CountSettings) -> Finding:
    """The classifier's hash, and its answer to one drawn cell."""
    try:
        classifier = load_classifier(settings)
    except ModelError as error:
        return Finding(name="classifier", state="FAIL", found=str(error), mend=_AGAIN)
    crop = _drawn_cell()[None]
    began = time.perf_counter()
    one = predict(crop, classifier.network, classifier.calibration)
    took_ms = 1000 * (time.perf_counter() - began)
    other = predict(np.repeat(crop, BATCH, axis=0), classifier.network, classifier.calibration)
    sound = _sound((one.p_infected,), (other.p_infected[:1],)) and 0 <= float(one.p_infected[0]) <= 1
    if not sound or not np.allclose(other.p_infected, other.p_infected[0]):
        return Finding(
            name="classifier", state="FAIL", found="its answers are no probabilities", mend=_OTHER_CPU
        )
    found = f"a drawn red cell is infected with {float(one.p_infected[0]):.3f}, in {took_ms:.0f} ms"
    return passed("classifier", f"{classifier.manifest.name}, whole; {found}")


def _sound(one: tuple[NDArray[np.float32], ...], other: tuple[NDArray[np.float32], ...]) -> bool:
    """Finite, and the same for the same picture."""
    return all(np.isfinite(a).all() and np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def _drawn_field() -> NDArray[np.uint8]:
    """uint8 (256, 256, 3): pink discs in rows on a pale ground."""
    rows, columns = np.mgrid[:_FIELD_PX, :_FIELD_PX]
    step = 2 * _CELL_PX
    from_centre = np.hypot(rows % step - _CELL_PX, columns % step - _CELL_PX)
    return _coloured(from_centre <= _CELL_PX / 2)


def _drawn_cell() -> NDArray[np.uint8]:
    """uint8 (CROP_PX, CROP_PX, 4): one disc, marked in the fourth channel as the cell that is meant."""
    rows, columns = np.mgrid[:CROP_PX, :CROP_PX] - (CROP_PX - 1) / 2
    disc = np.hypot(rows, columns) <= CROP_PX / 3
    return np.dstack([_coloured(disc), np.where(disc, 255, 0)]).astype(np.uint8)


def _coloured(disc: NDArray[np.bool_]) -> NDArray[np.uint8]:
    colours = np.array([[230, 230, 230], [215, 160, 165]], np.uint8)
    return colours[disc.astype(np.intp)]

"""How far a slide is from the thin films and the stains that smearcount knows, and the file that holds these.

A slide is compared with ranges: what fields of known smears show, source by source, see
`pipeline.training.novelty.fit`. What lies inside all of them has the distance 0, whatever it is; each
range that is left adds to it.
"""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.manifest import shipped
from pipeline.errors import ModelError
from pipeline.records import Novelty

__all__ = [
    "RANGE_NAMES",
    "FieldFeatures",
    "MeasuredKind",
    "NoveltyManifest",
    "Range",
    "Stain",
    "measure_novelty",
    "read_novelty",
    "smear_distance",
    "stain_difference",
    "stain_distance",
]

MOST_EXCESS = 3.0
"""Most that one range may add: no single value decides by how absurd it is."""
SHARE_STEP = 0.25
"""Difference in a channel's share of the stain that weighs as much as a stain e times as deep."""
LEAST_ABSORBANCE = 0.05
"""Added to the absorbance before shares are taken: the colour of a stain this faint is noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFeatures:
    """What one field shows, in figures that mean the same on every microscope.

    Attributes
    ----------
    detector_score : logit of the detector's score that a quarter of the red cells stay below.
    colour_spread, depth_spread : logarithm of how much the red cells' hue (9 in 10 stay below) and their
        absorbance (half of them) differ from the usual cell of the field, relative to its absorbance.
    unexplained : share of the view that is stained but not covered by red cells, -1 to 1.
    explained : logarithm of the area of the red cells relative to what is stained.
    half_tones : share of what is no background that lies between it and the cells, 0 to 1.
    darker : share of the view much darker than the red cells, 0 to 1.
    background : share of the view as bright as empty glass, 0 to 1.
    roundness : circularity that a quarter of the red cells stay below, 0 to 1.
    focus : median sharpness of the red cells' edges, 0 to 1.
    depth : logarithm of the usual red cell's absorbance, in the channel where it is deepest.
    coverage : logarithm of the share of the view that red cells cover.
    stain : absorbance (natural logarithm) of the usual red cell in red, green and blue.
    """

    detector_score: float
    colour_spread: float
    depth_spread: float
    unexplained: float
    explained: float
    half_tones: float
    darker: float
    background: float
    roundness: float
    focus: float
    depth: float
    coverage: float
    stain: tuple[float, float, float]


RANGE_NAMES: tuple[str, ...] = tuple(field.name for field in fields(FieldFeatures) if field.name != "stain")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Range(_Strict):
    """What known smears show of one value; `scale` of it outside adds 1 to the distance."""

    name: str
    low: float
    high: float
    scale: float = Field(gt=0)


class Stain(_Strict):
    """Absorbance (natural logarithm) of the red cells of one known field."""

    source: str
    red: float
    green: float
    blue: float


class MeasuredKind(_Strict):
    """How the score judged pictures of one kind that it was not fitted to.

    Attributes
    ----------
    group : 'smear' (a source left out), 'odd' (no thin film), 'stain' (a thin film in another colour).
    without_cells : refused before scoring, because no red cell was found.
    refused : refused by the score. warned : of those not refused, an unfamiliar stain was warned of.
    """

    group: str
    kind: str
    pictures: int = Field(ge=0)
    without_cells: int = Field(ge=0)
    refused: int = Field(ge=0)
    warned: int = Field(ge=0)


class NoveltyManifest(_Strict):
    """The known smears, the limits, and how well they hold on what they were not fitted to.

    Attributes
    ----------
    detector, detector_sha256 : network whose detections the ranges were taken with.
    smear_limit, stain_limit : distances above which a slide is refused, or its stain warned of.
    """

    detector: str
    detector_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    seed: int
    smear_limit: float = Field(gt=0)
    stain_limit: float = Field(gt=0)
    ranges: tuple[Range, ...]
    stains: tuple[Stain, ...] = Field(min_length=1)
    measured: tuple[MeasuredKind, ...] = ()


def read_novelty(path: Path | None = None) -> NoveltyManifest:
    """Read and check the known smears; those that come with smearcount where no file is named.

    Raises
    ------
    ModelError
        Where the file is missing, malformed, or holds other values than this version measures.
    """
    path = path or shipped("detector").with_name("novelty.toml")
    try:
        manifest = NoveltyManifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"{path} cannot be read ({error}); install smearcount again") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{path} is no valid list of known smears: {place}: {first['msg']}") from error
    found = tuple(entry.name for entry in manifest.ranges)
    if found != RANGE_NAMES:
        raise ModelError(
            f"{path} holds ranges of {', '.join(found)}, expected {', '.join(RANGE_NAMES)}; "
            "write it anew with smearcount train novelty"
        )
    return manifest


def measure_novelty(features: list[FieldFeatures], known: NoveltyManifest) -> Novelty | None:
    """Distances of a slide from what is known, None where no field shows a red cell."""
    if not features:
        return None
    values = np.asarray([[getattr(field, name) for name in RANGE_NAMES] for field in features], np.float64)
    beyond = _excess(values, known.ranges)
    middle = np.median(beyond, axis=0)
    stains = [stain_distance(field.stain, known.stains) for field in features]
    swapped = [stain_distance(field.stain[::-1], known.stains) for field in features]
    return Novelty(
        smear_distance=round(float(np.median(beyond.sum(axis=1))), 4),
        smear_limit=known.smear_limit,
        stain_distance=round(median(stains), 4),
        stain_limit=known.stain_limit,
        farthest=RANGE_NAMES[int(middle.argmax())] if middle.max() > 0 else "",
        swapped_stain_distance=round(median(swapped), 4),
    )


def smear_distance(features: FieldFeatures, ranges: tuple[Range, ...]) -> float:
    """How far one field lies outside the ranges, 0 inside all of them."""
    values = np.asarray([[getattr(features, name) for name in RANGE_NAMES]], np.float64)
    return float(_excess(values, ranges).sum())


def stain_distance(stain: tuple[float, float, float], known: tuple[Stain, ...]) -> float:
    """Distance to the nearest known stain: of the logarithm of the depth, and of each channel's share."""
    own = _stain_place(np.asarray([stain], np.float64))
    others = _stain_place(np.asarray([(each.red, each.green, each.blue) for each in known], np.float64))
    return float(np.linalg.norm(others - own, axis=1).min())


def stain_difference(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """Distance between two stains, as `stain_distance` takes it."""
    first, second = _stain_place(np.asarray([one, other], np.float64))
    return float(np.linalg.norm(first - second))


def _excess(values: NDArray[np.float64], ranges: tuple[Range, ...]) -> NDArray[np.float64]:
    low, high, scale = np.asarray([(each.low, each.high, each.scale) for each in ranges], np.float64).T
    outside = np.maximum(np.maximum(low - values, values - high), 0) / scale
    return np.asarray(np.minimum(outside, MOST_EXCESS), np.float64)


def _stain_place(absorbance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Float64 (n, 4): depth and shares of absorbances, float64 (n, 3), in which distances are taken."""
    deepest = np.maximum(absorbance.max(axis=1, keepdims=True), LEAST_ABSORBANCE / 2)
    shares = absorbance / (deepest + LEAST_ABSORBANCE) / SHARE_STEP
    return np.concatenate([np.log(deepest), shares], axis=1)

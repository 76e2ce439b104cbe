"""How far a slide is from the thin films and the stains that smearcount knows, and the file that holds these.

A feature of a field adds nothing within what half of the known smears show; outside, a weight for either
side. The weights are those of a logistic regression of known smears and pictures that are none, see
`pipeline.training.novelty.fit`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from models.manifest import Strict, read_checked, shipped
from pipeline.errors import ModelError
from pipeline.quality.channels import FieldColours
from pipeline.records import Novelty

__all__ = [
    "TERM_NAMES",
    "FieldFeatures",
    "MeasuredKind",
    "NoveltyManifest",
    "Stain",
    "Term",
    "feature_table",
    "limit_for",
    "measure_novelty",
    "read_novelty",
    "smear_distance",
    "stain_difference",
    "stain_distance",
]

INSIDE = 0.7
"""Spreads from the middle within which half of the fields of known smears lie, and a feature adds nothing."""
ENOUGH_CELLS = 13
"""Red cells of a slide from which on the limit is the fitted one; of fewer it is lower in proportion. Of
1,460 real fields it refuses 4 in addition; if it began at 20, 7, and one more of 80 other pictures."""
MOST_SPREADS = 6.0
"""Most that one feature may differ from the middle: none decides by how absurd it is."""
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
    number : logarithm of the number of red cells.
    median_score, high_score : logit of the detector's score that half, and 9 in 10, of the red cells stay
        below.
    size_spread, size_range : logarithm of the difference in diameter between a quarter and three quarters of
        the whole red cells, and between 5 and 95%, relative to the usual one.
    diameter : logarithm of the usual diameter, µm.
    usual_roundness : median circularity, 0 to 1.
    plausible : share of the whole red cells that are 4.5 to 10 µm wide, 0 to 1.
    overlapping : share of the red cells that touch another, 0 to 1.
    others : share of all objects that are no red cells, 0 to 1.
    focus_spread : standard deviation of the edges' sharpness.
    oblong : median of the logarithm of the ratio of a cell's sides.
    ground_level, ground_colour : brightness of the empty background, 0 to 1, and logarithm of the ratio of
        its brightest to its darkest channel.
    red_share, green_share, blue_share : absorbance of the usual red cell in each channel, relative to the
        deepest.
    saturated, dark : share of the view that is pure white, or nearly black.
    glass, brighter : logarithm of the share of the view as deep as glass, and the share brighter than that.
    deepest : depth of stain that 99% of the view stay below, 0 to 1.
    stain : absorbance (natural logarithm) of the usual red cell in red, green and blue.
    colours : what says whether these stand in their right order; None where it was not measured.
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
    number: float
    median_score: float
    high_score: float
    size_spread: float
    size_range: float
    diameter: float
    usual_roundness: float
    plausible: float
    overlapping: float
    others: float
    focus_spread: float
    oblong: float
    ground_level: float
    ground_colour: float
    red_share: float
    green_share: float
    blue_share: float
    saturated: float
    dark: float
    glass: float
    brighter: float
    deepest: float
    stain: tuple[float, float, float]
    colours: FieldColours | None = None


TERM_NAMES: tuple[str, ...] = tuple(
    field.name for field in fields(FieldFeatures) if field.name not in {"stain", "colours"}
)


class Term(Strict):
    """What one feature adds to the score: `below` or `above` for each spread beyond `INSIDE` on that side."""

    name: str
    middle: float
    spread: float = Field(gt=0)
    below: float
    above: float


class Stain(Strict):
    """Absorbance (natural logarithm) of the red cells of one known field."""

    source: str
    red: float
    green: float
    blue: float


class MeasuredKind(Strict):
    """How the score judged pictures of one kind that it was not fitted to.

    Attributes
    ----------
    group : 'smear' (a source left out), 'odd' (no thin film), 'unseen' (none, of a kind that was
        never fitted), 'altered' (a thin film in another colour).
    without_cells : refused before scoring, because no red cell was found.
    refused : refused by the score. warned : of those not refused, an unfamiliar stain was warned of.
    """

    group: str
    kind: str
    pictures: int = Field(ge=0)
    without_cells: int = Field(ge=0)
    refused: int = Field(ge=0)
    warned: int = Field(ge=0)


class NoveltyManifest(Strict):
    """The fit, the limits, and how well they hold on what they were not fitted to.

    Attributes
    ----------
    detector, detector_sha256 : network whose detections it was fitted with.
    intercept : score of a field in the middle of every feature, log odds.
    smear_limit, stain_limit : distances above which a slide is refused, or its stain warned of.
    """

    detector: str
    detector_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    seed: int
    smear_limit: float = Field(gt=0)
    stain_limit: float = Field(gt=0)
    intercept: float
    terms: tuple[Term, ...]
    stains: tuple[Stain, ...] = Field(min_length=1)
    measured: tuple[MeasuredKind, ...] = ()


@cache
def read_novelty(path: Path | None = None) -> NoveltyManifest:
    """Read and check the known smears; those that come with smearcount where no file is named.

    Read once a process: it holds the figures of every kind too, and parsing it takes as long as deciding the
    cells of a small field.

    Raises
    ------
    ModelError
        Where the file is missing, malformed, or holds other values than this version measures.
    """
    path = path or shipped("detector").with_name("novelty.toml")
    manifest = read_checked(path, NoveltyManifest, "list of known smears", "install smearcount again")
    found = tuple(entry.name for entry in manifest.terms)
    if found != TERM_NAMES:
        raise ModelError(
            f"{path} holds terms of {', '.join(found)}, expected {', '.join(TERM_NAMES)}; "
            "write it anew with smearcount train novelty"
        )
    return manifest


def measure_novelty(features: list[FieldFeatures], known: NoveltyManifest) -> Novelty | None:
    """Distances of a slide from what is known, None where no field shows a red cell."""
    if not features:
        return None
    parts = _parts(feature_table(features), known.terms)
    middle = np.median(parts, axis=0)
    stains = [stain_distance(field.stain, known.stains) for field in features]
    return Novelty(
        smear_distance=round(float(np.median(_distance(parts.sum(axis=1) + known.intercept))), 4),
        smear_limit=round(limit_for(features, known.smear_limit), 4),
        stain_distance=round(median(stains), 4),
        stain_limit=known.stain_limit,
        farthest=TERM_NAMES[int(middle.argmax())] if middle.max() > 0 else "",
    )


def limit_for(features: Sequence[FieldFeatures], limit: float) -> float:
    """Distance above which fields are refused: of few red cells, each has to look like one all the more."""
    cells = sum(float(np.exp(field.number)) for field in features)
    return limit * min(1.0, cells / ENOUGH_CELLS)


def feature_table(features: Sequence[FieldFeatures]) -> NDArray[np.float64]:
    """Values of fields, float64 (n, terms), in the order of `TERM_NAMES`."""
    rows = [[getattr(field, name) for name in TERM_NAMES] for field in features]
    return np.asarray(rows, np.float64).reshape(-1, len(TERM_NAMES))


def smear_distance(features: FieldFeatures, terms: Sequence[Term], intercept: float) -> float:
    """How far one field lies from known smears, 0 for one that could not be nearer."""
    parts = _parts(feature_table([features]), terms)
    return float(_distance(parts.sum(axis=1) + intercept)[0])


def stain_distance(stain: tuple[float, float, float], known: tuple[Stain, ...]) -> float:
    """Distance to the nearest known stain: of the logarithm of the depth, and of each channel's share."""
    own = _stain_place(np.asarray([stain], np.float64))
    others = _stain_place(np.asarray([(each.red, each.green, each.blue) for each in known], np.float64))
    return float(np.linalg.norm(others - own, axis=1).min())


def stain_difference(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """Distance between two stains, as `stain_distance` takes it."""
    first, second = _stain_place(np.asarray([one, other], np.float64))
    return float(np.linalg.norm(first - second))


def _parts(values: NDArray[np.float64], terms: Sequence[Term]) -> NDArray[np.float64]:
    """What each feature adds to the score of each field, float64 (n, terms)."""
    rows = [(each.middle, each.spread, each.below, each.above) for each in terms]
    middle, spread, below, above = np.asarray(rows, np.float64).T
    away = np.clip((values - middle) / spread, -MOST_SPREADS, MOST_SPREADS)
    outside = above * np.maximum(away - INSIDE, 0) + below * np.maximum(-away - INSIDE, 0)
    return np.asarray(outside, np.float64)


def _distance(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log odds as a distance from 0 on: ln(1 + odds)."""
    return np.asarray(np.logaddexp(0.0, score), np.float64)


def _stain_place(absorbance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Float64 (n, 4): depth and shares of absorbances, float64 (n, 3), in which distances are taken."""
    deepest = np.maximum(absorbance.max(axis=1, keepdims=True), LEAST_ABSORBANCE / 2)
    shares = absorbance / (deepest + LEAST_ABSORBANCE) / SHARE_STEP
    return np.concatenate([np.log(deepest), shares], axis=1)

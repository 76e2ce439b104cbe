"""Fits what known thin films look like, and measures it on sources that are left out: numbers only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.quality.novelty import (
    RANGE_NAMES,
    FieldFeatures,
    MeasuredKind,
    Range,
    Stain,
    smear_distance,
    stain_distance,
)

__all__ = ["Known", "fit_known", "measured_kind", "without_each_source"]

Smears = Mapping[str, Sequence[FieldFeatures]]

LOW_PERCENTILE, HIGH_PERCENTILE = 2.5, 97.5
"""Of a source's fields: the rest may be failures of the count, which must not widen what is known."""
STAINS_A_SOURCE = 12
"""Fields of a source whose stains are kept, as different from one another as they are."""
LEAST_SMEAR_LIMIT = 0.5
"""Least limit of the smear distance: a new microscope may leave two ranges by a quarter of a unit each."""
FAR_PERCENTILE = 99
"""Of the fields of sources left out, by smear distance: a single wild field must not set the limit, and a
slide is judged by the middle of its fields."""
SMEAR_MARGIN, STAIN_MARGIN = 1.2, 1.05
"""Limits stand this much above that field, and above the strangest stain: refusing a smear costs more than
warning of its stain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Ranges and stains of known smears, and the limits that go with them."""

    ranges: tuple[Range, ...]
    stains: tuple[Stain, ...]
    smear_limit: float
    stain_limit: float


def fit_known(smears: Smears, rendered: Sequence[FieldFeatures]) -> Known:
    """What `smears` (features by source) show; `rendered` ones widen the ranges but give no stain.

    The limits come from the same fit with each source left out in turn.
    """
    distances = [_distances(smears, rendered, name) for name in smears] if len(smears) > 1 else []
    every = np.concatenate(distances) if distances else np.zeros((1, 2))
    far, farthest_stain = np.percentile(every[:, 0], FAR_PERCENTILE), every[:, 1].max()
    return Known(
        ranges=_ranges([*smears.values(), rendered]),
        stains=_stains(smears),
        smear_limit=round(max(LEAST_SMEAR_LIMIT, SMEAR_MARGIN * float(far)), 3),
        stain_limit=round(max(0.1, STAIN_MARGIN * float(farthest_stain)), 3),
    )


def without_each_source(smears: Smears, rendered: Sequence[FieldFeatures]) -> tuple[MeasuredKind, ...]:
    """Each source held against all others, limits included: what a new microscope has to expect."""
    return tuple(
        measured_kind("smear", name, features, fit_known(_others(smears, name), rendered))
        for name, features in smears.items()
    )


def measured_kind(
    group: str, kind: str, features: Iterable[FieldFeatures | None], known: Known
) -> MeasuredKind:
    """How pictures of one kind are judged; None among `features` is a picture without a red cell."""
    every = list(features)
    seen = [each for each in every if each is not None]
    refused = [smear_distance(each, known.ranges) > known.smear_limit for each in seen]
    strange = [stain_distance(each.stain, known.stains) > known.stain_limit for each in seen]
    return MeasuredKind(
        group=group,
        kind=kind,
        pictures=len(every),
        without_cells=len(every) - len(seen),
        refused=sum(refused),
        warned=sum(new and not gone for new, gone in zip(strange, refused, strict=True)),
    )


def _distances(smears: Smears, rendered: Sequence[FieldFeatures], name: str) -> NDArray[np.float64]:
    """Float64 (n, 2): smear and stain distance of a source's fields from all others."""
    others = _others(smears, name)
    ranges, stains = _ranges([*others.values(), rendered]), _stains(others)
    pairs = [(smear_distance(each, ranges), stain_distance(each.stain, stains)) for each in smears[name]]
    return np.asarray(pairs, np.float64).reshape(-1, 2)


def _others(smears: Smears, name: str) -> dict[str, Sequence[FieldFeatures]]:
    return {source: features for source, features in smears.items() if source != name}


def _ranges(sources: Sequence[Sequence[FieldFeatures]]) -> tuple[Range, ...]:
    """From the lowest to the highest that any source shows, its own outliers left out; half of it is 1."""
    values = [
        np.asarray([[getattr(each, name) for name in RANGE_NAMES] for each in features], np.float64)
        for features in sources
        if len(features)
    ]
    low = np.min([np.percentile(each, LOW_PERCENTILE, axis=0) for each in values], axis=0)
    high = np.max([np.percentile(each, HIGH_PERCENTILE, axis=0) for each in values], axis=0)
    return tuple(
        Range(
            name=name,
            low=round(float(low[place]), 4),
            high=round(float(high[place]), 4),
            scale=round(max(float(high[place] - low[place]) / 2, 0.001), 4),
        )
        for place, name in enumerate(RANGE_NAMES)
    )


def _stains(smears: Smears) -> tuple[Stain, ...]:
    """Of each source the stains that lie farthest apart, the first field's first."""
    kept = []
    for source, features in smears.items():
        places = np.asarray([each.stain for each in features], np.float64).round(4)
        chosen = [0]
        while len(chosen) < min(STAINS_A_SOURCE, len(places)):
            gaps = np.linalg.norm(places[:, None] - places[chosen][None], axis=2).min(axis=1)
            chosen.append(int(gaps.argmax()))
        kept += [
            Stain(source=source, red=red, green=green, blue=blue)
            for red, green, blue in places[chosen].tolist()
        ]
    return tuple(kept)

"""Fits what known thin films look like and what does not, and measures it on kinds that are left out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline.quality.novelty import (
    FieldFeatures,
    MeasuredKind,
    Stain,
    Term,
    feature_table,
    limit_for,
    smear_distance,
    stain_distance,
)
from pipeline.training.novelty.logistic import fit_terms

__all__ = ["Known", "fit_known", "measured_kind", "without_each_kind", "without_each_source"]

Pictures = Mapping[str, Sequence[FieldFeatures]]
"""Features of fields by source, or of other pictures by kind."""

STAINS_A_SOURCE = 12
"""Fields of a source whose stains are kept, as different from one another as they are."""
FOLDS, DEALS = 10, 3
"""Parts that kinds, and real fields, are dealt into, to be measured by a fit without them; and how often they
are dealt anew for the limit, which few far fields set."""
FAR_PERCENTILE = 99
"""Of the real fields left out, by smear distance: at most one in a hundred is to be refused."""
STAIN_MARGIN = 1.05
"""The limit stands this much above the strangest stain of a source left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The fit, the known stains, and the limits that go with them."""

    terms: tuple[Term, ...]
    intercept: float
    stains: tuple[Stain, ...]
    smear_limit: float
    stain_limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """Everything that is fitted, a row a picture.

    Attributes
    ----------
    values : float64 (n, terms). is_odd : bool (n,), no thin film. kinds : of each, its source or kind.
    """

    values: NDArray[np.float64]
    is_odd: NDArray[np.bool_]
    kinds: NDArray[np.str_]

    @classmethod
    def of(cls, smears: Pictures, odd: Pictures) -> Self:
        """Rows of both, in their order."""
        every = [*smears.values(), *odd.values()]
        numbers = [len(fields) for fields in every]
        films = sum(len(fields) for fields in smears.values())
        return cls(
            values=feature_table([field for fields in every for field in fields]),
            is_odd=np.arange(sum(numbers)) >= films,
            kinds=np.repeat(np.asarray([*(f"film {name}" for name in smears), *odd], np.str_), numbers),
        )

    def parts(self, deal: int) -> NDArray[np.int64]:
        """Which part each row is left out with, int64 (n,): a kind of other pictures is never in two."""
        rng = np.random.default_rng(deal)
        names, kind = np.unique(self.kinds, return_inverse=True)
        by_kind, by_row = (rng.permutation(number) % FOLDS for number in (len(names), len(self.kinds)))
        return np.where(self.is_odd, by_kind[kind], by_row)

    def fit(self, rows: NDArray[np.bool_], known: Known) -> Known:
        """The same as `known` with terms fitted to some of the rows."""
        terms, intercept = fit_terms(self.values[rows], self.is_odd[rows], self.kinds[rows].tolist())
        return replace(known, terms=terms, intercept=intercept)


def fit_known(smears: Pictures, rendered: Sequence[FieldFeatures], odd: Pictures) -> Known:
    """What tells `smears` from `odd` pictures; `rendered` smears are fitted, but set no limit and no stain.

    The limits come from the same fit without a part of the fields, and from the stains of all other sources.
    """
    strange = [
        stain_distance(each.stain, _stains(_others(smears, name)))
        for name, features in (smears.items() if len(smears) > 1 else ())
        for each in features
    ]
    limit = max(0.1, STAIN_MARGIN * max(strange, default=0.0))
    known = Known(
        terms=(), intercept=0.0, stains=_stains(smears), smear_limit=np.inf, stain_limit=round(limit, 3)
    )
    shown = _Shown.of({**smears, "": rendered}, odd)
    real = [field for fields in smears.values() for field in fields]
    apart = []
    for deal in range(DEALS):
        parts = shown.parts(deal)
        for part in range(FOLDS):
            without = shown.fit(parts != part, known)
            left = np.flatnonzero(parts[: len(real)] == part)
            apart += [_distance(real[place], without) for place in left.tolist()]
    fitted = shown.fit(np.ones(len(shown.kinds), bool), known)
    return replace(fitted, smear_limit=round(float(np.percentile(apart, FAR_PERCENTILE)), 4))


def without_each_kind(
    smears: Pictures,
    rendered: Sequence[FieldFeatures],
    odd: Mapping[str, Sequence[FieldFeatures | None]],
    known: Known,
) -> tuple[MeasuredKind, ...]:
    """Each kind of other pictures judged by a fit without its part of the kinds, at the limit of `known`."""
    seen = {kind: [each for each in fields if each is not None] for kind, fields in odd.items()}
    shown = _Shown.of({**smears, "": rendered}, seen)
    parts = shown.parts(0)
    of_kind = dict(zip(shown.kinds.tolist(), parts.tolist(), strict=True))
    rows = []
    for part in range(FOLDS):
        without = shown.fit(parts != part, known)
        # A kind that shows no red cell is in no part, and refused by any.
        left = [kind for kind in odd if of_kind.get(kind, 0) == part]
        rows += [measured_kind("odd", kind, odd[kind], without) for kind in left]
    return tuple(sorted(rows, key=lambda row: row.kind))


def without_each_source(
    smears: Pictures, rendered: Sequence[FieldFeatures], odd: Pictures
) -> tuple[MeasuredKind, ...]:
    """Each source held against all others, limits included: what a new microscope has to expect."""
    return tuple(
        measured_kind("smear", name, features, fit_known(_others(smears, name), rendered, odd))
        for name, features in smears.items()
    )


def measured_kind(
    group: str, kind: str, features: Iterable[FieldFeatures | None], known: Known
) -> MeasuredKind:
    """How pictures of one kind are judged; None among `features` is a picture without a red cell."""
    every = list(features)
    seen = [each for each in every if each is not None]
    refused = [_distance(each, known) > limit_for([each], known.smear_limit) for each in seen]
    strange = [stain_distance(each.stain, known.stains) > known.stain_limit for each in seen]
    return MeasuredKind(
        group=group,
        kind=kind,
        pictures=len(every),
        without_cells=len(every) - len(seen),
        refused=sum(refused),
        warned=sum(new and not gone for new, gone in zip(strange, refused, strict=True)),
    )


def _distance(features: FieldFeatures, known: Known) -> float:
    return smear_distance(features, known.terms, known.intercept)


def _others(smears: Pictures, name: str) -> dict[str, Sequence[FieldFeatures]]:
    return {source: features for source, features in smears.items() if source != name}


def _stains(smears: Pictures) -> tuple[Stain, ...]:
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

"""The fit of known smears against other pictures; a source or a kind left out is measured as a new one."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.quality.novelty import TERM_NAMES, FieldFeatures, smear_distance, stain_distance
from pipeline.training.novelty.fit import (
    Known,
    fit_known,
    measured_kind,
    without_each_kind,
    without_each_source,
)


def features_of(seed: int, shift: float = 0.0, number: int = 60, **shifts: float) -> list[FieldFeatures]:
    """Fields of one source: values between 0 and 1 about its own middle, some features shifted farther."""
    rng = np.random.default_rng(seed)
    features = []
    for _ in range(number):
        values: dict[str, Any] = {
            name: 4 * (name == "number") + float(shift + shifts.get(name, 0.0) + rng.uniform(0, 1))
            for name in TERM_NAMES
        }
        features.append(FieldFeatures(**values, stain=(0.1 + 0.02 * float(rng.random()), 0.4, 0.2)))
    return features


def all_at(value: float, stain: tuple[float, float, float] = (0.1, 0.4, 0.2)) -> FieldFeatures:
    values: dict[str, Any] = {**dict.fromkeys(TERM_NAMES, value), "number": 4 + value}
    return FieldFeatures(**values, stain=stain)


SMEARS = {"one": features_of(1), "two": features_of(2, 0.2), "three": features_of(3, 0.1)}
RENDERED = features_of(4, number=20)
NAMES = ("unexplained", "colour_spread", "darker", "coverage")
ODD = {
    f"kind {place}": features_of(10 + place, number=4, **{NAMES[place % 4]: 2.0 + place / 10, "focus": -1.5})
    for place in range(24)
}


@pytest.fixture(scope="module")
def known() -> Known:
    return fit_known(SMEARS, RENDERED, ODD)


def distance(features: FieldFeatures, known: Known) -> float:
    return smear_distance(features, known.terms, known.intercept)


def test_smears_are_near_and_every_odd_kind_is_far(known):
    assert distance(all_at(0.5), known) < known.smear_limit
    far = [distance(each, known) > known.smear_limit for fields in ODD.values() for each in fields]
    assert np.mean(far) == 1


def test_at_most_a_hundredth_of_the_fields_left_out_lies_beyond_the_limit(known):
    beyond = [distance(each, known) > known.smear_limit for fields in SMEARS.values() for each in fields]
    assert sum(beyond) <= 2


def test_the_order_of_the_fields_changes_no_term(known):
    turned = fit_known({name: each[::-1] for name, each in SMEARS.items()}, RENDERED[::-1], ODD)
    for one, other in zip(known.terms, turned.terms, strict=True):
        assert one.above == pytest.approx(other.above, abs=0.02)
        assert one.middle == other.middle


def test_a_kind_like_the_others_is_refused_when_it_is_left_out_and_one_like_smears_is_not(known):
    twins = {**ODD, "twin": features_of(99, 0.1, number=4)}
    rows = {row.kind: row for row in without_each_kind(SMEARS, RENDERED, twins, known)}
    assert sum(rows[kind].refused for kind in ODD) >= 0.95 * 4 * len(ODD)
    assert rows["twin"].refused == 0
    assert rows["twin"].pictures == 4


def test_a_picture_without_cells_is_measured_but_not_fitted(known):
    rows = without_each_kind(SMEARS, RENDERED, {**ODD, "blank": [None, None]}, known)
    blank = next(row for row in rows if row.kind == "blank")
    assert (blank.pictures, blank.without_cells, blank.refused) == (2, 2, 0)


def test_a_source_far_from_all_others_is_refused_when_it_is_left_out():
    strange = features_of(6, number=20, unexplained=3.0, focus=-2.0)
    rows = {row.kind: row for row in without_each_source({**SMEARS, "odd": strange}, RENDERED, ODD)}
    assert rows["odd"].refused == rows["odd"].pictures == 20
    assert rows["one"].refused <= 3


def test_pictures_are_counted_as_without_cells_or_refused_or_warned_but_never_twice(known):
    strange = all_at(0.5, stain=(0.9, 0.1, 0.1))
    odd = replace(strange, unexplained=9.0, focus=-2.0)
    row = measured_kind("odd", "kind", [None, odd, strange, all_at(0.5)], known)
    assert (row.pictures, row.without_cells, row.refused, row.warned) == (4, 1, 1, 1)


def test_kept_stains_lie_near_every_stain_of_their_source(known):
    assert max(stain_distance(each.stain, known.stains) for each in SMEARS["two"]) < 0.05
    assert len([stain for stain in known.stains if stain.source == "two"]) <= 12

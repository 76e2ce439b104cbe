"""The fit of known smears: what sources show is inside; a left-out source is measured as a new one."""

from dataclasses import replace

import numpy as np

from pipeline.quality.novelty import RANGE_NAMES, FieldFeatures, smear_distance, stain_distance
from pipeline.training.novelty.fit import fit_known, measured_kind, without_each_source


def features_of(seed: int, shift: float = 0.0, number: int = 60) -> list[FieldFeatures]:
    """Fields of one source: values between 0 and 1 about its own middle."""
    rng = np.random.default_rng(seed)
    return [
        FieldFeatures(
            **{name: float(shift + rng.uniform(0, 1)) for name in RANGE_NAMES},
            stain=(0.1 + 0.02 * float(rng.random()), 0.4, 0.2),
        )
        for _ in range(number)
    ]


def all_at(value: float, stain: tuple[float, float, float] = (0.1, 0.4, 0.2)) -> FieldFeatures:
    return FieldFeatures(**dict.fromkeys(RANGE_NAMES, value), stain=stain)


SMEARS = {"one": features_of(1), "two": features_of(2, 0.2), "three": features_of(3, 0.1)}
RENDERED = features_of(4)


def test_the_middle_of_every_source_is_inside_and_a_wide_source_widens_the_ranges():
    known = fit_known(SMEARS, RENDERED)
    wider = fit_known({**SMEARS, "four": features_of(5, 2.0)}, RENDERED)
    middle, far = all_at(0.5), all_at(2.5)
    assert smear_distance(middle, known.ranges) == 0
    assert smear_distance(far, known.ranges) > known.smear_limit
    assert smear_distance(far, wider.ranges) == 0


def test_a_single_wild_field_does_not_widen_what_is_known():
    wild = replace(SMEARS["one"][0], unexplained=50.0)
    known = fit_known({**SMEARS, "one": [wild, *SMEARS["one"][1:]]}, RENDERED)
    assert smear_distance(wild, known.ranges) > 2
    assert known.smear_limit < 1.2 * fit_known(SMEARS, RENDERED).smear_limit


def test_the_limit_lies_above_all_but_a_hundredth_of_the_fields_of_sources_left_out():
    apart = {**SMEARS, "four": features_of(5, 0.5)}
    known = fit_known(apart, RENDERED)
    distances = []
    for name, fields in apart.items():
        others = {other: each for other, each in apart.items() if other != name}
        distances += [smear_distance(each, fit_known(others, RENDERED).ranges) for each in fields]
    assert max(distances) > 1
    assert np.mean(np.asarray(distances) < known.smear_limit) >= 0.99
    assert known.smear_limit > fit_known(SMEARS, RENDERED).smear_limit


def test_the_order_of_the_fields_changes_no_range_and_no_limit():
    turned = {name: each[::-1] for name, each in SMEARS.items()}
    first, second = fit_known(SMEARS, RENDERED), fit_known(turned, RENDERED[::-1])
    assert first.ranges == second.ranges
    assert first.smear_limit == second.smear_limit


def test_a_source_far_from_all_others_is_refused_when_it_is_left_out():
    rows = {row.kind: row for row in without_each_source({**SMEARS, "odd": features_of(6, 5.0)}, RENDERED)}
    assert rows["odd"].refused == rows["odd"].pictures == 60
    assert rows["one"].refused == 0


def test_pictures_are_counted_as_without_cells_or_refused_or_warned_but_never_twice():
    known = fit_known(SMEARS, RENDERED)
    strange = all_at(0.5, stain=(0.9, 0.1, 0.1))
    odd = replace(strange, unexplained=9.0)
    row = measured_kind("odd", "kind", [None, odd, strange, all_at(0.5)], known)
    assert (row.pictures, row.without_cells, row.refused, row.warned) == (4, 1, 1, 1)


def test_kept_stains_lie_near_every_stain_of_their_source():
    known = fit_known(SMEARS, RENDERED)
    assert max(stain_distance(each.stain, known.stains) for each in SMEARS["two"]) < 0.05
    assert len([stain for stain in known.stains if stain.source == "two"]) <= 12

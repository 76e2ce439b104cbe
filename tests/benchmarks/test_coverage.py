"""The simulation of intervals: the melded one holds where the one by chance alone does not."""

import numpy as np
import pytest

from benchmarks.coverage import claimed_on_uninfected, coverage, stopping
from benchmarks.measuring.drawn_slides import Drawn, Judged, drawn_slide, judged
from models.manifest import read_manifest, shipped
from pipeline.counting.intervals.design import clustering
from pipeline.counting.intervals.measured import slide_errors_of
from pipeline.counting.intervals.melded import melded_interval
from pipeline.counting.intervals.slide_errors import Beta, SlideErrors
from pipeline.planning.protocols import PROTOCOLS

ERRORS = SlideErrors(
    sensitivity=Beta(alpha=5.0, beta=2.0), false_calls=Beta(alpha=0.3, beta=150.0), source="made up"
)
SHIPPED = slide_errors_of(read_manifest(shipped("classifier"), "classifier"))


def test_the_interval_holds_on_nearly_all_slides_and_the_one_by_chance_on_few() -> None:
    found = coverage(Drawn(fraction=0.05, cells=20_000), ERRORS, np.random.default_rng(5), slides=80)
    assert found.holds > 0.87
    assert found.wilson_holds < 0.5
    assert found.seen > 0.9


@pytest.mark.parametrize("fields", [None, 6])
@pytest.mark.parametrize("cells", [200, 20_000])
@pytest.mark.parametrize("fraction", [0.005, 0.1])
def test_with_the_shipped_errors_it_holds_on_93_to_97_of_100_slides(
    fraction: float, cells: int, fields: int | None
) -> None:
    what = Drawn(fraction=fraction, cells=cells, fields=fields)
    found = coverage(what, SHIPPED, np.random.default_rng(7), slides=300)
    noise = 0.025  # twice the standard error of a share of 300
    assert 0.93 - noise <= found.holds <= 0.97 + noise
    assert found.holds + found.below + found.above == pytest.approx(1.0)


@pytest.mark.parametrize(("spread", "least"), [(0.5, 0.93), (1.0, 0.86)])
def test_photos_that_are_few_and_unlike_leave_the_interval_holding(spread: float, least: float) -> None:
    what = Drawn(fraction=0.05, cells=2_000, spread=spread, fields=3)
    found = coverage(what, SHIPPED, np.random.default_rng(7), slides=300)
    assert found.holds >= least - 0.025  # twice the standard error of a share of 300


@pytest.mark.parametrize("cells", [200, 2_000, 200_000])
def test_on_at_most_5_of_100_slides_without_an_infected_cell_parasites_are_claimed(cells: int) -> None:
    noise = 0.012  # twice the standard error of 5% of 1,200
    assert claimed_on_uninfected(cells, SHIPPED, np.random.default_rng(3), 1_200) <= 0.05 + noise


def test_whether_it_holds_is_told_as_by_its_ends() -> None:
    rng = np.random.default_rng(2)
    for fraction in (0.0, 0.002, 0.01, 0.1) * 8:
        squares = drawn_slide(Drawn(fraction=fraction, cells=400), ERRORS, rng)
        called, counted = (sum(part) for part in zip(*squares.values(), strict=True))
        low, high = melded_interval(called, counted, ERRORS, clustering(squares))
        side = -1 if high < fraction else 1 if low > fraction else 0
        assert judged(fraction, squares, ERRORS) == Judged(seen=low > 0, side=side)


def test_a_drawn_slide_has_its_cells_and_without_an_infected_one_false_calls_alone() -> None:
    rng = np.random.default_rng(5)
    drawn = drawn_slide(Drawn(fraction=0.0, cells=2_000), SlideErrors.fixed(0.9, 1e-9), rng).values()
    assert sum(cells for _, cells in drawn) == 2_000
    assert sum(called for called, _ in drawn) == 0


def test_stopping_by_its_own_estimate_leans_high_near_the_step_and_not_far_from_it() -> None:
    perfect, rng = SlideErrors.fixed(1.0, 0.0), np.random.default_rng(4)
    near, far = (stopping(PROTOCOLS["cdc"], fraction, perfect, rng, 150) for fraction in (0.1, 0.3))
    assert 0.2 < near.early < 1.0 and near.lean > 0.01
    assert far.early == 1.0 and abs(far.lean) < 0.02
    assert stopping(PROTOCOLS["cdc"], 0.02, perfect, rng, 20).early == 0.0

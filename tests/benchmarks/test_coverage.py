"""The simulation of intervals: the melded one holds where the one by chance alone does not."""

import numpy as np

from benchmarks.coverage import coverage, drawn_slide
from pipeline.counting.intervals.slide_errors import Beta, SlideErrors

ERRORS = SlideErrors(
    sensitivity=Beta(alpha=5.0, beta=2.0), false_calls=Beta(alpha=0.3, beta=150.0), source="made up"
)


def test_the_interval_holds_on_nearly_all_slides_and_the_one_by_chance_on_few() -> None:
    found = coverage(0.05, 20_000, ERRORS, np.random.default_rng(5), slides=80)
    assert found.holds > 0.87
    assert found.wilson_holds < 0.5
    assert found.seen > 0.9


def test_a_drawn_slide_has_its_cells_and_without_an_infected_one_false_calls_alone() -> None:
    rng = np.random.default_rng(5)
    groups = drawn_slide(0.0, 2_000, SlideErrors.fixed(0.9, 1e-9), rng)
    assert sum(cells for _, cells in groups) == 2_000
    assert sum(called for called, _ in groups) == 0

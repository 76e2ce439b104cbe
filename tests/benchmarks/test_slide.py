"""Tests of benchmarks.slide."""

import pytest

from benchmarks.slide import last_against_first


def _course(tiles: int, *, later_s: float, workers: int = 1) -> list[tuple[float, int, int]]:
    """A tile of 1,500 cells a second and worker; each tile of the second half takes `later_s`."""
    free, course = [5.0] * workers, []
    for tile in range(tiles):
        worker = free.index(min(free))
        free[worker] += 1.0 if tile < tiles // 2 else later_s
        course.append(free[worker])
    return [(moment, done, 1500 * done) for done, moment in enumerate(sorted(course), 1)]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_steady_count_is_as_fast_at_its_end(workers: int) -> None:
    assert last_against_first(_course(120, later_s=1.0, workers=workers), workers) == pytest.approx(1.0)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_count_that_takes_twice_as_long_a_tile_is_half_as_fast(workers: int) -> None:
    ratio = last_against_first(_course(200, later_s=2.0, workers=workers), workers)
    assert ratio == pytest.approx(0.5, rel=0.02)


def test_the_start_of_the_workers_is_in_no_tenth() -> None:
    course = _course(100, later_s=1.0)
    late = [(seconds + 60.0, done, cells) for seconds, done, cells in course]
    assert last_against_first(late, 1) == pytest.approx(last_against_first(course, 1))


def test_a_last_tile_that_one_worker_does_alone_is_in_no_tenth() -> None:
    *course, (seconds, done, cells) = _course(100, later_s=1.0, workers=2)
    ratio = last_against_first([*course, (seconds + 10.0, done, cells)], 2)
    assert ratio == pytest.approx(1.0, rel=0.05)


def test_tiles_without_a_cell_slow_nothing_but_their_own_tenth() -> None:
    course = [(float(done), done, 1500 * min(done, 95)) for done in range(1, 101)]
    ratio = last_against_first(course, 1)
    assert ratio is not None
    assert 0.3 < ratio < 0.7


def test_a_few_tiles_tell_nothing() -> None:
    assert last_against_first(_course(39, later_s=1.0), 1) is None
    assert last_against_first([], 1) is None

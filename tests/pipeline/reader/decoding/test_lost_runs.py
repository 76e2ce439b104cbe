"""What is the same over hundreds of bytes, and not beside them, was lost."""

import numpy as np
import pytest

from pipeline.reader.decoding.lost_runs import long_runs, lost_run
from tests.pipeline.reader.reader_pictures import noise

WIDTH, HEIGHT = 600, 40
ROW = 3 * WIDTH


def _rows(start: int, size: int, value: int = 0) -> np.ndarray:
    flat = noise(WIDTH, HEIGHT).reshape(-1).copy()
    flat[start : start + size] = value
    return flat.reshape(HEIGHT, ROW)


@pytest.mark.parametrize("value", [0, 255, 165])
@pytest.mark.parametrize(
    ("start", "size"),
    [
        (10 * ROW, ROW),
        (10 * ROW, 5 * ROW),
        (10 * ROW + 700, 4096),
        (10 * ROW + 512 - 10 * ROW % 512, 512),
        (10 * ROW + 1, 700),
        (30 * ROW + 7, 10 * ROW - 7),
        (0, 3 * ROW + 50),
    ],
    ids=["a row", "rows", "sectors", "a sector", "off the px", "the end", "the beginning"],
)
def test_a_run_that_its_neighbours_do_not_explain_was_lost(start: int, size: int, value: int) -> None:
    found = lost_run(_rows(start, size, value), 3)
    assert found == (start // ROW, (start + size - 1) // ROW)


@pytest.mark.parametrize(
    ("start", "size"),
    [(0, 3 * ROW), (35 * ROW, 5 * ROW), (10 * ROW + 300, 600), (10 * ROW + 1, 400), (0, HEIGHT * ROW)],
    ids=["a frame above", "a frame below", "a line of whole px", "less than a sector", "one colour"],
)
def test_frames_lines_and_short_runs_are_no_loss(start: int, size: int) -> None:
    assert lost_run(_rows(start, size), 3) is None


def test_black_round_a_view_bars_and_overexposed_places_are_no_loss() -> None:
    y, x = np.mgrid[:400, :600]
    for inside in ((y - 200) ** 2 + (x - 300) ** 2 < 190**2, (y - 200) ** 2 + (x - 300) ** 2 > 150**2):
        for value in (0, 255):
            picture = np.where(inside[:, :, None], noise(600, 400), np.uint8(value))
            assert lost_run(picture.reshape(400, ROW), 3) is None
    barred = noise(600, 400)
    barred[350:370, 100:400] = 0
    assert lost_run(barred.reshape(400, ROW), 3) is None


def test_rows_that_are_each_of_one_grey_are_a_drawing() -> None:
    steps = np.repeat(np.arange(40, dtype=np.uint8) * 5, ROW).reshape(40, ROW)
    assert lost_run(steps, 3) is None


def test_where_a_sector_begins_is_told_in_the_file() -> None:
    rows = _rows(10 * ROW + 300, 900)
    assert lost_run(rows, 3) is None
    assert lost_run(rows, 3, place=512 - (10 * ROW + 300) % 512) == (10, 10)


def test_runs_of_a_sector_and_more_are_found_wherever_they_begin() -> None:
    flat = np.arange(10_000, dtype=np.int64).astype(np.uint8)
    flat[1001:1513], flat[3000:3400], flat[9000:] = 7, 9, 0
    assert list(long_runs(flat)) == [(1001, 1513), (9000, 10_000)]
    assert list(long_runs(flat[:100])) == []

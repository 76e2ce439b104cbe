"""Windows in one array: what is asked of many together is what each gives alone."""

import itertools

import cv2
import numpy as np
import pytest

from segmentation.stacks import MARGIN_PX, Stack, percentiles, stacks

RNG_SEED = 5


def some_windows(number: int = 60, width: int = 90, height: int = 70) -> np.ndarray:
    rng = np.random.default_rng(RNG_SEED)
    low = np.column_stack([rng.integers(0, width - 40, number), rng.integers(0, height - 40, number)])
    return np.concatenate([low, low + rng.integers(3, 40, (number, 2))], axis=1)


def picture() -> np.ndarray:
    return np.random.default_rng(RNG_SEED).integers(0, 256, (70, 90), np.uint8)


def each_window(operation) -> list[tuple[np.ndarray, np.ndarray]]:
    """What an operation of (stack, pixels) gives of each window, beside the window of the picture itself."""
    pairs = []
    for stack in stacks(some_windows()):
        done = operation(stack, stack.gather(picture()) > 128)
        for part, (x0, y0, x1, y1) in zip(stack.windows_of(done), stack.windows.tolist(), strict=True):
            pairs.append((part, picture()[y0:y1, x0:x1] > 128))
    return pairs


def test_every_window_stands_in_one_stack_and_holds_its_part_of_the_picture():
    windows = some_windows()
    seen = []
    for stack in stacks(windows):
        np.testing.assert_array_equal(stack.windows, windows[stack.rows])
        seen += stack.rows.tolist()
        gathered = stack.gather(picture())
        assert (gathered[~stack.inside] == 0).all()
        for part, (x0, y0, x1, y1) in zip(stack.windows_of(gathered), stack.windows.tolist(), strict=True):
            np.testing.assert_array_equal(part, picture()[y0:y1, x0:x1])
    assert sorted(seen) == list(range(len(windows)))


def test_many_windows_make_several_stacks_of_like_sizes():
    windows = np.tile(some_windows(), (40, 1))
    sides = [(stack.windows[:, 2:] - stack.windows[:, :2]).max(axis=1) for stack in stacks(windows)]
    assert len(sides) > 3
    assert all(later.max() <= earlier.min() for earlier, later in itertools.pairwise(sides))


def test_no_window_makes_no_stack():
    assert list(stacks(np.empty((0, 4), np.int64))) == []


@pytest.mark.parametrize(
    ("method", "operation"), [(Stack.widened, cv2.MORPH_DILATE), (Stack.narrowed, cv2.MORPH_ERODE)]
)
def test_pixels_are_widened_and_narrowed_as_in_each_window_alone(method, operation):
    for part, alone in each_window(method):
        expected = cv2.morphologyEx(alone.astype(np.uint8), operation, np.ones((3, 3), np.uint8))
        np.testing.assert_array_equal(part, expected.astype(bool))


def test_the_rim_is_the_outermost_line_of_pixels():
    for part, _ in each_window(lambda stack, _: stack.rim()):
        inner = np.zeros(part.shape, bool)
        inner[1:-1, 1:-1] = True
        np.testing.assert_array_equal(part, ~inner)


@pytest.mark.parametrize("percent", [0.0, 10.0, 33.3, 50.0, 60.0, 90.0, 100.0])
def test_percentiles_of_counts_are_those_of_numpy_to_the_last_bit(percent):
    for stack in stacks(some_windows()):
        depth = stack.gather(picture())
        bright = (depth > 100) & stack.inside
        counts = stack.counts(depth, bright)
        whole = percentiles(counts.sum(axis=1), percent)
        chosen = percentiles(counts[:, 1], percent)
        for row, (x0, y0, x1, y1) in enumerate(stack.windows.tolist()):
            window = picture()[y0:y1, x0:x1]
            assert whole[row] == np.percentile(window, percent)
            assert chosen[row] == np.percentile(window[window > 100], percent)


def test_nothing_counted_has_percentile_nought():
    assert percentiles(np.zeros((1, 256), np.int64), 60.0).tolist() == [0.0]


def test_a_window_is_kept_apart_from_the_next_by_a_margin():
    for stack in stacks(some_windows()):
        inside = stack.inside
        for edge in (inside[:, :MARGIN_PX], inside[:, -MARGIN_PX:], inside[..., :MARGIN_PX]):
            assert not edge.any()
        assert not inside[..., -MARGIN_PX:].any()

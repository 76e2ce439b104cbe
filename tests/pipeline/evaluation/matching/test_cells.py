"""Pairing found cells with labelled ones, and leaving out the border on both sides."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.evaluation.matching.cells import Frame, Matched, Places, match_boxes, match_cells, match_points
from segmentation.illumination import BrightView

DIAMETER = 10.0
FRAME = Frame(width=100, height=100)

COORDINATE = st.integers(0, 30).map(float)
BOX = st.tuples(COORDINATE, COORDINATE, st.integers(4, 12), st.integers(4, 12)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
BOXES = st.lists(BOX, max_size=7).map(lambda rows: np.array(rows, dtype=np.float64).reshape(-1, 4))
POINTS = st.lists(st.tuples(COORDINATE, COORDINATE), max_size=6).map(
    lambda rows: np.array(rows, dtype=np.float64).reshape(-1, 2)
)


def boxes(*centres: tuple[float, float]) -> NDArray[np.float64]:
    half = DIAMETER / 2
    return np.array([(x - half, y - half, x + half, y + half) for x, y in centres]).reshape(-1, 4)


def places(*centres: tuple[float, float], boxed: bool = True, cut: tuple[int, ...] = ()) -> Places:
    outlines = boxes(*centres)
    flags = np.zeros(len(centres), dtype=bool)
    flags[list(cut)] = True
    return Places(
        centres=np.array(centres, dtype=np.float64).reshape(-1, 2),
        boxes=outlines if boxed else np.full_like(outlines, np.nan),
        cut=flags,
    )


def sizes(matched: Matched) -> tuple[int, ...]:
    parts = (matched.pairs, matched.missed, matched.extra, matched.left_out_truth, matched.left_out_found)
    return tuple(len(part) for part in parts)


def iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return float(shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared))


def best_by_hand(eligible: NDArray[np.bool_]) -> int:
    """Most pairs that any one-to-one assignment reaches, by trying all."""
    small, large = sorted(eligible.shape)
    table = eligible if eligible.shape == (small, large) else eligible.T
    return max(
        sum(int(table[i, j]) for i, j in enumerate(order)) for order in permutations(range(large), small)
    )


def test_a_box_shifted_by_a_third_matches_and_one_shifted_further_does_not() -> None:
    truth = boxes((50, 50))
    assert len(match_boxes(truth, boxes((53.3, 50)))) == 1  # IoU 0.504
    assert len(match_boxes(truth, boxes((53.4, 50)))) == 0  # IoU 0.493


def test_two_boxes_on_one_cell_are_one_match_and_one_extra() -> None:
    pairs = match_boxes(boxes((50, 50)), boxes((52, 50), (50.5, 50)))
    assert pairs.tolist() == [[0, 1]]  # the better one


def test_one_box_over_two_cells_finds_one_of_them_at_most() -> None:
    merged = np.array([[45.0, 45.0, 65.0, 55.0]])
    assert len(match_boxes(boxes((50, 50), (60, 50)), merged)) == 1


def test_a_greedy_choice_does_not_cost_a_pair() -> None:
    # The second point is nearest to the first cell, yet is the only one for the second cell.
    truth, found = np.array([[0.0, 0.0], [4.0, 0.0]]), np.array([[-4.0, 0.0], [1.0, 0.0]])
    assert match_points(truth, found, 5.0).tolist() == [[0, 0], [1, 1]]


def test_a_found_point_goes_to_the_nearer_of_two_labels() -> None:
    truth = np.array([[0.0, 0.0], [7.0, 0.0]])
    assert match_points(truth, np.array([[4.0, 0.0]]), 5.0).tolist() == [[1, 0]]


def test_a_point_matches_up_to_the_distance_and_not_beyond() -> None:
    truth = np.array([[0.0, 0.0]])
    assert len(match_points(truth, np.array([[3.0, 4.0]]), 5.0)) == 1
    assert len(match_points(truth, np.array([[3.0, 4.1]]), 5.0)) == 0


@settings(deadline=None)
@given(truth=BOXES, found=BOXES)
def test_boxes_reach_the_most_pairs_there_can_be(
    truth: NDArray[np.float64], found: NDArray[np.float64]
) -> None:
    pairs = match_boxes(truth, found)
    eligible = np.array([[iou(a, b) >= 0.5 for b in found] for a in truth], dtype=bool)
    eligible = eligible.reshape(len(truth), len(found))
    assert all(eligible[i, j] for i, j in pairs)
    assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)
    assert len(pairs) == (best_by_hand(eligible) if eligible.size else 0)


@settings(deadline=None)
@given(truth=POINTS, found=POINTS)
def test_points_reach_the_most_pairs_there_can_be(
    truth: NDArray[np.float64], found: NDArray[np.float64]
) -> None:
    pairs = match_points(truth, found, 6.0)
    eligible = np.array([[np.hypot(*(a - b)) <= 6.0 for b in found] for a in truth], dtype=bool)
    eligible = eligible.reshape(len(truth), len(found))
    assert all(eligible[i, j] for i, j in pairs)
    assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)
    assert len(pairs) == (best_by_hand(eligible) if eligible.size else 0)


@settings(deadline=None)
@given(truth=BOXES, found=BOXES, seed=st.integers(0, 99))
def test_the_order_of_the_boxes_does_not_matter(
    truth: NDArray[np.float64], found: NDArray[np.float64], seed: int
) -> None:
    random = np.random.default_rng(seed)
    shuffled = match_boxes(random.permutation(truth), random.permutation(found))
    assert len(shuffled) == len(match_boxes(truth, found))


GRID = [(float(x), float(y)) for x in range(3, 100, 16) for y in range(3, 100, 16)]  # 10 px boxes stay apart
SHIFTS = st.lists(
    st.tuples(st.integers(-4, 4), st.integers(-4, 4), st.booleans()), min_size=len(GRID), max_size=len(GRID)
)


@settings(deadline=None)
@given(shifts=SHIFTS, boxed=st.booleans())
def test_a_mirrored_field_is_matched_and_left_out_alike(
    shifts: list[tuple[int, int, bool]], boxed: bool
) -> None:
    found = [(x + dx, y + dy) for (x, y), (dx, dy, there) in zip(GRID, shifts, strict=True) if there]
    straight = match_cells(places(*GRID, boxed=boxed), places(*found), FRAME, DIAMETER)
    turned = [[(100.0 - y, x) for x, y in cells] for cells in (GRID, found)]
    mirrored = match_cells(places(*turned[0], boxed=boxed), places(*turned[1]), FRAME, DIAMETER)
    assert straight.pairs.tolist() == mirrored.pairs.tolist()
    assert straight.missed.tolist() == mirrored.missed.tolist()
    assert straight.extra.tolist() == mirrored.extra.tolist()
    assert straight.left_out_truth.tolist() == mirrored.left_out_truth.tolist()


def test_every_cell_stands_in_exactly_one_place() -> None:
    truth = places((3, 50), (50, 50), (70, 70), (97, 20))
    found = places((51, 50), (4, 50), (20, 80), (50, 2), cut=(1,))
    matched = match_cells(truth, found, FRAME, DIAMETER)
    rows = [*matched.pairs[:, 0], *matched.missed, *matched.left_out_truth]
    assert sorted(rows) == [0, 1, 2, 3]
    rows = [*matched.pairs[:, 1], *matched.extra, *matched.left_out_found]
    assert sorted(rows) == [0, 1, 2, 3]
    assert sizes(matched) == (1, 1, 1, 2, 2)


@pytest.mark.parametrize("boxed", [True, False])
def test_a_pair_is_left_out_where_only_the_found_cell_is_cut(boxed: bool) -> None:
    matched = match_cells(places((50, 50), boxed=boxed), places((50, 50), cut=(0,)), FRAME, DIAMETER)
    assert sizes(matched) == (0, 0, 0, 1, 1)


def test_a_pair_is_left_out_where_only_the_labelled_box_touches_the_border() -> None:
    matched = match_cells(places((4, 50)), places((6.5, 50)), FRAME, DIAMETER)
    assert sizes(matched) == (0, 0, 0, 1, 1)


def test_cut_cells_without_a_partner_are_no_error() -> None:
    matched = match_cells(places((2, 50)), places((98, 50)), FRAME, DIAMETER)
    assert sizes(matched) == (0, 0, 0, 1, 1)


def test_a_point_within_six_tenths_of_a_cell_of_the_border_is_left_out() -> None:
    matched = match_cells(places((5.9, 50), (50, 93.9), boxed=False), places(), FRAME, DIAMETER)
    assert matched.left_out_truth.tolist() == [0] and matched.missed.tolist() == [1]


def test_one_label_without_a_box_has_the_field_matched_by_centre() -> None:
    truth = places((30, 30), (60, 60))
    found = places((34.5, 30), (60, 60))  # IoU 0.38, distance 4.5
    assert sizes(match_cells(truth, found, FRAME, DIAMETER))[:3] == (1, 1, 1)
    truth.boxes[1] = np.nan
    assert sizes(match_cells(truth, found, FRAME, DIAMETER))[:3] == (2, 0, 0)


def test_both_sides_leave_out_the_rim_of_a_bright_view() -> None:
    distance = np.zeros((100, 100), dtype=np.float32)
    distance[:, 20:] = np.arange(1, 81)  # the view begins at x = 20
    view = BrightView(mask=distance > 0, distance=distance, px=1.0)
    frame = Frame(width=100, height=100, view=view)
    truth, found = places((28, 50), (31, 20), boxed=False), places((28, 80), (31, 90))
    matched = match_cells(truth, found, frame, DIAMETER)
    assert matched.left_out_truth.tolist() == [0] and matched.missed.tolist() == [1]
    assert matched.left_out_found.tolist() == [0] and matched.extra.tolist() == [1]


def test_a_field_of_many_thousand_cells_is_matched() -> None:
    random = np.random.default_rng(3)
    grid = 12.0 * np.array([(x, y) for x in range(100) for y in range(100)], dtype=np.float64)
    found = random.permutation(grid + random.uniform(-2, 2, grid.shape))
    assert len(match_points(grid, found, 5.0)) == len(grid)

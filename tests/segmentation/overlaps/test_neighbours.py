"""Neighbours on a grid against looking at every pair."""

import numpy as np
import pytest

from segmentation.overlaps.neighbours import near_pairs


@pytest.mark.parametrize("reach", [0.5, 7.0, 40.0, 1000.0])
def test_no_pair_within_reach_is_missing_and_none_far_apart_is_given(reach):
    centres = np.random.default_rng(1).uniform(-50, 300, (200, 2)).astype(np.float32)
    pairs = list(zip(*(numbers.tolist() for numbers in near_pairs(centres, reach)), strict=True))
    apart = np.abs(centres[:, None] - centres[None]).max(axis=2)
    np.fill_diagonal(apart, np.inf)
    assert len(pairs) == len(set(pairs))
    assert set(pairs) >= set(zip(*(numbers.tolist() for numbers in np.nonzero(apart < reach)), strict=True))
    assert all(apart[pair] < 2 * reach for pair in pairs)


def test_pairs_come_by_the_first_ones_number_and_each_both_ways():
    centres = np.random.default_rng(2).uniform(0, 60, (50, 2)).astype(np.float32)
    first, second = near_pairs(centres, 9.0)
    assert (np.diff(first) >= 0).all()
    there = set(zip(first.tolist(), second.tolist(), strict=True))
    assert there == {(b, a) for a, b in there}


@pytest.mark.parametrize("number", [0, 1])
def test_one_object_or_none_has_no_neighbour(number):
    first, second = near_pairs(np.zeros((number, 2), np.float32), 5.0)
    assert first.size == second.size == 0

"""Knobs that are drawn on a cell have the hue of that cell and leave its neighbours alone."""

import numpy as np

from classifier.training.crenated import KNOB_PX, crenated
from segmentation.resample import WHITE_LEVEL

SIDE = 56
ABSORBED = np.asarray([0.2, 0.5, 0.3])


def cell(radius: float = 18.0) -> np.ndarray:
    """An even cell of one hue in the middle, and another one of another hue at the border."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    own = np.hypot(y, x) < radius
    light = np.full((SIDE, SIDE, 3), float(WHITE_LEVEL))
    light[own] *= np.exp(-ABSORBED)
    light[np.hypot(y, x + 40) < 12] *= np.exp(-ABSORBED[::-1])
    return np.dstack([np.rint(light), 255 * own]).astype(np.uint8)


def test_a_knob_absorbs_more_of_the_same_in_each_channel() -> None:
    before = cell()
    after = crenated(before, np.random.default_rng(1))
    on_cell = before[..., 3] > 127
    ratio = np.log(np.maximum(after[..., :3].astype(float), 1) / WHITE_LEVEL)[on_cell] / -ABSORBED
    assert ratio.max() > 1.3
    deep = ratio[ratio.min(axis=1) > 1.2]
    assert len(deep) > 20
    assert np.abs(deep - deep.mean(axis=1, keepdims=True)).max() < 0.1
    assert np.array_equal(after[..., 3], before[..., 3])


def test_what_lies_farther_off_stays_as_it_is() -> None:
    before = cell()
    after = crenated(before, np.random.default_rng(2))
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    far = np.hypot(y, x) > 18 + 4 * KNOB_PX[1]
    assert np.abs(after[far].astype(int) - before[far]).max() <= 1


def test_the_same_generator_draws_the_same_and_another_one_another() -> None:
    one, same, other = (crenated(cell(), np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_crop_without_a_cell_and_one_that_is_all_cell_are_borne() -> None:
    empty, full = cell(), cell(100.0)
    empty[..., 3] = 0
    assert np.array_equal(crenated(empty, np.random.default_rng(5)), empty)
    assert crenated(full, np.random.default_rng(5)).shape == full.shape

"""The mark of the cell that is meant: full on it, nothing far from it, and never on the next crop."""

import numpy as np
import pytest

from classifier.outline import MARGIN_PX, SOFT_PX, outlined, redrawn
from tests.segmentation.disc_pictures import disc_share

SIDE = 56
DISCS = [
    (28.0, 28.0, 18.0),
    (27.5, 30.0, 9.5),
    (3.0, 28.0, 12.0),
    (53.5, 20.0, 14.0),
    (28.0, 1.0, 20.0),
    (30.0, 55.0, 16.0),
    (0.0, 0.0, 10.0),
    (56.0, 56.0, 25.0),
]
"""In the middle, and over each side and two corners of the crop."""


def distance_to(disc: tuple[float, float, float]) -> np.ndarray:
    """Px from the disc's edge, negative on the disc."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    return np.asarray(np.hypot(x - disc[0], y - disc[1]) - disc[2])


def masks_of(discs=DISCS) -> np.ndarray:
    return np.stack([(disc_share(SIDE, SIDE, [disc]) > 0.5).astype(np.uint8) for disc in discs])


def ragged(number: int, seed: int = 0) -> np.ndarray:
    """Masks of no shape at all, which touch every side."""
    noise = np.random.default_rng(seed).random((number, SIDE, SIDE))
    return (noise > 0.93).astype(np.uint8)


def pictures(number: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (number, SIDE, SIDE, 3), np.uint8)


def marks(masks: np.ndarray) -> np.ndarray:
    return outlined(pictures(len(masks)), masks)[..., 3]


@pytest.mark.parametrize("disc", DISCS)
def test_a_mark_is_full_on_the_cell_and_nothing_far_from_it(disc):
    mask = masks_of([disc])
    (mark,) = marks(mask)
    assert (mark[mask[0] == 1] == 255).all()
    assert (mark[distance_to(disc) > MARGIN_PX + SOFT_PX] == 0).all()
    assert (mark == 0).any()


def test_the_picture_under_the_mark_stays_as_it_was():
    crops = pictures(len(DISCS))
    np.testing.assert_array_equal(outlined(crops, masks_of())[..., :3], crops)


def test_a_mark_is_wider_than_the_cell_by_the_margin_on_each_side_and_fades():
    mask = np.zeros((1, SIDE, SIDE), np.uint8)
    mask[0, 18:40, 22:33] = 1
    (mark,) = marks(mask)
    assert np.flatnonzero(mark[28] > 127).tolist() == list(range(22 - MARGIN_PX, 33 + MARGIN_PX))
    assert np.flatnonzero(mark[:, 28] > 127).tolist() == list(range(18 - MARGIN_PX, 40 + MARGIN_PX))
    assert mark[28, 18:24].tolist() == [0, 85, 170, 255, 255, 255]


def test_no_mark_reaches_into_the_next_crop_of_the_stack():
    masks = np.zeros((5, SIDE, SIDE), np.uint8)
    masks[1::2] = 1
    found = marks(masks)
    assert (found[1::2] == 255).all()
    assert (found[::2] == 0).all()


@pytest.mark.parametrize("masks", [masks_of(), ragged(9)], ids=["discs", "ragged"])
def test_many_crops_marked_at_once_are_those_that_each_is_alone(masks):
    crops = pictures(len(masks))
    together = outlined(crops, masks)
    for number in range(len(masks)):
        alone = outlined(crops[number : number + 1], masks[number : number + 1])
        np.testing.assert_array_equal(together[number], alone[0])


@pytest.mark.parametrize("masks", [masks_of(), ragged(9)], ids=["discs", "ragged"])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_or_mirrored_mask_has_the_mark_turned_or_mirrored(masks, quarters):
    """A crop is looked at in four turns: the mark must say the same in each."""
    expected = np.rot90(marks(masks), quarters, axes=(1, 2))
    np.testing.assert_array_equal(marks(np.rot90(masks, quarters, axes=(1, 2))), expected)
    np.testing.assert_array_equal(marks(masks[:, ::-1]), marks(masks)[:, ::-1])
    np.testing.assert_array_equal(marks(masks[:, :, ::-1]), marks(masks)[:, :, ::-1])


def test_a_cell_that_goes_on_beyond_the_crop_is_marked_up_to_its_side():
    whole = np.ones((1, SIDE, SIDE), np.uint8)
    assert (marks(whole) == 255).all()
    for by_px in (-2, -1, 0, 1, 2):
        assert (redrawn(whole[0] * np.uint8(255), by_px) == 255).all()


def test_where_there_is_no_cell_there_is_no_mark():
    blank = np.zeros((SIDE, SIDE), np.uint8)
    assert not marks(blank[None]).any()
    assert not any(redrawn(blank, by_px).any() for by_px in (-2, 0, 2))


@pytest.mark.parametrize("disc", DISCS[:2])
def test_a_mark_drawn_anew_grows_and_shrinks_by_so_many_px(disc):
    (mark,) = marks(masks_of([disc]))
    drawn = {by_px: redrawn(mark, by_px) for by_px in range(-3, 4)}
    for by_px, other in drawn.items():
        area = int((other > 127).sum())
        assert np.sqrt(area / np.pi) == pytest.approx(disc[2] + MARGIN_PX + by_px, abs=0.8)
        assert by_px == 3 or (other <= drawn[by_px + 1]).all()
        assert by_px == 3 or area < (drawn[by_px + 1] > 127).sum()


def test_a_turned_mark_is_drawn_anew_as_the_other_one_turned():
    for mark in marks(masks_of()):
        for by_px in (-2, -1, 0, 1, 2):
            expected = np.rot90(redrawn(mark, by_px))
            np.testing.assert_array_equal(redrawn(np.rot90(mark), by_px), expected)


def test_what_is_handed_in_is_not_changed():
    crops, masks = pictures(3), masks_of(DISCS[:3])
    before = crops.copy(), masks.copy()
    marked = outlined(crops, masks)
    kept = marked.copy()
    redrawn(marked[0, ..., 3], 0)[:] = 7
    np.testing.assert_array_equal(marked, kept)
    marked[:] = 0
    np.testing.assert_array_equal(crops, before[0])
    np.testing.assert_array_equal(masks, before[1])

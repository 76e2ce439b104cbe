"""Samples of any picture become RGB as displayed, and blocks become their means, with no px out of place."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reader.pixels import (
    bits_used,
    block_mean,
    check_region,
    eight_bits,
    on_white,
    orient,
    orientation_of,
    rgb_of,
    stored_box,
    too_empty,
    too_small,
)
from tests.pipeline.reader.reader_pictures import block_means, displayed, noise

SIDES = st.integers(1, 40)


@given(width=SIDES, height=SIDES, factor=st.sampled_from([1, 2, 4, 8, 64]))
def test_a_block_becomes_its_mean_and_the_last_px_are_repeated(width: int, height: int, factor: int) -> None:
    picture = noise(width, height)
    assert np.abs(block_mean(picture, factor) - block_means(picture, factor)).max() <= 0.51


@given(width=SIDES, height=SIDES, exif=st.integers(1, 8))
def test_a_picture_is_turned_as_its_orientation_says(width: int, height: int, exif: int) -> None:
    stored = noise(width, height)
    orientation = orientation_of(exif)
    shown = orient(stored, orientation)
    np.testing.assert_array_equal(shown, displayed(stored, exif))
    assert orientation.displayed_size(width, height) == shown.shape[1::-1]
    assert orientation.keeps_rows == (exif == 1)


@given(data=st.data(), width=st.integers(2, 40), height=st.integers(2, 40), exif=st.integers(1, 8))
def test_a_displayed_box_is_found_in_the_stored_picture(
    data: st.DataObject, width: int, height: int, exif: int
) -> None:
    stored = noise(width, height)
    orientation = orientation_of(exif)
    shown = orient(stored, orientation)
    x1, y1 = data.draw(st.integers(1, shown.shape[1])), data.draw(st.integers(1, shown.shape[0]))
    x0, y0 = data.draw(st.integers(0, x1 - 1)), data.draw(st.integers(0, y1 - 1))
    a, b, c, d = stored_box((x0, y0, x1, y1), shown.shape[1], shown.shape[0], orientation)
    np.testing.assert_array_equal(orient(stored[b:d, a:c], orientation), shown[y0:y1, x0:x1])


@pytest.mark.parametrize("value", [None, 0, 9, "6", 3.0])
def test_what_is_no_orientation_is_displayed_as_stored(value: Any) -> None:
    assert orientation_of(value).keeps_rows


@given(
    exif=st.integers(1, 8),
    factor=st.sampled_from([2, 4, 8]),
    width=st.integers(8, 60),
    height=st.integers(8, 60),
)
def test_blocks_keep_their_place_where_the_orientation_says_so(
    exif: int, factor: int, width: int, height: int
) -> None:
    stored, orientation = noise(width, height), orientation_of(exif)
    shown = orient(stored, orientation)
    first, after = block_mean(stored, factor), block_mean(shown, factor)
    same = np.array_equal(orient(first, orientation), after)
    assert same or not orientation.keeps_phase(shown.shape[1], shown.shape[0], factor)


@pytest.mark.parametrize(
    ("most", "bits"),
    [(0, 8), (255, 8), (256, 10), (1023, 10), (4095, 12), (4096, 14), (16384, 16), (65535, 16)],
)
def test_bits_in_use_are_told_by_the_largest_sample(most: int, bits: int) -> None:
    assert bits_used(most) == bits
    samples = np.asarray([0, most // 2, most], np.uint16)
    np.testing.assert_array_equal(eight_bits(samples, bits), samples.astype(int) // 2 ** (bits - 8))


def test_a_sample_above_its_bits_is_white_and_eight_bits_stay() -> None:
    assert eight_bits(np.asarray([5000], np.uint16), 12).tolist() == [255]
    assert eight_bits(np.asarray([0, 128, 255], np.uint8), 12).tolist() == [0, 128, 255]


def test_grey_has_three_equal_channels() -> None:
    grey = noise(9, 7)[..., 0]
    assert all(np.array_equal(rgb_of(grey)[..., channel], grey) for channel in range(3))


@given(colour=st.integers(0, 255), alpha=st.integers(0, 255))
def test_alpha_mixes_with_white_and_no_colour_is_dimmed_twice(colour: int, alpha: int) -> None:
    rgb, clear = np.full((2, 2, 3), colour, np.uint8), np.full((2, 2), alpha, np.uint8)
    mixed = (colour * alpha + 255 * (255 - alpha)) / 255
    assert abs(int(on_white(rgb, clear)[0, 0, 0]) - mixed) <= 0.5
    dimmed = np.full((2, 2, 3), round(colour * alpha / 255), np.uint8)
    assert abs(int(on_white(dimmed, clear, premultiplied=True)[0, 0, 0]) - mixed) <= 0.51


@pytest.mark.parametrize(
    ("box", "shrink", "told"),
    [
        ((0, 0, 64, 64), 3, "power of two"),
        ((0, 0, 64, 64), 128, "power of two"),
        ((2, 0, 64, 64), 4, "grid"),
        ((0, 0, 0, 64), 1, "leaves"),
        ((-4, 0, 64, 64), 4, "leaves"),
        ((0, 0, 108, 64), 4, "leaves"),
    ],
)
def test_a_region_that_cannot_be_meant_is_refused(
    box: tuple[int, int, int, int], shrink: int, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        check_region((101, 99), box, shrink)
    check_region((101, 99), (100, 96, 104, 100), 4)


def test_a_picture_too_small_or_too_empty_is_no_photo() -> None:
    assert too_small(64, 64) is None
    assert "63 x 64 px" in (too_small(63, 64) or "")
    assert too_empty(16_000_000, 1) is None
    assert "17 megapixels in 9 bytes" in (too_empty(17_000_000, 9) or "")
    assert too_empty(17_000_000, 40_000) is None
    assert too_empty(17_000_000, 40_000, lossless=True) is not None

"""Text in pictures: in any writing, of any bytes, and never past the edge."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.output.letters import draw_text, text_width


def _drawn(text: str, width: int = 900) -> NDArray[np.uint8]:
    canvas = np.full((60, width, 3), 255, np.uint8)
    draw_text(canvas, (10, 40), text, 20)
    return canvas


@pytest.mark.parametrize("name", ["é", "ñ", "ộ", "Ж", "Ω", "س", "ກ", "µ"])
def test_a_letter_of_another_writing_has_a_shape_of_its_own(name: str) -> None:
    assert (_drawn(name) != 255).any()
    assert (_drawn(name) != _drawn(f"\\u{ord(name):04x}")).any()


def test_a_letter_that_the_font_lacks_is_written_as_its_code() -> None:
    np.testing.assert_array_equal(_drawn("slide 中"), _drawn("slide \\u4e2d"))


@pytest.mark.parametrize("name", ["\udcff\udcfe", "a\nb", "\x1b[2J", "\u202eabc", "\ud800", ""])
def test_no_name_harms_the_drawing_of_letters(name: str) -> None:
    assert _drawn(name).shape == (60, 900, 3)
    assert text_width(name, 20) >= 0


def test_text_past_the_edge_is_cut_off() -> None:
    long = _drawn("W" * 5000, width=50)
    assert (long[:, 40:] != 255).any()
    canvas = np.full((20, 20, 3), 255, np.uint8)
    draw_text(canvas, (-500, 300), "gone", 10)
    assert (canvas == 255).all()


def test_capitals_have_the_height_that_is_asked_for() -> None:
    rows = np.flatnonzero(_drawn("H").min(axis=(1, 2)) < 128)
    assert rows.max() - rows.min() + 1 == pytest.approx(20, abs=1)
    assert rows.max() == 39


def test_the_width_is_what_is_drawn() -> None:
    columns = np.flatnonzero(_drawn("HHHHH").min(axis=(0, 2)) < 128)
    assert columns.max() - columns.min() == pytest.approx(
        text_width("HHHHH", 20), abs=8
    )  # less the space before and after

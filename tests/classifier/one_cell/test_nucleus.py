"""A nucleus is told from a late parasite by the hue of its dark part, whatever its ground."""

import numpy as np
import pytest

from classifier.one_cell.nucleus import DarkPart, dark_part
from tests.classifier.one_cell.drawn import VIOLET, drawn_cell


def test_a_violet_nucleus_lets_blue_pass_and_red_less_so():
    dark = dark_part(drawn_cell(VIOLET))
    assert 0.5 < dark.share < 0.9
    assert dark.green > 1
    assert dark.blue_share == pytest.approx(0.2, abs=0.06)
    assert dark.red_share == pytest.approx(0.62, abs=0.06)


def test_black_pigment_absorbs_every_colour():
    assert dark_part(drawn_cell((1.1, 1.3, 1.1))).blue_share > 0.6


def test_the_hue_is_that_over_the_ground():
    white, yellow = (
        dark_part(drawn_cell(VIOLET, ground=ground)) for ground in ((235, 228, 222), (220, 205, 150))
    )
    assert yellow.blue_share == pytest.approx(white.blue_share, abs=0.03)
    assert yellow.red_share == pytest.approx(white.red_share, abs=0.03)


def test_an_empty_picture_has_no_dark_part():
    dark = dark_part(np.full((40, 30, 3), 220, np.uint8))
    assert dark == DarkPart(share=1.0, green=0.0, red_share=0.0, blue_share=0.0)

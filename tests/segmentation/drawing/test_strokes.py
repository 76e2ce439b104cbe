"""Marks in a vivid colour are found in any hue, and never where the photo's own colours are vivid."""

import cv2
import numpy as np
import pytest

from segmentation.drawing.strokes import drawn_strokes
from tests.segmentation.drawing.test_drawn import WHITE, field, saved

ORANGE, GREEN, AZURE = (255, 150, 0), (0, 255, 0), (0, 160, 255)


@pytest.mark.parametrize("colour", [ORANGE, GREEN, AZURE, (255, 255, 0), (255, 0, 130)])
@pytest.mark.parametrize("form", ["circle", "box", "arrow", "text"])
def test_a_mark_is_found_and_nothing_else(form: str, colour: tuple[int, int, int]) -> None:
    picture = field(1)
    if form == "circle":
        cv2.circle(picture, (300, 200), 40, colour, 4)
    elif form == "box":
        cv2.rectangle(picture, (250, 160), (340, 240), colour, 4)
    elif form == "arrow":
        cv2.arrowedLine(picture, (250, 240), (340, 160), colour, 4)
    else:
        cv2.putText(picture, "4711", (250, 230), cv2.FONT_HERSHEY_SIMPLEX, 1.6, colour, 4)
    exact = (picture == np.asarray(colour, np.uint8)).all(axis=2)
    found = drawn_strokes(picture, WHITE)
    assert found is not None
    assert found[exact].mean() > 0.9
    assert not found[:, :240].any()
    assert not found[260:].any()


def test_a_mark_is_found_in_a_saved_photo() -> None:
    picture = field(2)
    cv2.circle(picture, (300, 200), 40, ORANGE, 6)
    found = drawn_strokes(saved(picture, 95), WHITE)
    assert found is not None
    assert 700 < found.sum() < 2500


@pytest.mark.parametrize("strength", [1.0, 2.0, 6.0])
def test_the_colours_of_the_photo_itself_are_no_marks(strength: float) -> None:
    picture = field(3).astype(np.float32)
    grey = picture.mean(axis=2, keepdims=True)
    strong = np.clip(grey + strength * (picture - grey), 0, 255).astype(np.uint8)
    assert drawn_strokes(strong, WHITE) is None


def test_vivid_blobs_are_no_marks() -> None:
    picture = field(4)
    for x in range(60, 600, 90):
        cv2.circle(picture, (x, 200), 18, (230, 20, 160), -1)
    assert drawn_strokes(picture, WHITE) is None


def test_the_thin_violet_of_a_parasite_is_no_mark() -> None:
    picture = field(5)
    cv2.ellipse(picture, (300, 200), (30, 12), 20, 0, 300, (157, 52, 185), 4)
    assert drawn_strokes(picture, WHITE) is None

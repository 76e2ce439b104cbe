"""Margins, scale bars and text are found where they are drawn, and nowhere else."""

import cv2
import numpy as np
import pytest

from segmentation.drawing.drawn import drawn_over
from segmentation.illumination import bright_view

WHITE = np.asarray((215, 220, 210), np.float32)


def field(seed: int = 0, background: float = 215.0) -> np.ndarray:
    """Round cells on a noisy background."""
    rng = np.random.default_rng(seed)
    picture = np.full((480, 640, 3), background, np.float32)
    for x, y in rng.uniform((0, 0), (640, 480), (90, 2)):
        cv2.circle(picture, (int(x), int(y)), 18, (200, 150, 165), -1, cv2.LINE_AA)
        cv2.circle(picture, (int(x), int(y)), 6, (205, 170, 180), -1, cv2.LINE_AA)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 1) + rng.normal(0, 3, picture.shape), 0, 255).astype(
        np.uint8
    )


def saved(picture: np.ndarray, quality: int = 90) -> np.ndarray:
    data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1])


def found(picture: np.ndarray) -> np.ndarray:
    free = drawn_over(picture, 1.0, WHITE, None)
    return np.zeros(picture.shape[:2], bool) if free is None else ~free.mask


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_found_on_a_field_with_nothing_drawn(seed):
    assert not found(saved(field(seed))).any()


@pytest.mark.parametrize("background", [250.0, 290.0])
def test_an_overexposed_background_is_no_margin_and_no_bar(background):
    assert not found(saved(field(1, background))).any()


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (128, 128, 128)])
@pytest.mark.parametrize("widths", [(30, 0, 0, 0), (0, 41, 0, 0), (20, 20, 33, 27), (0, 0, 100, 100)])
def test_margins_of_any_colour_are_found_to_the_pixel(colour, widths):
    top, bottom, left, right = widths
    picture = field(2)
    inside = np.zeros(picture.shape[:2], bool)
    inside[top : 480 - bottom, left : 640 - right] = True
    picture[~inside] = colour
    assert (found(saved(picture)) != ~inside).mean() < 0.01


def test_a_strip_with_text_is_a_margin():
    picture = field(3)
    picture[430:] = 255
    cv2.putText(
        picture, "2026-11-20 100x oil", (20, 465), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 0, 0), 2, cv2.LINE_AA
    )
    drawn = found(saved(picture))
    assert drawn[434:].all()
    assert not drawn[:426].any()


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 0, 0), (0, 255, 0), (255, 255, 0), (255, 255, 255)])
def test_a_scale_bar_is_found_with_the_marks_at_its_ends(colour):
    picture = field(4)
    cv2.rectangle(picture, (500, 440), (600, 445), colour, -1)
    for x in (500, 598):
        cv2.rectangle(picture, (x, 434), (x + 2, 451), colour, -1)
    drawn = found(saved(picture, 95))
    assert drawn[441:445, 502:598].all()
    assert not drawn[:425].any()
    assert not drawn[:, :490].any()


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 0, 0), (0, 0, 255)])
def test_text_is_found_alone(colour):
    picture = field(5)
    cv2.putText(picture, "Giemsa 100x", (30, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.2, colour, 4)
    drawn = found(saved(picture, 95))
    assert drawn[36:58, 40:250].mean() > 0.55
    assert not drawn[80:].any()


@pytest.mark.parametrize("colour", [(110, 110, 110), (139, 0, 0), (0, 0, 128), (110, 50, 150), (0, 0, 0)])
@pytest.mark.parametrize("form", ["letters", "circles"])
def test_what_is_painted_in_one_colour_is_found_whatever_the_colour(colour, form):
    picture = field(8)
    if form == "letters":
        cv2.putText(picture, "Lab 7", (30, 90), cv2.FONT_HERSHEY_SIMPLEX, 2.4, colour, 9)
    else:
        for place in ((120, 60), (300, 60), (480, 60)):
            cv2.circle(picture, place, 36, colour, 4)
    marks = (picture == np.asarray(colour)).all(axis=2)
    drawn = found(picture)
    assert drawn[marks].mean() > 0.95
    assert not drawn[130:].any()


def test_panels_and_buttons_of_a_window_are_found():
    picture = cv2.copyMakeBorder(field(9), 40, 0, 120, 0, cv2.BORDER_CONSTANT, value=(205, 205, 205))
    for row in range(60, 500, 60):
        cv2.circle(picture, (60, row), 20, (180, 90, 140), -1)
    drawn = found(picture)
    assert drawn[50:, 45:75].mean() > 0.5
    assert drawn[120, 45:75].all()
    assert not drawn[60:, 130:].any()


def test_the_black_surround_of_an_eyepiece_is_not_drawn():
    picture = field(6)
    rows, columns = np.mgrid[:480, :640]
    picture[(rows - 240) ** 2 + (columns - 320) ** 2 > 235**2] = 2
    picture = saved(picture)
    assert drawn_over(picture, 1.0, WHITE, bright_view(picture, 1.0)) is None


def test_distances_are_taken_to_what_is_drawn_and_not_to_the_border():
    picture = field(7)
    picture[:30] = 255
    free = drawn_over(picture, 2.0, WHITE, None)
    assert free is not None
    across, down = np.asarray([0.0, 600.0], np.float32), np.asarray([80.0, 10.0], np.float32)
    near, inside = free.distance_at(across, down)
    assert near == pytest.approx(22, abs=3)
    assert inside == 0

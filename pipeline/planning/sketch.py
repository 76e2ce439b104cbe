"""A small picture of each photo, by which photos of one view, and photos that overlap, are known."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.planning.field import FieldLight, light_shrink
from pipeline.planning.landmarks import Landmarks, landmarks_of
from pipeline.planning.overview import field_picture, is_costly
from pipeline.reader.field import Field
from pipeline.reader.photo import PhotoField

__all__ = ["SKETCH_PX", "Sketch", "detail_of", "sketch_of"]

SKETCH_PX = 128
"""Long side of a sketch, px: a red cell is 3 px or more across in a view of up to 300 µm."""
FINE = 2
"""Sides of a sketch to that of the picture in which landmarks are looked for."""
GROUND_SHARE = 1 / 16
"""Standard deviation of the blur that is taken off, of the long side: uneven light is alike in all photos."""
RIM_SHARE = 1 / 16
"""Width of the rim of a round view that is left out, of the long side: its shade is alike in all photos."""
MOST_DEVIATION = 3.0
"""Standard deviations to which a sketch is clipped: burnt-in text and dirt on the camera are alike in all."""
TONES = (5, 20, 35, 50, 65, 80, 95)
"""Shares of a sketch, percent, whose levels are its tones."""
MIDDLE_PX, ENLARGED = 680, 1.5
"""Most px, along a side, of the middle of a field whose detail is measured, and how much it is enlarged."""
DETAIL_QUALITY = 95
"""Of the JPEG whose length says how much detail there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A small picture of a field, of which only what differs from place to place is kept.

    Attributes
    ----------
    field : what it shows.
    pixels : float32 (h, w), around 0, and 0 outside of the lit view.
    lit : float32 (h, w), 1 inside the lit view, else 0.
    colour : of the picture it was made from: mean difference of the channels from one another, levels.
    is_whole : all of the field can be read, and no rows of its photo were cut off.
    tones : levels that some shares of it stay below, in standard deviations: the same however it lies.
    landmarks : places that are known again, sketch px.
    """

    field: Field
    pixels: NDArray[np.float32]
    lit: NDArray[np.float32]
    colour: float
    is_whole: bool
    tones: NDArray[np.float64]
    landmarks: Landmarks


def sketch_of(field: Field, light: FieldLight) -> Sketch | None:
    """Sketch of a field; None where it cannot be read, or only at great cost, or shows nothing at all."""
    shrink = light_shrink(field)
    if is_costly(field, shrink):
        return None
    try:
        read = field_picture(field, shrink)
        picture = read.pixels[..., 1].astype(np.float32) / light.white_point[1]
    except SlideError:
        return None
    detail, lit = _detail(picture, light, SKETCH_PX)
    deviation = float(np.sqrt((detail**2).sum() / max(float(lit.sum()), 1.0)))
    if deviation < 1e-4:
        return None
    clipped = np.clip(detail, -MOST_DEVIATION * deviation, MOST_DEVIATION * deviation).astype(np.float32)
    return Sketch(
        field=field,
        pixels=clipped,
        lit=lit,
        colour=_colour(read.pixels),
        is_whole=bool(read.known.all()) and not (isinstance(field, PhotoField) and field.lost is not None),
        tones=np.asarray(np.percentile(clipped, TONES) / deviation, np.float64),
        landmarks=landmarks_of(*_detail(picture, light, FINE * SKETCH_PX), shrink=FINE),
    )


def _detail(
    picture: NDArray[np.float32], light: FieldLight, side: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What differs from place to place in a picture of that long side, px, and 1 where it is lit, else 0."""
    zoom = side / max(picture.shape)
    size = max(1, round(picture.shape[1] * zoom)), max(1, round(picture.shape[0] * zoom))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)
    lit = np.ones(small.shape, np.float32)
    if light.view is not None:
        inside = cv2.resize(light.view.mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        rim = 2 * round(RIM_SHARE * side) + 1
        lit = np.asarray(cv2.erode((inside > 0.99).astype(np.float32), np.ones((rim, rim))), np.float32)
    if light.drawn is not None:
        free = cv2.resize(light.drawn.mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        lit *= free > 0.99
    blur = GROUND_SHARE * side
    ground = cv2.GaussianBlur(small * lit, (0, 0), blur)
    weight = np.maximum(cv2.GaussianBlur(lit, (0, 0), blur), np.float32(1e-3))
    return np.asarray((small - ground / weight) * lit, np.float32), lit


def _colour(pixels: NDArray[np.uint8]) -> float:
    some = pixels[::8, ::8].astype(np.int16)
    return float((some.max(axis=2) - some.min(axis=2)).mean())


def detail_of(field: Field, most_side: int) -> int:
    """Bytes that the middle of a field takes, as if it were `most_side` px long; 0 where it cannot be read.

    A JPEG of higher quality than what is sent keeps what there is: its length says how much that is, whatever
    took the rest, blur, compression or a smaller size. What is enlarged a little has the blocks of an earlier
    JPEG nowhere on those of the new one, which would else take few bytes.
    """
    share = min(1.0, MIDDLE_PX / most_side)
    width, height = (max(1, round(side * share)) for side in (field.width, field.height))
    try:
        middle = field.read((field.width - width) // 2, (field.height - height) // 2, width, height, 1)
    except SlideError:
        return 0
    zoom = ENLARGED * share * most_side / max(width, height)
    large = cv2.resize(middle, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    colour = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return len(cv2.imencode(".jpg", large[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, DETAIL_QUALITY, *colour])[1])

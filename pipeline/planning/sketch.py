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

__all__ = ["SKETCH_PX", "Sketch", "sketch_of"]

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
NOISE_PX = 1.5
"""Width of the blur before sharpness is measured: a camera's noise and the blocks of a JPEG are no detail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A small picture of a field, of which only what differs from place to place is kept.

    Attributes
    ----------
    name, width, height : of the field, level-0 px.
    pixels : float32 (h, w), around 0, and 0 outside of the lit view.
    lit : float32 (h, w), 1 inside the lit view, else 0.
    sharpness, colour : of the picture it was made from: variance of the Laplacian, and mean difference of
        the channels from one another, levels.
    is_whole : all of the field can be read.
    tones : levels that some shares of it stay below, in standard deviations: the same however it lies.
    landmarks : places that are known again, sketch px.
    """

    name: str
    width: int
    height: int
    pixels: NDArray[np.float32]
    lit: NDArray[np.float32]
    sharpness: float
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
        name=field.name,
        width=field.width,
        height=field.height,
        pixels=clipped,
        lit=lit,
        sharpness=float(cv2.Laplacian(cv2.GaussianBlur(picture, (0, 0), NOISE_PX), cv2.CV_32F).var()),
        colour=_colour(read.pixels),
        is_whole=bool(read.known.all()),
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
    blur = GROUND_SHARE * side
    ground = cv2.GaussianBlur(small * lit, (0, 0), blur)
    weight = np.maximum(cv2.GaussianBlur(lit, (0, 0), blur), np.float32(1e-3))
    return np.asarray((small - ground / weight) * lit, np.float32), lit


def _colour(pixels: NDArray[np.uint8]) -> float:
    some = pixels[::8, ::8].astype(np.int16)
    return float((some.max(axis=2) - some.min(axis=2)).mean())

"""Noise of a picture over the contrast of its cells: of the sensor, of single px, of rounding in the dark."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["SHRINKS", "Noise", "noise_of"]

SHRINKS = (1, 2, 4, 8)
"""Px along a side that are averaged: noise of fine px is gone where cells are looked at."""
_KERNEL = np.asarray([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_AS_STRONG = 1 / 6
"""Kernel and factor leave noise as strong as it is, and nothing of a plane or a straight edge (Immerkaer,
CVIU 64, 1996). Without the factor all is whole numbers, whose median is found by counting them."""
NORMAL = 1.4826
"""Standard deviation of normal noise over the median of its amounts."""
ROUNDING = 0.29
"""Standard deviation of rounding to whole levels."""
SURROUND = 0.25
"""Share of the background's light below which a px is the black surround of a view."""
SINGLE = 0.5
"""Of the contrast: a px that differs by more from all eight around it is noise by itself."""
_EIGHT = np.asarray([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Standard deviations over the contrast of the film's usual cell, for each of `SHRINKS`.

    Attributes
    ----------
    light : of the noisiest channel. colour : of what red and blue differ from green.
    """

    light: tuple[float, ...]
    colour: tuple[float, ...]

    def light_at(self, step: float) -> float:
        """Where one px is the mean of `step` px along a side."""
        return _at(self.light, step)

    def colour_at(self, step: float) -> float:
        """The same of the colour."""
        return _at(self.colour, step)


def noise_of(
    windows: Sequence[NDArray[np.uint8]], white: NDArray[np.float32], film: Sequence[float]
) -> Noise | None:
    """Noise of a picture; None where next to nothing of it is lit.

    Parameters
    ----------
    windows : uint8 (h, w, 3), parts of one picture as stored. white : float32 (3,), colour of the background.
    film : what the usual stained place absorbs in red, green and blue, natural logarithm.
    """
    contrast = max(1.0, float((np.asarray(white) * (1 - np.exp(-np.asarray(film)))).max()))
    lit = SURROUND * float(np.max(white))
    single = float(np.mean([_single(window, SINGLE * contrast) for window in windows])) if windows else 0.0
    light, colour = [], []
    for shrink in SHRINKS:
        found = [spread for window in windows if (spread := _spread(window, shrink, lit)) is not None]
        if not found:
            return None
        in_light, in_colour = np.median(found, axis=0)
        variance = (in_light**2 + (ROUNDING / shrink) ** 2) / contrast**2 + single / shrink**2
        light.append(float(np.sqrt(variance)))
        colour.append(float(in_colour) / contrast)
    return Noise(light=tuple(light), colour=tuple(colour))


def _spread(window: NDArray[np.uint8], shrink: int, lit: float) -> tuple[float, float] | None:
    """Standard deviation of the noise of light and of colour, levels; None where next to nothing is lit."""
    size = window.shape[1] // shrink, window.shape[0] // shrink
    if min(size) < 3:
        return None
    channels = cv2.split(cv2.resize(window, size, interpolation=cv2.INTER_AREA))
    bright = np.maximum.reduce(channels) > lit
    if bright.mean() < SURROUND:
        return None
    red, green, blue = (
        np.asarray(cv2.filter2D(channel, cv2.CV_16S, _KERNEL), np.int16)[bright] for channel in channels
    )
    light = max(_usual_amount(rest) for rest in (red, green, blue))
    colour = max(_usual_amount(rest - green) for rest in (red, blue))
    return NORMAL * _AS_STRONG * light, NORMAL * _AS_STRONG * colour


def _usual_amount(rest: NDArray[np.int16]) -> float:
    """Median of the amounts of one number or more, int16 (n,)."""
    ranked = np.cumsum(np.bincount(np.abs(rest)))
    return float(np.searchsorted(ranked, [(len(rest) + 1) // 2, len(rest) // 2 + 1]).mean())


def _single(window: NDArray[np.uint8], least: float) -> float:
    """Share of the px that differ by more than so many levels of green from all eight around them."""
    green = np.ascontiguousarray(window[..., 1])
    above = cv2.subtract(green, cv2.dilate(green, _EIGHT))
    below = cv2.subtract(cv2.erode(green, _EIGHT), green)
    return float((np.maximum(above, below) > least).mean())


def _at(shares: Sequence[float], step: float) -> float:
    """Between the two nearest shrinks by powers: independent noise falls as the step grows."""
    logs = np.log(np.maximum(shares, 1e-6))
    return float(np.exp(np.interp(np.log2(max(step, 1.0)), np.log2(SHRINKS), logs)))

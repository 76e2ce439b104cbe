"""Whether a picture is woven of a regular pattern: a screen's pixels, the raster of a print, a ruled grid.

Cells lie anyhow, so the spectrum of a film falls smoothly; a pattern stands out of it as single lines.
"""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["WINDOW_PX", "lattice_strength"]

WINDOW_PX = 512
"""Longest side of the windows that spectra are taken of."""
STEP_PX = 16
"""Sides of a window are multiples of this, so that the blocks of a JPEG file fall on whole frequencies."""
LEAST_PX = 128
"""Shortest side of a window whose spectrum says something."""
LONGEST_PERIOD_PX = 16.0
"""Longest period of a pattern: what repeats more slowly may be cells."""
DARK = 8.0
"""Added to levels before their logarithm is taken: the camera's noise in the dark."""
SLOW_PX = 21
"""Side of the square whose mean is taken off: light, and the cells themselves."""
_DEPTHS = np.log(np.arange(256, dtype=np.float32) + np.float32(DARK))
SURROUNDINGS = 21
"""Side of the square of frequencies whose middle a line is held against."""
LEVELS_A_UNIT, LOWEST = 6.0, -14.0
"""The middle is taken of the logarithm in sixths from the lowest on, as 8 bits."""
FAINTEST = 0.1
"""Power added to each frequency's: about that of rounding to whole levels, below which nothing is seen."""
SMOOTHING = 0.7
"""Standard deviation, in frequencies, over which a line is spread by slant and by the window's rim."""
STORED_PARTS = 8
"""Multiples of an eighth of a cycle a px come from the blocks of a JPEG file and from the camera's sensor."""
STORED_REACH = 2
"""Frequencies around these, and around both axes, that are left out."""


def lattice_strength(windows: Iterable[NDArray[np.uint8]]) -> float:
    """How far the strongest line stands above the spectrum around it, natural logarithm of the power.

    About 2 for a film without any pattern; 0 where the windows are too small.

    Parameters
    ----------
    windows : uint8 (h, w, 3), parts of one picture as stored, all of one size.
    """
    power: NDArray[np.float32] | None = None
    number = 0
    for window in windows:
        side = min(window.shape[0], window.shape[1], WINDOW_PX) // STEP_PX * STEP_PX
        if side < LEAST_PX:
            return 0.0
        spectrum = _power(np.ascontiguousarray(window[:side, :side, 1]))
        power = spectrum if power is None else power + spectrum
        number += 1
    if power is None:
        return 0.0
    lines = _above_surroundings(np.log(power / np.float32(number) + np.float32(FAINTEST)))
    return max(0.0, float(lines[_asked(len(lines))].max()))


def _power(levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Power of each frequency, float32 (n, n / 2 - 1), of a square of levels without its slow changes.

    Rows come from the lowest frequency to the highest, 0 in the middle, columns from 1 on; the other half is
    their mirror image.
    """
    depth = np.asarray(cv2.LUT(levels, _DEPTHS), np.float32)
    depth -= cv2.blur(depth, (SLOW_PX, SLOW_PX))
    rim = np.hanning(len(levels)).astype(np.float32)
    waves = cv2.dft(depth * np.outer(rim, rim))  # packed: the real and the imaginary part side by side
    power = cv2.mulSpectrums(waves, waves, 0, conjB=True)[:, 1:-1:2]
    return np.asarray(np.fft.fftshift(power, axes=0), np.float32)


def _above_surroundings(spectrum: NDArray[np.float32]) -> NDArray[np.float32]:
    """A logarithm of power less the middle of what lies around, float32 (n, n / 2 - 1)."""
    steps = np.clip((spectrum - LOWEST) * LEVELS_A_UNIT, 0, 255).astype(np.uint8)
    around = cv2.medianBlur(steps, SURROUNDINGS).astype(np.float32) / LEVELS_A_UNIT + LOWEST
    return np.asarray(cv2.GaussianBlur(spectrum - around, (0, 0), SMOOTHING), np.float32)


def _asked(side: int) -> NDArray[np.bool_]:
    """Frequencies at which a line is looked for, bool (side, side / 2 - 1)."""
    down, across = np.arange(side) - side // 2, np.arange(1, side // 2)
    part = side / STORED_PARTS
    stored_down, stored_across = (
        np.abs(cycles - np.round(cycles / part) * part) <= STORED_REACH for cycles in (down, across)
    )
    away = np.hypot(down[:, None], across)
    fast = (away > side / LONGEST_PERIOD_PX) & (away < side / 2)
    off_axis = (np.abs(down) > STORED_REACH)[:, None] & (across > STORED_REACH)
    return np.asarray(fast & off_axis & ~(stored_down[:, None] & stored_across), np.bool_)

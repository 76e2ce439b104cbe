"""How many times a picture was enlarged after it was taken, by what the copied px leave in it.

Px that were repeated stand in blocks: most steps from one px to the next are nothing. Px that were drawn in
between lie on a line or a smooth curve with their neighbours, and how far they do so repeats with the px of
before (Gallagher, Detection of linear and cubic interpolation in JPEG compressed images, CRV 2005).
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.artefacts.stored_blocks import steps_by_place

__all__ = ["both_ways", "enlarged_times"]

WINDOW_PX, LEAST_PX = 512, 128
"""Longest side of the windows that are looked at, and shortest one that says something."""
SIDE_PX = 16
"""Sides of a window are multiples of this, so that the blocks of a JPEG file fall on whole frequencies."""
DARK_LEVEL, MOST_DARK = 40, 0.3
"""Level below which a px is black surround, and its share from which on a window says nothing."""
QUARTER_STEP = 0.1
"""Step that a quarter of the steps stays below, over the mean one, below which px stand in blocks: of 202
good fields none has less than 0.2, where JPEG has flattened the ground."""
REPEATED = 1.6
"""Least step that begins a block of 2 or 4 px over the largest within one, from which on px stand in such
blocks, the steps between the blocks of a JPEG file left out."""
STEP_BETWEEN = 0.3
"""Between the faint steps (10th percentile) and the strong ones (92nd): what is more begins a block."""
SLOW_PX = 41
"""What changes more slowly along a side is taken off."""
LEAST_CURVE = 0.05
"""Level added to the mean curvature before its logarithm is taken: below it all is rounding."""
AROUND = 60
"""Frequencies to either side whose middle a line is held against."""
LINE = 4.8
"""Least natural logarithm of the power of a line over its surroundings; of 202 good fields at most 4.2."""
QUARTER_LINE = 2.4
"""The same of the line of 4 px beyond its neighbours of 8 px and 8 / 3, which JPEG makes too: of 202 good
fields at most 1.6."""
LONGEST_PX = 14.0
"""Most times enlarged that are told."""
STORED_PARTS, STORED_REACH = 8, 0.05
"""Multiples of an eighth of a cycle a px come from the blocks of a JPEG file; so near is one of these."""


def enlarged_times(sides: Sequence[NDArray[np.int16]]) -> float:
    """How many times a picture was enlarged; 1 where nothing tells that it was.

    Parameters
    ----------
    sides : int16 (n, n), levels of parts of a picture, see `both_ways`.
    """
    if not sides:
        return 1.0
    shortest = min(len(side) for side in sides)
    return _block_px(sides) or _period_px([side[:, :shortest] for side in sides]) or 1.0


def both_ways(window: NDArray[np.uint8]) -> list[NDArray[np.int16]]:
    """Green levels of a square of the window, as they are and turned on their side, int16 (n, n).

    None of a window that is small or holds much of a black surround.
    """
    side = min(window.shape[0], window.shape[1], WINDOW_PX) // SIDE_PX * SIDE_PX
    green = window[:side, :side, 1].astype(np.int16)
    if side < LEAST_PX or (green < DARK_LEVEL).mean() > MOST_DARK:
        return []
    return [green, np.ascontiguousarray(green.T)]


def _block_px(sides: Sequence[NDArray[np.int16]]) -> float | None:
    """Width of the blocks that the px stand in, px; None where they stand in none."""
    quarters, widths, phases = [], [], []
    for levels in sides:
        steps = np.abs(np.diff(levels, axis=1)).mean(axis=0)
        faint, quarter, strong = np.percentile(steps, [10, 25, 92])
        quarters.append(quarter / max(float(steps.mean()), 1e-6))
        begun = int((steps > faint + STEP_BETWEEN * (strong - faint)).sum())
        widths.append(len(steps) / max(begun, 1))
        phases.append(steps_by_place(levels))
    if np.median(quarters) < QUARTER_STEP:
        return float(np.median(widths))
    return _stored_block_px(np.median(phases, axis=0))


def _stored_block_px(phases: NDArray[np.float64]) -> float | None:
    """4 or 2 where px were repeated so often before the picture was stored as JPEG, else None."""
    if phases[4] > REPEATED * max(phases[[1, 2, 3, 5, 6, 7]].max(), 1e-6):
        return 4.0
    return 2.0 if phases[[2, 4, 6]].min() > REPEATED * max(phases[[1, 3, 5, 7]].max(), 1e-6) else None


def _period_px(sides: Sequence[NDArray[np.int16]]) -> float | None:
    """Distance at which the curvature of the levels repeats, px; None where it does not."""
    power: NDArray[np.float64] | float = 0.0
    for levels in sides:
        curved = np.abs(levels[:, 2:] - 2 * levels[:, 1:-1] + levels[:, :-2]).mean(axis=0)
        depth = np.log(curved + LEAST_CURVE).astype(np.float32)
        depth -= np.asarray(cv2.blur(depth[None], (SLOW_PX, 1)))[0]
        power = power + np.abs(np.fft.rfft(depth * np.hanning(len(depth)), 2 * len(depth))) ** 2
    logs = np.log(np.asarray(power) / len(sides) + 1e-6)
    cycles = np.arange(len(logs)) / (2 * (len(logs) - 1))
    parts = cycles * STORED_PARTS
    told = (cycles > 1 / LONGEST_PX) & (np.abs(parts - np.round(parts)) > STORED_REACH)
    above = logs - _usual_around(logs)
    lines = np.where(told, above, 0.0)
    strongest = int(lines.argmax())
    if lines[strongest] > LINE:
        return 1 / float(cycles[strongest])
    return 4.0 if _beyond_stored(above, cycles) > QUARTER_LINE else None


def _usual_around(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of `AROUND` to either side of each, float64 (n,); of fewer near the ends."""
    padded = np.pad(logs, (AROUND, AROUND - 1), constant_values=np.inf)
    ranked = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND), axis=1)
    number, every = np.isfinite(ranked).sum(axis=1), np.arange(len(logs))
    return np.asarray((ranked[every, (number - 1) // 2] + ranked[every, number // 2]) / 2)


def _beyond_stored(above: NDArray[np.float64], cycles: NDArray[np.float64]) -> float:
    """How far the line of four px stands above those of JPEG blocks, which have all eighths alike."""
    eighth, quarter, three = (float(above[_around(cycles, part)].max()) for part in (1, 2, 3))
    return quarter - max(eighth, three, 0.0)


def _around(cycles: NDArray[np.float64], part: int) -> NDArray[np.bool_]:
    return np.asarray(np.abs(cycles * STORED_PARTS - part) <= STORED_REACH)

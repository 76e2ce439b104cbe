"""How large the counted red cells are, as an SVG."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.reports.slide.selection import SIZE_BINS_UM, SIZE_FINE_UM
from pipeline.reports.slide.svg_style import SVG_STYLE

__all__ = ["median_um", "size_chart"]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, FOOT = 420, 150, 44, 410, 16, 116
BAR_UM = 0.25


def median_um(sizes: NDArray[np.int64]) -> float | None:
    """Median diameter, µm, to `SIZE_FINE_UM`; None where no cell was counted."""
    total = int(sizes.sum())
    if not total:
        return None
    place = int(np.searchsorted(np.cumsum(sizes), total / 2))
    return SIZE_BINS_UM[0] + (place + 0.5) * SIZE_FINE_UM


def size_chart(sizes: NDArray[np.int64]) -> str:
    """SVG of the diameters of the counted red cells; empty where there are none.

    Parameters
    ----------
    sizes : int64, cells in bins of `SIZE_FINE_UM` over `SIZE_BINS_UM`.
    """
    middle = median_um(sizes)
    if middle is None:
        return ""
    bars = sizes.reshape(-1, round(BAR_UM / SIZE_FINE_UM)).sum(axis=1)
    words = f"diameters of {int(sizes.sum()):,} red cells, median {middle:.1f} µm"
    parts = [
        f'<svg class="sizes" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">',
        SVG_STYLE,
        *_bars(bars.tolist()),
        *_axis(int(bars.max())),
        f'<line class="median" x1="{_x(middle):.1f}" x2="{_x(middle):.1f}" y1="{TOP - 4}" y2="{FOOT}"/>',
        f'<text x="{_x(middle) + 6:.1f}" y="{TOP + 4}">median {middle:.1f} µm</text>',
    ]
    return "\n".join([*parts, "</svg>"])


def _x(diameter_um: float) -> float:
    low, high = SIZE_BINS_UM
    return LEFT + (diameter_um - low) / (high - low) * (RIGHT - LEFT)


def _bars(numbers: Sequence[int]) -> list[str]:
    width = _x(SIZE_BINS_UM[0] + BAR_UM) - LEFT
    most = max(numbers)
    parts = []
    for place, number in enumerate(numbers):
        if number:
            height = number / most * (FOOT - TOP - 10)
            x = LEFT + place * width
            parts.append(
                f'<rect class="bar" x="{x:.1f}" y="{FOOT - height:.1f}" width="{width - 1:.1f}" '
                f'height="{height:.1f}"/>'
            )
    return parts


def _axis(most: int) -> list[str]:
    low, high = SIZE_BINS_UM
    parts = [f'<line class="axis" x1="{LEFT}" x2="{RIGHT}" y1="{FOOT}" y2="{FOOT}"/>']
    for diameter in range(round(low), round(high) + 1):
        x = _x(diameter)
        parts.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{FOOT}" y2="{FOOT + 4}"/>')
        parts.append(f'<text x="{x:.1f}" y="{FOOT + 16}" text-anchor="middle">{diameter}</text>')
    middle = (LEFT + RIGHT) / 2
    return [
        *parts,
        f'<text x="{middle:.0f}" y="{FOOT + 31}" text-anchor="middle">diameter, µm</text>',
        f'<text x="{LEFT - 5}" y="{TOP + 14}" text-anchor="end">{most:,}</text>',
        f'<text x="{LEFT - 5}" y="{FOOT}" text-anchor="end">0</text>',
    ]

"""Difference against mean of each pair of readers (Bland and Altman 1986), as an SVG file of its own."""

import math
from collections.abc import Iterator, Sequence

from pipeline.names import for_html
from pipeline.reports.readers.agreement import Comparison, PairOfReaders, is_discordant
from pipeline.reports.readers.readings import Reading

__all__ = ["agreement_chart"]

WIDTH, PANEL, LEFT, RIGHT, TOP, FOOT = 720, 330, 76, 700, 58, 276
LINEAR_PERCENT = 0.1
"""The axis goes over from linear to logarithmic about here, so that 0 has its place."""
_TICKS = (0.0, 0.1, 1.0, 10.0, 100.0)
_INK, _GREY, _MARK, _ALARM = "#1a1a1a", "#8a8a8a", "#0072B2", "#D55E00"


def agreement_chart(comparison: Comparison) -> str:
    """SVG with a panel for each pair; discordant slides are squares, all others dots."""
    places = {name: place for place, name in enumerate(comparison.readers)}
    parts = []
    for row, pair in enumerate(comparison.pairs):
        first, second = places[pair.first], places[pair.second]
        found = [(slide.readings[first], slide.readings[second]) for slide in comparison.slides]
        both = [(a, b) for a, b in found if a is not None and b is not None]
        parts += [f'<g transform="translate(0 {row * PANEL})">', *_panel(pair, both), "</g>"]
    height = PANEL * len(comparison.pairs)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img" font-family="DejaVu Sans, Arial, sans-serif" font-size="12">',
            f"<title>{for_html(', '.join(comparison.readers))}: difference against mean</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _panel(pair: PairOfReaders, both: Sequence[tuple[Reading, Reading]]) -> Iterator[str]:
    points = [(50 * (a.fraction + b.fraction), 100 * (b.fraction - a.fraction)) for a, b in both]
    most = max([mean for mean, _ in points] + [1.0])
    ends = [abs(end) for end in (pair.low, pair.high, pair.bias) if end is not None]
    reach = 1.15 * max([abs(difference) for _, difference in points] + ends + [0.1])
    title = f"{pair.second} minus {pair.first}: {pair.slides} slides, mean {pair.bias:+.2f} points"
    yield f'<text x="{LEFT}" y="22" font-size="14" font-weight="bold">{for_html(title)}</text>'
    limits = "" if pair.low is None else f"95% limits {pair.low:+.2f} to {pair.high:+.2f} (dashed). "
    yield f'<text x="{LEFT}" y="42" fill="#404040">{limits}■ discordant: {pair.discordant}</text>'
    for tick in _TICKS:
        if tick <= most * 1.3:
            yield f'<text x="{_x(tick, most):.1f}" y="{FOOT + 18}" text-anchor="middle">{tick:g}</text>'
    for value in (-reach / 1.15, 0.0, reach / 1.15):
        y = _y(value, reach)
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:+.2g}</text>'
        yield f'<line x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>'
    for height, dash in ((pair.bias, ""), (pair.low, "7 4"), (pair.high, "7 4")):
        if height is not None:
            y = _y(height, reach)
            yield (
                f'<line x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_INK}" stroke-width="1.5"'
                f"{f' stroke-dasharray={dash!r}' if dash else ''}/>"
            )
    for (a, b), (mean, difference) in zip(both, points, strict=True):
        yield _mark(_x(mean, most), _y(difference, reach), is_alarm=is_discordant(a, b))
    middle = (LEFT + RIGHT) / 2
    yield f'<text x="{middle:.0f}" y="{FOOT + 38}" text-anchor="middle">mean parasitaemia of both, %</text>'
    yield (
        f'<text x="18" y="{(TOP + FOOT) / 2:.0f}" text-anchor="middle" '
        f'transform="rotate(-90 18 {(TOP + FOOT) / 2:.0f})">difference, percentage points</text>'
    )


def _mark(x: float, y: float, *, is_alarm: bool) -> str:
    if is_alarm:
        return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="{_ALARM}" stroke="{_INK}"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{_MARK}" fill-opacity="0.8" stroke="{_INK}"/>'


def _x(percent: float, most: float) -> float:
    span = math.asinh(most * 1.3 / LINEAR_PERCENT)
    return LEFT + 12 + math.asinh(percent / LINEAR_PERCENT) / span * (RIGHT - LEFT - 12)


def _y(points: float, reach: float) -> float:
    return (TOP + FOOT) / 2 - points / reach * (FOOT - TOP) / 2
